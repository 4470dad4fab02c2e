/**
 * When two attribute values are equal, and which of two comes first.
 *
 * @module
 */

import { compareNumbers } from "./numbers.ts";
import { type AttributeMap, type AttributeValue, contentOf, member, typeOf } from "./values.ts";

/** Whether two values are the same: sets and maps in any order, numbers by their value. */
export function equalValues(a: AttributeValue, b: AttributeValue): boolean {
  const type = typeOf(a);
  if (type !== typeOf(b)) return false;
  if (type === "M") return equalMaps((a as { M: AttributeMap }).M, (b as { M: AttributeMap }).M);
  if (type === "L") {
    const other = (b as { L: readonly AttributeValue[] }).L;
    const elements = (a as { L: readonly AttributeValue[] }).L;
    return elements.length === other.length &&
      elements.every((element, i) => equalValues(element, other[i] as AttributeValue));
  }
  if (type === "SS" || type === "NS" || type === "BS") {
    const elements = contentOf(a) as readonly string[];
    const other = new Set(contentOf(b) as readonly string[]);
    return elements.length === other.size && elements.every((element) => other.has(element));
  }
  return contentOf(a) === contentOf(b);
}

function equalMaps(a: AttributeMap, b: AttributeMap): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => {
    const other = member(b, name);
    return other !== undefined && equalValues(a[name] as AttributeValue, other);
  });
}

/** The order of two values of one scalar type, or `undefined` where they have none. */
export function compareValues(a: AttributeValue, b: AttributeValue): number | undefined {
  if ("S" in a && "S" in b) return compareUtf8(a.S, b.S);
  if ("N" in a && "N" in b) return compareNumbers(a.N, b.N);
  if ("B" in a && "B" in b) return compareBinary(a.B, b.B);
  return undefined;
}

/** Orders two texts by their UTF-8 bytes; JavaScript's own order is by UTF-16 units. */
export function compareUtf8(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate starts a character above every one that fits a single unit.
    const xHigh = x >= 0xd800 && x < 0xe000;
    const yHigh = y >= 0xd800 && y < 0xe000;
    return xHigh === yHigh ? x - y : xHigh ? 1 : -1;
  }
  return a.length - b.length;
}

function compareBinary(a: string, b: string): number {
  const x = atob(a);
  const y = atob(b);
  return x < y ? -1 : x > y ? 1 : 0;
}
