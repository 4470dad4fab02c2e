/**
 * What a crashed holder costs, in figures (promise 5): its lease, `maxClockSkewMs`, the width of what is
 * known of the server's time, and one poll. Tried at the end of a run, when all else is still.
 */

import type { Lease } from "../../src/lease/lease.ts";
import type { Asked } from "./held.ts";
import { Random } from "./random.ts";
import type { MachinePlan, Scenario } from "./scenario.ts";
import type { Machine, World } from "./world.ts";

const NAME = "probe";

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

/** Lets a holder die and sees when the next one gets its lock. */
export async function probe(world: World): Promise<void> {
  const { scenario, scheduler, checker, tally } = world;
  const random = new Random(scenario.seed, "probe");
  // With dates that are off, or a slow network, the figures are others.
  const [, latencyMs] = scenario.network.latencyMs;
  if (scenario.dateErrorMs > 0 || latencyMs > QUICK_MS || !random.chance(SHARE)) return;
  const { leaseMs } = scenario;
  const holder = world.addMachine(healthy(scenario, random, 1_000));
  if (await takeAndDie(world, holder, random.between(0, 2) * leaseMs) === undefined) return;
  const diedAt = scheduler.now;
  const [grant] = checker.ledger.present(NAME);
  const rttMs = 12 * latencyMs;
  if (grant === undefined) return checker.accuse("a holder is on the table", NAME);
  if (grant.expires > diedAt + leaseMs + DATE_MS + rttMs + SLACK_MS) {
    checker.accuse("an end is near", `${grant.expires - diedAt} ms for a lease of ${leaseMs}`);
  }
  const once = random.chance(0.5);
  const skewMs = once ? random.pick([0, 1_000, 5_000]) : random.pick([0, 1_000, Infinity]);
  const next = world.addMachine(healthy(scenario, random, skewMs));
  tally.add(once ? "probe: once" : "probe: wait");
  if (once) await tryOnce(world, next, grant.expires + skewMs + DATE_MS);
  else await wait(world, next, grant.expires, rttMs);
}

function asked({ scenario: { leaseMs } }: World): Asked {
  return { names: [NAME], shape: "exclusive", leaseMs, renewing: true };
}

async function takeAndDie(
  world: World,
  { process, manager }: Machine,
  holdMs: number,
): Promise<Lease | undefined> {
  let lease: Lease | undefined;
  process.post(() => {
    manager.acquire(NAME).then((granted) => {
      lease = granted;
      world.checker.granted(process, granted, asked(world));
    });
  });
  await world.run(world.scheduler.now + 2_000, () => lease !== undefined);
  if (lease === undefined) world.checker.accuse("a free lock is taken", NAME);
  await world.run(world.scheduler.now + holdMs, () => false);
  process.kill();
  // What it has sent may still arrive.
  await world.run(world.network.quietAt, () => false);
  return world.checker.violation === undefined ? lease : undefined;
}

/** A process that never saw the holder alive, and asks once. */
async function tryOnce(world: World, { process, manager }: Machine, at: number): Promise<void> {
  const { scheduler, checker } = world;
  let answer: Lease | null | undefined;
  scheduler.at(at, () => {
    process.post(() => void manager.tryAcquire(NAME).then((lease) => answer = lease));
  });
  await world.run(Math.max(at, scheduler.now) + 3_000, () => answer !== undefined);
  if (!answer) checker.accuse("a dead holder is seen at once", `${process.name} got ${answer}`);
  await leave(world, { process, manager });
}

/** A process that waits: by its own eyes it needs a lease, by the server's clock less. */
async function wait(
  world: World,
  { process, manager, plan }: Machine,
  expires: number,
  rttMs: number,
): Promise<void> {
  const { scheduler, checker, scenario } = world;
  const { maxClockSkewMs, pollMs } = plan.options;
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
  const limit = Math.max(scheduler.now, Math.min(byEyes, byServer)) + 0.2 * pollMs + 2 * rttMs +
    SLACK_MS;
  let lease: Lease | undefined;
  process.post(() => {
    manager.acquire(NAME).then((granted) => {
      lease = granted;
      checker.granted(process, granted, asked(world));
    });
  });
  await world.run(limit, () => lease !== undefined);
  if (lease === undefined) checker.accuse("a crash costs a lease", `${process.name} still waits`);
  await leave(world, { process, manager });
}

async function leave(
  world: World,
  { process, manager }: Pick<Machine, "process" | "manager">,
): Promise<void> {
  let closed = false;
  process.post(() => void manager.close().then(() => closed = true));
  await world.run(world.scheduler.now + 1_000, () => closed && process.idle);
  if (!closed) world.checker.accuse("closing ends", process.name);
  if (!process.idle) world.checker.leftovers([process]);
}
