/** The front door, configured by nothing but the environment, over real HTTP and in real time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { lock, LockManager, locks, tryLock } from "../mod.ts";
import { createTable } from "../src/table.ts";
import { MemoryDynamo } from "../src/testing/mod.ts";

/** Sets variables for the time of a test. */
function withEnv(variables: Record<string, string>): Disposable {
  const before = Object.keys(variables).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(variables)) Deno.env.set(name, value);
  return {
    [Symbol.dispose]() {
      for (const [name, value] of before) {
        if (value === undefined) Deno.env.delete(name);
        else Deno.env.set(name, value);
      }
    },
  };
}

Deno.test("lock(), tryLock() and locks work by the environment alone", async () => {
  const dynamo = new MemoryDynamo();
  await using server = await dynamo.listen();
  using _env = withEnv({
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
    DYNAMO_LOCK_TABLE: "by-environment",
  });
  await createTable({ table: "by-environment" });
  dynamo.clearRequests();
  {
    await using lease = await lock("job", { data: "real" });
    assertEquals([lease.held, lease.name], [true, "job"]);
    assertEquals(await tryLock("job"), null);
    assertEquals((await locks.inspect("job"))?.holders[0]?.data, "real");
    await using other = new LockManager();
    assertEquals(await other.tryAcquire("job"), null);
  }
  const again = await tryLock("job");
  assert(again !== null);
  const waiting = lock("job", { signal: AbortSignal.timeout(30) });
  const error = await assertRejects(() => waiting, DOMException);
  assertEquals(error.name, "TimeoutError");
  const next = lock("job");
  assertEquals(await again.release(), true);
  await using last = await next;
  assert(last.held && last.fencingToken > again.fencingToken);
  await last.release();
  await locks.close();
  assertEquals(dynamo.table("by-environment").size, 1);
});
