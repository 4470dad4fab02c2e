/** Many who want the same lock: what they cost together, and who gets it how often. */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { only } from "../support/requests.ts";
import { World } from "../support/world.ts";

/** What one key of DynamoDB can give: strongly consistent reads and writes of up to 1 KB a second. */
const READS_MOST = 3_000;
const WRITES_MOST = 1_000;

Deno.test("a thousand waiting processes stay below what one key can serve", async () => {
  const world = await World.create();
  const holder = world.process({ renew: false, leaseMs: 3_600_000 });
  const lease = await world.until(holder.manager.acquire("job"));
  const waiters = Array.from({ length: 1_000 }, () => world.process());
  const stop = new AbortController();
  const waits = waiters.map(({ manager }) => {
    const wait = manager.acquire("job", { signal: stop.signal });
    wait.catch(() => {});
    return wait;
  });
  const perSecond: { reads: number; writes: number }[] = [];
  for (let second = 0; second < 4; second++) {
    world.kinds();
    await world.pass(1_000);
    const kinds = world.kinds();
    const reads = kinds.filter((kind) => kind === "read").length;
    perSecond.push({ reads, writes: kinds.length - reads });
  }
  const [first, ...others] = perSecond;
  // All came in the same millisecond: one write each, and the quick looks of a wait that is young.
  assertEquals(first!.writes, WRITES_MOST);
  assertLess(first!.reads, 6 * waiters.length);
  for (const { reads, writes } of others) {
    assertEquals(writes, 0);
    assertLess(reads, READS_MOST);
    assertGreater(reads, waiters.length / 2, "nobody sleeps for much longer than a second");
  }
  assertEquals(lease.held, true);
  stop.abort(new Error("enough"));
  await world.until(Promise.allSettled(waits));
  await world.end(holder, ...waiters);
});

Deno.test("a release is met by one winner, not by a stampede of writes", async () => {
  const world = await World.create();
  const holder = world.process();
  const lease = await world.until(holder.manager.acquire("job"));
  const waiters = Array.from({ length: 100 }, () => world.process());
  const stop = new AbortController();
  const waits = waiters.map(({ manager }) => manager.acquire("job", { signal: stop.signal }));
  waits.forEach((wait) => wait.catch(() => {}));
  await world.pass(10_000);
  world.kinds();
  await world.until(lease.release());
  await world.pass(2_000);
  const writes = world.dynamo.requests.filter(only("acquire")).length;
  assertEquals(world.holders("job"), 1);
  // Those who look in the few milliseconds between a look and its write come in vain.
  assert(writes >= 1 && writes <= 5, `${writes} writes`);
  stop.abort(new Error("enough"));
  await world.until(Promise.allSettled(waits));
  await world.end(holder, ...waiters);
});

/** How often each of six processes got the lock in five minutes, holding it for 200 ms at a time. */
async function shares(pauseMs: number): Promise<number[]> {
  const world = await World.create();
  const processes = Array.from({ length: 6 }, () => world.process());
  const grants = processes.map(() => 0);
  let busy = true;
  const work = processes.map(async ({ manager }, at) => {
    while (busy) {
      const lease = await manager.acquire("job");
      grants[at]!++;
      await world.time.delay(200);
      await lease.release();
      if (pauseMs > 0) await world.time.delay(pauseMs);
    }
  });
  await world.pass(300_000);
  busy = false;
  await world.until(Promise.all(work));
  await world.end(...processes);
  return grants;
}

Deno.test("processes that pause between two leases all get their turn", async () => {
  const grants = await shares(1_000);
  const fair = grants.reduce((sum, each) => sum + each) / grants.length;
  assertGreater(Math.min(...grants), 0.8 * fair, `${grants}`);
});

Deno.test("processes that take the lock again at once let the others have it too", async () => {
  const grants = await shares(0);
  const sum = grants.reduce((sum, each) => sum + each);
  assertGreater(Math.min(...grants), 0.4 * sum / grants.length, `${grants}`);
  // What that costs: they are idle while nobody has looked yet.
  assertGreater(sum, 0.75 * 300_000 / 203, `${grants}`);
});
