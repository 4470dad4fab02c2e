/** A holder that crashed: how soon others may take its lock, and never sooner. */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { AcquireOptions, Lease, LockManagerOptions } from "../../mod.ts";
import { START } from "../support/virtual.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

/** The allowance for `Date` headers, which is the default of `maxClockSkewMs`. */
const ALLOWANCE_MS = 1_000;

/** By how much a bound of the server's clock may be off: its dates count whole seconds. */
const SECOND_MS = 1_000;

/** What the way to the server and a poll of this file may add. */
const POLL_MS = 250;

/** A process takes the lock, and stops for ever. */
async function crash(
  world: World,
  options: AcquireOptions = {},
  surroundings: LockManagerOptions & Surroundings = {},
): Promise<{ lease: Lease; process: Process }> {
  const process = world.process(surroundings);
  const lease = await world.until(process.manager.acquire("job", options));
  process.node.pause();
  return { lease, process };
}

/** Asks every 250 ms until the lock is granted; how long that took, in true time. */
async function askUntilGranted(
  world: World,
  asker: () => Process,
  limitMs: number,
): Promise<{ lease: Lease; tookMs: number; asked: number }> {
  const start = world.time.now;
  for (let asked = 1; world.time.now - start < limitMs; asked++) {
    const { manager } = asker();
    const lease = await world.until(manager.tryAcquire("job"));
    if (lease !== null) return { lease, tookMs: world.time.now - start, asked };
    await world.pass(POLL_MS);
  }
  throw new Error(`not granted within ${limitMs} ms`);
}

for (const wallOffsetMs of [0, 5_000, -5_000, 600_000, -600_000]) {
  Deno.test(`tryAcquire() by processes ${wallOffsetMs} ms ahead that never saw the holder takes over in time and not before`, async () => {
    const world = await World.create();
    const { lease } = await crash(world);
    const { lease: next, tookMs, asked } = await askUntilGranted(
      world,
      () => world.process({ wallOffsetMs }), // another one each time: nobody has watched
      60_000,
    );
    assertGreater(asked, 80);
    assertGreater(tookMs, 20_000 + ALLOWANCE_MS - 10);
    assert(tookMs <= 20_000 + ALLOWANCE_MS + SECOND_MS + POLL_MS + 10, `took ${tookMs} ms`);
    assertGreater(next.fencingToken, lease.fencingToken);
    assertEquals(world.holders("job"), 1);
  });
}

Deno.test("tryAcquire() counts from the last renewal when the holder had renewed", async () => {
  const world = await World.create();
  const process = world.process();
  await world.until(process.manager.acquire("job"));
  await world.pass(60_000);
  const renewed = process.events.filter((event) => event.type === "renew").length;
  assertGreater(renewed, 5);
  process.node.pause();
  const sinceRenewal = (world.time.now - START) % 1_000_000 - 53_000; // between two renewals
  const { tookMs } = await askUntilGranted(world, () => world.process(), 60_000);
  assert(tookMs + sinceRenewal > 20_000 + ALLOWANCE_MS, `took ${tookMs} ms`);
  // The renewal wrote an end by the upper bound of the server's clock, which is a second wide too.
  assert(tookMs <= 20_000 + ALLOWANCE_MS + 2 * SECOND_MS + POLL_MS + 10, `took ${tookMs} ms`);
});

Deno.test("tryAcquire() takes over with two requests", async () => {
  const world = await World.create();
  await crash(world);
  await world.pass(23_000);
  const asker = world.process();
  world.sent();
  assert(await world.until(asker.manager.tryAcquire("job")));
  assertEquals(world.kinds(), ["acquire", "take over"]);
  assertEquals(asker.events.find((event) => event.type === "grant")?.takeover, true);
  await world.end(asker);
});

Deno.test("acquire() by one who waits takes over soon after lease and allowance", async () => {
  const world = await World.create();
  await crash(world);
  const waiter = world.process();
  const start = world.time.now;
  const lease = await world.until(waiter.manager.acquire("job"));
  const tookMs = world.time.now - start;
  assert(tookMs > 20_000 && tookMs <= 20_000 + ALLOWANCE_MS + SECOND_MS + 200, `${tookMs} ms`);
  assertEquals(lease.held, true);
  const kinds = world.kinds();
  assertEquals(kinds.filter((kind) => kind !== "read"), ["acquire", "acquire", "take over"]);
  await world.end(waiter);
});

Deno.test("acquire() lets one waiter of many take over", async () => {
  const world = await World.create();
  await crash(world, { leaseMs: 2_000 });
  const waiters = Array.from({ length: 8 }, () => world.process());
  const leases: Lease[] = [];
  for (const { manager } of waiters) {
    manager.acquire("job").then((lease) => leases.push(lease), () => {});
  }
  await world.pass(8_000);
  assertEquals(leases.length, 1);
  assertEquals(world.holders("job"), 1);
  await world.end(...waiters);
});

Deno.test("a taken over holder that comes back does not hold, and its release answers false", async () => {
  const world = await World.create();
  const { lease, process } = await crash(world);
  await world.pass(23_000);
  const other = world.process();
  const next = await world.until(other.manager.tryAcquire("job"));
  assert(next);
  process.node.resume();
  assertEquals([lease.held, lease.remainingMs], [false, 0]);
  assertEquals(await world.until(lease.release()), false);
  await world.pass(60_000);
  assertEquals(next.held, true);
  assertEquals(world.holders("job"), 1);
  await world.end(process, other);
});

Deno.test("a process that never watched takes nothing over when maxClockSkewMs is Infinity", async () => {
  const world = await World.create();
  await crash(world);
  for (let asked = 0; asked < 40; asked++) {
    await world.pass(5_000);
    const { manager } = world.process({ maxClockSkewMs: Infinity });
    assertEquals(await world.until(manager.tryAcquire("job")), null);
  }
});

Deno.test("tryAcquire() takes over after watching a whole lease and 5 % when maxClockSkewMs is Infinity", async () => {
  const world = await World.create();
  await crash(world);
  await world.pass(100_000);
  const asker = world.process({ maxClockSkewMs: Infinity });
  const { tookMs } = await askUntilGranted(world, () => asker, 60_000);
  assert(tookMs >= 21_000 && tookMs <= 21_000 + POLL_MS + 10, `took ${tookMs} ms`);
  await world.end(asker);
});

Deno.test("acquire() takes over after watching a whole lease and 5 % when maxClockSkewMs is Infinity", async () => {
  const world = await World.create();
  await crash(world);
  await world.pass(100_000);
  const waiter = world.process({ maxClockSkewMs: Infinity });
  const start = world.time.now;
  await world.until(waiter.manager.acquire("job"));
  const tookMs = world.time.now - start;
  assert(tookMs >= 21_000 && tookMs <= 21_200, `took ${tookMs} ms`);
  await world.end(waiter);
});

Deno.test("maxClockSkewMs moves the take-over", async () => {
  for (const maxClockSkewMs of [0, 10_000]) {
    const world = await World.create();
    await crash(world, { leaseMs: 30_000 });
    const { tookMs } = await askUntilGranted(
      world,
      () => world.process({ maxClockSkewMs }),
      60_000,
    );
    const least = 30_000 + maxClockSkewMs;
    assert(tookMs > least - 10 && tookMs <= least + SECOND_MS + POLL_MS + 10, `took ${tookMs} ms`);
  }
});

Deno.test("a renewal of the holder starts the watch of others again", async () => {
  const world = await World.create();
  const holder = world.process();
  const watcher = world.process({ maxClockSkewMs: Infinity });
  const lease = await world.until(holder.manager.acquire("job"));
  for (let asked = 0; asked < 480; asked++) {
    assertEquals(await world.until(watcher.manager.tryAcquire("job")), null);
    await world.pass(POLL_MS);
  }
  assertEquals(lease.held, true);
  await world.end(holder, watcher);
});

Deno.test("a watcher whose wall clock was set back starts to watch again", async () => {
  const world = await World.create();
  await crash(world);
  const watcher = world.process({ maxClockSkewMs: Infinity });
  assertEquals(await world.until(watcher.manager.tryAcquire("job")), null);
  await world.pass(15_000);
  watcher.node.wallOffsetMs = -3_600_000;
  const { tookMs } = await askUntilGranted(world, () => watcher, 60_000);
  assert(tookMs >= 21_000 && tookMs <= 21_000 + POLL_MS + 10, `took ${tookMs} ms`);
  await world.end(watcher);
});

Deno.test("a watcher whose wall clock was set ahead watches a whole lease all the same", async () => {
  const world = await World.create();
  await crash(world);
  const watcher = world.process({ maxClockSkewMs: Infinity });
  assertEquals(await world.until(watcher.manager.tryAcquire("job")), null);
  watcher.node.wallOffsetMs = 3_600_000;
  const { tookMs } = await askUntilGranted(world, () => watcher, 60_000);
  assert(tookMs >= 21_000 - 10 && tookMs <= 21_000 + POLL_MS + 10, `took ${tookMs} ms`);
  await world.end(watcher);
});

Deno.test("a watcher that was suspended does not count that time", async () => {
  const world = await World.create();
  await crash(world);
  const watcher = world.process({ maxClockSkewMs: Infinity });
  assertEquals(await world.until(watcher.manager.tryAcquire("job")), null);
  await watcher.node.suspend(600_000);
  assertEquals(await world.until(watcher.manager.tryAcquire("job")), null);
  const { tookMs } = await askUntilGranted(world, () => watcher, 60_000);
  assert(tookMs >= 20_990, `took ${tookMs} ms`);
  await world.end(watcher);
});

Deno.test("the stored lease counts when the waiter's own is shorter", async () => {
  for (const maxClockSkewMs of [ALLOWANCE_MS, Infinity]) {
    const world = await World.create();
    await crash(world, { leaseMs: 60_000 });
    const waiter = world.process({ leaseMs: 2_000, maxClockSkewMs });
    const { tookMs } = await askUntilGranted(world, () => waiter, 120_000);
    assert(tookMs > 60_000, `took ${tookMs} ms`);
    await world.end(waiter);
  }
});

Deno.test("the stored lease counts when the waiter's own is longer", async () => {
  const world = await World.create();
  await crash(world, { leaseMs: 2_000 });
  const waiter = world.process({ leaseMs: 60_000 });
  const { tookMs } = await askUntilGranted(world, () => waiter, 60_000);
  assert(tookMs <= 2_000 + ALLOWANCE_MS + SECOND_MS + POLL_MS, `took ${tookMs} ms`);
  await world.end(waiter);
});

Deno.test("a take-over is refused when the holder renewed after it was judged", async () => {
  const world = await World.create();
  await crash(world, { leaseMs: 30_000 });
  const asker = world.process({ maxClockSkewMs: 0 });
  await world.pass(30_700);
  // What was read shows a dead holder; before the take-over arrives its entry has moved.
  world.fail({ kind: "late", ms: 1_000, apply: "late" }, { after: 1 });
  const answer = asker.manager.tryAcquire("job");
  await world.pass(500);
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    holder!.M.e!.N = String(Number(holder!.M.e!.N) + 30_000);
  });
  assertEquals(await world.until(answer), null);
  assertEquals(world.holders("job"), 1);
  assertEquals(world.kinds().at(-1), "take over");
  await world.end(asker);
});

for (const verb of ["acquire", "tryAcquire"] as const) {
  Deno.test(`${verb}() hands out no lease that ran out while its process stood still`, async () => {
    const world = await World.create();
    const frozen = world.process({ latencyMs: 100 });
    const other = world.process();
    const answer = frozen.manager[verb]("job");
    await world.pass(150);
    assertEquals(world.kinds(), ["acquire"]);
    frozen.node.pause(); // the lock is its own, and the answer is on the way
    await world.pass(25_000);
    const taken = await world.until(other.manager.tryAcquire("job"));
    assert(taken !== null);
    frozen.node.resume();
    await world.pass(3_000);
    assertEquals(taken.held, true);
    if (verb === "tryAcquire") {
      assertEquals(await world.until(answer), null);
    } else {
      await world.until(taken.release());
      const lease = await world.until(answer);
      assertGreater(lease!.fencingToken, taken.fencingToken);
      assertEquals([lease!.held, taken.held], [true, false]);
    }
    await world.end(frozen, other);
  });

  Deno.test(`${verb}() renews a lease of which a pause has left too little`, async () => {
    const world = await World.create();
    const slow = world.process({ latencyMs: 100 });
    const answer = slow.manager[verb]("job");
    await world.pass(150);
    slow.node.pause();
    await world.pass(12_000); // less than half is left, but nobody may have taken it
    slow.node.resume();
    const lease = await world.until(answer);
    assertEquals(world.kinds(), ["acquire", "renew"]);
    assertGreater(lease!.remainingMs, 15_000);
    await world.end(slow);
  });
}
