/** The way from another client's format to our own, as MIGRATION.md has it: nobody is let in twice. */

import { assert, assertEquals } from "@std/assert";
import type { Lease, LockManager } from "../../mod.ts";
import { FORMATS, NATIVE, stage } from "../defects/stage.ts";
import { START } from "../support/virtual.ts";

/** A version of a service: how it takes the lock. */
type Version = (managers: Managers) => Promise<Lease[]>;

interface Managers {
  readonly before: LockManager;
  readonly after: LockManager;
}

const VERSIONS: readonly Version[] = [
  async ({ before }) => [await before.acquire("job")],
  async ({ before, after }) => [await before.acquire("job"), await after.acquire("job")],
  async ({ after }) => [await after.acquire("job")],
];

for (const format of FORMATS.filter((one) => one !== NATIVE)) {
  Deno.test(`from ${format.name} to our own format, two versions at a time, nobody is let in twice`, async () => {
    const { world, start } = await stage(format);
    await world.createTable("after");
    const places = Array.from({ length: 4 }, () => {
      const processes = [start(), world.process({ table: "after" })] as const;
      return { processes, before: processes[0].manager, after: processes[1].manager };
    });
    let inside = 0;
    const served = [0, 0, 0];
    const instance = async (managers: Managers, index: number) => {
      // One after the other they are deployed anew: within a minute all, and never three versions.
      const version = () => {
        const deployed = Math.floor((world.time.now - START) / 15_000) - index;
        return deployed >= 5 ? 2 : deployed >= 1 ? 1 : 0;
      };
      while (world.time.now - START < 150_000) {
        const at = version();
        const leases = await VERSIONS[at]!(managers);
        assertEquals(++inside, 1);
        served[at]!++;
        await world.time.delay(400);
        assert(leases.every(({ held }) => held));
        inside--;
        for (const lease of leases.toReversed()) await lease.release();
        await world.time.delay(1_100);
      }
    };
    await world.until(Promise.all(places.map(instance)));
    assert(served.every((count) => count > 10), `served ${served}`);
    await world.end(...places.flatMap(({ processes }) => processes));
  });
}
