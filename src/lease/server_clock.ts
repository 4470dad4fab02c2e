/**
 * What this process knows of the server's time, from the `Date` headers of its answers.
 *
 * @module
 */

import type { AnswerTiming } from "../dynamodb/attempt.ts";
import type { Moment } from "../runtime.ts";

/** How far two clocks' rates may differ: 1 %. */
export const DRIFT_RATE = 0.01;

/** How far the two local clocks may part, beyond drift, before a bound counts as broken. */
const PARTED_MS = 1_000;

/** How old bounds may be to be judged by: drift has widened them by more than a wall clock is usually off. */
const BOUNDS_AGE_MAX_MS = 10 * 60_000;

/** The widest error of a local clock with which DynamoDB still accepts a signature. */
export const SIGNATURE_WINDOW_MS: number = 15 * 60_000;

/** `Date` headers count whole seconds. */
const DATE_RESOLUTION_MS = 1_000;

/** The server's time lay between `lower` and `upper` at the local moment `at`. */
export interface Bounds {
  readonly lower: number;
  readonly upper: number;
  readonly at: Moment;
}

/** The time that passed between two moments, by each clock's word. */
function elapsed(from: Moment, to: Moment): { least: number; most: number; parted: boolean } {
  const wall = to.wall - from.wall;
  const mono = to.mono - from.mono;
  const least = Math.max(0, Math.min(wall, mono));
  const most = Math.max(0, wall, mono);
  return { least, most, parted: Math.abs(wall - mono) > PARTED_MS + DRIFT_RATE * most };
}

/**
 * The bounds at a later moment. The upper one trusts the faster clock, the lower one the slower: a
 * suspended machine, whose monotonic clock stood still, must not believe that little time has passed.
 * `undefined` where the clocks have parted, for then one of them was set.
 */
export function project(bounds: Bounds, now: Moment): Bounds | undefined {
  const { least, most, parted } = elapsed(bounds.at, now);
  if (parted) return undefined;
  return {
    lower: bounds.lower + least * (1 - DRIFT_RATE),
    upper: bounds.upper + most * (1 + DRIFT_RATE),
    at: now,
  };
}

/** The date of an answer, unless a cache wrote it or it cannot be the server's. */
function dateOf({ date, age, signedAt }: AnswerTiming): number | undefined {
  // DynamoDB accepts no signature further off than this, so such a date is somebody else's.
  const usable = date !== undefined && !age && Math.abs(date - signedAt) <= SIGNATURE_WINDOW_MS;
  return usable ? date : undefined;
}

/** The bounds that one answer gives, or `undefined` where its date, or a clock, cannot be used. */
export function boundsOf(sighting: AnswerTiming): Bounds | undefined {
  const { sentAt, receivedAt } = sighting;
  const date = dateOf(sighting);
  const { most, parted } = elapsed(sentAt, receivedAt);
  if (date === undefined || parted) return undefined;
  return {
    lower: date,
    upper: date + DATE_RESOLUTION_MS + most * (1 + DRIFT_RATE),
    at: receivedAt,
  };
}

/**
 * What both bounds allow. Where they contradict each other one of the two dates was off, within what
 * `maxClockSkewMs` allows for; then the later one counts alone, as a first one does.
 */
export function intersect(earlier: Bounds | undefined, later: Bounds): Bounds {
  if (earlier === undefined) return later;
  // An answer whose body came slowly is taken in after a quicker one: nothing is projected back.
  if (earlier.at.mono > later.at.mono) return intersect(later, earlier);
  const old = project(earlier, later.at);
  if (old === undefined) return later;
  const lower = Math.max(old.lower, later.lower);
  const upper = Math.min(old.upper, later.upper);
  return lower > upper ? later : { lower, upper, at: later.at };
}

/**
 * The server's clock as this process knows it. Plain data: it may be shared by the requests of a
 * Cloudflare Worker.
 */
export class ServerClock {
  #bounds: Bounds | undefined;
  #dateless = false;
  #wallCorrection = 0;

  /** Takes any answer. It teaches something where DynamoDB accepted the signature, or refused its time. */
  observe(sighting: AnswerTiming): void {
    const { kind, date, age, receivedAt } = sighting;
    if (kind === "skewed" && date !== undefined && !age) {
      this.#wallCorrection = date - receivedAt.wall;
      this.#bounds = undefined; // what was signed by them was refused, so they are wrong
    }
    if (kind !== "accepted") return;
    const seen = boundsOf(sighting);
    if (seen !== undefined) {
      this.#bounds = intersect(this.#bounds, seen);
      this.#dateless = false;
    } else if (dateOf(sighting) === undefined && this.#fresh(receivedAt) === undefined) {
      this.#dateless = true;
    }
  }

  /** The least that the server's clock can show, or `undefined` where nothing is known. */
  lower(now: Moment): number | undefined {
    return this.#fresh(now)?.lower;
  }

  /**
   * The most that the server's clock can show. Before any answer, and long after the last one, it is
   * the wall clock as far as that can be right, which the next answer checks; where answers carry no date, the wall clock and all that it may be off.
   */
  upper(now: Moment): number {
    const bounds = this.#fresh(now);
    if (bounds !== undefined) return bounds.upper;
    return this.#dateless ? this.worst(now) : this.estimate(now);
  }

  /** The most that the server's clock can show by the wall clock alone, and all that it may be off. */
  worst(now: Moment): number {
    return now.wall + this.#wallCorrection + SIGNATURE_WINDOW_MS;
  }

  /**
   * The likeliest time of the server, for tokens: the wall clock, kept within the bounds. Clocks of
   * machines agree better than the bounds are narrow, and a token that does not lag takes a free
   * lock at the first try.
   */
  estimate(now: Moment): number {
    const wall = now.wall + this.#wallCorrection;
    const bounds = this.#at(now);
    if (bounds === undefined) return wall;
    return Math.min(Math.max(wall, bounds.lower), bounds.upper);
  }

  /** Bounds that are narrow enough to judge by. Old ones only keep the wall clock from being far off. */
  #fresh(now: Moment): Bounds | undefined {
    const from = this.#bounds?.at;
    if (from !== undefined && elapsed(from, now).most > BOUNDS_AGE_MAX_MS) return undefined;
    return this.#at(now);
  }

  #at(now: Moment): Bounds | undefined {
    if (this.#bounds === undefined) return undefined;
    const bounds = project(this.#bounds, now);
    // A clock was set or stood still: the next write counts as a first one.
    if (bounds === undefined) this.#bounds = undefined;
    return bounds;
  }
}
