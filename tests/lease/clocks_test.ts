/**
 * Clocks that are wrong, step, stand still or run apart: at no moment do two leases of a name both
 * report that they hold it, and a lock whose holder is gone is taken all the same.
 */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { type Lease, LockServiceError } from "../../mod.ts";
import { kindOf, only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

/** Asks every 400 ms; whenever somebody is granted the lock, the holder must not believe any more. */
async function watch(
  world: World,
  asker: Process,
  holder: { lease: Lease; process: Process },
  forMs: number,
): Promise<Lease | null> {
  const end = world.time.now + forMs;
  while (world.time.now < end) {
    const taken = await world.until(asker.manager.tryAcquire("job"));
    // A paused process asks itself nothing: what it would answer on going on is what counts.
    const believes = holder.lease.held;
    if (taken !== null) {
      assertEquals(believes, false, "two believers");
      return taken;
    }
    await world.pass(400);
  }
  return null;
}

const STEPS_MS = [-3_600_000, -600_000, -30_000, -10_000, -1_100, 1_100, 10_000, 30_000, 600_000];

for (const step of STEPS_MS) {
  Deno.test(`no two believe when the holder's wall clock steps by ${step} ms, at any moment`, async () => {
    for (const at of [0, 6_660, 6_700, 12_000]) {
      const world = await World.create();
      const process = world.process();
      const asker = world.process();
      const lease = await world.until(process.manager.acquire("job"));
      await world.pass(at);
      process.node.wallOffsetMs = step;
      const taken = await watch(world, asker, { lease, process }, 40_000);
      // A small step back costs nothing; the holder goes on.
      if (step > -600_000 && step < 0) assertEquals([taken, lease.held], [null, true]);
      await world.end(process, asker);
    }
  });

  Deno.test(`no two believe when the asker's wall clock steps by ${step} ms, at any moment`, async () => {
    for (const at of [0, 12_000]) {
      const world = await World.create();
      const process = world.process();
      const asker = world.process();
      const lease = await world.until(process.manager.acquire("job"));
      assertEquals(await watch(world, asker, { lease, process }, at), null);
      asker.node.wallOffsetMs = step;
      assertEquals(await watch(world, asker, { lease, process }, 40_000), null);
      assertEquals(lease.held, true);
      await world.end(process, asker);
    }
  });
}

for (const ms of [500, 5_000, 12_000, 18_000, 19_500, 25_000, 120_000]) {
  Deno.test(`no two believe when the holder's machine is suspended for ${ms} ms`, async () => {
    const world = await World.create();
    const process = world.process();
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    await world.pass(2_000);
    await process.node.suspend(ms);
    await watch(world, asker, { lease, process }, 40_000);
    await world.end(process, asker);
  });

  Deno.test(`no two believe when the asker's machine is suspended for ${ms} ms`, async () => {
    const world = await World.create();
    const process = world.process();
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    assertEquals(await watch(world, asker, { lease, process }, 2_000), null);
    await asker.node.suspend(ms);
    assertEquals(await watch(world, asker, { lease, process }, 40_000), null);
    assertEquals(lease.held, true);
    await world.end(process, asker);
  });
}

for (const wallOffsetMs of [-840_000, -30_000, -2_000, 2_000, 30_000, 840_000]) {
  Deno.test(`a lease is good for its time when the wall clock is ${wallOffsetMs} ms ahead`, async () => {
    const world = await World.create();
    const process = world.process({ wallOffsetMs });
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    // The first end is written by the wall clock alone: a slow one makes the first lease shorter.
    assertEquals(lease.held, true);
    assertEquals(await watch(world, asker, { lease, process }, 50_000), null);
    assertEquals(lease.held, true);
    assertGreater(lease.remainingMs, 9_000);
    await world.end(process, asker);
  });

  Deno.test(`a crashed holder whose wall clock was ${wallOffsetMs} ms ahead is taken over`, async () => {
    const world = await World.create();
    const process = world.process({ wallOffsetMs });
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    await world.pass(30_000); // renewed, so its end comes from the server's clock
    process.node.pause();
    const start = world.time.now;
    let taken: Lease | null = null;
    while (taken === null && world.time.now - start < 60_000) {
      await world.pass(200);
      taken = await world.until(asker.manager.tryAcquire("job"));
    }
    assert(taken !== null && world.time.now - start < 24_000);
    assertEquals(lease.held, false);
  });
}

Deno.test("acquire() works and corrects its clock when DynamoDB refuses the signing time", async () => {
  for (const wallOffsetMs of [-86_400_000, 86_400_000]) {
    const world = await World.create();
    const process = world.process({ wallOffsetMs });
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    assertEquals(world.kinds(), ["acquire"]); // the refused one is not counted
    assertEquals([lease.held, world.holders("job")], [true, 1]);
    const token = lease.fencingToken - world.time.now;
    assert(Math.abs(token) < 2_000, `a token ${token} ms ahead`);
    assertEquals(await watch(world, asker, { lease, process }, 40_000), null);
    assertEquals(lease.held, true);
    await world.end(process, asker);
  }
});

Deno.test("renewals go on when the wall clock jumps so far that signatures are refused", async () => {
  for (const step of [-86_400_000, -1_200_000]) {
    const world = await World.create();
    const process = world.process();
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    await world.pass(5_000);
    process.node.wallOffsetMs = step;
    assertEquals(await watch(world, asker, { lease, process }, 40_000), null);
    assertEquals(lease.held, true);
    await world.end(process, asker);
  }
});

Deno.test("renew() and update() work when the wall clock jumps so far that signatures are refused", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job", { renew: false }));
  await world.pass(5_000);
  process.node.wallOffsetMs = -86_400_000;
  await world.until(lease.renew());
  assertGreater(lease.remainingMs, 17_900);
  process.node.wallOffsetMs = -172_800_000; // what was learned is wrong again
  await world.until(lease.update("x"));
  assertEquals((await world.until(process.manager.inspect("job")))?.holders[0]?.data, "x");
  await world.end(process);
});

Deno.test("a proposal of a wrong clock is not closed with a true signature: its token would stay ahead", async () => {
  const world = await World.create();
  let sent = 0;
  const server: typeof fetch = (url, init) =>
    ++sent === 1 ? new Promise(() => {}) : world.dynamo.fetch(url, init);
  const process = world.process({ wallOffsetMs: 7_200_000, server });
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(100);
  // Another call learns what the clock is off, and only then the first one gives up.
  await world.until((await world.until(process.manager.acquire("other"))).release());
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  await world.pass(10_000);
  const lease = await world.until(process.manager.acquire("job"));
  assertLess(Math.abs(lease.fencingToken - world.time.now), 2_000);
  await world.end(process);
});

Deno.test("a record that closing makes lives as long as any, also where the clock was 60 days behind", async () => {
  const world = await World.create();
  let sent = 0;
  const server: typeof fetch = (url, init) =>
    ++sent === 1 ? Promise.reject(new TypeError("lost")) : world.dynamo.fetch(url, init);
  const process = world.process({ wallOffsetMs: -60 * 86_400_000, server });
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  while (world.record("job") === undefined) await world.pass(1);
  stop.abort(new Error("enough"));
  await world.until(waiting.catch(() => {}));
  await world.pass(10_000);
  const daysAhead = (Number(world.record("job")!.purge.N) * 1_000 - world.time.now) / 86_400_000;
  assertGreater(daysAhead, 29);
  await world.end(process);
});

/** How far the end of the lease of `job` lies ahead on the table. */
function aheadMs(world: World): number {
  const [holder] = Object.values(world.record("job")!.holders.M);
  return Number(holder!.M.e!.N) - world.time.now;
}

Deno.test("a renewal need not pass an end that was refused for its time", async () => {
  const world = await World.create();
  const process = world.process({ latencyMs: 200 });
  const waiting = process.manager.acquire("job", { leaseMs: 20_000, renew: false });
  await world.pass(100);
  // By this clock the lease is over when the answer comes, so it is renewed at once, an hour ahead.
  process.node.wallOffsetMs = 3_600_000;
  const lease = await world.until(waiting);
  assertEquals(lease.held, true);
  assertLess(aheadMs(world), 22_000);
  await world.end(process);
});

Deno.test("a manager that was idle for a day writes no end that is far ahead", async () => {
  const world = await World.create();
  const process = world.process();
  const acquire = () => process.manager.acquire("job", { leaseMs: 20_000 });
  await world.until((await world.until(acquire())).release());
  await world.pass(86_400_000);
  const lease = await world.until(acquire());
  assertLess(aheadMs(world), 22_000);
  assertGreater(lease.remainingMs, 17_000);
  await world.end(process);
});

Deno.test("what is known of the time keeps a fast wall clock from writing ends far ahead, for long", async () => {
  const world = await World.create();
  const process = world.process({ wallOffsetMs: 840_000 });
  const acquire = () => process.manager.acquire("job", { leaseMs: 20_000 });
  await world.until((await world.until(acquire())).release());
  await world.pass(11 * 60_000);
  await world.until(acquire());
  assertLess(aheadMs(world), 30_000);
  await world.end(process);
});

Deno.test("a machine both of whose clocks stood still for an hour gets a lock", async () => {
  const world = await World.create();
  const process = world.process();
  await world.until((await world.until(process.manager.acquire("job"))).release());
  await process.node.suspend(3_600_000);
  process.node.wallOffsetMs -= 3_600_000; // nobody has set it yet
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("a proposal that was signed a little too far ahead leaves nobody when it was under way for long", async () => {
  const world = await World.create();
  let sent = 0;
  const server: typeof fetch = async (url, init) => {
    if (++sent === 1) await world.time.delay(4_000);
    return await world.dynamo.fetch(url, { ...init, signal: null }); // whoever aborts
  };
  const process = world.process({ wallOffsetMs: 15 * 60_000 + 2_000, server });
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(100);
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  await world.pass(60_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("release() works when the wall clock jumps so far that its signature is refused", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  process.node.wallOffsetMs = -86_400_000;
  assertEquals(await world.until(lease.release()), true);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("acquire() rejects when DynamoDB refuses every signing time", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({
    kind: "error",
    status: 400,
    type: "InvalidSignatureException",
    message: "Signature expired: 20200101T000000Z is now earlier than 20200101T001000Z",
  }, { times: 1_000 });
  const error = await assertRejects(
    () => world.until(process.manager.acquire("job")),
    LockServiceError,
  );
  assertEquals(error.code, "CREDENTIALS");
  assert(world.sent().length <= 3);
  await world.end(process);
});

Deno.test("a lease whose answers lose their dates goes on, and is taken over when it crashed", async () => {
  const world = await World.create();
  const process = world.process();
  const asker = world.process({ maxClockSkewMs: 0 });
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "no-date" }, { when: only("renew"), times: 1_000 });
  assertEquals(await watch(world, asker, { lease, process }, 60_000), null);
  process.node.pause();
  let taken: Lease | null = null;
  for (let asked = 0; taken === null && asked < 400; asked++) {
    await world.pass(200);
    taken = await world.until(asker.manager.tryAcquire("job"));
  }
  assert(taken !== null, "by watching, or by the server's clock");
  assertEquals(lease.held, false);
  await world.end(asker);
});

Deno.test("dates from a cache are not believed", async () => {
  const world = await World.create();
  const process = world.process();
  const asker = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  // They say that the lease is over.
  const value = new Date(world.time.now + 600_000).toUTCString();
  world.fail({ kind: "date", value, age: "120" }, {
    when: (request) => kindOf(request) === "acquire",
    times: 1_000,
  });
  assertEquals(await watch(world, asker, { lease, process }, 30_000), null);
  assertEquals(lease.held, true);
  await world.end(process, asker);
});

Deno.test("dates further off than an accepted signature are not believed", async () => {
  const world = await World.create();
  const process = world.process();
  const asker = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  const value = new Date(world.time.now + 3_600_000).toUTCString();
  world.fail({ kind: "date", value }, {
    when: (request) => kindOf(request) === "acquire",
    times: 1_000,
  });
  assertEquals(await watch(world, asker, { lease, process }, 30_000), null);
  assertEquals(lease.held, true);
  await world.end(process, asker);
});

Deno.test("dates that are off by less than maxClockSkewMs are harmless", async () => {
  for (const off of [-900, 900]) {
    const world = await World.create();
    const process = world.process();
    const asker = world.process();
    const lease = await world.until(process.manager.acquire("job", { renew: false }));
    let asked = 0;
    let taken: Lease | null = null;
    while (taken === null && asked++ < 200) {
      const value = new Date(world.time.now + off).toUTCString();
      world.fail({ kind: "date", value });
      taken = await world.until(asker.manager.tryAcquire("job"));
      if (taken !== null) assertEquals(lease.held, false, "two believers");
      await world.pass(200);
    }
    assert(taken !== null);
    await world.end(process, asker);
  }
});

Deno.test("a short lease over a slow way is honest about what is left", async () => {
  const world = await World.create();
  const process = world.process({ latencyMs: 200 });
  const lease = await world.until(process.manager.acquire("job", { leaseMs: 4_000 }));
  assert(lease.remainingMs <= 4_000 - 250 - 400, `${lease.remainingMs} ms left`);
  const asker = world.process();
  assertEquals(await watch(world, asker, { lease, process }, 30_000), null);
  await world.end(process, asker);
});

Deno.test("no two believe when the wall clock is set back an hour and nobody checks signatures", async () => {
  // Dates are ignored then, and a renewal can only write an end from the wrong wall clock.
  const world = await World.create({ checksSigningTime: false });
  const process = world.process();
  const asker = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  await world.pass(3_000);
  process.node.wallOffsetMs -= 3_600_000;
  await world.until(lease.renew());
  await watch(world, asker, { lease, process }, 60_000);
  await world.end(process, asker);
});
