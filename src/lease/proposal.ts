/**
 * A proposal: a grant that somebody asked for, and the two writes that end it.
 *
 * @module
 */

import { damagedRecord, FENCE_MAX, type Grant } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import { nextToken } from "./decide.ts";
import type { WriteOutcome } from "./lock_table.ts";
import { SIGNATURE_WINDOW_MS } from "./server_clock.ts";

/** A proposal as it was sent. Retries repeat it; another try is another proposal. */
export interface Proposal extends Grant {
  /** Before its first send. */
  readonly sentAt: Moment;
  /** When a run of hand-overs in this process began: it is bounded. */
  readonly handedSince: Moment | undefined;
  /** Whether it removes a dead holder. */
  readonly takeover: boolean;
}

/** What a caller wants to be granted. */
export type Wish = Pick<Grant, "name" | "leaseMs" | "ownerId" | "data">;

/** Makes a proposal, as of now. */
export function propose(
  { table, runtime }: ProtocolContext,
  { name, leaseMs, ownerId, data }: Wish,
  kind: { readonly takeover?: boolean; readonly handedSince?: Moment },
): Proposal {
  const sentAt = runtime.now();
  const estimate = table.clock.estimate(sentAt);
  const token = nextToken(estimate, table.memory.fence(name), runtime.random());
  if (token > FENCE_MAX) throw damagedRecord(name); // only damage counts so far
  return {
    name,
    leaseMs,
    ownerId,
    data,
    grantId: runtime.randomId(), // new each time: a grant once released must never come back
    token,
    expires: Math.ceil(table.clock.upper(sentAt) + leaseMs),
    sentAt,
    handedSince: kind.handedSince,
    takeover: kind.takeover ?? false,
  };
}

/** Raises the fence to a proposal's token and so makes sure that it can never be applied any more. */
export async function closeProposal(
  context: ProtocolContext,
  proposal: Proposal,
  signal?: AbortSignal,
): Promise<WriteOutcome> {
  const { table, runtime } = context;
  const input = table.layout.close(proposal);
  const outcome = await table.write(proposal.name, input, { signal });
  if (!outcome.skewed) return outcome;
  // This machine's clock was off. A proposal that it put so far ahead was signed ahead as well, so it
  // can never be applied; closing it would put the fence ahead, and all tokens to come.
  const ahead = proposal.token - table.clock.estimate(runtime.now());
  if (ahead > SIGNATURE_WINDOW_MS) return {};
  return await table.write(proposal.name, input, { signal, retrySkew: true });
}

/** Sends one release. The grant is gone after every outcome without an error. */
export function sendRelease(context: ProtocolContext, proposal: Proposal): Promise<WriteOutcome> {
  const input = context.table.layout.release(proposal);
  return context.table.write(proposal.name, input, { retrySkew: true });
}
