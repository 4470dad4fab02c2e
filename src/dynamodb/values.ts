/**
 * Attribute values as DynamoDB's JSON has them, and the few readers and writers that a lock needs.
 *
 * @module
 */

import { isWellFormed } from "../checks.ts";

export { isWellFormed, utf8Length } from "../checks.ts";

/** One attribute value in DynamoDB's JSON: an object with one member that names the type. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: boolean }
  | { readonly M: AttributeMap }
  | { readonly L: readonly AttributeValue[] }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] };

/** Attribute values by name: an item, a key or a map. */
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

/** DynamoDB stores 1e-130 to just below 1e126, either sign, and zero. */
const TOO_GREAT = 1e126;
const SMALLEST = 1e-130;

const DECIMAL = /^-?\d+(\.\d+)?([eE][+-]?\d+)?$/;

/**
 * A text as an attribute value.
 *
 * @throws {RangeError} Where it holds a lone surrogate, which UTF-8 cannot carry.
 *
 * @example
 * ```ts
 * import { encodeString } from "@x/dynamo-lock/client";
 *
 * console.log(encodeString("Ada")); // { S: "Ada" }
 * ```
 */
export function encodeString(text: string): { readonly S: string } {
  if (!isWellFormed(text)) {
    throw new RangeError("Cannot encode text as it must not contain a lone surrogate");
  }
  return { S: text };
}

/**
 * A number as an attribute value.
 *
 * @throws {RangeError} For `NaN`, infinities, and what is outside of DynamoDB's range.
 *
 * @example
 * ```ts
 * import { encodeNumber } from "@x/dynamo-lock/client";
 *
 * console.log(encodeNumber(1.5)); // { N: "1.5" }
 * ```
 */
export function encodeNumber(value: number): { readonly N: string } {
  const size = Math.abs(value);
  // Written so that NaN, which compares false with everything, is refused.
  if (!(size === 0 || (size >= SMALLEST && size < TOO_GREAT))) {
    throw new RangeError(
      `Cannot encode number as it must be finite and in DynamoDB's range: current value is ${value}`,
    );
  }
  return { N: String(value) };
}

/**
 * A map as an attribute value.
 *
 * @example
 * ```ts
 * import { encodeMap, encodeNumber } from "@x/dynamo-lock/client";
 *
 * console.log(encodeMap({ x: encodeNumber(1) })); // { M: { x: { N: "1" } } }
 * ```
 */
export function encodeMap(map: AttributeMap): { readonly M: AttributeMap } {
  return { M: map };
}

/**
 * The text of a string value; `undefined` for any other value, and for none.
 *
 * @example
 * ```ts
 * import { decodeString } from "@x/dynamo-lock/client";
 *
 * console.log(decodeString({ S: "Ada" }), decodeString({ N: "1" })); // Ada undefined
 * ```
 */
export function decodeString(value: AttributeValue | undefined): string | undefined {
  const text = (value as { S?: unknown } | undefined)?.S;
  return typeof text === "string" ? text : undefined;
}

/**
 * The number of a number value; `undefined` for any other value, and for none.
 *
 * Numbers with more than 15 digits lose their last ones: compare such values as text.
 *
 * @example
 * ```ts
 * import { decodeNumber } from "@x/dynamo-lock/client";
 *
 * console.log(decodeNumber({ N: "1.5" }), decodeNumber({ S: "1.5" })); // 1.5 undefined
 * ```
 */
export function decodeNumber(value: AttributeValue | undefined): number | undefined {
  const text = (value as { N?: unknown } | undefined)?.N;
  return typeof text === "string" && DECIMAL.test(text) ? Number(text) : undefined;
}

/**
 * The members of a map value; `undefined` for any other value, and for none.
 *
 * @example
 * ```ts
 * import { decodeMap, decodeNumber } from "@x/dynamo-lock/client";
 *
 * const point = decodeMap({ M: { x: { N: "1" } } });
 * console.log(decodeNumber(point?.x)); // 1
 * ```
 */
export function decodeMap(value: AttributeValue | undefined): AttributeMap | undefined {
  const map = (value as { M?: unknown } | undefined)?.M;
  return typeof map === "object" && map !== null ? map as AttributeMap : undefined;
}
