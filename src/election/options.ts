/**
 * The options of an election and their checks.
 *
 * @module
 */

import { type Check, checkOptions, type Checks, refuse, textOf, wholeNumber } from "../checks.ts";
import { locks as defaultLocks } from "../lock.ts";
import { LockManager } from "../manager.ts";
import { ACQUIRE_CHECKS } from "../options.ts";

/** Options of a candidate. */
export interface CampaignOptions {
  /** Where the election is held: a manager of locks. @default {`locks`, that of `lock` and `tryLock`} */
  readonly locks?: LockManager | undefined;
  /**
   * Ends the campaign, which rejects with its reason as it is. While it leads, the term's signal aborts,
   * the callback is awaited, and the lead is given back.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * For how long the lead outlives a leader that crashed, in milliseconds: 2,000 to 604,800,000 (7
   * days). It is renewed at a third of that, also where the manager's `renew` is `false`.
   *
   * @default {that of the manager, 20000}
   */
  readonly leaseMs?: number | undefined;
  /**
   * How long a term is at the most, in milliseconds: 1,000 to 31,536,000,000 (a year). Then it is lost
   * with `LEASE_EXPIRED`, and another candidate gets the lead. @default {no limit}
   */
  readonly maxHoldMs?: number | undefined;
  /** What the candidate calls itself, 1 to 256 bytes. @default {that of the manager} */
  readonly owner?: string | undefined;
  /** A text of at most 2,048 bytes that observers see from the start of each term. */
  readonly data?: string | undefined;
  /**
   * How long the candidate stands back after a term of its own, 0 to 60,000 ms, so that others get a
   * turn. With 0, or less than the `pollMs` of their managers, they hardly ever do. @default {1000}
   */
  readonly pauseMs?: number | undefined;
}

/** Options of an observer. */
export interface ObserveOptions {
  /** Where the election is held: a manager of locks. @default {`locks`, that of `lock` and `tryLock`} */
  readonly locks?: LockManager | undefined;
  /** Ends it: the pending `next()` rejects with its reason as it is. */
  readonly signal?: AbortSignal | undefined;
  /** The time between two looks, one read each: 100 to 60,000 ms. @default {1000} */
  readonly pollMs?: number | undefined;
}

/** A manager of this very copy of the package: its clocks are needed, which nobody else is shown. */
const manager: Check = (action, option, value) => {
  if (!(value instanceof LockManager)) {
    refuse(TypeError, action, option, "a LockManager of this copy of the package", value);
  }
};

const { signal, leaseMs, maxHoldMs, owner, data } = ACQUIRE_CHECKS;

const CAMPAIGN_CHECKS: Checks<CampaignOptions> = {
  locks: manager,
  signal,
  leaseMs,
  maxHoldMs,
  owner,
  data,
  pauseMs: wholeNumber(0, 60_000),
};

const OBSERVE_CHECKS: Checks<ObserveOptions> = {
  locks: manager,
  signal,
  pollMs: wholeNumber(100, 60_000),
};

/** The name's limits; with the prefix of its table it is checked by the manager. */
const electionName = textOf(1, 2_048);

/** Checks what a campaign is called with, and fills in the defaults. */
export function checkCampaign(
  name: string,
  options: CampaignOptions,
  callback: unknown,
): CampaignOptions & { readonly locks: LockManager; readonly pauseMs: number } {
  const action = "campaign";
  electionName(action, "name", name);
  const set = checkOptions(action, options, CAMPAIGN_CHECKS);
  if (typeof callback !== "function") {
    refuse(TypeError, action, "callback", "of type function", callback);
  }
  return { locks: defaultLocks, pauseMs: 1_000, ...set };
}

/** Checks what an observer is made with, and fills in the defaults. */
export function checkObserver(
  name: string,
  options: ObserveOptions,
): ObserveOptions & { readonly locks: LockManager; readonly pollMs: number } {
  const action = "observe a leader";
  electionName(action, "name", name);
  const set = checkOptions(action, options, OBSERVE_CHECKS);
  return { locks: defaultLocks, pollMs: 1_000, ...set };
}
