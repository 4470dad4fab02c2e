/**
 * What a run is asked to do, its fixed measures, and what comes of it.
 *
 * @module
 */

import type { CounterVerdict } from "./checks.ts";
import type { ClockWatch } from "./clock_watch.ts";
import type { History } from "./history.ts";
import type { Guard } from "./messages.ts";
import type { NemesisFigures } from "./nemesis.ts";
import type { ChaosProxy } from "./proxy.ts";

/** What to run. */
export interface RunOptions {
  readonly seed: number;
  /** For how long in all, about. */
  readonly ms: number;
  readonly workers: number;
  /** Ends the run early, with its reason. */
  readonly stopped: AbortSignal;
  /** Told of each storm when it is over. */
  readonly onStorm: (storm: StormResult) => void;
}

/** What came of one storm. */
export interface StormResult {
  /** From 1; the control is the first storm without the lock. */
  readonly storm: number;
  readonly guarded: boolean;
  readonly profile: string;
  readonly nemesis: NemesisFigures;
  readonly grants: number;
  readonly takeovers: number;
  readonly counters: Readonly<Partial<Record<Guard, CounterVerdict>>>;
  /** What is wrong with the order of the tokens that the counters saw. */
  readonly tokenFaults: readonly string[];
  /** How long after the storm everybody had been served. */
  readonly servedMs: number;
  /** Who had not been by then. */
  readonly starved: readonly string[];
}

/** Everything that came of a run. */
export interface RunResult {
  readonly options: RunOptions;
  readonly ms: number;
  readonly control: StormResult;
  readonly storms: readonly StormResult[];
  /** What the workers with the lock told. */
  readonly history: History;
  /** What those without it told. */
  readonly controlHistory: History;
  readonly proxy: ChaosProxy;
  /** Whether the canary can sing at all, and how often it had to. */
  readonly canary: { readonly sings: boolean; readonly visits: number };
  readonly clock: ClockWatch;
}

/** The least that is allowed. */
export const LEASE_MS = 2_000;
/** How many callers contend in each process. */
export const TASKS = 3;
/** The locks that they contend for. */
export const LOCKS: readonly string[] = Array.from({ length: 6 }, (_, at) => `chaos/${at + 1}`);
/** Those of a storm over commits: few, so that somebody waits for each. */
export const COMMIT_LOCKS: readonly string[] = LOCKS.slice(0, 3);
/** The semaphore that they contend for, and how many may hold it. */
export const SEMAPHORE = "chaos/permits";
export const PERMITS = 2;
/** The longest sleep of a waiter. */
export const POLL_MS = 250;
/** The table of the locks. */
export const LOCK_TABLE = "dynamo-lock";
/** The table of what they guard. */
export const COUNTER_TABLE = "chaos-counters";

/**
 * Whether a storm is about holders who commit too late: mostly they are stopped on the way to it. So is
 * the control, and the first storm, which is the very same over again; then every fourth.
 */
export function isOverCommits(storm: number): boolean {
  return storm % 4 === 1;
}

/** How long the storm over the control rages. */
export const CONTROL_MS = 10_000;
/** How long every other one does. */
export const STORM_MS = 8_000;
/** A storm and its calm, most of the time. */
export const CYCLE_MS = 12_500;
/** Each so many requests the fault has its turn that was met least: a slow machine must meet all, too. */
export const RAREST_EVERY = 20;
/** How many there are, however little time there is. */
export const STORMS_LEAST = 2;
/** How often it goes on where chance has spared all who wrote too late, which proves nothing. */
export const ROUNDS_MOST = 3;
/** What may be left to do when the workers are told to end. */
export const END_MS = 15_000;

/**
 * Within this everybody must have been served after a storm. At the worst a worker still thinks (two
 * leases), has a request out (5 s), pauses for a throttle (4 s); meanwhile a request that was delayed or
 * doubled leaves a grant that nobody believes in (three leases of delay, its own lease, and 2.2 s more
 * until others know); and then everybody has a short turn.
 */
export const SERVED_WITHIN_MS = 30_000;
