/**
 * The mutants: each takes one rule of the protocol out of the source, and says who must notice: a test
 * that it names, the simulation within a number of seeds, or both. A rule that nobody misses is a
 * rule that nobody tests.
 */

import { ACQUIRING } from "./acquiring.ts";
import { CLOCKS } from "./clocks.ts";
import { HOLDING } from "./holding.ts";
import type { Mutant } from "./mutant.ts";
import { RECIPES } from "./recipes.ts";
import { SEVERAL } from "./several.ts";
import { SHARING } from "./sharing.ts";
import { TELLING } from "./telling.ts";
import { WIRE } from "./wire.ts";

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  ...[...ACQUIRING, ...HOLDING, ...SHARING, ...SEVERAL],
  ...[...CLOCKS, ...WIRE, ...TELLING, ...RECIPES],
];
