/**
 * The kinds of runs in which locks are shared, counted, taken several at once or guarded. Each takes the
 * troubles of one of the other kinds, and changes what its callers do.
 */

import { CONTENDED } from "./mixes.ts";
import type { Profile, SharingPlan, Weights } from "./profile.ts";

/** A kind of runs in which locks are used in a certain way. */
export interface ModeProfile {
  /** How often it is drawn among these. */
  readonly weight: number;
  /** The kinds of which it takes the troubles, by weight. */
  readonly troubles: Weights;
  /** Mixes of faults beside those. */
  readonly faults?: readonly Weights[];
  /** What is otherwise than there. */
  readonly change: Partial<Profile>;
  readonly sharing: SharingPlan;
}

/** The troubles that everything must bear. */
export const ANY_TROUBLE: Weights = {
  calm: 1.5,
  lossy: 2,
  slow: 2,
  stray: 2,
  queue: 1,
  renewal: 1.5,
  expiry: 3,
  fresh: 1.5,
  clocks: 1.5,
  freezes: 2,
  operator: 1.5,
  chaos: 2,
  erring: 1,
};

const BUSY: Partial<Profile> = { callers: [1, 3], turns: [2, 4], idle: 0.1, names: [1, 1] };

/** As many as there are permits, and now and then somebody who wants something else. */
export const COUNTED: Weights = { permits: 12, exclusive: 1, "other permits": 1, shared: 0.5 };

/** The share of runs that are of these kinds. */
export const MODES_SHARE = 0.3;

/** Every kind. */
export const MODES: Readonly<Record<string, ModeProfile>> = {
  /** Readers and writers. */
  shared: {
    weight: 5,
    troubles: ANY_TROUBLE,
    change: BUSY,
    sharing: { shapes: { shared: 7, exclusive: 3 }, permits: [1, 1], several: 0, guarded: 0.2 },
  },
  /** Readers come and go without a pause; a writer must get its turn. */
  readers: {
    weight: 1.5,
    troubles: { calm: 3, lossy: 1 },
    change: {
      leasesMs: [3_000],
      leases: [3, 4],
      latencyMs: [0.6, 1.2],
      hold: [0.08, 0.2],
      renewed: 1,
      idle: 0,
      pollMs: [150, 400],
      callers: [1, 3],
      names: [1, 1],
    },
    sharing: { shapes: { shared: 1 }, permits: [1, 1], several: 0, guarded: 0 },
  },
  /** Permits. */
  semaphore: {
    weight: 5,
    troubles: { ...ANY_TROUBLE, slow: 5 },
    change: { ...BUSY, callers: [2, 3] },
    sharing: {
      shapes: COUNTED,
      permits: [2, 5],
      several: 0,
      guarded: 0.2,
    },
  },
  /** Sets of locks that overlap. */
  several: {
    weight: 6,
    troubles: { ...ANY_TROUBLE, unseen: 1 },
    faults: [CONTENDED],
    change: { ...BUSY, names: [3, 4] },
    sharing: {
      shapes: { exclusive: 6, shared: 3 },
      counted: 0.2,
      permits: [2, 3],
      several: 0.75,
      guarded: 0.3,
      breaks: [0, 1],
    },
  },
  /** Callers of a process enter what it has. */
  nested: {
    weight: 2,
    troubles: ANY_TROUBLE,
    change: { ...BUSY, callers: [2, 3] },
    sharing: {
      shapes: { exclusive: 1 },
      permits: [1, 1],
      several: 0,
      guarded: 0.2,
      reentrant: 0.7,
      breaks: [0, 1],
    },
  },
  /** Everything is written in transactions through the lease. */
  guarded: {
    weight: 4,
    troubles: { ...ANY_TROUBLE, freezes: 5 },
    faults: [CONTENDED],
    change: { ...BUSY, callers: [1, 2], names: [1, 2], focus: [["guard"], ["guard", "renew"]] },
    sharing: {
      shapes: { exclusive: 4, shared: 1 },
      counted: 0.15,
      permits: [2, 3],
      several: 0.3,
      guarded: 0.9,
      breaks: [0, 3],
    },
  },
};
