/**
 * A runtime for tests of the wire: clocks that move only when told, timers that wait for nobody.
 */

import type { Moment, Runtime } from "../../src/runtime.ts";

/** When these tests begin: 2026-01-01T00:00:00Z. */
export const START: number = Date.UTC(2026, 0, 1);

interface Alarm {
  readonly due: number;
  readonly ring: () => void;
}

/** Both clocks run together unless a test steps `wallOffset`. */
export class WireRuntime implements Runtime {
  /** The monotonic clock. */
  mono = 1000;
  /** What the wall clock is ahead of the monotonic one. */
  wallOffset: number = START - 1000;
  /** What `random()` answers. */
  randomValue = 0.5;
  isolatesRequests = false;
  readonly variables: Record<string, string> = {};
  /** The names that were read from the environment. */
  readonly read: string[] = [];
  readonly #alarms = new Set<Alarm>();

  now(): Moment {
    return { wall: this.mono + this.wallOffset, mono: this.mono };
  }

  random(): number {
    return this.randomValue;
  }

  randomId(): string {
    return "0".repeat(32);
  }

  setTimer(ring: () => void, ms: number): Alarm {
    const alarm = { due: this.mono + ms, ring };
    this.#alarms.add(alarm);
    return alarm;
  }

  clearTimer(alarm: unknown): void {
    this.#alarms.delete(alarm as Alarm);
  }

  fetch(): Promise<Response> {
    return Promise.reject(new Error("No test may use the runtime's fetch"));
  }

  env(name: string): string | undefined {
    this.read.push(name);
    return this.variables[name];
  }

  /** The timers that are set: a call that is over should have left none. */
  get pending(): number {
    return this.#alarms.size;
  }

  /** Moves both clocks, ringing what becomes due, and lets everything settle. */
  async advance(ms: number): Promise<void> {
    const end = this.mono + ms;
    for (;;) {
      await settle();
      const next = this.#next();
      if (next === undefined || next.due > end) break;
      this.#ring(next);
    }
    this.mono = end;
    await settle();
  }

  /** Lets `work` come to its end, jumping from timer to timer. */
  async run<T>(work: Promise<T>): Promise<T> {
    let over = false;
    work.then(() => over = true, () => over = true);
    for (let idle = 0; !over;) {
      await settle();
      const next = this.#next();
      if (over) break;
      if (next !== undefined) this.#ring(next);
      else if (++idle > 100) throw new Error("The work waits for nothing");
    }
    return await work;
  }

  #next(): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (next === undefined || alarm.due < next.due) next = alarm;
    }
    return next;
  }

  #ring(alarm: Alarm): void {
    this.#alarms.delete(alarm);
    this.mono = Math.max(this.mono, alarm.due);
    alarm.ring();
  }
}

/** Lets every promise that can settle do so: a turn of the event loop, which needs no time. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A signal that counts its listeners. */
export class CountedAbort {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<unknown>();

  constructor() {
    const { signal } = this.#controller;
    const add = signal.addEventListener.bind(signal) as (...of: unknown[]) => void;
    const remove = signal.removeEventListener.bind(signal) as (...of: unknown[]) => void;
    signal.onabort = () => this.#listeners.clear(); // all of ours are for one time only
    signal.addEventListener = (...of: unknown[]) => {
      this.#listeners.add(of[1]);
      add(...of);
    };
    signal.removeEventListener = (...of: unknown[]) => {
      this.#listeners.delete(of[1]);
      remove(...of);
    };
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  abort(reason?: unknown): void {
    this.#controller.abort(reason);
  }
}
