/**
 * A proposal: a grant that somebody asked for, and the two writes that end it.
 *
 * @module
 */

import { damagedRecord, FENCE_MAX, type Grant } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import { nextToken } from "./decide.ts";
import type { CallLimits, WriteOutcome } from "./lock_table.ts";
import { SIGNATURE_WINDOW_MS } from "./server_clock.ts";

/** A proposal as it was sent. Retries repeat it; another try is another proposal. */
export interface Proposal extends Grant {
  /** Before its first send. */
  readonly sentAt: Moment;
  /** What the server's clock was taken to show then. */
  readonly madeAt: number;
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
    madeAt: estimate,
    handedSince: kind.handedSince,
    takeover: kind.takeover ?? false,
  };
}

/** For how long a request may be under way at the most; meanwhile a signature that was ahead comes true. */
const UNDER_WAY_MS = 60_000;

/**
 * Raises the fence to a proposal's token and so makes sure that it can never be applied any more.
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
  const close = (time: (now: Moment) => number) => {
    const now = runtime.now();
    // The record that this makes where there is none lives as long as any.
    const expires = Math.ceil(table.clock.upper(now) + proposal.leaseMs);
    const input = table.layout.close({ ...proposal, expires });
    return table.write(proposal.name, input, { ...limits(), time: time(now) });
  };
  const madeAt = (now: Moment) => proposal.madeAt + now.mono - proposal.sentAt.mono;
  const outcome = await close(madeAt);
  if (!outcome.skewed) return outcome;
  const now = runtime.now(); // what the clock was off is known by now
  if (madeAt(now) - table.clock.estimate(now) > SIGNATURE_WINDOW_MS + UNDER_WAY_MS) return {};
  return await close((now) => table.clock.estimate(now));
}

/** Sends one release. The grant is gone after every outcome without an error. */
export function sendRelease(context: ProtocolContext, proposal: Proposal): Promise<WriteOutcome> {
  const input = context.table.layout.release(proposal);
  return context.table.write(proposal.name, input);
}
