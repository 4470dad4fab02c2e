/** An outage is not met by ever more requests: what failed calls leave behind, one asks for all. */

import { assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Lease } from "../../mod.ts";
import type { Fault } from "../../src/testing/mod.ts";
import { World } from "../support/world.ts";

const FAULTS: readonly (readonly [string, Fault])[] = [
  ["unavailable", { kind: "error", status: 503, type: "ServiceUnavailableException" }],
  ["failing", { kind: "error", status: 500, type: "InternalServerError" }],
  ["throttling", { kind: "error", status: 400, type: "ThrottlingException" }],
  ["cut off", { kind: "drop-request" }],
  ["silent", { kind: "hang" }],
];

for (const [what, fault] of FAULTS) {
  Deno.test(`an outage gets a few requests a call, not dozens: the service is ${what}`, async () => {
    const world = await World.create();
    const process = world.process();
    world.dynamo.failNext(fault, { times: Infinity });
    const calls: Promise<unknown>[] = [];
    let most = 0;
    for (let second = 0; second < 120; second++) {
      world.dynamo.clearRequests();
      if (second < 60) calls.push(process.manager.acquire(`job/${second}`).catch(() => {}));
      await world.pass(1_000);
      // At first there are tokens for retries.
      if (second > 20) most = Math.max(most, world.dynamo.requests.length);
    }
    await world.until(Promise.all(calls));
    assertLess(most, 8);
    await world.end(process);
  });
}

Deno.test("when an outage is over, all that it has left is given back within seconds", async () => {
  const world = await World.create();
  const process = world.process();
  const names = Array.from({ length: 40 }, (_, at) => `job/${at}`);
  let over = false;
  world.dynamo.failNext({ kind: "drop-answer" }, { when: () => !over, times: Infinity });
  const stop = new AbortController();
  const calls = names.map(async (name) => {
    await process.manager.acquire(name, { signal: stop.signal }).catch(() => {});
  });
  await world.pass(1_000);
  stop.abort(new Error("enough"));
  await world.until(Promise.all(calls));
  await world.pass(10_000);
  over = true;
  const held = () => names.filter((name) => world.record(name) && world.holders(name) > 0);
  assertGreater(held().length, 30);
  await world.pass(7_000);
  assertEquals(held(), []);
  await world.end(process);
});

Deno.test("one that the others rely on may end: another one asks", async () => {
  const world = await World.create();
  const process = world.process();
  let over = false;
  world.dynamo.failNext({ kind: "drop-answer" }, { when: () => !over, times: Infinity });
  // The first gives up after two of its leases, and the second goes on.
  for (const [name, leaseMs] of [["brief", 2_000], ["long", 60_000]] as const) {
    const call = process.manager.tryAcquire(name, { leaseMs });
    await world.until(call.catch(() => {}));
  }
  await world.pass(20_000);
  assertEquals(world.holders("long"), 1);
  over = true;
  await world.pass(7_000);
  assertEquals(world.holders("long"), 0);
  await world.end(process);
});

Deno.test("when the manager is closed, each clean-up asks once, whatever another one has met", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "drop-answer" }, {
    times: Infinity,
    when: ({ input }) => input.Key.key.S === "away",
  });
  await world.until(process.manager.tryAcquire("away").catch(() => {}));
  await world.pass(3_000);
  world.fail({ kind: "late", ms: 2_000, apply: "at-once" });
  process.manager.acquire("late").catch(() => {});
  await world.pass(1_000);
  await world.until(process.manager.close());
  assertEquals(world.holders("late"), 0);
});

for (const [what, fault] of FAULTS) {
  Deno.test(`what is left of long leases is given back after a long outage: the service was ${what}`, async () => {
    const world = await World.create();
    const process = world.process({ leaseMs: 600_000 });
    const names = Array.from({ length: 10 }, (_, at) => `job/${at}`);
    const leases: Lease[] = [];
    for (const name of names) leases.push(await world.until(process.manager.acquire(name)));
    let over = false;
    world.dynamo.failNext(fault, { when: () => !over, times: Infinity });
    const all = Promise.allSettled(leases.map((lease) => lease.release()));
    await world.pass(300_000);
    over = true;
    await world.pass(60_000);
    await world.until(all);
    assertEquals(names.filter((name) => world.holders(name) > 0), []);
    await world.end(process);
  });
}

Deno.test("keys that go on failing keep no other from being given back", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 600_000 });
  const names = ["hot/1", "hot/2", "hot/3", "cold"];
  const leases: Lease[] = [];
  for (const name of names) leases.push(await world.until(process.manager.acquire(name)));
  let blip = true;
  world.dynamo.failNext({ kind: "error", status: 500, type: "InternalServerError" }, {
    when: ({ input }) => blip || input.Key.key.S.startsWith("hot"),
    times: Infinity,
  });
  await world.until(Promise.allSettled(leases.map((lease) => lease.release())));
  blip = false;
  await world.pass(30_000);
  assertEquals(world.holders("cold"), 0);
  await world.end(process);
});
