/** The callers of one process that wait for the same lock: their order, and handing over. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { LockTableError } from "../../mod.ts";
import { FENCE_MAX } from "../../src/records/record.ts";
import { kindOf, only } from "../support/requests.ts";
import { hold, World } from "../support/world.ts";

Deno.test("callers of one process get the lock in the order in which they came", async () => {
  const { world, process, lease } = await hold();
  const order: number[] = [];
  const all = Array.from({ length: 10 }, async (_, at) => {
    const mine = await process.manager.acquire("job");
    order.push(at);
    await world.time.delay(20);
    assertEquals(await mine.release(), true);
  });
  await world.pass(1_000);
  await world.until(lease.release());
  await world.until(Promise.all(all));
  assertEquals(order, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  await world.end(process);
});

Deno.test("a hundred waiting callers of one process cost what one costs", async () => {
  const requests: number[] = [];
  for (const callers of [1, 100]) {
    const world = await World.create();
    const holder = world.process();
    const waiters = world.process();
    await world.until(holder.manager.acquire("job", { leaseMs: 600_000 }));
    world.sent();
    for (let at = 0; at < callers; at++) waiters.manager.acquire("job").catch(() => {});
    await world.pass(60_000);
    requests.push(world.sent().length);
    await world.end(holder, waiters);
  }
  assertEquals(requests[0], requests[1]);
});

Deno.test("callers of different names do not wait for each other", async () => {
  const { world, process } = await hold();
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  const other = await world.until(process.manager.acquire("other"), 10);
  assertEquals(other.held, true);
  await world.end(process);
});

Deno.test("the first caller in the queue reads first when its own process holds the lock", async () => {
  const { world, process } = await hold();
  process.manager.acquire("job").catch(() => {});
  await world.pass(1_000);
  assertEquals(new Set(world.kinds()), new Set(["read"]));
  await world.end(process);
});

Deno.test("release() hands over to the next caller with one request in all", async () => {
  const { world, process, lease } = await hold();
  const waiting = process.manager.acquire("job", { owner: "next", leaseMs: 40_000, data: "d" });
  await world.pass(2_000);
  world.sent();
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(waiting);
  assertEquals(world.kinds(), ["hand over"]);
  assertEquals([next.held, lease.held, next.ownerId], [true, false, "next"]);
  assertGreater(next.fencingToken, lease.fencingToken);
  assertEquals(world.holders("job"), 1);
  const [[grantId, holder] = []] = Object.entries(world.record("job")!.holders.M);
  assertEquals(world.record("job")!.exclusive, { S: grantId! });
  assertEquals([holder!.M.o!.S, holder!.M.l!.N, holder!.M.d!.S], ["next", "40000", "d"]);
  await world.pass(120_000);
  assertEquals(next.held, true);
  await world.end(process);
});

Deno.test("a chain of hand-overs is one request each", async () => {
  const { world, process, lease } = await hold({ maxHandoffMs: 600_000 });
  const all = Array.from({ length: 20 }, async () => {
    const mine = await process.manager.acquire("job");
    await world.time.delay(100);
    assertEquals(await mine.release(), true);
    return mine.fencingToken;
  });
  await world.pass(1_000);
  await world.until(lease.release());
  const tokens = await world.until(Promise.all(all));
  assertEquals(tokens, tokens.toSorted((one, other) => one - other));
  const kinds = world.kinds();
  const handOvers = kinds.filter((kind) => kind === "hand over").length;
  assert(handOvers >= 19, kinds.join(", "));
  await world.end(process);
});

Deno.test("maxHandoffMs 0 never hands over", async () => {
  const { world, process, lease } = await hold({ maxHandoffMs: 0 });
  const waiting = process.manager.acquire("job");
  await world.pass(2_000);
  world.sent();
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(waiting);
  const kinds = world.kinds();
  assertEquals(kinds.filter((kind) => kind !== "read"), ["release", "acquire"]);
  assertEquals(next.held, true);
  await world.end(process);
});

Deno.test("handing over ends after maxHandoffMs: then the lock is set free for others", async () => {
  const { world, process, lease } = await hold({ maxHandoffMs: 1_000 });
  const all = Array.from({ length: 30 }, async () => {
    const mine = await process.manager.acquire("job");
    await world.time.delay(200);
    await mine.release();
  });
  await world.until(lease.release());
  await world.until(Promise.all(all));
  const kinds = world.kinds();
  const releases = kinds.filter((kind) => kind === "release").length;
  assert(releases >= 4 && releases <= 10, `${releases} releases`);
  await world.end(process);
});

Deno.test("a hand-over is refused when the old grant is gone, and release() answers false", async () => {
  const { world, process, lease } = await hold();
  const waiting = process.manager.acquire("job");
  await world.pass(2_000);
  world.tamper("job", (record) => record.holders.M = {});
  world.sent();
  assertEquals(await world.until(lease.release()), false);
  const next = await world.until(waiting);
  assertEquals(next.held, true);
  assertEquals(world.holders("job"), 1);
  await world.end(process);
});

Deno.test("a hand-over loses against a taker-over that was quicker", async () => {
  const { world, process, lease } = await hold();
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  await world.pass(2_000);
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    record.fence.N = String(Number(record.fence.N) + 100_000);
    holder!.M.e!.N = String(Number(holder!.M.e!.N) + 600_000);
    record.holders.M = { ["e".repeat(32)]: holder! };
  });
  assertEquals(await world.until(lease.release()), false);
  await world.pass(5_000);
  assertEquals(Object.keys(world.record("job")!.holders.M), ["e".repeat(32)]);
  await world.end(process);
});

Deno.test("a hand-over is declined when others moved the fence, and the lock is released instead", async () => {
  const { world, process, lease } = await hold();
  const waiting = process.manager.acquire("job");
  await world.pass(2_000);
  world.fail({ kind: "no-date" }, {
    when: (request) => {
      if (kindOf(request) !== "hand over") return false;
      // Before the hand-over is judged another process closes a proposal of its own.
      world.tamper("job", (record) => record.fence.N = String(Number(record.fence.N) + 60_000));
      return true;
    },
  });
  world.sent();
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(waiting);
  assertEquals(world.kinds().filter((kind) => kind !== "read").slice(0, 2), [
    "hand over",
    "release",
  ]);
  assertEquals([next.held, world.holders("job")], [true, 1]);
  await world.end(process);
});

Deno.test("a lease that was handed over while the process stood still is not handed out late", async () => {
  const { world, process, lease } = await hold({ latencyMs: 100, pollMs: 10_000 });
  const waiting = process.manager.acquire("job");
  await world.pass(4_000);
  const released = lease.release();
  await world.pass(150);
  assertEquals(world.kinds().at(-1), "hand over");
  process.node.pause(); // its answer is on the way
  await world.pass(25_000);
  const other = world.process();
  const taken = await world.until(other.manager.tryAcquire("job"));
  assert(taken !== null);
  process.node.resume();
  assertEquals(await world.until(released), true);
  await world.pass(5_000);
  assertEquals(taken.held, true);
  await world.until(taken.release());
  const next = await world.until(waiting);
  assertEquals([next.held, taken.held], [true, false]);
  assertGreater(next.fencingToken, taken.fencingToken);
  await world.end(process, other);
});

Deno.test("the next caller looks at once when a lease of its process is lost", async () => {
  const { world, process, lease } = await hold();
  const waiting = process.manager.acquire("job");
  await world.pass(6_000);
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  const next = await world.until(waiting, 2_000);
  assertEquals(next.held, true);
  await world.pass(10_000);
  assertEquals([lease.held, next.held], [false, true]);
  await world.end(process);
});

Deno.test("a caller that gives up in the queue lets the others keep their order", async () => {
  const { world, process, lease } = await hold();
  const order: string[] = [];
  const stops = new Map<string, AbortController>();
  const all = ["a", "b", "c", "d"].map(async (who) => {
    const stop = new AbortController();
    stops.set(who, stop);
    const mine = await process.manager.acquire("job", { signal: stop.signal });
    order.push(who);
    await mine.release();
  });
  for (const one of all) one.catch(() => {}); // looked at below
  await world.pass(1_000);
  stops.get("a")!.abort(new Error("a leaves")); // the head
  stops.get("c")!.abort(new Error("c leaves")); // in the middle
  await assertRejects(() => world.until(all[0]!), Error, "a leaves");
  await assertRejects(() => world.until(all[2]!), Error, "c leaves");
  await world.until(lease.release());
  await world.until(Promise.all([all[1], all[3]]));
  assertEquals(order, ["b", "d"]);
  await world.end(process);
});

Deno.test("tryAcquire() does not queue behind callers that wait", async () => {
  const { world, process, lease } = await hold();
  process.manager.acquire("job").catch(() => {});
  await world.pass(500);
  assertEquals(await world.until(process.manager.tryAcquire("job"), 10), null);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("on Workers every acquisition talks for itself, and nothing is handed over", async () => {
  const { world, process, lease } = await hold({ workers: true });
  const waiting = [process.manager.acquire("job"), process.manager.acquire("job")];
  await world.pass(2_000);
  assertEquals(world.kinds().filter((kind) => kind === "acquire").length, 2);
  assertEquals(await world.until(lease.release()), true);
  const first = await world.until(Promise.race(waiting));
  assertEquals(world.kinds().includes("hand over"), false);
  assertEquals(await world.until(first.release()), true);
  const both = await world.until(Promise.all(waiting));
  await Promise.all(both.map((one) => world.until(one.release())));
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("on Workers waitUntil is given the work in the background", async () => {
  const given: Promise<unknown>[] = [];
  const { world, process, lease } = await hold({
    workers: true,
    waitUntil: (work) => given.push(work),
  });
  await world.pass(7_000);
  assertEquals(given.length, 1, "the renewal");
  await world.until(lease.release());
  world.fail({ kind: "hang" });
  const stop = new AbortController();
  const own: Promise<unknown>[] = [];
  const waiting = process.manager.acquire("job", {
    signal: stop.signal,
    waitUntil: (work) => own.push(work),
  });
  await world.pass(100);
  stop.abort(new Error("left"));
  await assertRejects(() => world.until(waiting), Error, "left");
  assertEquals([given.length, own.length], [1, 1], "the clean-up goes to the caller's own");
  await world.until(Promise.all(own));
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("on Workers close() leaves the leases of other requests alone", async () => {
  const { world, process, lease } = await hold({ workers: true });
  await world.until(process.manager.close());
  await world.pass(30_000);
  assertEquals(lease.held, true);
  assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});

Deno.test("release() ends when the next caller cannot make a proposal", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  const next = process.manager.acquire("job");
  next.catch(() => {});
  world.tamper("job", (record) => {
    record.fence.N = String(FENCE_MAX);
  });
  await world.pass(3_000); // it has seen the fence, above which nothing can be proposed
  assertEquals(await world.until(lease.release(), 60_000), true);
  const error = await assertRejects(() => world.until(next), LockTableError);
  assertEquals(error.code, "RECORD_INVALID");
  await world.end(process);
});

Deno.test("a lock that was handed on unseen was not lost, whatever became of it since", async () => {
  const { world, process, lease } = await hold();
  const operator = world.process();
  const waiting = process.manager.acquire("job");
  await world.pass(1_000);
  world.fail({ kind: "hang", applied: true }, { when: only("hand over") });
  const released = lease.release();
  await world.pass(1_000);
  const [holder] = (await world.until(operator.manager.inspect("job")))!.holders;
  const { fencingToken: token } = holder!;
  assertGreater(token, lease.fencingToken);
  assertEquals(await world.until(operator.manager.breakLock("job", { token })), true);
  assertEquals(await world.until(released), true);
  await world.until(waiting);
  await world.end(process, operator);
});
