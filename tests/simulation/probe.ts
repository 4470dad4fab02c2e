/**
 * What a crashed holder costs, in figures (promise 5): its lease, `maxClockSkewMs`, the width of what is
 * known of the server's time, and one poll. Tried at the end of a run, when all else is still.
 */

import { planProbe, PROBE_NAME, type ProbeAsk, type ProbePlan } from "./probe_plan.ts";
import { Random } from "./random.ts";
import type { MachinePlan, Scenario } from "./scenario.ts";
import { argumentsOf } from "./wishes.ts";
import type { Machine, World } from "./world.ts";

/** `Date` counts whole seconds. */
const DATE_MS = 1_000;

/** Timers that are late, and the few requests of a take-over. */
const SLACK_MS = 150;

/** The way to the service is not longer. */
const QUICK_MS = 60;

/** How often it is tried. */
const SHARE = 0.3;

function healthy(scenario: Scenario, random: Random, maxClockSkewMs: number): MachinePlan {
  return {
    clocks: { wallOffsetMs: random.between(-20, 20), wallRate: 1, monoRate: 1 },
    upset: "steps",
    path: { dates: "kept", clockErrorMs: 0, backMs: 0, cut: false },
    workers: false,
    options: {
      pollMs: random.whole(50, 1_000),
      maxHandoffMs: 0,
      maxClockSkewMs,
      leaseMs: scenario.leaseMs,
      renew: true,
    },
    attemptTimeoutMs: 5_000,
    callers: 0,
    turns: 0,
  };
}

/** Lets holders die and sees when the next one gets its lock. */
export async function probe(world: World): Promise<void> {
  const { scenario, tally } = world;
  const random = new Random(scenario.seed, "probe");
  // With dates that are off, or a slow network, the figures are others.
  const [, latencyMs] = scenario.network.latencyMs;
  if (scenario.dateErrorMs > 0 || latencyMs > QUICK_MS || !random.chance(SHARE)) return;
  if (scenario.format?.rules.endless) return; // a crash costs an operator
  // By a stream of its own, so that other runs go on meaning what they meant.
  const others = new Random(scenario.seed, "probe sharing");
  const plan = planProbe(scenario, others);
  const holder = world.addMachine(healthy(scenario, random, 1_000));
  const another = () => world.addMachine(healthy(scenario, others, 1_000));
  const dead = [holder, ...plan.dead.slice(1).map(another)];
  const live = plan.live.map(another);
  const holdMs = random.between(0, 2) * scenario.leaseMs;
  for (const [at, machine] of dead.entries()) await take(world, machine, plan.dead[at]!);
  for (const [at, machine] of live.entries()) await take(world, machine, plan.live[at]!);
  const known = plan.known ? another() : undefined;
  if (known !== undefined) await meet(world, known, plan.next);
  const ends = await die(world, dead, holdMs);
  if (ends === undefined) return;
  const once = random.chance(0.5);
  const skewMs = once ? random.pick([0, 1_000, 5_000]) : random.pick([0, 1_000, Infinity]);
  // Nor does one ever end that nobody can see dead.
  if (skewMs === Infinity && scenario.format?.rules.needsClock) return;
  const next = known ?? world.addMachine(healthy(scenario, random, skewMs));
  tally.add(once ? "probe: once" : "probe: wait");
  tally.add(`probe: ${plan.kind}`);
  const allowedMs = known === undefined ? skewMs : known.plan.options.maxClockSkewMs;
  if (once) await tryOnce(world, next, plan, Math.max(...ends) + allowedMs + DATE_MS);
  else {
    const end = plan.firstCounts ? Math.min(...ends) : Math.max(...ends);
    await wait(world, next, plan, end);
  }
  for (const machine of live) await leave(world, machine);
}

/** Kills those who hold the lock, after some time; answers when their leases end. */
async function die(
  world: World,
  dead: readonly Machine[],
  holdMs: number,
): Promise<number[] | undefined> {
  const { scenario: { leaseMs, network, format }, scheduler, checker } = world;
  await world.run(scheduler.now + holdMs, () => false);
  for (const { process } of dead) process.kill();
  const diedAt = scheduler.now;
  // What they have sent may still arrive.
  await world.run(world.network.quietAt, () => false);
  if (checker.violation !== undefined) return undefined;
  const ends = checker.ledger.present(PROBE_NAME)
    .filter(({ process }) => process?.alive === false).map(({ expires }) => expires);
  if (ends.length < dead.length) {
    checker.accuse("a holder stays on the table", `${ends.length} of ${dead.length} are there`);
  }
  const lateMs = Math.max(...ends) - diedAt - leaseMs;
  const allowedMs = DATE_MS + 12 * network.latencyMs[1] + SLACK_MS;
  if (lateMs > allowedMs + (format?.rules.endLateMs ?? 0)) {
    checker.accuse("an end is near", `${lateMs + leaseMs} ms for a lease of ${leaseMs}`);
  }
  return ends;
}

async function take(world: World, machine: Machine, ask: ProbeAsk): Promise<void> {
  let taken = false;
  acquire(world, machine, ask, () => taken = true);
  await world.run(world.scheduler.now + 2_000, () => taken);
  if (!taken) world.checker.accuse("a free lock is taken", PROBE_NAME);
}

/** Takes a lock and gives it back, so as to have seen it. */
async function meet(world: World, { process, manager }: Machine, ask: ProbeAsk): Promise<void> {
  let met = false;
  process.post(() => {
    manager.acquire(...argumentsOf(ask)).then((lease) => lease.release()).then(() => met = true);
  });
  await world.run(world.scheduler.now + 2_000, () => met);
  if (!met) world.checker.accuse("a free lock is taken", PROBE_NAME);
}

/** Waits for a lock, and tells when it is there. */
function acquire(
  world: World,
  { process, manager }: Machine,
  ask: ProbeAsk,
  granted: () => void,
): void {
  process.post(() => {
    manager.acquire(...argumentsOf(ask)).then((lease) => {
      granted();
      world.checker.granted(process, lease, {
        ...ask,
        leaseMs: world.scenario.leaseMs,
        renewing: true,
      });
    });
  });
}

/** A process that never saw the holders alive, and asks once. */
async function tryOnce(
  world: World,
  { process, manager }: Machine,
  plan: ProbePlan,
  at: number,
): Promise<void> {
  const { scheduler, checker } = world;
  let answer: unknown;
  scheduler.at(at, () => {
    const [names, options] = argumentsOf(plan.next);
    process.post(() => void manager.tryAcquire(names, options).then((lease) => answer = lease));
  });
  await world.run(Math.max(at, scheduler.now) + 3_000, () => answer !== undefined);
  if (!answer) checker.accuse("a dead holder is seen at once", `${process.name} got ${answer}`);
  await leave(world, { process, manager });
  const left = checker.ledger.present(PROBE_NAME).length;
  if (plan.next.names.includes(PROBE_NAME) && left > plan.live.length) {
    checker.accuse("the dead do not pile up", `${left} are there of ${plan.live.length}`);
  }
}

/** A process that waits: by its own eyes it needs a lease, by the server's clock less. */
async function wait(
  world: World,
  machine: Machine,
  plan: ProbePlan,
  expires: number,
): Promise<void> {
  const { scheduler, checker, scenario } = world;
  const { process } = machine;
  const { maxClockSkewMs, pollMs } = machine.plan.options;
  const random = new Random(scenario.seed, "set back");
  // A clock that is set back makes the wait start again, but last no longer than that.
  const setBack = maxClockSkewMs === Infinity && random.chance(0.5);
  const setBackMs = setBack ? random.between(0, scenario.leaseMs) : 0;
  if (setBack) {
    const ms = random.magnitude(10_000, 4_000_000);
    scheduler.after(setBackMs, () => process.clocks.step(-ms));
  }
  const byEyes = scheduler.now + setBackMs + 1.05 * scenario.leaseMs + (setBack ? pollMs : 0);
  const byServer = expires + maxClockSkewMs + DATE_MS;
  const end = scenario.format?.rules.needsClock ? byServer : Math.min(byEyes, byServer);
  const limit = Math.max(scheduler.now, end) + 0.2 * pollMs +
    2 * 12 * scenario.network.latencyMs[1] + SLACK_MS;
  let taken = false;
  acquire(world, machine, plan.next, () => taken = true);
  await world.run(limit, () => taken);
  if (!taken) checker.accuse("a crash costs a lease", `${process.name} still waits`);
  await leave(world, machine);
}

async function leave(
  world: World,
  { process, manager }: Pick<Machine, "process" | "manager">,
): Promise<void> {
  let closed = false;
  process.closing = true;
  process.post(() => void manager.close().then(() => closed = true));
  await world.run(world.scheduler.now + 1_000, () => closed && process.idle);
  if (!closed) world.checker.accuse("closing ends", process.name);
  if (!process.idle) world.checker.leftovers([process]);
}
