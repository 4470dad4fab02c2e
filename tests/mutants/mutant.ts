/** What a mutant is. */

/** A change of the source. */
export interface Edit {
  /** Where the rule stands. */
  readonly file: string;
  /** The text that holds it; it must occur exactly once. */
  readonly find: string;
  /** What stands there without the rule. */
  readonly replace: string;
}

/** One rule taken out, and how it must be noticed: by the simulation, and often by a test as well. */
export interface Mutant extends Edit {
  /** The rule, as the design states it. */
  readonly rule: string;
  /** Where the rule stands in more than one place: the others. */
  readonly also?: readonly Edit[];
  /** The file of the test that must fail. */
  readonly suite?: string;
  /** A part of its name. */
  readonly test?: string;
  /** Within how many seeds, from the first, the simulation must see a broken rule. */
  readonly seeds: number;
  /** The kind of runs in which it must, where that takes an accident that is rare in all others. */
  readonly kind?: string;
}

/** The file of the tests of the traps. */
export const TRAPS = "tests/lease/traps_test.ts";

/** Most mutants are noticed within these seeds, in runs of all kinds. */
export const SEEDS = 200;

/** What takes a rare accident is noticed within these, in the kind of runs that makes it likely. */
export const RARE_SEEDS = 2_000;
