/** `reentrant`: callers of one process that share a lease, and only where all of them allow it. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LeaseLostError } from "../../mod.ts";
import { World } from "../support/world.ts";

const AGAIN = { reentrant: true } as const;

Deno.test("a reentrant lock is entered again at once, and given back by the last who leaves", async () => {
  const world = await World.create();
  const process = world.process();
  const outer = await world.until(process.manager.acquire("job", AGAIN));
  world.sent();
  const inner = await world.until(process.manager.acquire("job", AGAIN));
  const tried = await world.until(process.manager.tryAcquire("job", AGAIN));
  assertEquals([inner.held, tried?.held, world.sent()], [true, true, []]);
  assertEquals([inner.fencingToken, inner.name], [outer.fencingToken, "job"]);
  assertEquals(await world.until(outer.release()), true);
  assertEquals([outer.held, outer.remainingMs, inner.held], [false, 0, true]);
  assert(inner.remainingMs > 10_000);
  const { reason } = outer.signal;
  assert(reason instanceof LeaseLostError && reason.code === "LEASE_RELEASED");
  await assertRejects(() => outer.renew(), LeaseLostError);
  await assertRejects(() => outer.update("x"), LeaseLostError);
  await assertRejects(() => outer.transact([{ Put: {} }]), LeaseLostError);
  await world.until(inner.renew());
  await world.until(tried!.release());
  assertEquals(await world.until(outer.release()), true, "as it answered before");
  assertEquals(world.holders("job"), 1);
  world.sent();
  assertEquals(await world.until(inner.release()), true);
  assertEquals([world.kinds(), world.holders("job")], [["release"], 0]);
  await world.end(process);
});

Deno.test("a reentrant lock keeps out callers that are not, and other processes", async () => {
  const world = await World.create();
  const [process, other] = [world.process(), world.process()];
  const lease = await world.until(process.manager.acquire("job", AGAIN));
  assertEquals(await world.until(process.manager.tryAcquire("job")), null);
  assertEquals(await world.until(other.manager.tryAcquire("job", AGAIN)), null);
  const waiting = process.manager.acquire("job");
  await world.pass(3_000);
  // Who waits for it does not keep those out who are in already: they would wait for each other.
  const inner = await world.until(process.manager.acquire("job", AGAIN));
  await world.until(lease.release());
  await world.until(inner.release());
  assertEquals((await world.until(waiting)).held, true);
  assertEquals(await world.until(process.manager.tryAcquire("job", AGAIN)), null);
  await world.end(process, other);
});

Deno.test("two reentrant callers at the same time are one grant", async () => {
  const world = await World.create();
  const process = world.process();
  const both = Promise.all([1, 2].map(() => process.manager.acquire("job", AGAIN)));
  const [one, two] = await world.until(both);
  assertEquals([one!.fencingToken, world.holders("job")], [two!.fencingToken, 1]);
  await world.until(one!.release());
  assertEquals(two!.held, true);
  await world.end(process);
});

Deno.test("the loss of a reentrant lock is the loss of all who are in", async () => {
  const world = await World.create();
  const process = world.process();
  const one = await world.until(process.manager.acquire("job", AGAIN));
  const two = await world.until(process.manager.acquire("job", AGAIN));
  await process.node.suspend(60_000);
  assertEquals([one.held, two.held], [false, false]);
  for (const { signal } of [one, two]) {
    assert(signal.reason instanceof LeaseLostError && signal.reason.code === "LEASE_EXPIRED");
  }
  assertEquals(await world.until(one.release()), false);
  assertEquals(await world.until(two.release()), false);
  const next = await world.until(process.manager.acquire("job", AGAIN));
  assert(next.fencingToken > one.fencingToken);
  await world.end(process);
});

Deno.test("a reentrant lock is refused in another shape, as it would wait for itself", async () => {
  const world = await World.create();
  const process = world.process();
  await world.until(process.manager.acquire(["a", "b"], { ...AGAIN, mode: "shared" }));
  world.sent();
  for (const [names, options] of [["a", {}], [["a", "b"], {}], [["b", "c"], {}]] as const) {
    const call = () => process.manager.acquire(names, { ...AGAIN, ...options });
    await assertRejects(call, TypeError, "Cannot enter lock 'a' again");
  }
  assertEquals(world.sent(), []);
  await world.end(process);
});

Deno.test("each who enters is told of in the events, under a ticket of its own", async () => {
  const world = await World.create();
  const process = world.process();
  const one = await world.until(process.manager.acquire("job", AGAIN));
  const two = await world.until(process.manager.acquire("job", AGAIN));
  await world.until(two.release());
  await world.until(one.release());
  const told = process.events.map((event) => event.type !== "retry" && [event.ticket, event.type]);
  assertEquals(told, [
    [1, "request"],
    [1, "grant"],
    [2, "request"],
    [2, "grant"],
    [2, "release"],
    [1, "release"],
  ]);
  await world.end(process);
});

Deno.test("transact() with release is refused while others are in", async () => {
  const world = await World.create();
  const process = world.process();
  const one = await world.until(process.manager.acquire("job", AGAIN));
  const two = await world.until(process.manager.acquire("job", AGAIN));
  const put = [{ Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } } }];
  await assertRejects(() => one.transact(put, { release: true }), TypeError);
  await world.until(one.transact(put));
  await world.until(two.release());
  await world.until(one.transact(put, { release: true }));
  assertEquals([one.held, world.holders("job")], [false, 0]);
  await world.end(process);
});

Deno.test("reentrant is refused on Cloudflare Workers, before any request", async () => {
  const world = await World.create();
  const process = world.process({ workers: true });
  await assertRejects(() => process.manager.acquire("job", AGAIN), TypeError, "'reentrant'");
  assertEquals(world.sent(), []);
  await world.end(process);
});

Deno.test("close() gives back a reentrant lock that several are in", async () => {
  const world = await World.create();
  const process = world.process();
  const leases = [];
  for (let count = 0; count < 3; count++) {
    leases.push(await world.until(process.manager.acquire("job", AGAIN)));
  }
  await world.end(process);
  assertEquals([leases.map(({ held }) => held), world.holders("job")], [[false, false, false], 0]);
});
