/**
 * Watches this machine's clocks during a run: intervals of several processes can be compared only on
 * one clock that nobody sets, and a machine with no time to spare explains much.
 *
 * @module
 */

const EVERY_MS = 100;

/** How far the clocks may part before the comparison means nothing. */
export const PARTED_MS = 50;

/** Watches until it is stopped. */
export class ClockWatch {
  /** How far the wall clock went from the monotonic one, at most. */
  partedMs = 0;
  /** How late a timer of the runner was, at most: the machine, or the runner, was busy. */
  lateMs = 0;
  readonly #timer: ReturnType<typeof setInterval>;

  constructor() {
    const origin = Date.now() - performance.now();
    let due = performance.now() + EVERY_MS;
    this.#timer = setInterval(() => {
      const now = performance.now();
      this.partedMs = Math.max(this.partedMs, Math.abs(Date.now() - now - origin));
      this.lateMs = Math.max(this.lateMs, now - due);
      due = now + EVERY_MS;
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
