/** Shared locks and semaphores: who gets in beside whom, what it costs, and who removes the dead. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { isLockError, type Lease, LockTableError } from "../../mod.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { itemSize } from "../../src/testing/values.ts";
import { only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

const SHARED = { mode: "shared" } as const;

function take(world: World, { manager }: Process, options: object = {}): Promise<Lease> {
  return world.until(manager.acquire("job", options));
}

function attempt(world: World, { manager }: Process, options: object = {}): Promise<Lease | null> {
  return world.until(manager.tryAcquire("job", options));
}

Deno.test("shared callers hold a lock together, with rising tokens and their own entries", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const first = await take(world, one, SHARED);
  const second = await take(world, other, { ...SHARED, data: "second" });
  assertEquals([first.mode, first.held, second.held], ["shared", true, true]);
  assertGreater(second.fencingToken, first.fencingToken);
  const { holders, exclusive } = world.record("job")!;
  assertEquals(Object.values(holders.M).map(({ M }) => M.m!.S), ["s", "s"]);
  assertEquals(exclusive, undefined);
  await world.pass(30_000); // both renew
  assertEquals([first.held, second.held], [true, true]);
  await world.until(first.release());
  assertEquals([second.held, world.holders("job")], [true, 1]);
  await world.end(one, other);
  assertEquals(world.holders("job"), 0);
});

Deno.test("an exclusive holder keeps shared callers out, and they keep exclusive ones out", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const alone = await take(world, one);
  assertEquals(await attempt(world, other, SHARED), null);
  await world.until(alone.release());
  const shared = await take(world, other, SHARED);
  assertEquals(await attempt(world, one), null);
  await world.until(shared.release());
  assertEquals((await take(world, one)).held, true);
  await world.end(one, other);
});

Deno.test("a shared lock costs one request each time, whether others are in or not", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  await world.until((await take(world, one, SHARED)).release());
  assertEquals(world.kinds(), ["acquire", "release"]);
  const again = await take(world, one, SHARED);
  assertEquals(world.kinds(), ["join"]);
  await take(world, other, SHARED); // never saw the record: guesses wrong once
  assertEquals(world.kinds(), ["acquire", "join"]);
  await take(world, other, SHARED);
  assertEquals(world.kinds(), ["join"]);
  await world.until(again.release());
  await world.end(one, other);
});

for (const wallOffsetMs of [0, 400]) {
  Deno.test(`nobody joins at any moment while an exclusive caller waits, by a clock ${wallOffsetMs} ms off`, async () => {
    const world = await World.create();
    const [reader, writer] = [world.process(), world.process()];
    const late = world.process({ wallOffsetMs });
    const reading = await take(world, reader, SHARED);
    const waiting = writer.manager.acquire("job");
    await world.pass(1_000);
    for (let round = 0; round < 1_500; round++) {
      assertEquals(await attempt(world, late, SHARED), null);
      await world.pass(17);
    }
    await world.until(reading.release());
    assertEquals((await world.until(waiting)).held, true);
    await world.end(reader, writer, late);
  });
}

Deno.test("a semaphore lets so many in, and the next when one goes", async () => {
  const world = await World.create();
  const processes = Array.from({ length: 4 }, () => world.process());
  const leases = [];
  for (const process of processes.slice(0, 3)) {
    leases.push(await take(world, process, { permits: 3 }));
  }
  assertEquals(leases.map((lease) => lease.mode), ["shared", "shared", "shared"]);
  assertEquals(await attempt(world, processes[3]!, { permits: 3 }), null);
  const waiting = processes[3]!.manager.acquire("job", { permits: 3 });
  await world.pass(3_000);
  assertEquals(world.holders("job"), 3);
  await world.until(leases[1]!.release());
  assertEquals((await world.until(waiting)).held, true);
  const info = await world.until(processes[0]!.manager.inspect("job"));
  assertEquals([info?.permits, info?.holders.length], [3, 3]);
  await world.end(...processes);
});

Deno.test("a semaphore of 100 with 99 in use is entered with two requests, or one by who has seen it", async () => {
  const world = await World.create();
  const crowd = world.process({ leaseMs: 600_000 });
  for (let count = 0; count < 99; count++) await take(world, crowd, { permits: 100 });
  world.sent();
  const stranger = world.process();
  const last = await take(world, stranger, { permits: 100 });
  assertEquals(world.kinds(), ["acquire", "join"]);
  assertEquals(await attempt(world, crowd, { permits: 100 }), null);
  await world.until(last.release());
  world.sent();
  await take(world, stranger, { permits: 100 });
  assertEquals(world.kinds(), ["join"]);
  await world.end(crowd, stranger);
});

Deno.test("a semaphore refuses callers with other permits, or none, while anybody holds it", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const lease = await take(world, one, { permits: 3 });
  for (const options of [{ permits: 2 }, {}, SHARED]) {
    for (const verb of ["acquire", "tryAcquire"] as const) {
      const call = () => world.until<unknown>(other.manager[verb]("job", options));
      const error = await assertRejects(call, LockTableError);
      assertEquals([error.code, error.lockName], ["PERMITS_MISMATCH", "job"]);
    }
  }
  await world.until(lease.release());
  const now = await take(world, other, { permits: 2 });
  assertEquals((await world.until(one.manager.inspect("job")))?.permits, 2);
  await world.until(now.release());
  await take(world, one);
  const error = await assertRejects(() => take(world, other, { permits: 2 }));
  assert(isLockError(error) && error.code === "PERMITS_MISMATCH");
  await world.end(one, other);
});

Deno.test("dead shared holders make room, and are removed with the entry of who comes", async () => {
  const world = await World.create();
  const [lasting, crashed, next] = [world.process(), world.process(), world.process()];
  await take(world, lasting, { permits: 2, leaseMs: 20_000 });
  await take(world, crashed, { permits: 2, leaseMs: 2_000 });
  crashed.node.pause();
  await world.pass(5_000);
  world.sent();
  const lease = await attempt(world, next, { permits: 2 });
  assertEquals(lease?.held, true);
  assertEquals(world.kinds().filter((kind) => kind !== "renew"), ["acquire", "take over"]);
  assertEquals(world.holders("job"), 2);
  await world.end(lasting, next);
});

Deno.test("who joins sweeps the dead out in the background, so that a record does not grow", async () => {
  const world = await World.create();
  const lasting = world.process();
  await take(world, lasting, SHARED);
  for (let count = 0; count < 5; count++) {
    const crashed = world.process({ leaseMs: 2_000 });
    await take(world, crashed, SHARED);
    crashed.node.pause();
    await world.pass(5_000);
    assertEquals(world.holders("job"), 2);
    await world.until((await take(world, lasting, SHARED)).release());
    await world.pass(100);
    assertEquals(world.holders("job"), 1);
  }
  await world.end(lasting);
});

Deno.test("a sweep leaves a holder alone that has renewed meanwhile", async () => {
  const world = await World.create();
  const [lasting, slow] = [world.process(), world.process({ leaseMs: 4_000 })];
  await take(world, lasting, SHARED);
  const lease = await take(world, slow, SHARED);
  slow.node.pause();
  await world.pass(8_000);
  const joined = take(world, lasting, SHARED);
  // As if its renewal were applied before the sweep comes.
  world.tamper("job", (record) => {
    for (const { M } of Object.values(record.holders.M)) {
      M.e!.N = String(Number(M.e!.N) + 60_000);
    }
  });
  await joined;
  await world.pass(1_000);
  assertEquals(world.holders("job"), 3);
  assertEquals(lease.mode, "shared");
  await world.end(lasting);
});

Deno.test("an exclusive caller gets through a steady stream of readers", async () => {
  const world = await World.create();
  const readers = Array.from({ length: 3 }, () => world.process());
  const writer = world.process();
  let reads = 0;
  let over = false;
  const stream = readers.map(async ({ manager, node }, index) => {
    const sleep = (ms: number) =>
      new Promise<void>((resolve) =>
        void node.runtime(world.dynamo.fetch, {}).setTimer(resolve, ms)
      );
    await sleep(index * 300);
    while (!over) {
      const lease = await manager.acquire("job", SHARED);
      reads++;
      await sleep(1_000);
      await lease.release();
    }
  });
  await world.pass(5_000);
  assertGreater(reads, 5);
  const start = world.time.now;
  const lease = await world.until(writer.manager.acquire("job"));
  assert(world.time.now - start < 4_000, `waited for ${world.time.now - start} ms`);
  await world.until(lease.release());
  const before = reads;
  await world.pass(10_000);
  assertGreater(reads, before, "readers go on afterwards");
  over = true;
  await world.until(Promise.all(stream));
  await world.end(...readers, writer);
});

Deno.test("200 contenders for 20 permits never exceed 20, and all get through", async () => {
  const world = await World.create();
  const processes = Array.from({ length: 20 }, () => world.process({ pollMs: 500 }));
  let inside = 0;
  let most = 0;
  let served = 0;
  const work = processes.flatMap(({ manager, node }) =>
    Array.from({ length: 10 }, async () => {
      const lease = await manager.acquire("job", { permits: 20 });
      inside++;
      most = Math.max(most, inside, world.holders("job"));
      await new Promise<void>((resolve) =>
        void node.runtime(world.dynamo.fetch, {}).setTimer(resolve, 200)
      );
      assert(lease.held);
      inside--;
      served++;
      await lease.release();
    })
  );
  await world.until(Promise.all(work), 600_000);
  assertEquals([most, served], [20, 200]);
  await world.end(...processes);
});

Deno.test("a permit goes from caller to caller inside a process, in one request", async () => {
  const world = await World.create();
  const process = world.process();
  const first = await take(world, process, { permits: 1 });
  const waiting = process.manager.acquire("job", { permits: 1 });
  await world.pass(500);
  world.sent();
  await world.until(first.release());
  const second = await world.until(waiting);
  assertEquals([world.kinds(), world.holders("job")], [["hand over"], 1]);
  assertGreater(second.fencingToken, first.fencingToken);
  await world.end(process);
});

Deno.test("callers of one process are served in order, whatever their modes", async () => {
  const world = await World.create();
  const { manager, ...process } = world.process();
  const order: string[] = [];
  const ask = async (who: string, options: object) => {
    const lease = await manager.acquire("job", options);
    order.push(who);
    return lease;
  };
  const [a, b] = [ask("a shared", SHARED), ask("b shared", SHARED)];
  const alone = ask("c alone", {});
  const d = ask("d shared", SHARED);
  const first = await world.until(a);
  const second = await world.until(b);
  await world.pass(3_000);
  assertEquals(order, ["a shared", "b shared"]);
  await world.until(first.release());
  await world.pass(1_000);
  assertEquals(order.length, 2);
  await world.until(second.release());
  const third = await world.until(alone);
  assertEquals(order, ["a shared", "b shared", "c alone"]);
  await world.until(third.release());
  await world.until(d);
  assertEquals(order.at(-1), "d shared");
  await world.end({ manager, ...process });
});

Deno.test("a caller whose request came late does not sweep itself out", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 2_000 });
  world.fail({ kind: "late", ms: 4_500, apply: "late" }, { when: only("acquire") });
  const lease = await take(world, process, SHARED);
  assertEquals([lease.held, world.kinds().includes("sweep")], [true, false]);
  await world.end(process);
});

Deno.test("a write of a semaphore costs by its holders: what the README says of that", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 600_000 });
  const units = new Map<number, number>();
  for (let holders = 1; holders <= 100; holders++) {
    await take(world, process, { permits: 100 });
    const item = world.record("job") as unknown as AttributeMap;
    units.set(holders, Math.ceil(itemSize(item) / 1_024));
  }
  assertEquals([11, 12, 24, 25, 100].map((holders) => units.get(holders)), [1, 2, 2, 3, 8]);
  await world.end(process);
});
