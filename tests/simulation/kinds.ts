/** All kinds of runs together: which there are, how they are drawn, and what they are like. */

import { FOREIGN, FOREIGN_SHARE } from "./foreign_kinds.ts";
import { type ModeProfile, MODES, MODES_SHARE } from "./modes.ts";
import type { Profile, Weights } from "./profile.ts";
import { PROFILES } from "./profiles.ts";
import { Random } from "./random.ts";
import { RECIPES, RECIPES_SHARE, TROUBLES } from "./recipes.ts";

/** The share of runs that are aimed at a few rules. */
const AIMED_SHARE = 0.1;

/** The kinds that take the troubles of others. */
const USES: Readonly<Record<string, ModeProfile>> = { ...MODES, ...RECIPES, ...FOREIGN };

/** Steps that only these kinds have, beside those that they are part of. */
const LIKE_THESE: Readonly<Record<string, readonly string[]>> = {
  acquire: ["join"],
  "take over": ["sweep"],
  release: ["guard"],
  read: ["mark"],
};

/** The same on formats of others, where what was released is compared as what is dead is. */
const LIKE_THESE_ELSEWHERE: typeof LIKE_THESE = { ...LIKE_THESE, acquire: ["take over"] };

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
  const like = kind in FOREIGN ? LIKE_THESE_ELSEWHERE : LIKE_THESE;
  const focus = base.focus.map((steps) => steps.flatMap((step) => [step, ...like[step] ?? []]));
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

/** Whether a kind can be asked for: one of all, or with `/` one that takes the troubles of a certain one. */
export function isKind(text: string): boolean {
  const [kind = "", trouble] = text.split("/");
  return KINDS.includes(kind) &&
    (trouble === undefined || (kind in USES && Object.hasOwn(TROUBLES, trouble)));
}

/** How locks are used, and which troubles that meets. */
export function drawMode(
  random: Random,
  seed: number,
  onlyKind: string | undefined,
): { readonly kind: string; readonly trouble: string } {
  const [asked, aimed] = onlyKind?.split("/") ?? [];
  const kind = asked ?? drawKind(random, seed);
  // By streams of their own, as above.
  const modes = new Random(seed, "mode");
  const recipes = new Random(seed, "kind of use");
  const shared = onlyKind === undefined && modes.chance(MODES_SHARE);
  const mode = shared ? modes.weighted(weightsOf(MODES)) : kind;
  const formats = new Random(seed, "format of others");
  const built = onlyKind === undefined && recipes.chance(RECIPES_SHARE)
    ? recipes.weighted(weightsOf(RECIPES))
    : mode;
  const used = onlyKind === undefined && formats.chance(FOREIGN_SHARE)
    ? formats.weighted(weightsOf(FOREIGN))
    : built;
  const use = USES[used];
  return {
    kind: used,
    trouble: aimed ?? (use === undefined ? used : modes.weighted(use.troubles)),
  };
}

function weightsOf(kinds: Readonly<Record<string, { readonly weight: number }>>): Weights {
  return Object.fromEntries(Object.entries(kinds).map(([name, { weight }]) => [name, weight]));
}
