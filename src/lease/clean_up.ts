/**
 * Gives back what must not stay on the table, in the background, when nobody waits for it any more.
 *
 * @module
 */

import { findHolder } from "../records/record.ts";
import { heldForMs } from "./decide.ts";
import { type ProtocolContext, purgeAt, sleep } from "./context.ts";
import type { WriteOutcome } from "./lock_table.ts";
import { isPassing } from "./translate.ts";

/** A write that may have been applied, or may still be. */
export interface OpenProposal {
  readonly name: string;
  readonly grantId: string;
  readonly token: number;
  readonly leaseMs: number;
}

/**
 * Raises the fence to the token of a proposal, so that the proposal can never be applied any more,
 * whatever the network still holds. The record that comes back shows whether it had been applied.
 */
export function closeProposal(
  context: ProtocolContext,
  proposal: OpenProposal,
  signal?: AbortSignal,
): Promise<WriteOutcome> {
  const { name } = proposal;
  const input = context.table.layout.close(proposal, purgeAt(context));
  return context.table.write(name, input, { retrySkew: true, ...(signal && { signal }) });
}

/** Sends one release. The grant is gone after every outcome but `failed`. */
export function sendRelease(
  context: ProtocolContext,
  grant: { name: string; grantId: string },
): Promise<WriteOutcome> {
  return context.table.write(grant.name, context.table.layout.release(grant), { retrySkew: true });
}

/**
 * Releases a grant, and before that closes it where its proposal is still open: released first, a
 * request that is still on its way would take the lock again for nobody. Tries for two leases at the
 * most; by then a grant that nobody renews is dead.
 */
export async function cleanUp(
  context: ProtocolContext,
  proposal: OpenProposal,
  state: "open" | "granted",
): Promise<void> {
  const { runtime } = context;
  const start = runtime.now();
  let step: "open" | "granted" | "gone" = state;
  for (let round = 0; step !== "gone"; round++) {
    let outcome: WriteOutcome;
    try {
      outcome = step === "open"
        ? await closeProposal(context, proposal)
        : await sendRelease(context, proposal);
    } catch {
      return; // the record is not ours to touch
    }
    if (outcome.kind === "failed") {
      const code = (outcome.error as { code?: string }).code ?? "UNKNOWN";
      context.emit({ type: "trouble", name: proposal.name, step: "clean-up", code });
      if (!isPassing(outcome.error)) return;
      const spent = heldForMs(start, runtime.now());
      if (round >= CLEAN_UP_ROUNDS_MAX || spent > 2 * proposal.leaseMs) return;
      await sleep(runtime, retryDelayMs(round, runtime.random()), { background: true }).done;
    } else if (step === "open") {
      step = findHolder(outcome.record, proposal.grantId) === undefined ? "gone" : "granted";
    } else {
      step = "gone";
    }
  }
}

const CLEAN_UP_ROUNDS_MAX = 30;

function retryDelayMs(round: number, random: number): number {
  return Math.ceil(Math.min(2_000, 100 * 2 ** Math.min(round, 10)) * (0.5 + random / 2));
}
