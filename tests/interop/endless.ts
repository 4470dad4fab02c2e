/**
 * What is played with clients whose locks never end, in place of taking over from the dead.
 *
 * @module
 */

import { LockManager } from "../../mod.ts";
import type { Driver } from "./driver.ts";
import { LEASE_MS, must, sleep, type Stage } from "./stage.ts";

/** Longer than any lease of the dead could last. */
const LONG_MS = 2 * LEASE_MS;

/** Why nobody takes over. */
export const NEVER_ENDS = "their locks never end: an operator breaks them";

/** One crashes, and the other waits for as long as it takes, until somebody breaks the lock. */
async function stays(
  stage: Stage,
  victim: Driver,
  waiter: Driver,
  force: (name: string, id: string) => Promise<boolean>,
): Promise<void> {
  const name = stage.name();
  await victim.acquire(name);
  await victim.kill();
  let got = false;
  const waiting = waiter.acquire(name).then(() => got = true);
  waiting.catch(() => {}); // it is awaited below, unless something else fails first
  await sleep(LONG_MS);
  must(!got, "nobody takes over from the dead");
  await using manager = managerOf(stage);
  const [holder] = (await manager.inspect(name))!.holders;
  must(holder!.alive && holder!.leaseMs === Infinity, "nobody calls it dead");
  must(!await force(name, `${holder!.id}x`), "another ID breaks nothing");
  must(await force(name, holder!.id!), "the ID that 'inspect' shows breaks it");
  await waiting;
  must(await waiter.release(name), "then the waiter held it");
}

function managerOf({ dynamo, table, client }: Stage): LockManager {
  return new LockManager({ client: dynamo, table, layout: client.layout });
}

/** `breakLock` of ours. */
function byUs(stage: Stage): (name: string, id: string) => Promise<boolean> {
  return async (name, id) => {
    await using manager = managerOf(stage);
    return await manager.breakLock(name, { id });
  };
}

/** They crash, and `breakLock` sets the lock free. */
export async function theirsStays(stage: Stage): Promise<void> {
  await stays(stage, await stage.another("theirs"), await stage.one("ours"), byUs(stage));
}

/** We crash, and `breakLock` sets the lock free. */
export async function oursStays(stage: Stage): Promise<void> {
  await stays(stage, await stage.another("ours"), await stage.one("theirs"), byUs(stage));
}

/** We crash, and their own way of breaking a lock sets it free. */
export async function oursStaysUntilForced(stage: Stage): Promise<void> {
  const operator = await stage.another("theirs"); // who waits does nothing else
  const force = async (name: string, id: string) => {
    const { broken } = await operator.tell({ cmd: "force", name, id }) as { broken: boolean };
    return broken;
  };
  await stays(stage, await stage.another("ours"), await stage.one("theirs"), force);
}
