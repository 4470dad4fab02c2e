/** One run: machines with their processes, the network and the service, put together from a scenario. */

import { DynamoClient } from "../../src/dynamodb/client.ts";
import { LockManager } from "../../src/manager.ts";
import { quickSigner } from "../support/world.ts";
import { Checker } from "./checker.ts";
import { Clocks } from "./clocks.ts";
import { Election } from "./election.ts";
import { Guards } from "./guards.ts";
import { Network } from "./network.ts";
import { Process } from "./process.ts";
import type { Program, ProgramContext } from "./program.ts";
import { makeProgram } from "./programs.ts";
import { Random } from "./random.ts";
import { Requests } from "./requests.ts";
import { Resource } from "./resource.ts";
import { isCalm, isSteady, type MachinePlan, type Scenario } from "./scenario.ts";
import { Scheduler, settle } from "./scheduler.ts";
import { Service } from "./service.ts";
import { Tally, Trace } from "./trace.ts";

const START = Date.UTC(2026, 0, 1);

/** A machine, and the process that runs on it. */
export interface Machine {
  readonly plan: MachinePlan;
  readonly name: string;
  process: Process;
  manager: LockManager;
  /** How many processes it has run. */
  runs: number;
}

/** Everything of one run. */
export class World implements ProgramContext {
  readonly scenario: Scenario;
  readonly random: Random;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly tally: Tally = new Tally();
  readonly service: Service;
  readonly checker: Checker;
  readonly resource: Resource;
  readonly guards: Guards;
  readonly network: Network;
  readonly machines: Machine[] = [];
  readonly processes: Process[] = [];
  readonly callers: Program[] = [];
  readonly requests: Requests;
  readonly election: Election = new Election();
  healed = false;
  /** Called when a machine sends its next request, while that is on its way. */
  readonly ambushes: Map<Machine, (() => void)[]> = new Map();
  readonly #processes = new Map<string, Process>();
  #waiting: (() => void)[] = [];

  constructor(scenario: Scenario, recording: boolean) {
    const { seed } = scenario;
    this.scenario = scenario;
    this.random = new Random(seed, "world");
    this.scheduler = new Scheduler(START + this.random.between(0, 1_000), new Random(seed, "ties"));
    const { scheduler } = this;
    this.trace = new Trace(recording, () => scheduler.now);
    this.service = new Service(() => scheduler.now, new Random(seed, "service"));
    this.service.dateErrorMs = scenario.dateErrorMs;
    this.checker = new Checker({
      scheduler,
      trace: this.trace,
      shortestLeaseMs: scenario.leaseMs,
      calm: isCalm(scenario),
      steady: isSteady(scenario),
    });
    const random = new Random(seed, "resource");
    const { service, checker, tally } = this;
    this.resource = new Resource({ scheduler, service, checker, random, tally });
    this.guards = new Guards({
      ...{ checker, tally, service, scheduler },
      random: new Random(seed, "guards"),
      calm: isCalm(scenario),
    });
    this.requests = new Requests(checker, isCalm(scenario), () => scheduler.now);
    this.network = this.#makeNetwork();
  }

  /** Makes the table, and starts everything. */
  async open(): Promise<void> {
    await this.service.createTable();
    for (const plan of this.scenario.machines) this.addMachine(plan);
  }

  /** Starts a machine's first process, or its next one. */
  start(machine: Machine): void {
    this.#startProcess(machine);
    const { plan, process, manager } = machine;
    this.trace.add(process.name, "starts");
    for (let caller = 0; caller < plan.callers; caller++) {
      const program = makeProgram(this, { process, manager, plan, index: caller });
      this.callers.push(program);
      process.post(() => void program.run(plan.turns));
    }
  }

  /** Ends the faults. */
  heal(): void {
    this.healed = true;
    this.scenario.network.faultRate = 0;
    for (const { path } of this.scenario.machines) {
      path.cut = false;
      path.backMs = 0;
    }
    this.trace.add("WORLD", "the faults stop");
    for (const go of this.#waiting.splice(0)) go();
  }

  whenHealed(process: Process): Promise<void> {
    if (this.healed) return Promise.resolve();
    return new Promise((resolve) => void this.#waiting.push(() => process.post(resolve)));
  }

  /** Lets events happen until `done` says so, at most until `limit`. Answers whether it did. */
  async run(limit: number, done: () => boolean): Promise<boolean> {
    const { scheduler, checker } = this;
    for (;;) {
      if (scheduler.touched) {
        scheduler.touched = false;
        await settle();
        // A lease that is asked and finds that it is lost begins to clean up.
        if (checker.lookAtLeases()) await settle();
        checker.lookAtTable();
      }
      if (checker.violation !== undefined) return false;
      if (done()) return true;
      if (!scheduler.step(limit)) return false;
    }
  }

  #makeNetwork(): Network {
    const { scheduler, service, trace, tally, checker } = this;
    const { seed, network: plan, boxErrorMs, leaseMs } = this.scenario;
    const random = new Random(seed, "network");
    const boxClock = () => scheduler.now + boxErrorMs;
    return new Network({
      ...{ scheduler, service, random, trace, tally, plan },
      faults: { random, longestLeaseMs: 2 * leaseMs, boxClock },
      pathOf: (process) => this.#machineOf(process).plan.path,
      sent: (process) => {
        const machine = this.#machineOf(process);
        this.ambushes.get(machine)?.shift()?.();
      },
      beside: ({ name }, grantId) =>
        checker.accuse("a renewal is under way alone", `${name} released or checked ${grantId}`),
      delivered: (delivery) => {
        this.guards.delivered(delivery);
        checker.ledger.delivered(delivery, (tag) => this.#processes.get(tag));
      },
    });
  }

  #machineOf(process: Process): Machine {
    return this.machines.find(({ name }) => process.name.startsWith(name))!;
  }

  /** Adds a machine and starts its process. */
  addMachine(plan: MachinePlan): Machine {
    const name = `m${this.machines.length + 1}`;
    // The process follows at once; a machine is never looked at without one.
    const machine = { plan, name, runs: 0 } as Machine;
    this.machines.push(machine);
    this.start(machine);
    return machine;
  }

  #startProcess(machine: Machine): void {
    const { plan, name } = machine;
    const { seed } = this.scenario;
    const random = new Random(seed, `${name}.${++machine.runs}`);
    const clocks = machine.process?.clocks ??
      new Clocks(this.scheduler, plan.clocks, random.between(1_000, 1e8));
    const process = new Process(`${name}.${machine.runs}`, this.scheduler, clocks, random, {
      send: this.network.send,
      workers: plan.workers,
    });
    this.#processes.set(process.tag, process);
    this.processes.push(process);
    machine.process = process;
    machine.manager = new LockManager({
      ...plan.options,
      client: this.#client(process, plan),
      runtime: process.runtime,
      onEvent: (event) => {
        const { type } = event;
        this.tally.add(
          type === "lost"
            ? `event: ${event.code}`
            : type === "trouble"
            ? `event: trouble with ${event.step}`
            : type === "grant" && event.takeover
            ? "event: take-over"
            : `event: ${type}`,
        );
        if (this.trace.on) this.trace.add(process.name, `tells ${JSON.stringify(event)}`);
        this.checker.told(process, event);
      },
    });
  }

  #client(process: Process, { attemptTimeoutMs }: MachinePlan): DynamoClient {
    return new DynamoClient({
      region: "local",
      endpoint: "http://127.0.0.1:1",
      credentials: () => Promise.resolve({ accessKeyId: "test", secretAccessKey: "test" }),
      attemptTimeoutMs,
      // Signing takes its time; a process may be stopped in the middle of it.
      signer: {
        sign: async (request) => {
          if (process.random.chance(0.1)) await process.busy();
          return await quickSigner.sign(request);
        },
      },
      runtime: process.runtime,
      onRetry: ({ code }) => {
        this.tally.add("retries");
        if (this.trace.on) this.trace.add(process.name, `retries after ${code}`);
      },
    });
  }
}
