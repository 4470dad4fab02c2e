/**
 * A process: it runs what its timers, its answers and its clocks bring it, unless it is paused or dead.
 * Everything that it waits for passes through here, so a pause holds all of it back.
 */

import type { Runtime, Timer } from "../../src/runtime.ts";
import type { Clocks } from "./clocks.ts";
import type { Random } from "./random.ts";
import type { Scheduled, Scheduler } from "./scheduler.ts";

interface Alarm {
  /** By the monotonic clock. */
  readonly dueMono: number;
  readonly ring: () => void;
  /** The set that it is in while it is set. */
  readonly among: Set<Alarm>;
  event?: Scheduled;
}

/** What sends a request of a process. */
export type Sender = (process: Process, url: string, init: RequestInit) => Promise<Response>;

/** How much late a timer may be, and now and then is. */
const TIMER_LATE_MS = 3;
const TIMER_VERY_LATE_MS = 40;
/** Timers fire early by less than a millisecond: their clock is a coarser one. */
const TIMER_EARLY_MS = 0.9;

/** One process on a machine. */
export class Process {
  /** What the trace calls it. */
  readonly name: string;
  /** What the ids of its grants begin with. */
  readonly tag: string;
  readonly clocks: Clocks;
  readonly runtime: Runtime;
  alive = true;
  paused = false;
  /** Its manager is being closed. */
  closing = false;
  /** Requests that it has sent, those of them that met a fault, and those that were throttled. */
  sent = 0;
  faults = 0;
  throttles = 0;
  /** Requests that it has sent beside its acquisitions: in the background, or to give something back. */
  aside = 0;
  /** Refusals of its signing time that it has not heard of. */
  unheard = 0;
  /** What it does that no abort ends: signing, whose outcome may be of no use by then. */
  working = 0;
  /** Requests that it waits for. */
  waiting = 0;
  /** Campaigns that it runs: while the callback of one works, that alone is to keep the process alive. */
  kept = 0;
  /** Requests of it that the server may still meet, waited for or not. */
  onTheWay = 0;
  readonly #scheduler: Scheduler;
  readonly random: Random;
  /** The timers of the lock. */
  readonly #alarms = new Set<Alarm>();
  /** The timers of the program that uses it. */
  readonly #programAlarms = new Set<Alarm>();
  #held: (() => void)[] = [];

  constructor(
    name: string,
    scheduler: Scheduler,
    clocks: Clocks,
    random: Random,
    surroundings: { readonly send: Sender; readonly workers: boolean },
  ) {
    this.name = name;
    this.clocks = clocks;
    this.#scheduler = scheduler;
    this.random = random;
    this.tag = random.hex(8);
    this.runtime = {
      now: () => clocks.now(),
      random: () => random.next(),
      randomId: () => this.tag + random.hex(24),
      setTimer: (ring, ms): Timer => this.#setTimer(ring, ms, this.#alarms),
      clearTimer: (timer) => this.#clear(timer as Alarm | undefined),
      fetch: (url, init) => surroundings.send(this, url, init),
      env: () => undefined,
      isolatesRequests: surroundings.workers,
    };
  }

  /** How many timers of the lock are set, besides those that do nothing but keep the process alive. */
  get timers(): number {
    return this.#alarms.size - this.kept;
  }

  /** Whether the lock has nothing to do: nothing set, nothing sent. */
  get idle(): boolean {
    return this.waiting === 0 && this.working === 0 && this.onTheWay === 0 && this.timers === 0;
  }

  /** Something reaches the process: now, when it goes on, or never. */
  post(run: () => void): void {
    if (!this.alive) return;
    if (this.paused) this.#held.push(run);
    else {
      this.#scheduler.touched = true;
      run();
    }
  }

  /** A sleep of the program itself. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#setTimer(resolve, ms, this.#programAlarms));
  }

  /** Some work that the lock waits for, as signing. */
  busy(): Promise<void> {
    this.working++;
    return this.sleep(this.random.between(0, 2)).then(() => void this.working--);
  }

  /** Calls the program itself back. */
  after(ms: number, ring: () => void): void {
    this.#setTimer(ring, ms, this.#programAlarms);
  }

  /** Stops it, as SIGSTOP does. */
  pause(): void {
    this.paused = true;
  }

  /** Lets it go on, as SIGCONT does. What came meanwhile follows, one by one and in any order. */
  resume(): void {
    this.paused = false;
    this.#scheduler.touched = true;
    for (const run of this.#held.splice(0)) {
      this.#scheduler.after(0, () => this.post(run));
    }
  }

  /** Ends it, as SIGKILL does: nothing of it ever runs again. */
  kill(): void {
    this.alive = false;
    for (const alarm of [...this.#alarms, ...this.#programAlarms]) this.#clear(alarm);
    this.#held = [];
  }

  #setTimer(ring: () => void, ms: number, among: Set<Alarm>): Alarm {
    const dueMono = this.clocks.now().mono + Math.max(0, ms);
    const alarm: Alarm = { dueMono, ring, among };
    among.add(alarm);
    this.#schedule(alarm, Math.max(0, ms));
    return alarm;
  }

  #clear(alarm: Alarm | undefined): void {
    if (alarm?.among.delete(alarm) && alarm.event) this.#scheduler.cancel(alarm.event);
  }

  #schedule(alarm: Alarm, ms: number): void {
    const random = this.random;
    const late = random.chance(0.02)
      ? random.between(0, TIMER_VERY_LATE_MS)
      : random.between(-TIMER_EARLY_MS, TIMER_LATE_MS);
    const delayMs = Math.max(0, this.clocks.trueMs(ms) + late);
    alarm.event = this.#scheduler.after(delayMs, () => this.post(() => this.#ring(alarm)));
  }

  #ring(alarm: Alarm): void {
    if (!alarm.among.has(alarm)) return; // cleared while it was held back
    const early = alarm.dueMono - this.clocks.now().mono;
    // The monotonic clock stood still meanwhile.
    if (early > TIMER_EARLY_MS) return this.#schedule(alarm, early);
    alarm.among.delete(alarm);
    alarm.ring();
  }
}
