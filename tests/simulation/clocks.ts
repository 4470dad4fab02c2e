/** The two clocks of a machine: how they run, step, stand still and drift. */

import type { Moment } from "../../src/runtime.ts";
import type { Scheduler } from "./scheduler.ts";

/** How a machine's clocks run. */
export interface ClockPlan {
  /** How far the wall clock is ahead of true time at first. */
  readonly wallOffsetMs: number;
  /** How fast the wall clock runs: 1 is true. */
  readonly wallRate: number;
  /** How fast the monotonic clock runs. */
  readonly monoRate: number;
}

/** How often a clock may be looked at before that is a millisecond. */
const LOOKS_A_MS = 1e6;

/** A wall clock and a monotonic clock. */
export class Clocks {
  readonly #scheduler: Scheduler;
  readonly #plan: ClockPlan;
  #from: number;
  #wall: number;
  #mono: number;
  #asleep = false;
  #looks = 0;

  constructor(scheduler: Scheduler, plan: ClockPlan, uptimeMs: number) {
    this.#scheduler = scheduler;
    this.#plan = plan;
    this.#from = scheduler.now;
    this.#wall = scheduler.now + plan.wallOffsetMs;
    this.#mono = uptimeMs;
  }

  /**
   * What a process reads: `Date.now()` counts whole milliseconds, and between two looks at the other
   * clock some time goes by, however little.
   */
  now(): Moment {
    this.#carryOn();
    return { wall: Math.floor(this.#wall), mono: this.#mono + ++this.#looks / LOOKS_A_MS };
  }

  /** Somebody sets the wall clock. */
  step(ms: number): void {
    this.#carryOn();
    this.#wall += ms;
  }

  /** Somebody sets the wall clock to true time, but for the error it had at first. */
  synchronize(): void {
    this.#carryOn();
    this.#wall = this.#scheduler.now + this.#plan.wallOffsetMs;
  }

  /** The machine is suspended: the wall clock is kept by a battery, the monotonic clock stops. */
  suspend(): void {
    this.#carryOn();
    this.#asleep = true;
  }

  /** The machine goes on. */
  wake(): void {
    this.#carryOn();
    this.#asleep = false;
  }

  /** How much true time the monotonic clock takes to count `ms`, if it does not stop. */
  trueMs(ms: number): number {
    return ms / this.#plan.monoRate;
  }

  #carryOn(): void {
    const { now } = this.#scheduler;
    const passed = now - this.#from;
    this.#from = now;
    this.#wall += passed * this.#plan.wallRate;
    if (!this.#asleep) this.#mono += passed * this.#plan.monoRate;
  }
}
