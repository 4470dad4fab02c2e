/**
 * Waits that end early: by a signal, or when work has ended. They leave no timer and no listener.
 *
 * @module
 */

import type { Runtime } from "../runtime.ts";

type Signals = readonly (AbortSignal | undefined)[];

/** Resolves when one of the signals aborts, which it does not tell. */
export function untilAborted(...signals: Signals): Promise<void> {
  if (signals.some((signal) => signal?.aborted)) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      for (const signal of signals) signal?.removeEventListener("abort", wake);
      resolve();
    };
    for (const signal of signals) signal?.addEventListener("abort", wake);
  });
}

/** Sleeps for `ms` or until one of the signals aborts. A `background` sleep keeps nothing alive. */
export async function sleep(
  runtime: Runtime,
  ms: number,
  signals: Signals,
  background = false,
): Promise<void> {
  const over = new AbortController();
  const timer = runtime.setTimer(() => over.abort(), ms, background);
  await untilAborted(over.signal, ...signals);
  runtime.clearTimer(timer);
}

/**
 * Runs `work` until it ends, the caller's signal aborts or `ms` milliseconds have passed.
 *
 * It leaves at once in the last two cases, also where `work` does not listen to its signal. The caller's
 * reason is rethrown untouched.
 *
 * @param onFailure Told why `work` failed.
 * @returns What `work` came to; `undefined` where it failed or the time was up first.
 */
export async function withLimit<T>(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal | undefined,
  work: (limit: AbortSignal) => Promise<T>,
  onFailure: (reason: unknown) => void,
): Promise<T | undefined> {
  signal?.throwIfAborted();
  const limit = new AbortController();
  let value: T | undefined;
  const ended = work(limit.signal).then((result) => void (value = result), onFailure);
  void ended.then(() => limit.abort());
  await sleep(runtime, ms, [limit.signal, signal]);
  limit.abort();
  signal?.throwIfAborted();
  return value;
}
