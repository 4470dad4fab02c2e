/**
 * What every part of the protocol needs: the table, the surroundings and the settings of a manager.
 *
 * @module
 */

import type { LeaseEvent } from "../events.ts";
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

/** What the protocol works with, for one acquisition and its lease. */
export interface ProtocolContext {
  readonly table: LockTable;
  readonly runtime: Runtime;
  readonly settings: ProtocolSettings;
  /** Tells what happened, and to which acquisition. `lost` is the name that was lost. */
  emit(event: LeaseEvent, lost?: string): void;
  /** Aborts when the manager is closed, which waits for what is under way. */
  readonly closing: AbortSignal | undefined;
  /** Keeps work that nobody waits for alive: until `close`, and by `waitUntil` where there is one. */
  background(work: Promise<unknown>): void;
}

/** Resolves when one of the signals aborts, which it does not tell. Leaves no listener. */
export function untilAborted(...signals: readonly AbortSignal[]): Promise<void> {
  if (signals.some((signal) => signal.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      for (const signal of signals) signal.removeEventListener("abort", wake);
      resolve();
    };
    for (const signal of signals) signal.addEventListener("abort", wake);
  });
}

/** Sleeps for `ms` or until one of the signals aborts. A `background` sleep keeps nothing alive. */
export async function sleep(
  runtime: Runtime,
  ms: number,
  signals: readonly AbortSignal[],
  background = false,
): Promise<void> {
  const over = new AbortController();
  const timer = runtime.setTimer(() => over.abort(), ms, background);
  await untilAborted(over.signal, ...signals);
  runtime.clearTimer(timer);
}
