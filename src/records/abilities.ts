/**
 * Refuses what a record format cannot do.
 *
 * @module
 */

import { LockError } from "../errors.ts";
import type { Layout, LayoutAbilities } from "./layout.ts";

/**
 * Makes sure that a layout can do something.
 *
 * @throws {LockError} `UNSUPPORTED`, with the names of the layout and of the ability.
 */
export function demand(
  { name, abilities }: Layout,
  ability: keyof LayoutAbilities,
  lockName: string,
): void {
  if (abilities[ability]) return;
  const message =
    `Cannot use lock '${lockName}' like that as the layout '${name}' has no '${ability}'`;
  throw new LockError("UNSUPPORTED", message, lockName);
}
