/** The end of a run: everybody is served, everything comes to rest, and nothing is left over. */

import type { Scenario } from "./scenario.ts";
import { LAST_HOLD_MS } from "./work.ts";
import type { World } from "./world.ts";

/** A call that is under way when the faults stop: one attempt that hangs, and the longest pause. */
const CALL_LIMIT_MS = 5_000 + 4_000 + 5_000;

/** Candidates and observers stand back for up to 10 s when DynamoDB was away, one after the other. */
const ELECTION_MS = 2 * 10_000 + 2_000;

/** A wait for a lock that is free takes a poll, after a run of hand-overs another, and requests. */
function turnMs({ machines, network }: Scenario): number {
  const pollMs = Math.max(...machines.map(({ options }) => options.pollMs));
  return LAST_HOLD_MS + 2.5 * pollMs + 20 * network.latencyMs[1] + 200;
}

/** Once the faults have stopped everybody gets the lock, within what the design promises. */
export async function serveAll(world: World): Promise<boolean> {
  const { scheduler, scenario, network, checker, callers } = world;
  const { leaseMs } = scenario;
  // A dead holder, watched by a slow clock, and those that late requests may bring back.
  const deadMs = 1.05 * 2 * leaseMs * 1.01 + turnMs(scenario);
  const repeated = world.tally.counts.get("fault: request duplicated") ?? 0;
  const limit = Math.max(network.quietAt, scheduler.now + CALL_LIMIT_MS) +
    (2 + repeated) * deadMs + callers.length * 2 * turnMs(scenario) +
    (scenario.kind === "election" ? ELECTION_MS : 0);
  const pending = () => callers.filter(({ done, process }) => !done && process.alive);
  if (await world.run(limit, () => pending().length === 0)) return true;
  const late = pending().map(({ process }) => process.name).join(", ");
  checker.accuse("everybody is served", `${late} still waits at the latest time that is allowed`);
  return false;
}

/** Everybody has what they wanted: what was begun in the background comes to its end. */
export async function calmDown(world: World): Promise<boolean> {
  const { scheduler, scenario, checker, processes, network } = world;
  const limit = Math.max(network.quietAt, scheduler.now) + CALL_LIMIT_MS + 6 * scenario.leaseMs;
  const isIdle = () => processes.every(({ alive, idle }) => !alive || idle);
  await world.run(limit, isIdle);
  checker.leftovers(processes);
  return checker.violation === undefined;
}

/** Every manager is closed, which takes no time where nothing is under way. */
export async function closeAll(world: World): Promise<boolean> {
  const { scheduler, checker, machines } = world;
  const open = machines.filter(({ process }) => process.alive);
  let closed = 0;
  for (const { process, manager } of open) {
    process.closing = true;
    process.post(() => void manager.close().then(() => closed++));
  }
  if (await world.run(scheduler.now + 1_000, () => closed === open.length)) return true;
  checker.accuse("closing ends", `${open.length - closed} managers are still closing`);
  return false;
}
