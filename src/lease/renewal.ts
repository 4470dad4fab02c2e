/**
 * One renewal of a grant, what its answer means, and when a grant needs one at once.
 *
 * @module
 */

import { type LeaseLostCode, LockServiceError } from "../errors.ts";
import { findHolder } from "../records/record.ts";
import type { ProtocolContext } from "./context.ts";
import { tooShort } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import type { CallLimits, Records } from "./lock_table.ts";
import type { Proposal } from "./proposal.ts";
import { codeOf } from "./translate.ts";

/** What became of a renewal. One with an error extends nothing, whatever the table made of it. */
export interface RenewalOutcome {
  /** Set where the lease is lost, and which name was. */
  readonly lost?: LeaseLostCode;
  readonly lostName?: string | undefined;
  /** Set where it failed, and where it is known why the lease is lost. */
  readonly error?: unknown;
}

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
  const writes = proposal.names.map((name) => ({
    name,
    input: table.layout.renew(name, proposal, expires, data),
  }));
  const time = table.clock.estimate(sentAt);
  const { applied, records, error, skewed, doubtful } = await table.write(writes, {
    ...limits,
    time,
  });
  // Refused for its time, perhaps an hour ahead, it was never applied: no later end need pass it.
  if (!skewed || doubtful) state.sent(expires);
  if (skewed && again) return await renewGrant(context, state, limits, data, false);
  if (error !== undefined) {
    return codeOf(error) === "TABLE_NOT_FOUND" ? { lost: "LEASE_DELETED", error } : { error };
  }
  if (!applied) {
    const lost = lossOf(proposal, records);
    if (lost) return lost;
    // Only this renewal can have written so late an end: an earlier attempt of it was applied. Of
    // several names that is true of all of them, or of none.
    const isOurs = (name: string) =>
      (findHolder(records?.get(name), proposal.grantId)?.expires ?? 0) >= expires;
    if (!proposal.names.every(isOurs)) {
      const [name] = proposal.names as [string];
      const message = `Cannot renew lock '${name}' as its record was changed meanwhile`;
      return { error: new LockServiceError("UNAVAILABLE", message, name) };
    }
  }
  state.confirm(sentAt, expires);
  return {};
}

/** What a failed check of a grant says: on which name it is gone, if it is, and how. */
export function lossOf(
  { grantId, token }: Proposal,
  records?: Records,
): RenewalOutcome | undefined {
  for (const [name, record] of records ?? []) {
    if (findHolder(record, grantId) !== undefined) continue;
    // Without a fence, somebody else in our place.
    const granted = record !== undefined &&
      (record.fence > token || record.fence === 0 && record.holders.length > 0);
    return { lost: granted ? "LEASE_STOLEN" : "LEASE_DELETED", lostName: name };
  }
}

/**
 * Sees that at least half of a lease that was just granted is left, after one renewal at the most. Answers
 * whether it is still ours.
 *
 * @throws {LockServiceError} `LEASE_TOO_SHORT` where answers are too slow for that.
 * @throws The reason of the signal.
 */
export async function keepHalf(
  context: ProtocolContext,
  state: GrantState,
  limits: () => CallLimits,
): Promise<boolean> {
  const { leaseMs, names: [name] } = state.proposal;
  if (!tooShort(state.remainingMs(), leaseMs)) return true;
  const call = limits();
  const { lost, error } = await renewGrant(context, state, call);
  call.signal?.throwIfAborted();
  if (lost) return false;
  // Renewing again and again would hold the lock for nobody, for as long as answers are slow.
  if (error !== undefined || tooShort(state.remainingMs(), leaseMs)) {
    const message =
      `Cannot use lock '${name}' as slow answers leave less than half of 'leaseMs': ` +
      `current value is ${leaseMs}`;
    throw new LockServiceError("LEASE_TOO_SHORT", message, name, error);
  }
  return true;
}
