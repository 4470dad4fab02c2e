/** Whose turn it is: for how long a process may take a lock again at once while others want it. */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import type { AcquireOptions, LockManagerOptions } from "../../src/options.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

const SETTINGS = { maxHandoffMs: 2_000, pollMs: 1_000 };

/** One process, and a way to take a lock for 100 ms: answers what it waited for. */
async function start(options: LockManagerOptions & Surroundings = {}) {
  const world = await World.create();
  const process = world.process({ ...SETTINGS, ...options });
  const take = async (name: string | string[] = "job", wish: AcquireOptions = {}) => {
    const from = world.time.now;
    const lease = await world.until(process.manager.acquire(name, wish));
    const waitedMs = world.time.now - from;
    await world.pass(100);
    assertEquals(await world.until(lease.release()), true);
    return waitedMs;
  };
  return { world, process, take };
}

/** How many of these waits were more than the way to the table and back. */
function pausesIn(waits: readonly number[]): number {
  return waits.filter((ms) => ms > 10).length;
}

/** Takes a lock again and again for about so long. */
async function takeFor(world: World, ms: number, take: () => Promise<number>): Promise<number[]> {
  const waits: number[] = [];
  for (const end = world.time.now + ms; world.time.now < end;) waits.push(await take());
  return waits;
}

const ended = (world: World, ...processes: Process[]) => world.end(...processes);

Deno.test("who takes a lock again at once stands back after maxHandoffMs, at no request", async () => {
  const { world, process, take } = await start();
  assertEquals(pausesIn(await takeFor(world, 2_000, take)), 0, "its turn");
  world.kinds();
  const waits = await takeFor(world, 60_000, take);
  const pauses = waits.filter((ms) => ms > 10);
  for (const ms of pauses) assert(ms >= 500 && ms <= 1_010, `${ms}`);
  // 2 s and a lease in turn, and a pause of 0.5 to 1 s.
  assert(pauses.length >= 19 && pauses.length <= 23, `${pauses}`);
  assertEquals(world.kinds(), waits.flatMap(() => ["acquire", "release"]));
  await ended(world, process);
});

Deno.test("a turn ends with a pause of half of pollMs", async () => {
  const { world, process, take } = await start();
  const waits = await takeFor(world, 20_000, async () => {
    await world.pass(510);
    return await take();
  });
  assertEquals(pausesIn(waits), 0, `${waits}`);
  const shorter = await takeFor(world, 20_000, async () => {
    await world.pass(480);
    return await take();
  });
  assertGreater(pausesIn(shorter), 4);
  await ended(world, process);
});

Deno.test("a turn ends where somebody else was seen to have the lock", async () => {
  const { world, process, take } = await start();
  const other = world.process();
  await takeFor(world, 1_900, take);
  const theirs = await world.until(other.manager.tryAcquire("job"));
  assert(theirs);
  const next = process.manager.acquire("job");
  await world.pass(100);
  await world.until(theirs.release());
  await world.until((await world.until(next)).release());
  assertEquals(pausesIn(await takeFor(world, 1_800, take)), 0);
  await ended(world, process, other);
});

Deno.test("a long lease does not end a turn that has not begun", async () => {
  const { world, process, take } = await start();
  const lease = await world.until(process.manager.acquire("job"));
  await world.pass(60_000);
  await world.until(lease.release());
  assertEquals(pausesIn([await take()]), 0);
  await ended(world, process);
});

Deno.test("hand-overs and leases taken again are one turn", async () => {
  const { world, process, take } = await start();
  const first = await world.until(process.manager.acquire("job"));
  const second = process.manager.acquire("job");
  await world.pass(1_000);
  await world.until(first.release());
  const handed = await world.until(second);
  await world.pass(1_500);
  await world.until(handed.release());
  assertEquals(pausesIn([await take()]), 0, "1.5 s");
  await world.pass(450);
  assertEquals(pausesIn([await take()]), 1, "2 s");
  await ended(world, process);
});

Deno.test("tryAcquire never stands back", async () => {
  const { world, process, take } = await start();
  await takeFor(world, 2_100, take);
  const from = world.time.now;
  const lease = await world.until(process.manager.tryAcquire("job"));
  assertLess(world.time.now - from, 10);
  assertEquals(lease?.held, true);
  await ended(world, process);
});

Deno.test("other locks are not concerned, and of several any is", async () => {
  const { world, process, take } = await start();
  await takeFor(world, 1_700, take);
  assertEquals(pausesIn([await take("another")]), 0);
  await world.pass(300);
  assertEquals(pausesIn([await take(["another", "job"])]), 1);
  const waits = await takeFor(world, 6_500, () => take(["a", "b"]));
  assertEquals(pausesIn(waits), 2, `${waits}`);
  await ended(world, process);
});

Deno.test("readers never stand back: a writer asks them to", async () => {
  const { world, process, take } = await start();
  assertEquals(pausesIn(await takeFor(world, 10_000, () => take("job", { mode: "shared" }))), 0);
  await ended(world, process);
});

Deno.test("who takes a permit again at once stands back only where all are in use", async () => {
  const { world, process, take } = await start();
  const other = world.process();
  const wish = { permits: 2 };
  assertEquals(pausesIn(await takeFor(world, 10_000, () => take("job", wish))), 0, "room for one");
  const lease = await world.until(other.manager.acquire("job", wish));
  assertGreater(pausesIn(await takeFor(world, 10_000, () => take("job", wish))), 2, "full");
  await world.until(lease.release());
  await ended(world, process, other);
});

Deno.test("standing back ends with the caller's signal, and leaves nothing", async () => {
  const { world, process, take } = await start();
  await takeFor(world, 2_000, take);
  await take();
  world.kinds();
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(100);
  const enough = new Error("enough");
  stop.abort(enough);
  assertEquals(await assertRejects(() => waiting), enough);
  assertEquals(world.kinds(), []);
  await ended(world, process);
});

Deno.test("on Workers too a loop lets others have the lock", async () => {
  const { world, process, take } = await start({ workers: true });
  assertEquals(pausesIn(await takeFor(world, 7_500, take)), 2);
  await ended(world, process);
});

Deno.test("with maxHandoffMs 0 a process has a lock never twice in a row", async () => {
  const { world, process, take } = await start({ maxHandoffMs: 0 });
  const [first, ...others] = await takeFor(world, 5_000, take);
  assertEquals(pausesIn([first!]), 0);
  assertEquals(pausesIn(others), others.length);
  await ended(world, process);
});

Deno.test("who stands back waits: ifAvailable behind it is answered at once", async () => {
  const { world, process, take } = await start();
  await takeFor(world, 2_100, take);
  const first = process.manager.request("job", () => "first");
  await world.pass(10);
  const from = world.time.now;
  const second = process.manager.request("job", { ifAvailable: true }, (lease) => lease);
  assertEquals(await world.until(second), null);
  assertLess(world.time.now - from, 10);
  assertEquals(await world.until(first), "first");
  await ended(world, process);
});

/** How long another process waits, while this one takes the lock for 20 ms at a time by several callers. */
async function waitOfAnother(names: string | string[], wish: AcquireOptions, callers: number) {
  const world = await World.create();
  const [busy, other] = [world.process(), world.process()];
  let over = false;
  const work = Array.from({ length: callers }, async () => {
    while (!over) {
      const lease = await busy.manager.acquire(names, wish);
      if (wish.maxHoldMs === undefined) {
        await world.time.delay(20);
        await lease.release();
      } else await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    }
  });
  await world.pass(11_000);
  const from = world.time.now;
  const { maxHoldMs: _, ...same } = wish;
  const lease = await world.until(other.manager.acquire(names, same), 60_000);
  const waitedMs = world.time.now - from;
  over = true;
  await world.until(lease.release());
  await world.until(Promise.all(work));
  await ended(world, busy, other);
  return waitedMs;
}

const CROWDS: readonly (readonly [string, string | string[], AcquireOptions, number])[] = [
  ["several names", ["a", "b"], {}, 1],
  ["several names of one permit", ["a", "b"], { permits: 1 }, 1],
  ["two permits and three callers", "job", { permits: 2 }, 3],
  ["leases that end by maxHoldMs", "job", { maxHoldMs: 1_000 }, 1],
  ["leases that end by maxHoldMs, of two callers", "job", { maxHoldMs: 1_000 }, 2],
];

for (const [what, names, wish, callers] of CROWDS) {
  Deno.test(`another process gets in: ${what}`, async () => {
    assertLess(await waitOfAnother(names, wish, callers), 20_000);
  });
}

Deno.test("a pause is no longer than a turn, however seldom is looked", async () => {
  const { world, process, take } = await start({ pollMs: 60_000, maxHandoffMs: 5_000 });
  const waits = await takeFor(world, 60_000, take);
  assert(pausesIn(waits) > 3, `${waits}`);
  assertLess(Math.max(...waits), 5_010);
  await ended(world, process);
});
