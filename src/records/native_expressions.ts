/**
 * The expressions of the native record, in parts. They speak in placeholders, since some of the names
 * are reserved words: `#fence` is `fence`.
 *
 * @module
 */

import type { AttributeValue } from "../dynamodb/values.ts";
import type { GrantKey } from "./layout.ts";
import type { Grant, Holder, Item } from "./record.ts";

/** What the placeholders of an expression stand for, where it is not what they are called. */
export type Known = Record<string, string | number | AttributeValue | undefined>;

/** Values of DynamoDB from ours. Numbers of a record are whole and below 2^53. */
export function encode(values: Known): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string") item[name] = { S: value };
    else if (typeof value === "number") item[name] = { N: `${value}` };
    else if (value) item[name] = value;
  }
  return item;
}

/** Makes the record as if nobody were in. */
export const TAKE = "SET #format=:format,#fence=:t,#holders=:map,#purge=:p";
/** Adds an entry to those that are in. */
export const ADD = "SET #fence=:t,#holders.#g=:entry,#purge=:p";
/** There is no record. */
export const IS_ABSENT = "attribute_not_exists(#key) OR ";
/** It is ours, and no later proposal was made. */
export const IS_BELOW = "#format=:format AND #fence<:t";
/** The grant is there. */
export const IS_IN = "attribute_exists(#holders.#g)";
/** Nobody holds it alone. */
export const NO_EXCLUSIVE = " AND attribute_not_exists(#exclusive)";
/**
 * An exclusive caller that only shared holders keep out has the right of way. A time further ahead than
 * anybody asks for comes of a wrong clock. (Of an absent attribute every comparison is false.)
 */
const NOBODY_WAITS = " AND NOT (#waiting>:now AND #waiting<:far)";

/** What a record that this grant is alone in says of how it is shared; all else is forgotten. */
export function become({ mode, permits }: Grant): string {
  // A forgotten `exclusive` would keep all who share out for ever.
  if (mode === "exclusive") return ",#exclusive=:g REMOVE #permits,#waiting";
  return permits === undefined
    ? " REMOVE #exclusive,#permits,#waiting"
    : ",#permits=:n REMOVE #exclusive,#waiting";
}

/** What a grant leaves behind: nothing but the fence. */
export function leave({ mode }: GrantKey): string {
  return "REMOVE #holders.#g" + (mode === "exclusive" ? ",#exclusive" : "");
}

/** What shared callers leave to others. */
export function rightOfWay({ mode, permits }: Grant): string {
  return mode === "exclusive" || permits !== undefined ? "" : NOBODY_WAITS;
}

/** Takes dead holders out, each only as it was read: one that has renewed is not dead. */
export function removal(
  dead: readonly Holder[],
): { change: string; condition: string; marks: Known } {
  const marks: Known = {};
  dead.forEach(({ grantId, expires }, index) => {
    marks[`#d${index}`] = grantId;
    marks[`:e${index}`] = expires;
  });
  return {
    change: " REMOVE " + dead.map((_, index) => `#holders.#d${index}`).join(),
    condition: dead.map((_, index) => `#holders.#d${index}.#e=:e${index}`).join(" AND "),
    marks,
  };
}
