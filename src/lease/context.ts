/**
 * What every part of the protocol needs: the table, the surroundings and the settings of a manager.
 *
 * @module
 */

import type { LockEventListener } from "../events.ts";
import type { Runtime } from "../runtime.ts";
import type { LockTable } from "./lock_table.ts";

/** Settings of a manager that the protocol reads. */
export interface ProtocolSettings {
  /** The longest sleep of a waiter between two looks. */
  readonly pollMs: number;
  /** For how long a lock may be handed from one caller to the next inside the process. */
  readonly maxHandoffMs: number;
  /** How far `Date` headers may be off; `Infinity` turns judging by the server's clock off. */
  readonly maxClockSkewMs: number;
}

/** What the protocol works with. */
export interface ProtocolContext {
  readonly table: LockTable;
  readonly runtime: Runtime;
  readonly settings: ProtocolSettings;
  readonly emit: LockEventListener;
  /** Keeps work that nobody waits for alive: until `close`, and by `waitUntil` where there is one. */
  background(work: Promise<void>): void;
}

/** The TTL of a record: 30 days from now, in the epoch seconds that DynamoDB wants. */
export function purgeAt(context: ProtocolContext): number {
  const now = context.runtime.now();
  return Math.ceil(context.table.clock.upper(now) / 1_000) + PURGE_SECONDS;
}

/** Far longer than any lease or signature lives, so that a purge never removes a fence in use. */
const PURGE_SECONDS = 30 * 24 * 60 * 60;

/**
 * Sleeps for `ms`, or until `wake` is called or `signal` aborts; leaves no timer and no listener.
 * A `background` sleep does not keep the process alive.
 */
export function sleep(
  runtime: Runtime,
  ms: number,
  options: { signal?: AbortSignal | undefined; background?: boolean } = {},
): { done: Promise<void>; wake: () => void } {
  let wake = () => {};
  const done = new Promise<void>((resolve) => {
    const timer = runtime.setTimer(end, ms, options.background);
    options.signal?.addEventListener("abort", end);
    function end(): void {
      runtime.clearTimer(timer);
      options.signal?.removeEventListener("abort", end);
      resolve();
    }
    wake = end;
  });
  if (options.signal?.aborted) wake();
  return { done, wake };
}
