/**
 * Virtual time for tests: one true time, and nodes (processes) whose two clocks can step, stand still
 * and drift away from it. Nothing waits: time jumps from timer to timer.
 */

import { setImmediate } from "node:timers";
import type { Moment, Runtime, Timer } from "../../src/runtime.ts";

interface Alarm {
  readonly due: number;
  readonly order: number;
  readonly node: VirtualNode | undefined;
  readonly ring: () => void;
}

/** When every test begins: 2026-01-01T00:00:00.400Z, in the middle of a second. */
export const START: number = Date.UTC(2026, 0, 1) + 400;

/** How often a clock may be looked at before that is a millisecond. */
const LOOKS_A_MS = 1e6;

/** True time, and everything that waits for it. */
export class VirtualTime {
  /** The true time, which is also the server's, in milliseconds since 1970. */
  now: number = START;
  readonly #alarms = new Set<Alarm>();
  #order = 0;

  /** Rings at a true time. */
  at(due: number, ring: () => void, node?: VirtualNode): Alarm {
    const alarm = { due, order: this.#order++, node, ring };
    this.#alarms.add(alarm);
    return alarm;
  }

  /** Takes an alarm back. */
  cancel(alarm: unknown): void {
    this.#alarms.delete(alarm as Alarm);
  }

  /** Resolves after `ms` of true time. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => void this.at(this.now + ms, resolve));
  }

  /** The alarms that are set: a test that is done should have left none. */
  get pending(): number {
    return [...this.#alarms].filter((alarm) => !alarm.node?.paused).length;
  }

  #next(until: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.due > until || alarm.node?.paused) continue;
      if (
        next === undefined || alarm.due < next.due ||
        (alarm.due === next.due && alarm.order < next.order)
      ) next = alarm;
    }
    return next;
  }

  async #ring(until: number): Promise<boolean> {
    const next = this.#next(until);
    if (next === undefined) return false;
    this.#alarms.delete(next);
    this.now = Math.max(this.now, next.due);
    next.ring();
    await idle();
    return true;
  }

  /** Lets `ms` pass, ringing what is due in between. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    await idle();
    while (await this.#ring(until));
    this.now = until;
    await idle();
  }

  /** Lets time pass until `work` is done, at most `limitMs`, and answers as it does. */
  async until<T>(work: Promise<T>, limitMs = 600_000): Promise<T> {
    const limit = this.now + limitMs;
    let settled = false;
    work.then(() => settled = true, () => settled = true);
    await idle();
    while (!settled) {
      if (!await this.#ring(limit)) {
        throw new Error(`Nothing happens any more, or not within ${limitMs} ms`);
      }
    }
    return await work;
  }

  /** A process with clocks of its own. */
  node(options: { wallOffsetMs?: number; seed?: number } = {}): VirtualNode {
    return new VirtualNode(this, options);
  }
}

/** Lets every promise that can move on do so. */
export async function idle(): Promise<void> {
  for (let turn = 0; turn < 2; turn++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
}

/** Rejects as soon as the signal aborts, as a real `fetch` does, wherever the request is by then. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** A process: two clocks, timers, randomness and a network of its own. */
export class VirtualNode {
  /** How far the wall clock is ahead of true time. */
  wallOffsetMs: number;
  /** How long the monotonic clock stood still. */
  monoLostMs = 0;
  /** A paused process runs nothing; what is due runs when it goes on. */
  paused = false;
  /** What random() answers: a number, or a generator seeded by the constructor. */
  fixedRandom: number | undefined;
  readonly time: VirtualTime;
  #state: number;
  #ids = 0;
  #looks = 0;
  #resumed: (() => void)[] = [];

  constructor(time: VirtualTime, options: { wallOffsetMs?: number; seed?: number }) {
    this.time = time;
    this.wallOffsetMs = options.wallOffsetMs ?? 0;
    this.#state = options.seed ?? 1;
  }

  /** Both clocks, now. As a real one, the monotonic clock never shows the same twice. */
  moment(): Moment {
    const { now } = this.time;
    const mono = now - START + 5_000 - this.monoLostMs + ++this.#looks / LOOKS_A_MS;
    return { wall: now + this.wallOffsetMs, mono };
  }

  /** Stops the process, as SIGSTOP does. */
  pause(): void {
    this.paused = true;
  }

  /** Lets it go on, as SIGCONT does. */
  resume(): void {
    this.paused = false;
    for (const go of this.#resumed.splice(0)) go();
  }

  /** Suspends the machine: true time and the wall clock go on, the monotonic clock does not. */
  async suspend(ms: number): Promise<void> {
    this.pause();
    await this.time.advance(ms);
    this.monoLostMs += ms;
    this.resume();
    await idle();
  }

  /** Holds back until the process runs. */
  async running(): Promise<void> {
    while (this.paused) await new Promise<void>((go) => this.#resumed.push(go));
  }

  #random(): number {
    if (this.fixedRandom !== undefined) return this.fixedRandom;
    // mulberry32: small, seeded, good enough for jitter
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let x = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  }

  /** The runtime of this process, over a server. `latencyMs` is the way there, and the way back. */
  runtime(server: typeof fetch, options: { latencyMs?: number; workers?: boolean } = {}): Runtime {
    const { time } = this;
    const latencyMs = options.latencyMs ?? 1;
    const tag = (this.#state >>> 0).toString(16).padStart(8, "0");
    return {
      now: () => this.moment(),
      random: () => this.#random(),
      randomId: () => `${tag}${(++this.#ids).toString(16).padStart(24, "0")}`,
      setTimer: (ring, ms): Timer => time.at(time.now + Math.max(0, ms), ring, this),
      clearTimer: (timer) => time.cancel(timer),
      fetch: (url, init) => {
        const answer = async () => {
          await time.delay(latencyMs);
          const response = await server(url, init);
          await time.delay(latencyMs);
          await this.running();
          return response;
        };
        return abortable(answer(), init.signal ?? undefined);
      },
      env: () => undefined,
      isolatesRequests: options.workers ?? false,
    };
  }
}
