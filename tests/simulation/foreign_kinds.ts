/**
 * The kinds of runs on the record formats of other lock clients, one for each. They take the troubles of
 * the other kinds.
 */

import { FORMATS } from "./formats.ts";
import { CONTENDED } from "./mixes.ts";
import { ANY_TROUBLE, type ModeProfile } from "./modes.ts";

/** The share of runs that are of these kinds. */
export const FOREIGN_SHARE = 0.06;

const USUAL: ModeProfile = {
  weight: 1,
  troubles: { ...ANY_TROUBLE, overtaken: 1, lopsided: 0.5, nudged: 0.5, handover: 0 },
  faults: [CONTENDED],
  change: { callers: [1, 3], turns: [2, 4], idle: 0.1, names: [1, 3] },
  sharing: {
    shapes: { exclusive: 1 },
    permits: [1, 1],
    several: 0.3,
    guarded: 0.2,
    breaks: [0, 1],
  },
};

/** What is otherwise in some. */
const CHANGED: Readonly<Record<string, Partial<ModeProfile>>> = {
  // Where an item was deleted its tokens begin with 1 again, and tell nothing from there on.
  failopen: { troubles: { ...USUAL.troubles, operator: 0 } },
};

/** Every kind. */
export const FOREIGN: Readonly<Record<string, ModeProfile>> = Object.fromEntries(
  Object.keys(FORMATS).map((kind) => [kind, { ...USUAL, ...CHANGED[kind] }]),
);
