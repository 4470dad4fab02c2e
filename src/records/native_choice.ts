/**
 * This package's own record format, by name.
 *
 * @module
 */

import { choose, type LayoutChoice } from "./layout.ts";
import { NativeLayout } from "./native.ts";

/**
 * The record format of this package, which a manager uses where it is told of no other: to say so, and to
 * compare what it can do.
 *
 * @example
 * ```ts
 * import { javaLockClient, native } from "@x/dynamo-lock/layouts";
 *
 * console.log(native().abilities.fencing, javaLockClient().abilities.fencing); // time false
 * ```
 */
export function native(): LayoutChoice {
  return choose("native", {}, (place) => new NativeLayout(place));
}
