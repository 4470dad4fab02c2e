/** What a kind of runs is made of. */

/** From the least to the most of something. */
export type Range = readonly [least: number, most: number];

/** How often which fault, by weight. */
export type Weights = Readonly<Record<string, number>>;

/** What can happen to machines and to the table, and how many times it does. */
export interface Upsets<T = number> {
  readonly pauses?: T;
  readonly suspends?: T;
  readonly steps?: T;
  readonly kills?: T;
  readonly closes?: T;
  readonly cuts?: T;
  readonly tampering?: T;
}

/**
 * Right to a hair; right at first, but running 1 % too fast or slow; drifting and mostly behind, though
 * not so far that signatures are refused; or as wrong as it comes.
 */
export type Clocks = "right" | "drifting" | "slow" | "wrong";

/** What a kind of runs is like. */
export interface Profile {
  /** How often it is drawn; 0 is a kind that is aimed at a few rules, and drawn in place of others. */
  readonly weight: number;
  /** The share of requests that meet a fault, and which. */
  readonly faultRate: Range;
  readonly faults: readonly Weights[];
  /** The share of runs in which only a few steps of the protocol meet faults, but most of the time. */
  readonly focused: number;
  /** Which these are: one of these lists. */
  readonly focus: readonly (readonly string[])[];
  /** The longest usual way to the service. */
  readonly latencyMs: Range;
  /** How much longer the way back is for some machines, if it is. */
  readonly backMs?: Range;
  /** Whether wall clocks are off, clocks drift, and dates are taken away. */
  readonly clocks: readonly Clocks[];
  /** Values of `maxClockSkewMs`. */
  readonly skewsMs: readonly number[];
  readonly leasesMs: readonly number[];
  readonly upsets: Upsets<Range>;
  /** How far wall clocks are set. */
  readonly stepMs: Range;
  /** How long machines stop, where that is not drawn around the lease. */
  readonly stopMs?: Range;
  /** How long locks are held, in leases, and whether leases are usually renewed. */
  readonly hold: Range;
  readonly renewed: number;
  /** How long callers wait between two locks, as a share of the run. */
  readonly idle: number;
  readonly pollMs: Range;
  readonly callers: Range;
  readonly turns: Range;
  /** How many locks there are; usually one. */
  readonly names: Range;
  /** When the faults stop, in leases. */
  readonly leases: Range;
}

/** How callers use locks that they do not always want for themselves alone. */
export interface SharingPlan {
  /** How often which shape, by weight: exclusive, shared, permits, other permits. */
  readonly shapes: Weights;
  /** The share of runs in which the locks are semaphores instead. */
  readonly counted?: number;
  /** How many permits a semaphore has. */
  readonly permits: Range;
  /** The share of calls that want several locks at once. */
  readonly several: number;
  /** The share of guarded writes that go through the lease. */
  readonly guarded: number;
  /** The share of calls that may enter a lease that their process has, if any do. */
  readonly reentrant?: number;
  /** How often an operator's tool takes a lock away from one who holds it. */
  readonly breaks?: Range;
}
