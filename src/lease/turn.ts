/**
 * Whose turn it is between processes. The others look at a lock once in `pollMs`: one that takes it
 * again at once, or hands it on inside the process, again and again, would keep all of them out.
 *
 * @module
 */

import type { Moment } from "../runtime.ts";
import type { ProtocolContext, ProtocolSettings } from "./context.ts";
import { heldForMs } from "./decide.ts";

/** A pause is that long at least, however short the turns are, where others look as seldom. */
const PAUSE_LEAST_MS = 1_000;

/** How long the pause is between two turns of a process, at the most: no longer than the turns. */
export function turnPauseMs({ pollMs, maxHandoffMs }: ProtocolSettings): number {
  return Math.min(pollMs, Math.max(PAUSE_LEAST_MS, maxHandoffMs));
}

/** Since when a lock went from lease to lease here that is taken before others will have looked, if it did. */
export function turnSince(
  { table, runtime, settings }: ProtocolContext,
  names: readonly string[],
): Moment | undefined {
  return table.memory.turnSince(names, runtime.now(), turnPauseMs(settings) / 2);
}

/** Whether others come first now; a turn that has not begun begins now. */
export function isTurnOver(
  { runtime, settings }: ProtocolContext,
  since: Moment = runtime.now(),
): boolean {
  return heldForMs(since, runtime.now()) >= settings.maxHandoffMs;
}

/** Whether others come first before a lock is taken again that went from lease to lease here. */
export function comesAfterOthers(context: ProtocolContext, names: readonly string[]): boolean {
  const since = turnSince(context, names);
  return since !== undefined && isTurnOver(context, since);
}
