/**
 * The names of web locks, of which DynamoDB cannot keep all: its keys are not empty, and are UTF-8, in
 * which two different lone surrogates are the same.
 *
 * An ordinary name is its own key, so that `lock("x")` and `request("x", ...)` exclude each other. The
 * others get a key that begins with `-`, which no web lock's name may.
 *
 * @module
 */

/** What no name may begin with. */
export const RESERVED = "-";

/** What is escaped: the sign of an escape, and surrogates that are not one of a pair. */
const ESCAPED = /[%\p{Surrogate}]/gu;

/** An escape. None is the beginning of another: a percent sign's has a 2 where the others have a D. */
const ESCAPE = /%(25|D[89A-F][0-9A-F]{2})/g;

/** The key of a web lock's name. Two names never have the same. */
export function keyOf(name: string): string {
  if (name !== "" && name.isWellFormed()) return name;
  const escape = (unit: string) => `%${unit.charCodeAt(0).toString(16).toUpperCase()}`;
  return RESERVED + name.replace(ESCAPED, escape);
}

/** The name of a key, which is the key itself where it is not one that {@linkcode keyOf} makes. */
export function nameOf(key: string): string {
  if (!key.startsWith(RESERVED)) return key;
  const name = key.slice(RESERVED.length).replace(
    ESCAPE,
    (_, hex) => String.fromCharCode(parseInt(hex, 16)),
  );
  // A lock that is not a web lock may begin with `-`.
  return keyOf(name) === key ? name : key;
}
