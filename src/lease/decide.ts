/**
 * Every choice of the protocol that needs no I/O, as pure functions. Each says which failure it
 * prevents; taking one away has a test that fails.
 *
 * @module
 */

import { type Holder, type LockRecord, type Sharing, WAITING_MOST_MS } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import { DRIFT_RATE } from "./server_clock.ts";

/** How much longer than the stored lease a waiter watches before it judges by its own eyes: 5 %. */
const OBSERVATION_SLACK = 1.05;

/** Between the local clocks of a waiter, beyond drift, before it starts watching again. */
const STEPPED_BACK_MS = 1_000;

/** The share of a lease, and the least time, that a holder stops believing ahead of its end. */
const MARGIN_SHARE = 0.05;
const MARGIN_LEAST_MS = 250;

/** The span of the random step by which a lagging proposal passes the fence. */
const TOKEN_STEP_MAX = 16;

/** How many dead holders one write removes: an expression has a limited number of operators. */
const REMOVALS_MAX = 50;

/**
 * For how long shared callers are asked to stand back, beyond two looks of who waits; and how far its
 * looks are apart at the most: what it asked for outlives a caller that has left by no more than that.
 */
const WAITING_LEAST_MS = 1_000;
const WAITING_LOOK_MS = 5_000;

/**
 * For how long a waiter has watched: the smaller of both clocks, so that neither a step nor a fast
 * clock can make a live holder look dead. `undefined` where the wall clock stepped back: the watch
 * starts again, since waiting for the old time to come round could take for ever.
 */
export function observedMs(since: Moment, now: Moment): number | undefined {
  const wall = now.wall - since.wall;
  const mono = now.mono - since.mono;
  if (mono - wall > STEPPED_BACK_MS + DRIFT_RATE * mono) return undefined;
  return Math.max(0, Math.min(wall, mono));
}

/**
 * For how long a holder has held: the larger of both clocks, so that a suspended machine, a frozen
 * function and a stepped clock lose the lease early, never late.
 */
export function heldForMs(since: Moment, now: Moment): number {
  return Math.max(0, now.wall - since.wall, now.mono - since.mono);
}

/** How long before its end a lease is not believed any more: timers and clock rates are not exact. */
export function marginMs(leaseMs: number): number {
  return Math.max(MARGIN_LEAST_MS, leaseMs * MARGIN_SHARE);
}

/** What a holder knows of the last write that DynamoDB confirmed. */
export interface Confirmation {
  /** Before the first send of that write. The answer may have taken any time to come. */
  readonly sentAt: Moment;
  /** The end of the lease that it wrote, by the server's clock. */
  readonly expires: number;
  /** The length of the lease in milliseconds. */
  readonly leaseMs: number;
  /** What was left by the server's clock when the write was confirmed. */
  readonly serverLeft: { readonly ms: number; readonly at: Moment };
}

/**
 * For how long the lease may still be believed; zero or less is never. The earlier of two ends counts:
 * the lease since the first send (an answer that came late extends nothing), and the written end by
 * the latest that the server's clock may show (others judge by that clock, and a slow wall clock may
 * have written an end that comes too soon).
 */
export function remainingMs(last: Confirmation, now: Moment, serverUpper?: number): number {
  const margin = marginMs(last.leaseMs);
  const byLease = last.leaseMs - margin - heldForMs(last.sentAt, now);
  const byServer = serverUpper !== undefined ? last.expires - serverUpper : serverLeftMs(last, now);
  return Math.min(byLease, byServer - margin);
}

/** What is left of the written end, aged by the local clocks, where the server's clock is lost. */
export function serverLeftMs({ serverLeft }: Confirmation, now: Moment): number {
  return serverLeft.ms - heldForMs(serverLeft.at, now) * (1 + DRIFT_RATE);
}

/** Whether what is left of a lease is too little to hand it out: less than half. */
export function tooShort(remaining: number, leaseMs: number): boolean {
  return remaining < leaseMs / 2;
}

/** What a waiter knows when it judges a record. */
export interface View {
  /** The least that the server's clock can show; `undefined` where it is not known. */
  readonly serverLower: number | undefined;
  /** What the server's clock most likely shows. */
  readonly serverNow: number;
  /** How far `Date` headers may be off; `Infinity` turns judging by the server's clock off. */
  readonly maxClockSkewMs: number;
  /** The longest sleep of the waiter between two looks. */
  readonly pollMs: number;
  /** For how long this process has seen a holder's entry unchanged. */
  unchangedMs(holder: Holder): number;
}

/** In how many milliseconds this holder can be judged dead, if nothing changes; 0 is now. */
export function deadInMs(holder: Holder, view: View): number {
  // The lower bound against an end written from an upper bound: both err towards a live holder.
  const byServer = view.serverLower === undefined
    ? Infinity
    : holder.expires + view.maxClockSkewMs - view.serverLower;
  // The stored lease, never the caller's own: clamping it down would end another's lease early.
  const byEyes = holder.leaseMs * OBSERVATION_SLACK - view.unchangedMs(holder);
  return Math.max(0, Math.min(byServer, byEyes));
}

/** The holders that can be judged dead: as many of them as one write may remove. */
export function deadOf({ holders }: LockRecord, view: View): Holder[] {
  return holders.filter((holder) => deadInMs(holder, view) <= 0).slice(0, REMOVALS_MAX);
}

/** What an acquisition may do about a record. */
export type Verdict =
  /** Nobody is in. */
  | { readonly kind: "free"; readonly record?: LockRecord }
  /** Others share it, and there is room for one more. */
  | { readonly kind: "room"; readonly record?: LockRecord }
  /** There is room when these are removed. */
  | { readonly kind: "dead"; readonly record: LockRecord; readonly dead: readonly Holder[] }
  /** Somebody is in the way. `until`: shared holders, who may be asked to let nobody else in. */
  | {
    readonly kind: "busy";
    readonly deadInMs: number;
    readonly until?: number;
    /** Only a part of the record was seen: it must be read. */
    readonly unread?: boolean;
  }
  /** It is held with other permits. Waiting is no answer: the two callers do not mean the same. */
  | { readonly kind: "mismatch"; readonly permits: number | undefined };

/** Judges a record for an acquisition that wants it in this way. */
export function judge(
  record: LockRecord | undefined,
  { mode, permits }: Sharing,
  view: View,
): Verdict {
  if (record === undefined) return { kind: "free" };
  const { holders, waiting = 0 } = record;
  const shares = mode === "shared";
  const waitMs = waiting - view.serverNow;
  // Somebody waits to have it alone: were others let in all the time, that would never be.
  if (shares && permits === undefined && waitMs > 0 && waitMs < WAITING_MOST_MS) {
    return { kind: "busy", deadInMs: waitMs };
  }
  if (holders.length === 0) return { kind: "free", record };
  const live = holders.filter((holder) => deadInMs(holder, view) > 0);
  if (live.length === 0) return { kind: "dead", record, dead: holders };
  if (record.permits !== permits && !record.anyPermits) {
    return { kind: "mismatch", permits: record.permits };
  }
  const ends = live.map((holder) => deadInMs(holder, view));
  const isAlone = live.some((holder) => holder.mode === "exclusive");
  if (isAlone || !shares) {
    const farthest = Math.max(...ends);
    if (isAlone) return { kind: "busy", deadInMs: farthest };
    const lookMs = Math.min(view.pollMs, WAITING_LOOK_MS);
    // Asked for already, well beyond the next look; a time further ahead comes of a wrong clock.
    const isAsked = waitMs > lookMs + WAITING_LEAST_MS && waitMs < WAITING_MOST_MS;
    const until = Math.ceil(view.serverNow) + 2 * lookMs + WAITING_LEAST_MS;
    return { kind: "busy", deadInMs: Math.min(farthest, lookMs), ...(!isAsked && { until }) };
  }
  // The first that goes makes room.
  if (live.length >= (permits ?? Infinity)) return { kind: "busy", deadInMs: Math.min(...ends) };
  const dead = deadOf(record, view);
  return dead.length > 0 ? { kind: "dead", record, dead } : { kind: "room", record };
}

/**
 * The next fencing token: the server's time, so that a free lock is taken without reading it first
 * and tokens rise even when the record was purged; always above every fence seen. Where the time lags
 * behind the fence a random step keeps callers in the same millisecond apart.
 */
export function nextToken(estimate: number, fenceSeen: number, random: number): number {
  const time = Math.floor(estimate);
  if (time > fenceSeen) return time;
  return fenceSeen + 1 + Math.floor(random * TOKEN_STEP_MAX);
}

/**
 * The end that a renewal writes: above every end ever sent for this grant, so that a "no" of DynamoDB
 * with our grant in the record proves that this very renewal was applied.
 */
export function renewalExpiry(serverUpper: number, leaseMs: number, greatestSent: number): number {
  return Math.max(Math.ceil(serverUpper + leaseMs), greatestSent + 1);
}

/** How long after its first send a lease is renewed: a third of it. */
export function renewAfterMs(leaseMs: number): number {
  return leaseMs / 3;
}

/** The limit of one attempt of a renewal: at least three must fit into what is left; 5 s will do. */
export function renewalAttemptMs(remaining: number): number {
  return Math.min(5_000, Math.max(50, Math.floor(remaining / 3.5)));
}

/**
 * How long after a failed renewal the next one is tried: a quarter of what is left, less some jitter,
 * and a second at the most.
 */
export function renewalPauseMs(remaining: number, random: number): number {
  return Math.min(1_000, remaining / 4) * (0.5 + random / 2);
}

const FIRST_POLL_MS = 50;

/**
 * How long a waiter sleeps before its next look: full jitter that grows with the wait up to `pollMs`,
 * so that many waiters neither look at once nor cost much; but no longer than until the holder may
 * be dead.
 */
export function pollDelayMs(poll: number, pollMs: number, random: number, deadIn: number): number {
  const cap = Math.min(pollMs, FIRST_POLL_MS * 2 ** Math.min(poll, 20));
  const jittered = Math.max(cap / 10, random * cap);
  return Math.ceil(deadIn < jittered ? deadIn + random * cap / 10 : jittered);
}

/** How long one stands back whose turn is over, so that others get theirs. */
export function standBackMs(pauseMs: number, random: number): number {
  return Math.ceil(pauseMs * (0.5 + random / 2));
}
