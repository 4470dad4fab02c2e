/** The limits that a caller sets: how long it holds, and how many requests it takes to get there. */

import { assertEquals, assertLess, assertRejects } from "@std/assert";
import { type AcquireOptions, LockServiceError } from "../../mod.ts";
import { DynamoClient } from "../../src/dynamodb/client.ts";
import { only } from "../support/requests.ts";
import { quickSigner, World } from "../support/world.ts";

Deno.test("a lease is held for maxHoldMs at the most, renewals included, and then given back", async () => {
  const world = await World.create();
  const process = world.process();
  const other = world.process();
  const start = world.time.now;
  const lease = await world.until(process.manager.acquire("job", { maxHoldMs: 30_000 }));
  const waiting = other.manager.acquire("job");
  await world.pass(29_900);
  assertEquals([lease.held, lease.remainingMs <= 100], [true, true]);
  await world.pass(200);
  assertEquals([lease.held, lease.remainingMs], [false, 0]);
  const reason = lease.signal.reason;
  assertEquals([reason.code, reason.cause.message], ["LEASE_EXPIRED", "'maxHoldMs' is over"]);
  await world.until(waiting);
  assertLess(world.time.now - start, 32_000); // it was released, not left to run out
  await world.end(process, other);
});

Deno.test("a lease is not renewed any more when maxHoldMs ends before it does", async () => {
  const world = await World.create();
  const process = world.process({ maxHoldMs: 10_000 });
  const lease = await world.until(process.manager.acquire("job"));
  await world.pass(9_990);
  assertEquals([lease.held, world.kinds()], [true, ["acquire"]]);
  await world.pass(100);
  assertEquals([lease.held, world.kinds()], [false, ["release"]]);
  await world.end(process);
});

Deno.test("a lease that maxHoldMs ends a little before it runs out is renewed once more", async () => {
  const world = await World.create();
  const process = world.process();
  // What is left of it goes by a little faster than the time of the hold.
  const limits = { leaseMs: 3_600_000, maxHoldMs: 3_400_000 };
  const lease = await world.until(process.manager.acquire("job", limits));
  await world.pass(3_395_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("a lease that was not renewed in time is not said to have ended by maxHoldMs", async () => {
  const world = await World.create();
  const process = world.process();
  const limits = { leaseMs: 20_000, maxHoldMs: 60_000 };
  const lease = await world.until(process.manager.acquire("job", limits));
  world.fail({ kind: "drop-request" }, { when: only("renew"), times: 1_000 });
  await world.pass(15_000);
  await process.node.suspend(60_000);
  assertEquals(lease.held, false);
  assertEquals(lease.signal.reason.cause instanceof LockServiceError, true);
  await world.end(process);
});

Deno.test("the next caller of the process is told when what maxHoldMs ended has been given back", async () => {
  const world = await World.create();
  const process = world.process({ pollMs: 60_000 });
  const limits = { leaseMs: 600_000, maxHoldMs: 300_000 };
  const lease = await world.until(process.manager.acquire("job", limits));
  const waiting = process.manager.acquire("job");
  await world.pass(200_000);
  // Slower than the look of the next caller, which comes too soon.
  world.fail({ kind: "late", ms: 20, apply: "late" }, { when: only("release") });
  await world.until(new Promise((ended) => lease.signal.addEventListener("abort", ended)));
  const start = world.time.now;
  await world.until(waiting);
  assertLess(world.time.now - start, 5_000);
  await world.end(process);
});

/** Asks for a lock that somebody holds; answers the steps that were sent until that ended. */
async function ask(world: World, options: AcquireOptions): Promise<string[]> {
  const holder = world.process({ renew: false, leaseMs: 3_600_000 });
  const asker = world.process({ pollMs: 60_000 });
  await world.until(holder.manager.acquire("job"));
  world.kinds();
  const error = await assertRejects(
    () => world.until(asker.manager.acquire("job", options)),
    LockServiceError,
  );
  assertEquals(error.code, "MAX_REQUESTS");
  const kinds = world.kinds();
  await world.end(holder, asker);
  return kinds;
}

Deno.test("acquire() sends maxRequests requests and no more, and then rejects at once", async () => {
  for (const maxRequests of [1, 2, 7]) {
    const world = await World.create();
    assertEquals((await ask(world, { maxRequests })).length, maxRequests);
  }
});

Deno.test("acquire() does not sleep when no request is left to it", async () => {
  const world = await World.create();
  const holder = world.process();
  await world.until(holder.manager.acquire("job", { leaseMs: 3_600_000 }));
  let last = 0;
  const server: typeof fetch = (url, init) => {
    last = world.time.now;
    return world.dynamo.fetch(url, init);
  };
  const asker = world.process({ pollMs: 60_000, server });
  const work = asker.manager.acquire("job", { maxRequests: 12 });
  await assertRejects(() => world.until(work), LockServiceError);
  assertLess(world.time.now - last, 10);
  await world.end(holder, asker);
});

Deno.test("retries count against maxRequests, and what is left open is cleaned up", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "drop-answer" }, { when: only("acquire"), times: 100 });
  const work = process.manager.acquire("job", { maxRequests: 2 });
  const error = await assertRejects(() => world.until(work), LockServiceError);
  assertEquals(error.code, "UNAVAILABLE");
  await world.pass(10_000);
  assertEquals(world.kinds(), ["acquire", "acquire", "close", "release"]);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("conflicts count against maxRequests", async () => {
  const world = await World.create();
  const process = world.process();
  const fault = { kind: "error", status: 400, type: "TransactionConflictException" } as const;
  world.fail(fault, { times: 1_000 });
  const work = process.manager.acquire("job", { maxRequests: 2 });
  await assertRejects(() => world.until(work), LockServiceError);
  assertEquals(world.sent().length, 2);
  await world.end(process);
});

Deno.test("the renewal of a grant that came late counts against maxRequests", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "late", ms: 1_500, apply: "at-once" }, { when: only("acquire") });
  const work = process.manager.acquire("job", { maxRequests: 1, leaseMs: 2_000 });
  const error = await assertRejects(() => world.until(work), LockServiceError);
  assertEquals(error.code, "MAX_REQUESTS");
  await world.pass(1_000);
  assertEquals(world.kinds(), ["acquire", "release"]);
  await world.end(process);
});

Deno.test("maxRequests does not let a client send more than it does by itself", async () => {
  const world = await World.create();
  const client = new DynamoClient({
    region: "local",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    maxAttempts: 1,
    signer: quickSigner,
    runtime: world.time.node().runtime(world.dynamo.fetch),
  });
  const process = world.process({ client });
  const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
  world.fail(fault, { when: only("acquire"), times: 4 });
  const work = process.manager.acquire("job", { maxRequests: 10 });
  await assertRejects(() => world.until(work), LockServiceError);
  assertEquals(world.kinds().filter((kind) => kind === "acquire").length, 1);
  await world.end(process);
});

Deno.test("a lock that is granted within maxRequests is a lock as any other", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job", { maxRequests: 1 }));
  await world.pass(60_000);
  assertEquals([lease.held, await world.until(lease.release())], [true, true]);
  await world.end(process);
});
