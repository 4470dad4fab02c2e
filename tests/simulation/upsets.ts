/** What goes wrong besides the network: machines stop, clocks are set, processes end, operators meddle. */

import { Random } from "./random.ts";
import type { Upsets } from "./profile.ts";
import { isCalm } from "./scenario.ts";
import type { Machine, World } from "./world.ts";

/** Everything is well again a little before the faults stop. */
const UPSETS_UNTIL = 0.97;

/** The way of a request that something happens to meanwhile, at most. */
const ON_THE_WAY_MS = 100;

/** Plans all that goes wrong in a run. */
export function planUpsets(world: World): void {
  const { scenario, scheduler } = world;
  const { leaseMs, profile } = scenario;
  const random = new Random(scenario.seed, "upsets");
  const end = scheduler.now + scenario.healMs * UPSETS_UNTIL;
  const until = (ms: number) => Math.min(scheduler.now + ms, end);
  // Any length, but often one that a lease just bears, or just does not.
  const stopMs = profile.stopMs ?? [50, 5 * leaseMs];
  const anyMs = () =>
    profile.stopMs === undefined && random.chance(0.4)
      ? leaseMs * random.between(0.3, 1.5)
      : random.magnitude(...stopMs);
  const plan = (upset: keyof Upsets, happen: (machine: Machine) => void) => {
    for (let count = 0; count < scenario.upsets[upset]; count++) {
      const machine = random.pick(world.machines);
      if (random.chance(0.5)) {
        scheduler.at(random.between(scheduler.now, end), () => happen(machine));
      } else lieInWait(world, machine, random, () => void (scheduler.now < end && happen(machine)));
    }
  };
  plan("pauses", (machine) => pause(world, machine, until(anyMs()), false));
  plan("suspends", (machine) => {
    if (machine.plan.upset === "suspends") pause(world, machine, until(anyMs()), true);
  });
  plan("steps", (machine) => step(world, machine, random));
  plan(
    "kills",
    (machine) => kill(world, machine, random.chance(0.7) ? until(anyMs()) : undefined),
  );
  plan("closes", (machine) => close(world, machine, until(anyMs())));
  plan("cuts", ({ plan, name }) => {
    note(world, name, "cut off");
    plan.path.cut = true;
    scheduler.at(until(anyMs()), () => plan.path.cut = false);
  });
  plan("tampering", () => tamper(world, random, until(random.magnitude(10, 3_000))));
  planBreaks(world, end);
}

/** Lets something happen while one of the machine's first requests, or a later one, is on its way. */
function lieInWait(world: World, machine: Machine, random: Random, happen: () => void): void {
  const { ambushes, scheduler } = world;
  const ambush = ambushes.get(machine) ?? [];
  ambushes.set(machine, ambush);
  const count = Math.floor(random.magnitude(1, 20));
  while (ambush.length < count - 1) ambush.push(() => {});
  const before = ambush[count - 1];
  ambush[count - 1] = () => {
    before?.();
    scheduler.after(random.between(0, ON_THE_WAY_MS), happen);
  };
}

function note({ tally, trace }: World, who: string, what: string): void {
  tally.add(`upset: ${what}`);
  trace.add(who, what);
}

/** SIGSTOP and SIGCONT; or the whole machine, whose monotonic clock then stands still. */
function pause(world: World, machine: Machine, until: number, suspend: boolean): void {
  const { process } = machine;
  if (!process.alive || process.paused) return;
  note(world, process.name, suspend ? "suspended" : "paused");
  process.pause();
  if (suspend) process.clocks.suspend();
  world.scheduler.at(until, () => {
    if (suspend) process.clocks.wake();
    if (!process.alive) return;
    world.trace.add(process.name, "goes on");
    process.resume();
  });
}

function step(world: World, { process, plan }: Machine, random: Random): void {
  // Backwards only where the monotonic clock never stops: one of the two has to be right.
  const sign = plan.upset === "steps" ? random.sign() : 1;
  const ms = sign * random.magnitude(...world.scenario.profile.stepMs);
  note(world, process.name, sign > 0 ? "clock set forward" : "clock set back");
  world.trace.add(process.name, `by ${Math.round(ms)} ms`);
  process.clocks.step(ms);
  world.scheduler.touched = true;
}

function kill(world: World, machine: Machine, again: number | undefined): void {
  const { process } = machine;
  if (!process.alive) return;
  note(world, process.name, "killed");
  process.kill();
  if (again !== undefined) world.scheduler.at(again, () => world.start(machine));
}

/** Closes the manager, as a program does that is asked to end, and starts the next one. */
function close(world: World, machine: Machine, again: number): void {
  const { process, manager, plan } = machine;
  if (!process.alive || process.closing) return;
  note(world, process.name, "closed");
  process.closing = true;
  process.post(() => {
    manager.close().then(() => {
      world.trace.add(process.name, "has closed");
      // A Worker's other requests cannot be waited for.
      if (!plan.workers) world.checker.closed(process);
    });
  });
  world.scheduler.at(again, () => {
    if (machine.process === process) world.start(machine);
  });
}

function tamper(world: World, random: Random, restored: number): void {
  const { service, scheduler, scenario } = world;
  const name = random.pick(scenario.names);
  const ways = ["delete", "empty", "replace", "drop"] as const;
  const drawn = random.pick(
    scenario.sharing === undefined ? ways : [...ways, "break", "break"] as const,
  );
  // In a format of others nobody is in what is not there.
  const how = scenario.format !== undefined && drawn === "empty" ? "delete" : drawn;
  if (how === "break") return breakOne(world, name, random);
  if (!service.hasTable || (how === "empty" && service.record(name)?.holders === undefined)) return;
  if (how === "drop") {
    note(world, "OPERATOR", "table dropped");
    service.dropTable();
    scheduler.at(restored, () => {
      service.createTable();
      tampered(world, scenario.names, true);
    });
    return tampered(world, scenario.names, true);
  }
  note(world, "OPERATOR", { delete: "deleted", empty: "emptied", replace: "replaced" }[how]);
  service.tamper(name, how);
  tampered(world, [name], how !== "empty");
  if (how !== "replace") return;
  scheduler.at(restored, () => {
    service.tamper(name, "delete");
    tampered(world, [name], true);
  });
}

/** In runs of some kinds locks are broken, where that is not a loss that calm forbids. */
function planBreaks(world: World, end: number): void {
  const { scenario, scheduler } = world;
  const { breaks } = scenario.sharing ?? {};
  if (breaks === undefined || isCalm(scenario)) return;
  const random = new Random(scenario.seed, "breaks");
  for (let count = random.whole(...breaks); count > 0; count--) {
    scheduler.at(random.between(scheduler.now, end), () => {
      breakOne(world, random.pick(scenario.names), random);
    });
  }
}

/** An operator's tool takes the lock away from one of those who hold it. */
function breakOne(world: World, name: string, random: Random): void {
  const holders = world.checker.ledger.present(name);
  const machines = world.machines.filter(({ process }) => process.alive && !process.closing);
  if (holders.length === 0 || machines.length === 0) return;
  const { token } = random.pick(holders);
  const { process, manager } = random.pick(machines);
  note(world, "OPERATOR", "broken");
  world.trace.add("OPERATOR", `breaks '${name}' ${token} by ${process.name}`);
  process.post(() => void manager.breakLock(name, { token }).catch(() => {}));
}

function tampered(world: World, names: readonly string[], forget: boolean): void {
  world.scheduler.touched = true; // dropping a table takes a turn
  for (const name of names) {
    world.checker.ledger.tampered(name, forget);
    if (forget) world.resource.forget(name);
  }
}
