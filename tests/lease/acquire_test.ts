/** Taking a lock: what goes over the wire, what is on the table, and the tokens. */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { Lease } from "../../mod.ts";
import { itemSize } from "../../src/testing/values.ts";
import { kindOf, type WireInput } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

const DAY_SECONDS = 24 * 60 * 60;

async function takeAndRelease(world: World, { manager }: Process, name = "job"): Promise<Lease> {
  const lease = await world.until(manager.acquire(name));
  assertEquals(await world.until(lease.release()), true);
  return lease;
}

Deno.test("acquire() is one request when the lock was never taken, and release() is one", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(world.kinds(), ["acquire"]);
  assertEquals(await world.until(lease.release()), true);
  assertEquals(world.kinds(), ["release"]);
  await world.end(process);
  assertEquals(world.sent(), []);
});

Deno.test("acquire() is one request when the lock was released before", async () => {
  const world = await World.create();
  const first = world.process();
  const second = world.process();
  await takeAndRelease(world, first);
  await takeAndRelease(world, first);
  await world.pass(5_000);
  await takeAndRelease(world, second);
  assertEquals(world.kinds(), Array(3).fill(["acquire", "release"]).flat());
  await world.end(first, second);
});

Deno.test("tryAcquire() is one request when another process holds the lock", async () => {
  const world = await World.create();
  const holder = world.process();
  const asker = world.process();
  await world.until(holder.manager.acquire("job"));
  world.sent();
  assertEquals(await world.until(asker.manager.tryAcquire("job")), null);
  assertEquals(world.kinds(), ["acquire"]);
  await world.end(holder, asker);
});

Deno.test("tryAcquire() is one request when its own process holds the lock", async () => {
  const world = await World.create();
  const process = world.process();
  await world.until(process.manager.acquire("job"));
  world.sent();
  assertEquals(await world.until(process.manager.tryAcquire("job")), null);
  assertEquals(world.kinds(), ["acquire"]);
  await world.end(process);
});

for (const ahead of [-900_000, -30_000, -1_000, -3, 3, 1_000, 30_000, 900_000]) {
  Deno.test(`acquire() is two requests at most when a clock ${ahead} ms ahead held the lock`, async () => {
    const world = await World.create();
    const before = world.process({ wallOffsetMs: ahead });
    const after = world.process();
    const old = await takeAndRelease(world, before);
    world.sent();
    const lease = await world.until(after.manager.acquire("job"));
    const kinds = world.kinds();
    assert(kinds.length <= 2, kinds.join(", "));
    assertEquals(new Set(kinds), new Set(["acquire"]));
    assertGreater(lease.fencingToken, old.fencingToken);
    await world.end(before, after);
  });
}

Deno.test("acquire() grants a lock once when ten processes ask for it at once", async () => {
  const world = await World.create();
  const all = Array.from({ length: 10 }, (_, at) => world.process({ wallOffsetMs: at * 7 - 30 }));
  const answers = await world.until(
    Promise.all(all.map(({ manager }) => manager.tryAcquire("job"))),
  );
  assertEquals(answers.filter((lease) => lease !== null).length, 1);
  assertEquals(world.holders("job"), 1);
  await world.end(...all);
});

Deno.test("acquire() takes each of two names for itself", async () => {
  const world = await World.create();
  const process = world.process();
  const one = await world.until(process.manager.acquire("one"));
  const other = await world.until(process.manager.acquire("other"));
  assertEquals([one.held, other.held], [true, true]);
  assertEquals(await world.until(one.release()), true);
  assertEquals(other.held, true);
  await world.end(process);
});

/** Others are quicker, each time: before a proposal is judged the fence has passed it. */
function outrun(world: World, times: number): void {
  world.fail({ kind: "no-date" }, {
    when: (request) => {
      if (kindOf(request) !== "acquire" || times-- <= 0) return false;
      world.tamper("job", (record) => record.fence.N = String(Number(record.fence.N) + 100_000));
      return true;
    },
    times: Infinity,
  });
}

Deno.test("tryAcquire() answers null after a few proposals when others are quicker each time", async () => {
  const world = await World.create();
  const process = world.process();
  await takeAndRelease(world, process);
  world.sent();
  outrun(world, 1_000);
  assertEquals(await world.until(process.manager.tryAcquire("job"), 1_000), null);
  const kinds = world.kinds();
  assert(kinds.length <= 4, kinds.join(", "));
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("acquire() goes on, not faster than it polls, when others are quicker each time", async () => {
  const world = await World.create();
  const process = world.process();
  await takeAndRelease(world, process);
  world.sent();
  outrun(world, 20);
  const start = world.time.now;
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(world.kinds().filter((kind) => kind === "acquire").length, 21);
  assertGreater(world.time.now - start, 1_000);
  assertEquals([lease.held, world.holders("job")], [true, 1]);
  await world.end(process);
});

Deno.test("every write has a condition and asks for the record that fails it", async () => {
  const world = await World.create();
  const first = world.process();
  const second = world.process();
  const crashed = world.process();
  const lease = await world.until(first.manager.acquire("job", { data: "one" }));
  await world.until(lease.renew());
  await world.until(lease.update("two"));
  await world.until(lease.update(null));
  const waiting = first.manager.acquire("job");
  await world.pass(1_000);
  await world.until(lease.release()); // handed over
  await world.until((await waiting).release());
  world.fail({ kind: "hang" });
  const stop = new AbortController();
  const given = first.manager.acquire("job", { signal: stop.signal });
  given.catch(() => {});
  await world.pass(100);
  stop.abort(); // closes its proposal
  await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
  crashed.node.pause();
  await world.until(second.manager.acquire("job")); // takes over
  await world.end(first, second);

  const { requests } = world.dynamo;
  assertEquals(
    [...new Set(requests.map(kindOf))].sort(),
    ["acquire", "close", "hand over", "read", "release", "renew", "take over"],
  );
  for (const request of requests) {
    const input = request.input as WireInput;
    if (request.operation === "GetItem") {
      assertEquals(input.ConsistentRead, true);
      continue;
    }
    assertEquals(request.operation, "UpdateItem", "nothing is put or deleted");
    assert(input.ConditionExpression.length > 0);
    assertEquals(input.ReturnValuesOnConditionCheckFailure, "ALL_OLD");
  }
});

Deno.test("acquire() writes who holds the lock, until when and what was given beside it", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(
    process.manager.acquire("job", { leaseMs: 30_000, owner: "worker-7", data: "step 1" }),
  );
  const record = world.record("job")!;
  const [[grantId, holder] = []] = Object.entries(record.holders.M);
  const entry = holder!.M;
  assertEquals(record.format, { N: "1" });
  assertEquals(record.fence, { N: String(lease.fencingToken) });
  assertEquals(record.exclusive, { S: grantId! });
  assertEquals([entry.t?.N, entry.m?.S], [record.fence.N, "x"]);
  assertEquals([entry.o?.S, entry.l?.N, entry.d?.S], ["worker-7", "30000", "step 1"]);
  const ahead = Number(entry.e?.N) - world.time.now;
  assert(ahead > 29_900 && ahead <= 31_100, `expires ${ahead} ms ahead`);
  assertEquals(lease.ownerId, "worker-7");
  await world.end(process);
});

Deno.test("release() keeps a tombstone under 200 bytes with the fence", async () => {
  const world = await World.create();
  const process = world.process();
  const name = "a-name-of-one-hundred-bytes-".padEnd(100, "x");
  const lease = await world.until(
    process.manager.acquire(name, { data: "x".repeat(2_048), owner: "o".repeat(256) }),
  );
  await world.until(lease.release());
  const tombstone = world.record(name)!;
  assertEquals(tombstone.fence, { N: String(lease.fencingToken) });
  assertEquals(tombstone.holders, { M: {} });
  assertEquals("exclusive" in tombstone, false);
  assertLess(itemSize(tombstone as unknown as Parameters<typeof itemSize>[0]), 200);
  await world.end(process);
});

Deno.test("every write but a release moves the time to live to 30 days ahead, in seconds", async () => {
  const world = await World.create();
  const process = world.process();
  const daysAhead = () =>
    (Number(world.record("job")!.purge.N) - world.time.now / 1_000) / DAY_SECONDS;
  const lease = await world.until(process.manager.acquire("job"));
  assert(Math.abs(daysAhead() - 30) < 0.001);
  await world.pass(3_600_000);
  assertEquals(lease.held, true);
  assert(Math.abs(daysAhead() - 30) < 0.001, "the renewals moved it");
  await world.end(process);
});

Deno.test("tokens rise over releases within one millisecond", async () => {
  const world = await World.create();
  const process = world.process({ latencyMs: 0 });
  let before = 0;
  for (let round = 0; round < 20; round++) {
    const { fencingToken } = await takeAndRelease(world, process);
    assertGreater(fencingToken, before);
    assert(Number.isSafeInteger(fencingToken));
    before = fencingToken;
  }
  await world.end(process);
});

Deno.test("tokens rise from process to process whatever their clocks show", async () => {
  const world = await World.create();
  const offsets = [0, 840_000, -840_000, 60_000, -1, 1, -60_000, 600_000, 0];
  const all = offsets.map((wallOffsetMs) => world.process({ wallOffsetMs }));
  let before = 0;
  for (const process of [...all, ...all]) {
    const { fencingToken } = await takeAndRelease(world, process);
    assertGreater(fencingToken, before);
    before = fencingToken;
  }
  await world.end(...all);
});

Deno.test("tokens rise over take-overs", async () => {
  const world = await World.create();
  let before = 0;
  for (const wallOffsetMs of [0, -30_000, 30_000]) {
    const { manager, node } = world.process({ wallOffsetMs });
    const lease = await world.until(manager.acquire("job", { leaseMs: 2_000 }));
    assertGreater(lease.fencingToken, before);
    before = lease.fencingToken;
    node.pause();
  }
});

Deno.test("tokens rise when the record was purged", async () => {
  const world = await World.create();
  const first = world.process();
  const second = world.process();
  const old = await takeAndRelease(world, first);
  await world.pass(30 * DAY_SECONDS * 1_000 + 60_000);
  assertEquals(world.dynamo.purgeExpired(), 1);
  const lease = await takeAndRelease(world, second);
  assertGreater(lease.fencingToken, old.fencingToken);
  await world.end(first, second);
});

Deno.test("tokens rise when the record was deleted", async () => {
  const world = await World.create();
  const first = world.process();
  const second = world.process();
  const old = await takeAndRelease(world, first);
  await world.pass(1_000);
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  const lease = await takeAndRelease(world, second);
  assertGreater(lease.fencingToken, old.fencingToken);
  await world.end(first, second);
});

Deno.test("tokens rise when the table was deleted and made again", async () => {
  const world = await World.create();
  const first = world.process();
  const second = world.process();
  const old = await takeAndRelease(world, first);
  await world.deleteTable();
  await world.createTable("dynamo-lock");
  await world.pass(1_000);
  const lease = await takeAndRelease(world, second);
  assertGreater(lease.fencingToken, old.fencingToken);
  await world.end(first, second);
});

Deno.test("tokens of one process rise when the record was deleted, also with a clock set back", async () => {
  const world = await World.create();
  const process = world.process();
  const old = await takeAndRelease(world, process);
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  process.node.wallOffsetMs = -60_000;
  const lease = await takeAndRelease(world, process);
  assertGreater(lease.fencingToken, old.fencingToken);
  await world.end(process);
});
