/**
 * Calls of what callers have given: listeners, and `waitUntil`.
 *
 * @module
 */

/** Calls a listener. What it throws must not change the outcome: that is its own affair. */
export function tell<E>(listener: ((event: E) => void) | undefined, event: E): void {
  try {
    // What an async listener rejects with is ignored too: unheard, it would end the process.
    (listener?.(event) as Promise<void> | void)?.catch?.(() => {});
  } catch {
    // A broken listener must not turn a held lock into a lost one.
  }
}
