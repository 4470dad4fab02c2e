/**
 * Whose turn it is between processes. The others look at a lock once in `pollMs`: one that takes it
 * again at once, or hands it on inside the process, again and again, would keep all of them out.
 *
 * @module
 */

import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import { heldForMs } from "./decide.ts";

/** Since when a lock went from lease to lease here that is taken before others will have looked. */
export function turnSince(
  { table, runtime, settings }: ProtocolContext,
  names: readonly string[],
): Moment | undefined {
  return table.memory.turnSince(names, runtime.now(), settings.pollMs / 2);
}

/** Whether others come first now; a turn that has not begun begins now. */
export function isTurnOver(
  { runtime, settings }: ProtocolContext,
  since: Moment = runtime.now(),
): boolean {
  return heldForMs(since, runtime.now()) >= settings.maxHandoffMs;
}
