import type { Runtime } from "../runtime.ts";

/** The end of a time limit, told apart from whatever else may be thrown. */
export class TimeLimitReached extends Error {
  override readonly name = "TimeoutError";
}

/**
 * Runs `work` until it ends, the caller's signal aborts or `ms` milliseconds have passed.
 *
 * It leaves at once in the last two cases, also where `work` does not listen to its signal, and in
 * every case without a timer or a listener behind it. The caller's reason is rethrown untouched.
 */
export function withLimit<T>(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal | undefined,
  work: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const controller = new AbortController();
    const tidy = () => {
      runtime.clearTimer(timer);
      signal?.removeEventListener("abort", onAbort);
    };
    const leave = (reason: unknown) => {
      tidy();
      reject(reason);
      controller.abort(reason);
    };
    const onAbort = () => leave(signal!.reason);
    const timer = runtime.setTimer(() => leave(new TimeLimitReached("Time limit reached")), ms);
    signal?.addEventListener("abort", onAbort, { once: true });
    work(controller.signal).then(
      (value) => {
        tidy();
        resolve(value);
      },
      (error) => {
        tidy();
        reject(error);
      },
    );
  });
}

/** Waits `ms` milliseconds, or until the signal aborts: then it rethrows the signal's own reason. */
export async function sleep(
  runtime: Runtime,
  ms: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await withLimit(runtime, ms, signal, () => new Promise<never>(() => {}));
  } catch (error) {
    if (!(error instanceof TimeLimitReached)) throw error;
  }
}
