/**
 * A long time in which nobody does anything, at the end of which a record is gone: purged by its time
 * to live, or deleted by an operator who waited long enough. Tokens must go on rising all the same.
 */

import { calmDown, serveAll } from "./phases.ts";
import type { World } from "./world.ts";

/** The time to live of a record is 30 days. */
const PURGE_MS = 31 * 24 * 60 * 60_000;

/** The life of a signed request: 5 minutes, and 15 more where the signer's clock was fast. */
const DELETION_MS = 21 * 60_000;

/** Lets the time pass, takes the records away, and lets everybody take a lock once more. */
export async function intermission(world: World): Promise<boolean> {
  const { scenario, scheduler, service, checker, tally, machines } = world;
  if (scenario.intermission === "none") return true;
  const purge = scenario.intermission === "purge";
  let over = false;
  scheduler.after(purge ? PURGE_MS : DELETION_MS, () => over = true);
  await world.run(Infinity, () => over);
  for (const { process } of machines) process.clocks.synchronize();
  if (purge) service.purge();
  else for (const name of scenario.names) service.tamper(name, "delete");
  for (const name of scenario.names) {
    if (service.record(name) !== undefined) checker.accuse("records are purged", name);
    checker.ledger.tampered(name, false);
    checker.ledger.waiting.delete(name);
  }
  tally.add(`upset: ${purge ? "records purged" : "records deleted late"}`);
  for (const caller of world.callers) {
    if (caller.process.alive && !caller.process.closing) caller.process.post(() => caller.again());
  }
  return await serveAll(world) && await calmDown(world);
}
