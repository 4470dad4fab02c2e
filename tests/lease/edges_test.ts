/** Edges that a review of the protocol found: each was a failure once. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { DynamoError } from "../../src/dynamodb/mod.ts";
import { only } from "../support/requests.ts";
import { idle } from "../support/virtual.ts";
import { type Process, World } from "../support/world.ts";

Deno.test("held answers when waitUntil throws", async () => {
  const world = await World.create();
  const p = world.process({
    renew: false,
    leaseMs: 2_000,
    waitUntil: () => {
      throw new TypeError("Illegal invocation");
    },
  });
  const lease = await world.until(p.manager.acquire("job"));
  p.node.pause();
  await world.pass(5_000);
  p.node.paused = false;
  assertEquals(lease.held, false);
  await world.end(p);
});

Deno.test("a waitUntil that throws does not hide the caller's own reason", async () => {
  const world = await World.create();
  const p = world.process({
    waitUntil: () => {
      throw new TypeError("Illegal invocation");
    },
  });
  world.fail({ kind: "hang" });
  const c = new AbortController();
  const out = p.manager.acquire("job", { signal: c.signal }).catch((e) => e);
  await world.pass(100);
  const reason = new Error("enough");
  c.abort(reason);
  const got = await world.until(out);
  assert(got === reason);
});

Deno.test("a waitUntil that throws does not break the renewal", async () => {
  const world = await World.create();
  const p = world.process({
    waitUntil: () => {
      throw new TypeError("Illegal invocation");
    },
  });
  const lease = await world.until(p.manager.acquire("job"));
  let thrown: unknown;
  try {
    await world.pass(8_000);
  } catch (e) {
    thrown = e;
  }
  await world.until(lease.release());
  assertEquals(thrown, undefined);
});

Deno.test("close() from a listener of the request does not wait for the lock", async () => {
  const world = await World.create();
  const h = world.process();
  await world.until(h.manager.acquire("job"));
  let closing: Promise<void> | undefined;
  const p: Process = world.process({
    onEvent: (e) => {
      if (e.type === "request") closing = p.manager.close();
    },
  });
  const c = new AbortController();
  const got = p.manager.acquire("job", { signal: c.signal }).catch((e) => e);
  await world.pass(0);
  let done = false;
  closing!.then(() => done = true);
  await world.pass(60_000);
  c.abort();
  await world.until(got);
  await world.end(h, p);
  assert(done);
});

Deno.test("close() from a listener of the request: nothing is granted after it", async () => {
  const world = await World.create();
  let closing: Promise<void> | undefined;
  const p: Process = world.process({
    onEvent: (e) => {
      if (e.type === "request") closing = p.manager.close();
    },
  });
  const out = p.manager.acquire("job").then((l) => l, (e) => e);
  await world.pass(0);
  await world.until(closing!);
  const l = await world.until(out);
  if (l.release) await world.until(l.release());
  assertEquals(l.code, "MANAGER_CLOSED");
});

Deno.test("queued callers outlast an outage of less than a lease, as the head does", async () => {
  const world = await World.create();
  const h = world.process();
  await world.until(h.manager.acquire("job", { leaseMs: 600_000 }));
  const p = world.process();
  const c = new AbortController();
  const head = p.manager.acquire("job", { signal: c.signal }).catch((e) => e);
  const start = world.time.now;
  const followers = [1, 2, 3].map(() =>
    p.manager.acquire("job").catch((e) => ({ code: e.code, at: world.time.now - start }))
  );
  await world.pass(10_000);
  world.fail({ kind: "drop-request" }, { times: 1_000_000 });
  await world.pass(2_000);
  c.abort(); // the head leaves; table has been silent for 2 s only
  await world.pass(3_000);
  let settled = 0;
  for (const f of followers) f.then(() => settled++);
  await idle();
  await world.until(head);
  assertEquals(settled, 0);
});

Deno.test("an abort reason that is an error of DynamoDB leaves no grant behind", async () => {
  const world = await World.create();
  const p = world.process({ latencyMs: 50 });
  world.fail({ kind: "late", ms: 200, apply: "late" });
  const c = new AbortController();
  const out = p.manager.acquire("job", { signal: c.signal }).catch((e) => e);
  await world.pass(60);
  const reason = new DynamoError(
    "ConditionalCheckFailedException",
    "of another table",
    { attempts: 1, mayHaveApplied: false, statusCode: 400 } as never,
  );
  c.abort(reason);
  assertEquals(await world.until(out), reason);
  await world.pass(5_000);
  assertEquals(world.holders("job"), 0);
});

Deno.test("release() from the lease's own abort listener answers as the outer call", async () => {
  const world = await World.create();
  const p = world.process();
  const lease = await world.until(p.manager.acquire("job"));
  let inner: Promise<boolean> | undefined;
  lease.signal.addEventListener("abort", () => inner = lease.release());
  const outer = await world.until(lease.release());
  assertEquals([outer, await inner!], [true, true]);
});

Deno.test("a release while the head looks wakes it", async () => {
  const world = await World.create();
  const p = world.process({ pollMs: 60_000 });
  const lease = await world.until(p.manager.acquire("job", { leaseMs: 600_000 }));
  let at = 0;
  p.manager.acquire("job").then(() => at = world.time.now, () => {});
  await world.pass(100_000);
  world.dynamo.clearRequests();
  world.fail({ kind: "late", ms: 500, apply: "at-once" }, { operation: "GetItem" });
  while (world.dynamo.requests.length === 0) await world.pass(20);
  await world.pass(20);
  assertEquals(await world.until(lease.release()), true);
  const freeAt = world.time.now;
  await world.pass(120_000);
  assert(at - freeAt < 5_000);
});

Deno.test("update() of a long lease is not held up for minutes by a request that hangs", async () => {
  const world = await World.create();
  const p = world.process();
  const lease = await world.until(p.manager.acquire("job", { leaseMs: 3_600_000 }));
  world.fail({ kind: "hang" });
  const start = world.time.now;
  await world.until(lease.update("x"), 3_600_000);
  assert(world.time.now - start < 30_000);
});

Deno.test("a hand-over after a step of the wall clock does not reject the next caller", async () => {
  const world = await World.create();
  const p = world.process({ pollMs: 60_000 });
  const lease = await world.until(p.manager.acquire("job", { leaseMs: 3_600_000 * 24 }));
  const out = p.manager.acquire("job").then((l) => l, (e) => e);
  await world.pass(3_000);
  p.node.wallOffsetMs -= 20 * 60_000;
  await world.until(lease.release().catch((e) => e));
  const got = await world.until(out);
  assert(got.held);
});

Deno.test("a fence at its limit is refused before anything is written", async () => {
  const world = await World.create();
  const p = world.process();
  await world.until((await world.until(p.manager.acquire("job"))).release());
  world.tamper("job", (r) => r.fence.N = String(Number.MAX_SAFE_INTEGER - 1_000_000));
  const before = JSON.stringify(world.record("job"));
  const q = world.process();
  const out = await world.until(q.manager.acquire("job").catch((e) => e));
  assertEquals(out.code, "RECORD_INVALID");
  await world.pass(30_000);
  assertEquals(JSON.stringify(world.record("job")), before);
});

Deno.test("release() does not wait for a head that stands back", async () => {
  const world = await World.create();
  const p = world.process({ pollMs: 60_000, maxHandoffMs: 600_000 });
  // one lease is held by try, the head waits; a lost lease's end and so on are rare, so: nudge by standBack via a lease older than maxHandoffMs
  const lease = await world.until(p.manager.acquire("job", { leaseMs: 600_000 }));
  const c = new AbortController();
  p.manager.acquire("job", { signal: c.signal }).catch(() => {});
  await world.pass(601_000);
  world.fail({ kind: "late", ms: 400, apply: "at-once" }, { operation: "GetItem", times: 1 });
  world.dynamo.clearRequests();
  while (world.dynamo.requests.length === 0) await world.pass(20);
  await world.until(lease.release()); // "stand back", while the head looks
  const again = await world.until(p.manager.tryAcquire("job"));
  await world.pass(1_000);
  const t = world.time.now;
  const r = again!.release();
  await world.until(r);
  c.abort();
  assert(world.time.now - t < 1_000);
});

for (
  const [what, ms] of [["suspended 3 s", 3000], ["set back 3 s", -3000], [
    "set ahead 3 s",
    3001,
  ]] as const
) {
  Deno.test(`a machine ${what} during a renewal keeps a lease with most of its time left`, async () => {
    const world = await World.create();
    const p = world.process({ latencyMs: 50, leaseMs: 60_000 });
    const lease = await world.until(p.manager.acquire("job"));
    const renewing = lease.renew().catch((e) => e);
    await world.pass(20);
    if (what.startsWith("susp")) await p.node.suspend(ms);
    else p.node.wallOffsetMs += ms;
    await world.until(renewing);
    const held = lease.held;
    await world.end(p);
    assert(held);
  });
}

Deno.test("a grant that was lost before it was known does not hide a later open proposal", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 2_000 });
  const stop = new AbortController();
  world.fail({ kind: "late", ms: 1_200, apply: "at-once" }, { when: only("acquire") });
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(600);
  // Somebody else had it and gave it back before the late answer comes; the renewal shows that.
  world.tamper("job", (record) => {
    record.fence.N = String(Number(record.fence.N) + 10);
    record.holders.M = {};
  });
  world.fail({ kind: "late", ms: 3_000, apply: "late" }, { when: only("acquire") });
  world.kinds();
  while (!world.kinds().includes("acquire")) await world.pass(10);
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  await world.pass(10_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});
