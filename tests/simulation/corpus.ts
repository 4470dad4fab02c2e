/**
 * Seeds that once broke a rule, through a mistake of the lock or of the simulator. They run always. What
 * a seed stands for changes with the simulator, so each says what it was.
 */

/** A seed and what it found. */
export interface Finding {
  readonly seed: number;
  readonly found: string;
}

/** Every finding. */
export const CORPUS: readonly Finding[] = [
  {
    seed: 560,
    found: "a wall clock an hour fast, and an abort: closing wrote a fence an hour ahead",
  },
  {
    seed: 826,
    found: "simulator: an operator's item in the place of the record wears a lease out",
  },
  { seed: 453, found: "simulator: what was asked for before a deletion came again after it" },
];
