/** All kinds of runs together: which there are, how they are drawn, and what they are like. */

import { type ModeProfile, MODES, MODES_SHARE } from "./modes.ts";
import type { Profile, Weights } from "./profile.ts";
import { PROFILES } from "./profiles.ts";
import { Random } from "./random.ts";
import { RECIPES, RECIPES_SHARE, TROUBLES } from "./recipes.ts";

/** The share of runs that are aimed at a few rules. */
const AIMED_SHARE = 0.1;

/** The kinds that take the troubles of others. */
const USES: Readonly<Record<string, ModeProfile>> = { ...MODES, ...RECIPES };

/** Steps that only these kinds have, beside those that they are part of. */
const LIKE_THESE: Readonly<Record<string, readonly string[]>> = {
  acquire: ["join"],
  "take over": ["sweep"],
  release: ["guard"],
  read: ["mark"],
};

/** The names of all kinds, also of those without sharing. */
export const KINDS: readonly string[] = [...Object.keys(PROFILES), ...Object.keys(USES)];

/** How a kind uses its locks, where it takes the troubles of another one. */
export function useOf(kind: string): ModeProfile | undefined {
  return USES[kind];
}

/** What runs of a kind are like that take the troubles of another. */
export function profileOf(kind: string, trouble: string): Profile {
  const base = TROUBLES[trouble]!;
  const mode = USES[kind];
  if (mode === undefined) return base;
  const focus = base.focus.map((steps) =>
    steps.flatMap((step) => [step, ...LIKE_THESE[step] ?? []])
  );
  const faults = [...base.faults, ...mode.faults ?? []];
  return { ...base, focus, faults, ...mode.change };
}

/** Which kind of run it is. */
function drawKind(random: Random, seed: number): string {
  const kind = random.weighted(weightsOf(PROFILES));
  // By a stream of its own, so that all other seeds go on meaning what they meant without these.
  const aim = new Random(seed, "aim");
  if (!aim.chance(AIMED_SHARE)) return kind;
  return aim.pick(Object.keys(PROFILES).filter((name) => PROFILES[name]!.weight === 0));
}

/** How locks are used, and which troubles that meets. */
export function drawMode(
  random: Random,
  seed: number,
  onlyKind: string | undefined,
): { readonly kind: string; readonly trouble: string } {
  const kind = onlyKind ?? drawKind(random, seed);
  // By streams of their own, as above.
  const modes = new Random(seed, "mode");
  const recipes = new Random(seed, "kind of use");
  const shared = onlyKind === undefined && modes.chance(MODES_SHARE);
  const mode = shared ? modes.weighted(weightsOf(MODES)) : kind;
  const used = onlyKind === undefined && recipes.chance(RECIPES_SHARE)
    ? recipes.weighted(weightsOf(RECIPES))
    : mode;
  const use = USES[used];
  return { kind: used, trouble: use === undefined ? used : modes.weighted(use.troubles) };
}

function weightsOf(kinds: Readonly<Record<string, { readonly weight: number }>>): Weights {
  return Object.fromEntries(Object.entries(kinds).map(([name, { weight }]) => [name, weight]));
}
