/**
 * One renewal of a grant, and what its answer means.
 *
 * @module
 */

import { type LeaseLostCode, LockServiceError } from "../errors.ts";
import { findHolder } from "../records/record.ts";
import { type ProtocolContext, purgeAt } from "./context.ts";
import type { GrantState } from "./grant_state.ts";
import type { CallLimits, WriteOutcome } from "./lock_table.ts";
import { codeOf } from "./translate.ts";

/** What became of a renewal, and why. A `failed` one extends nothing, whatever the table made of it. */
export type RenewalOutcome =
  | { readonly kind: "renewed"; readonly error?: undefined }
  | { readonly kind: "lost"; readonly code: LeaseLostCode; readonly error?: unknown }
  | { readonly kind: "failed"; readonly error: unknown };

/** Sends one renewal, with the retries of the wire; a second one where the first taught the time. */
export async function renewGrant(
  context: ProtocolContext,
  state: GrantState,
  limits: CallLimits,
  data?: string | null,
  again = true,
): Promise<RenewalOutcome> {
  const { table, runtime } = context;
  const { proposal } = state;
  const sentAt = runtime.now();
  const expires = state.nextExpiry();
  const input = table.layout.renew(proposal, expires, purgeAt(context), data);
  let outcome: WriteOutcome;
  try {
    outcome = await table.write(proposal.name, input, limits);
  } catch (error) {
    return { kind: "failed", error }; // a record that cannot be understood was put in our place
  }
  if (outcome.kind === "failed") {
    if (outcome.skewed && again) return await renewGrant(context, state, limits, data, false);
    const { error } = outcome;
    return codeOf(error) === "TABLE_NOT_FOUND"
      ? { kind: "lost", code: "LEASE_DELETED", error }
      : { kind: "failed", error };
  }
  if (outcome.kind === "refused") {
    const { record } = outcome;
    const holder = findHolder(record, proposal.grantId);
    if (holder === undefined) {
      const granted = record !== undefined && record.fence > proposal.token;
      return { kind: "lost", code: granted ? "LEASE_STOLEN" : "LEASE_DELETED" };
    }
    // Only this renewal can have written so late an end: an earlier attempt of it was applied.
    if (holder.expires < expires) {
      const { name } = proposal;
      const message = `Cannot renew lock '${name}' as its record was changed meanwhile`;
      return { kind: "failed", error: new LockServiceError("UNAVAILABLE", message, name) };
    }
  }
  state.confirm(sentAt, expires);
  return { kind: "renewed" };
}
