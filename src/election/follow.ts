/**
 * The small things that waiting needs: one signal that follows several, a process that stays alive,
 * and growing pauses.
 *
 * @module
 */

import type { Runtime, Timer } from "../runtime.ts";

/** A signal that follows others until it is let go. */
export interface Follower {
  /** Aborts with the reason of the first of them that does. */
  readonly signal: AbortSignal;
  /** Leaves no listener behind. */
  letGo(): void;
}

/** Follows signals that may live for as long as the process, so nothing of a follower may stay there. */
export function follow(sources: readonly AbortSignal[]): Follower {
  const own = new AbortController();
  const abort = (event: Event) => own.abort((event.target as AbortSignal).reason);
  for (const source of sources) {
    if (source.aborted) own.abort(source.reason);
    else source.addEventListener("abort", abort);
  }
  const letGo = () => {
    for (const source of sources) source.removeEventListener("abort", abort);
  };
  return { signal: own.signal, letGo };
}

/** Throws the reason of the first signal that has aborted, as it is. */
export function throwIfAborted(signals: readonly AbortSignal[]): void {
  for (const signal of signals) signal.throwIfAborted();
}

/** The longest time that every runtime's timers take. */
const TIMER_MOST_MS = 2_000_000_000;

/**
 * Keeps the process alive until the answer is called: the renewals of a lease do not, and a leader that
 * waits for nothing but the end of its term would end with it.
 */
export function keepAlive(runtime: Runtime): () => void {
  let timer: Timer;
  const arm = () => void (timer = runtime.setTimer(arm, TIMER_MOST_MS));
  arm();
  return () => runtime.clearTimer(timer);
}

const FIRST_BACK_OFF_MS = 500;
const BACK_OFF_MOST_MS = 10_000;

/** How long to stand back after this many failures in a row: growing, bounded, and never in step. */
export function backOffMs(failures: number, random: number): number {
  const most = Math.min(BACK_OFF_MOST_MS, FIRST_BACK_OFF_MS * 2 ** Math.min(failures - 1, 10));
  return Math.ceil(most * (0.5 + random / 2));
}
