/**
 * A proposal: a grant that somebody asked for, and the two writes that end it.
 *
 * @module
 */

import {
  damagedRecord,
  FENCE_MAX,
  findHolder,
  type Grant,
  type Sharing,
} from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import { nextToken } from "./decide.ts";
import type { CallLimits, Records, WriteOutcome } from "./lock_table.ts";
import { SIGNATURE_WINDOW_MS } from "./server_clock.ts";
import { turnSince } from "./turn.ts";

/**
 * A proposal as it was sent. Retries repeat it; another try is another proposal. Of several names it is
 * one grant, with one token that is greater than all earlier ones of each of them.
 */
export interface Proposal extends Grant {
  /** The names that it is for. */
  readonly names: readonly string[];
  /** Before its first send. */
  readonly sentAt: Moment;
  /** Since when the lock has gone from lease to lease of this process: that is bounded. */
  readonly handedSince: Moment | undefined;
  /** Whether it removes a dead holder. */
  readonly takeover: boolean;
}

/** What a caller wants to be granted. */
export type Wish =
  & Sharing
  & Pick<Proposal, "names">
  & Pick<Grant, "leaseMs" | "ownerId" | "data">;

/** Makes a proposal, as of now. */
export function propose(
  context: ProtocolContext,
  { names, mode, permits, leaseMs, ownerId, data }: Wish,
  kind: { readonly takeover?: boolean; readonly handedSince?: Moment; readonly above?: number },
): Proposal {
  const { table, runtime } = context;
  const sentAt = runtime.now();
  const estimate = table.clock.estimate(sentAt);
  const seen = Math.max(...names.map((name) => table.memory.fence(name)));
  // Not every format shows the record after a write: our own grant may have passed what was seen.
  const fence = Math.max(seen, kind.above ?? 0);
  const { fencing } = table.layout.abilities;
  const token = fencing === "time"
    ? nextToken(estimate, fence, runtime.random())
    : fencing && fence + 1 || 0;
  // Only damage counts so far.
  if (token > FENCE_MAX) {
    const name = names.find((name) => table.memory.fence(name) === fence) ?? names[0]!;
    throw damagedRecord(name, "fence");
  }
  return {
    names,
    mode,
    permits,
    leaseMs,
    ownerId,
    data,
    grantId: runtime.randomId(), // new each time: a grant once released must never come back
    token,
    expires: Math.ceil(table.clock.upper(sentAt) + leaseMs),
    sentAt,
    madeAt: estimate,
    handedSince: kind.handedSince ?? turnSince(context, names),
    takeover: kind.takeover ?? false,
  };
}

/** Whether what the table has shown holds a grant. */
export function isGranted(records: Records | undefined, { grantId }: Proposal): boolean {
  return [...records?.values() ?? []].some((record) => findHolder(record, grantId) !== undefined);
}

/** For how long a request may be under way at the most; meanwhile a signature that was ahead comes true. */
export const UNDER_WAY_MS: number = 60_000;

/**
 * Raises the fence to a proposal's token and so makes sure that it can never be applied any more. Of
 * several names one is enough, as they are granted together or not at all.
 *
 * It is signed by the clock that made the token. Where that is refused as far ahead, the proposal was
 * signed as far ahead, and will not be applied either: closing it all the same would put the fence ahead,
 * and all tokens to come.
 */
export async function closeProposal(
  context: ProtocolContext,
  proposal: Proposal,
  limits: () => CallLimits = () => ({}),
): Promise<WriteOutcome> {
  const { table, runtime } = context;
  const [name] = proposal.names as [string];
  const close = async (time: (now: Moment) => number): Promise<WriteOutcome> => {
    const now = runtime.now();
    // The record that this makes where there is none lives as long as any.
    const expires = Math.ceil(table.clock.upper(now) + proposal.leaseMs);
    const input = table.layout.close(name, { ...proposal, expires });
    if (input !== undefined) {
      return await table.write([{ name, input }], { ...limits(), time: time(now) });
    }
    // A format without a fence: a request that is under way may still be applied, for nobody, and is dead
    // after a lease.
    return await table.read(name, limits()).then(
      (record) => ({ records: new Map([[name, record]]) }),
      (error) => ({ error }),
    );
  };
  const madeAt = (now: Moment) => proposal.madeAt + now.mono - proposal.sentAt.mono;
  const outcome = await close(madeAt);
  if (!outcome.skewed) return outcome;
  const now = runtime.now(); // what the clock was off is known by now
  if (madeAt(now) - table.clock.estimate(now) > SIGNATURE_WINDOW_MS + UNDER_WAY_MS) return {};
  return await close((now) => table.clock.estimate(now));
}

/**
 * Gives a grant back on every name. It is gone after every outcome without an error, which is `applied`
 * where it was there on all of them.
 */
export async function sendRelease(
  { table }: ProtocolContext,
  proposal: Proposal,
  limits?: CallLimits,
): Promise<WriteOutcome> {
  let { names } = proposal;
  let doubtful = false;
  // Ends: each turn is about fewer names.
  for (;;) {
    const writes = names.map((name) => ({ name, input: table.layout.release(name, proposal) }));
    const outcome = await table.write(writes, limits);
    doubtful ||= outcome.doubtful === true;
    // Where it is gone already there is nothing to give back, and that keeps no other name.
    const rest = names.filter((name) => outcome.records?.has(name) === false);
    if (outcome.error || outcome.applied || rest.length === 0) {
      // An attempt of ours that was not answered took all names, or none.
      const all = names.length === proposal.names.length;
      return { ...outcome, applied: all && outcome.applied === true, doubtful: all && doubtful };
    }
    names = rest;
  }
}
