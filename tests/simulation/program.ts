/** A program that uses locks, as a run has them: it does something a few times, and once more at the end. */

import type { LockManager } from "../../src/manager.ts";
import type { Checker } from "./checker.ts";
import type { Election } from "./election.ts";
import type { Guards } from "./guards.ts";
import type { Process } from "./process.ts";
import type { Random } from "./random.ts";
import type { Requests } from "./requests.ts";
import type { Resource } from "./resource.ts";
import type { MachinePlan, Scenario } from "./scenario.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Tally, Trace } from "./trace.ts";

/** What a program needs of the run. */
export interface ProgramContext {
  readonly scenario: Scenario;
  readonly scheduler: Scheduler;
  readonly checker: Checker;
  readonly resource: Resource;
  readonly guards: Guards;
  readonly requests: Requests;
  readonly election: Election;
  readonly trace: Trace;
  readonly tally: Tally;
  /** The faults have stopped. */
  readonly healed: boolean;
  /** Waits for that, as a process does: in vain where it dies, longer where it is paused. */
  whenHealed(process: Process): Promise<void>;
}

/** Where a program runs. */
export interface Place {
  readonly process: Process;
  readonly manager: LockManager;
  readonly plan: MachinePlan;
  /** Which it is in its process. */
  readonly index: number;
}

/** What a program draws from. */
export type Streams = Readonly<Record<"random" | "limits" | "wishes", Random>>;

/** One program. */
export abstract class Program {
  readonly process: Process;
  /** Whether it has done all that it wanted. */
  done = false;
  /** How often it was told to do something for the last time. */
  round = 0;
  protected readonly context: ProgramContext;
  protected readonly manager: LockManager;
  protected readonly plan: MachinePlan;
  protected readonly random: Random;

  constructor(context: ProgramContext, { process, manager, plan }: Place, random: Random) {
    this.context = context;
    this.process = process;
    this.manager = manager;
    this.plan = plan;
    this.random = random;
  }

  /** Does something a few times while there are faults, and once when they are over. */
  async run(turns: number): Promise<void> {
    const { healMs, profile } = this.context.scenario;
    for (let turn = 0; turn < turns && !this.context.healed; turn++) {
      const idleMs = this.random.between(0, profile.idle * healMs / (turns + 1));
      await this.process.sleep(idleMs);
      if (!this.context.healed && !this.process.closing) await this.turn(false);
    }
    await this.context.whenHealed(this.process);
    this.round++;
    if (!this.process.closing) await this.turn(true);
    this.done = true;
  }

  /** Does it once more. */
  again(): void {
    this.done = false;
    this.round++;
    this.turn(true).then(() => this.done = true);
  }

  /** Does it once; the last time everything must go well. */
  protected abstract turn(last: boolean): Promise<void>;
}
