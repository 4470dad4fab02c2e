/**
 * One renewal of a grant, and what its answer means.
 *
 * @module
 */

import type { LeaseLostCode } from "../errors.ts";
import { LockError } from "../errors.ts";
import { findHolder, type LockRecord } from "../records/record.ts";
import { type ProtocolContext, purgeAt } from "./context.ts";
import type { GrantState } from "./grant_state.ts";
import type { CallLimits, WriteOutcome } from "./lock_table.ts";

/** What became of a renewal. A `failed` one extends nothing, whatever the table made of it. */
export type RenewalOutcome =
  | { readonly kind: "renewed" }
  | { readonly kind: "lost"; readonly code: LeaseLostCode; readonly cause?: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

/** Sends one renewal, with the retries of the wire. */
export async function renewGrant(
  context: ProtocolContext,
  state: GrantState,
  limits: CallLimits,
  data?: string | null,
): Promise<RenewalOutcome> {
  let outcome = await sendRenewal(context, state, limits, data);
  // This machine's clock was off, and is known to be: the same renewal with the right time.
  if (outcome.kind === "again") outcome = await sendRenewal(context, state, limits, data);
  if (outcome.kind === "again") return { kind: "failed", error: outcome.error };
  return outcome;
}

async function sendRenewal(
  context: ProtocolContext,
  state: GrantState,
  limits: CallLimits,
  data: string | null | undefined,
): Promise<RenewalOutcome | { readonly kind: "again"; readonly error: unknown }> {
  const { proposal } = state;
  const sentAt = context.runtime.now();
  const expires = state.nextExpiry();
  const input = context.table.layout.renew(proposal, expires, purgeAt(context), data);
  const outcome = await writeSafely(context, proposal.name, input, limits);
  switch (outcome.kind) {
    case "applied":
      state.confirm(sentAt, expires);
      return { kind: "renewed" };
    case "refused": {
      const holder = findHolder(outcome.record, proposal.grantId);
      if (holder === undefined) {
        return { kind: "lost", code: lostCode(outcome.record, proposal.token) };
      }
      // Only this renewal can have written so late an end: an earlier attempt of it was applied.
      if (holder.expires >= expires) {
        state.confirm(sentAt, expires);
        return { kind: "renewed" };
      }
      return { kind: "failed", error: undefined };
    }
    case "failed":
      if (outcome.error instanceof LockError && outcome.error.code === "TABLE_NOT_FOUND") {
        return { kind: "lost", code: "LEASE_DELETED", cause: outcome.error };
      }
      return { kind: outcome.skewed ? "again" : "failed", error: outcome.error };
  }
}

/** A record that cannot be understood any more was replaced under the holder: not a renewal. */
async function writeSafely(
  context: ProtocolContext,
  name: string,
  input: Parameters<ProtocolContext["table"]["write"]>[1],
  limits: CallLimits,
): Promise<WriteOutcome> {
  try {
    return await context.table.write(name, input, limits);
  } catch (error) {
    return { kind: "failed", error, doubtful: true, skewed: false };
  }
}

/** Whether somebody else was granted the lock since, or only our entry is gone. */
export function lostCode(record: LockRecord | undefined, token: number): LeaseLostCode {
  return record !== undefined && record.fence > token ? "LEASE_STOLEN" : "LEASE_DELETED";
}
