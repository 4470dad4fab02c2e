/**
 * A proposal: a grant that somebody asked for, and the two writes that end it.
 *
 * @module
 */

import { damagedRecord, FENCE_MAX, type Grant } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import { type ProtocolContext, purgeAt } from "./context.ts";
import { nextToken } from "./decide.ts";
import type { WriteOutcome } from "./lock_table.ts";

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
export function closeProposal(
  context: ProtocolContext,
  proposal: Proposal,
  signal?: AbortSignal,
): Promise<WriteOutcome> {
  const input = context.table.layout.close(proposal, purgeAt(context));
  return context.table.write(proposal.name, input, { retrySkew: true, signal });
}

/** Sends one release. The grant is gone after every outcome but `failed`. */
export function sendRelease(context: ProtocolContext, proposal: Proposal): Promise<WriteOutcome> {
  const input = context.table.layout.release(proposal);
  return context.table.write(proposal.name, input, { retrySkew: true });
}
