/**
 * Refuses what is no record format, and what one cannot do.
 *
 * @module
 */

import { refuse } from "../checks.ts";
import { LockError } from "../errors.ts";
import type { Layout, LayoutAbilities, LayoutChoice } from "./layout.ts";

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

/** What a function of `./layouts` makes: texts and arrays have an `at` too. */
export function checkLayout(action: string, option: string, value: unknown): void {
  const { at, table } = (value ?? {}) as Partial<LayoutChoice>;
  if (typeof at !== "function" || typeof table !== "object") {
    refuse(TypeError, action, option, "made by a function of ./layouts", value);
  }
}
