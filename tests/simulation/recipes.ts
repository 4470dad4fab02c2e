/**
 * The kinds of runs in which locks are used by what is built on `acquire`: the `request` of the Web Locks
 * with its callbacks, and elections. Each takes the troubles of one of the other kinds.
 */

import { SLOW_ANSWERS } from "./mixes.ts";
import { ANY_TROUBLE, type ModeProfile } from "./modes.ts";
import type { Profile } from "./profile.ts";
import { PROFILES } from "./profiles.ts";

/** The share of runs that are of these kinds. */
export const RECIPES_SHARE = 0.12;

/** Every kind. */
export const RECIPES: Readonly<Record<string, ModeProfile>> = {
  /** Callbacks that hold, share, steal, fail, and do not wait. */
  requested: {
    weight: 3,
    troubles: { ...ANY_TROUBLE, calm: 3, slow: 3 },
    change: { callers: [1, 3], turns: [2, 4], idle: 0.1, names: [1, 1] },
    sharing: {
      shapes: { exclusive: 6, shared: 3 },
      counted: 0.15,
      permits: [2, 3],
      several: 0,
      guarded: 0.15,
    },
  },
  /** Candidates and observers. */
  election: {
    weight: 2,
    troubles: { ...ANY_TROUBLE, deposed: 7, belated: 3 },
    change: { callers: [2, 3], turns: [1, 3], idle: 0.3, names: [1, 1], hold: [0.2, 4] },
    sharing: { shapes: { exclusive: 1 }, permits: [1, 1], several: 0, guarded: 0 },
  },
};

/** Troubles that only these kinds have, beside those of the others. */
export const TROUBLES: Readonly<Record<string, Profile>> = {
  ...PROFILES,
  /** Records are deleted, and who comes next knows nothing of the tokens before, which ran ahead. */
  deposed: {
    ...PROFILES.calm!,
    clocks: ["wrong"],
    skewsMs: [0, 1_000],
    leasesMs: [2_000],
    upsets: { tampering: [2, 4], kills: [3, 6] },
    stopMs: [10, 500],
    pollMs: [100, 400],
    leases: [3, 8],
  },
  /** Who looks is answered when what it sees is long over. */
  belated: {
    ...PROFILES.calm!,
    faultRate: [0.2, 0.6],
    faults: [SLOW_ANSWERS],
    focused: 1,
    focus: [["read"]],
    skewsMs: [0, 0, Infinity],
    leasesMs: [2_000],
    renewed: 1,
    leases: [3, 6],
  },
};
