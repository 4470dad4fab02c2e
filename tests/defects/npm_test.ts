/** The defects of the npm dynamodb-lock-client, and what is so here instead. */

import { assert, assertEquals, assertLess } from "@std/assert";
import { LockManager } from "../../mod.ts";
import { ACQUIRE_CHECKS } from "../../src/options.ts";
import { ROOT } from "../offline/config.ts";
import { World } from "../support/world.ts";
import { FORMATS, isRenewal, livingIn, stage } from "./stage.ts";

for (const format of FORMATS) {
  Deno.test(`npm 1: a waiter sees a release long before a lease is over (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [holder, waiter] = [start({ leaseMs: 600_000 }), start({ leaseMs: 600_000 })];
    const lease = await world.until(holder.manager.acquire("job"));
    const waiting = waiter.manager.acquire("job");
    await world.pass(5_000);
    await world.until(lease.release());
    const begin = world.time.now;
    await world.until(waiting);
    assertLess(world.time.now - begin, 1_100);
    await world.end(holder, waiter);
  });

  Deno.test(`npm 3: a release during a renewal frees the lock (${format.name})`, async () => {
    for (const apply of ["at-once", "late"] as const) {
      const { world, start } = await stage(format);
      const [process, other] = [start(), start()];
      const lease = await world.until(process.manager.acquire("job"));
      world.fail({ kind: "late", ms: 300, apply }, { when: isRenewal });
      const renewing = lease.renew();
      renewing.catch(() => {});
      await world.pass(100);
      assertEquals(await world.until(lease.release()), true);
      assertEquals(await livingIn(world, other), 0, apply);
      assertEquals((await world.until(other.manager.tryAcquire("job")))?.held, true);
      await world.pass(1_000); // what was late has come by now
      assertEquals(await livingIn(world, other), 1, apply);
      await world.end(process, other);
    }
  });
}

Deno.test("npm 6: a name, a prefix and a sort key that say nothing are as good as others", async () => {
  const world = await World.create();
  await world.createTable("app", "pk", "sk");
  const place = { name: "app", partitionKey: "pk", sortKey: "sk" };
  const processes = ["0", "false", "null", " "].map((sortValue) =>
    world.process({ table: { ...place, sortValue, prefix: "" } })
  );
  for (const { manager } of processes) {
    for (const name of ["0", "false", "undefined", " "]) {
      assertEquals((await world.until(manager.tryAcquire(name)))?.held, true);
      assertEquals(await world.until(manager.tryAcquire(name)), null);
    }
  }
  await world.end(...processes);
});

Deno.test("npm 7: the options that the README shows exist, and those that exist are in it", async () => {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const section = readme.split("\n## Options\n")[1]!.split("\n## ")[0]!;
  const [one, manager] = section.split("Of a `LockManager`:") as [string, string];
  const optionsOf = (table: string) =>
    table.split("\n").filter((line) => line.startsWith("| `")).flatMap((line) =>
      [...line.split("|")[1]!.matchAll(/`(\w+)`/g)].map(([, option]) => option!)
    );
  assertEquals(optionsOf(one).sort(), Object.keys(ACQUIRE_CHECKS).sort());
  assert(optionsOf(manager).length > 8, "the table was read");
  for (const option of optionsOf(manager)) {
    let message = "";
    try {
      // Of no type that any option has: refused, but not as unknown.
      new LockManager({ [option]: Symbol() });
    } catch (error) {
      message = (error as Error).message;
    }
    assertEquals(message.includes("does not exist"), false, message);
  }
  const declaredBy = async (path: string, name: string) => {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    return source.split(`export interface ${name} `)[1]!.split("\n}")[0]!;
  };
  const declared = await declaredBy("src/options.ts", "LockManagerOptions") +
    await declaredBy("src/options/connection.ts", "ConnectionOptions");
  for (const [, option] of declared.matchAll(/readonly (\w+)\?/g)) {
    if (option === "runtime") continue; // for tests
    assert(section.includes(`\`${option}\``), `the README lacks ${option}`);
  }
});
