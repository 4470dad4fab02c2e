/**
 * The `size` function.
 *
 * @module
 */

import { type AttributeValue, binaryLength } from "../values.ts";

/** The size of a value as `size` tells it, or `undefined` for a type that has none. */
export function sizeOf(value: AttributeValue): number | undefined {
  if ("S" in value) return value.S.length;
  if ("B" in value) return binaryLength(value.B);
  if ("SS" in value) return value.SS.length;
  if ("NS" in value) return value.NS.length;
  if ("BS" in value) return value.BS.length;
  if ("L" in value) return value.L.length;
  if ("M" in value) return Object.keys(value.M).length;
  return undefined;
}
