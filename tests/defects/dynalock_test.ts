/** The defects of DynaLock, and what is so here instead. */

import { assertEquals } from "@std/assert";
import { ROOT } from "../offline/config.ts";
import { World } from "../support/world.ts";
import { JAVA } from "./stage.ts";

async function read(path: string): Promise<string> {
  return await Deno.readTextFile(new URL(path, ROOT));
}

Deno.test("DynaLock 3: the README names the codes that errors have, and no other", async () => {
  const types = (await read("src/errors.ts")).split("/** Shared by")[0]!;
  const codes = [...types.matchAll(/\| "([A-Z_]+)"/g)].map(([, code]) => code);
  const section = (await read("README.md")).split("\n## Errors\n")[1]!.split("\n## ")[0]!;
  const rows = section.split("\n").filter((line) => line.startsWith("|"));
  const named = [...rows.join("\n").matchAll(/`([A-Z_]{4,})`/g)].map(([, code]) => code);
  assertEquals(named.sort(), codes.sort());
});

for (const layout of [undefined, ...JAVA.map((format) => format.layout)]) {
  Deno.test(`DynaLock 4: a lock excludes whatever its key is called (${layout?.name ?? "native"})`, async () => {
    for (const partitionKey of ["LockId", "LockID", "lock-id", "#key", ":now", "TTL"]) {
      const world = await World.create();
      await world.createTable("other", partitionKey);
      const table = { name: "other", partitionKey };
      const options = { table, ...(layout && { layout }) };
      const [one, other] = [world.process(options), world.process(options)];
      const lease = await world.until(one.manager.acquire("job"));
      assertEquals(await world.until(other.manager.tryAcquire("job")), null, partitionKey);
      await world.pass(30_000);
      assertEquals(await world.until(other.manager.tryAcquire("job")), null, partitionKey);
      assertEquals([lease.held, await world.until(lease.release())], [true, true]);
      assertEquals((await world.until(other.manager.tryAcquire("job")))?.held, true);
      await world.end(one, other);
    }
  });
}
