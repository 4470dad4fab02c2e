import type { Runtime, Timer } from "../runtime.ts";

/**
 * Runs `work` until it ends, the caller's signal aborts or `ms` milliseconds have passed.
 *
 * It leaves at once in the last two cases, also where `work` does not listen to its signal, and in
 * every case without a timer or a listener behind it. The caller's reason is rethrown untouched.
 *
 * @param onFailure Told why `work` failed; given wherever there is work.
 * @returns What `work` came to; `undefined` where it failed or the time was up first.
 */
export async function withLimit<T>(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal | undefined,
  work?: (limit: AbortSignal) => Promise<T>,
  onFailure?: (reason: unknown) => void,
): Promise<T | undefined | void> {
  signal?.throwIfAborted();
  const controller = new AbortController();
  let leave = () => {};
  let timer: Timer;
  const value = await new Promise<T | undefined | void>((resolve) => {
    leave = () => {
      resolve();
      controller.abort();
    };
    timer = runtime.setTimer(leave, ms);
    signal?.addEventListener("abort", leave);
    work?.(controller.signal).catch(onFailure!).then(resolve);
  });
  runtime.clearTimer(timer);
  signal?.removeEventListener("abort", leave);
  signal?.throwIfAborted();
  return value;
}

/** Waits `ms` milliseconds, or until the signal aborts: then it rethrows the signal's own reason. */
export function sleep(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  return withLimit<void>(runtime, ms, signal);
}
