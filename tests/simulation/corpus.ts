/**
 * Seeds that once broke a rule, through a mistake of the lock or of the simulator. They run always. What
 * a seed stands for changes with the simulator, so each says what it was.
 */

/** A seed and what it found. */
export interface Finding {
  readonly seed: number;
  /** The kind that the run was made to be, if it was. */
  readonly kind?: string;
  readonly found: string;
}

/** Every finding. */
export const CORPUS: readonly Finding[] = [
  { seed: 219, kind: "fresh", found: "a slow wall clock was set back during the first write" },
  {
    seed: 1167,
    kind: "fresh",
    found: "dates that contradicted each other left the wall clock alone",
  },
  { seed: 529, kind: "expiry", found: "a slow body moved the lower bound into the future" },
  {
    seed: 826,
    found: "simulator: an operator's item in the place of the record wears a lease out",
  },
  { seed: 453, found: "simulator: what was asked for before a deletion came again after it" },
  { seed: 1978, found: "simulator: a fault meant for a refused request met the next one" },
  { seed: 141, found: "simulator: a renewal that took nearly a lease left no time for the next" },
  { seed: 1141, kind: "expiry", found: "simulator: dates that are off cost a short lease" },
];
