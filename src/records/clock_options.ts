/**
 * The option of the record formats whose clients judge by their own wall clocks.
 *
 * @module
 */

import { checkOptions, type Checks, wholeNumber } from "../checks.ts";

/** Options of a layout whose clients judge by their own wall clocks. */
export interface WallClockOptions {
  /**
   * How far the wall clocks of its own clients may be ahead of DynamoDB's, 0 to 900,000 ms: so much
   * later than ours is the end that they see. After a crash of ours they wait so much longer.
   * @default {1000}
   */
  readonly clockSkewMs?: number | undefined;
}

const CHECKS: Checks<WallClockOptions> = { clockSkewMs: wholeNumber(0, 900_000) };

/** Checks the options of such a layout; answers how far the clocks may be ahead. */
export function clockSkewOf(layout: string, options: WallClockOptions): number {
  const { clockSkewMs = 1_000 } = checkOptions(`use the layout '${layout}'`, options, CHECKS);
  return clockSkewMs;
}
