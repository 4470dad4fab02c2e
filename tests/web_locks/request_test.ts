/** What `request` adds to the Web Locks: leases that can be lost, options of ours, other processes. */

import { assert, assertEquals, assertGreater, assertInstanceOf, assertRejects } from "@std/assert";
import { type Lease, LeaseLostError, LockError, type LockRequestOptions } from "../../mod.ts";
import type { OnlySet } from "../../src/checks.ts";
import { only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";
import { assertRejectsAs, holding } from "./stage.ts";

/** Fails unless `work` rejects as a lost lock does; answers why it was lost. */
async function assertLost(work: Promise<unknown>): Promise<string> {
  const { cause } = await assertRejectsAs(work, "AbortError");
  assertInstanceOf(cause, LeaseLostError);
  return cause.code;
}

/** A process whose request for `job` was granted. */
async function granted(
  options: OnlySet<LockRequestOptions> = {},
): Promise<{ world: World; process: Process; lease: Lease } & ReturnType<typeof holding>> {
  const world = await World.create();
  const process = world.process();
  const held = holding(process.manager, "job", options);
  const lease = await world.until(held.granted) as Lease;
  world.sent();
  return { world, process, lease, ...held };
}

Deno.test("request() is one request to get a free lock, and one to give it back", async () => {
  const { world, process, lease, finish, done } = await granted();
  assertEquals([lease.held, lease.name, lease.mode], [true, "job", "exclusive"]);
  assertGreater(lease.fencingToken, 0);
  finish("done");
  assertEquals(await world.until(done), "done");
  assertEquals([world.kinds(), lease.held, world.holders("job")], [["release"], false, 0]);
  await world.end(process);
});

Deno.test("request() renews as long as its callback works", async () => {
  const { world, process, lease, finish, done } = await granted();
  await world.pass(120_000);
  assertEquals(lease.held, true);
  finish("done");
  assertEquals(await world.until(done), "done");
  await world.end(process);
});

Deno.test("request() and acquire() of one name exclude each other, in any process", async () => {
  const { world, process, finish, done } = await granted();
  const other = world.process();
  for (const { manager } of [process, other]) {
    assertEquals(await world.until(manager.tryAcquire("job")), null);
  }
  finish();
  await world.until(done);
  const lease = await world.until(other.manager.acquire("job"));
  for (const { manager } of [process, other]) {
    const miss = manager.request("job", { ifAvailable: true }, (lock) => [lock]);
    assertEquals(await world.until(miss), [null]);
  }
  const waiting = process.manager.request("job", (lock) => lock.fencingToken);
  await world.until(lease.release());
  assertGreater(await world.until(waiting), lease.fencingToken);
  await world.end(process, other);
});

Deno.test("request() takes the options of an acquisition", async () => {
  const options = { leaseMs: 5_000, owner: "me", data: "page 1", maxHoldMs: 7_000 };
  const { world, process, lease, done, finish } = await granted(options);
  assertEquals(lease.ownerId, "me");
  const info = await world.until(process.manager.inspect("job"));
  const { ownerId, leaseMs, data } = info!.holders[0]!;
  assertEquals({ ownerId, leaseMs, data }, { ownerId: "me", leaseMs: 5_000, data: "page 1" });
  const start = world.time.now;
  assertEquals(await assertLost(world.until(done)), "LEASE_EXPIRED");
  const heldMs = world.time.now - start;
  assert(heldMs > 6_900 && heldMs <= 7_000, `held for ${heldMs} ms`);
  finish();
  await world.end(process);
});

const MISUSE: [what: string, args: unknown[], type: typeof TypeError, names: string][] = [
  [
    "an option that does not exist",
    ["a", { ifavailable: true }, () => {}],
    TypeError,
    "ifavailable",
  ],
  ["a lease that is too short", ["a", { leaseMs: 5 }, () => {}], RangeError, "leaseMs"],
  [
    "an option of ours that they lack",
    ["a", { reentrant: true }, () => {}],
    TypeError,
    "reentrant",
  ],
  ["permits beside a mode", ["a", { permits: 2, mode: "shared" }, () => {}], TypeError, "mode"],
  ["a flag that is no boolean", ["a", { steal: 1 }, () => {}], TypeError, "steal"],
  ["a null flag", ["a", { ifAvailable: null }, () => {}], TypeError, "ifAvailable"],
  ["options that are a text", ["a", "shared", () => {}], TypeError, "options"],
  ["a name that is a number", [5, () => {}], TypeError, "name"],
  ["a name that is no string", [new String("a"), () => {}], TypeError, "name"],
  ["a name that is too long", ["x".repeat(2_049), () => {}], RangeError, "name"],
  ["an escape that is too long", ["\ud800".repeat(410), () => {}], RangeError, "name"],
  [
    "a long name that may not be there",
    ["x".repeat(2_049), { ifAvailable: true }, () => {}],
    RangeError,
    "name",
  ],
];

for (const [what, args, type, names] of MISUSE) {
  Deno.test(`request() rejects ${what} before any request`, async () => {
    const world = await World.create();
    const { manager } = world.process();
    const work = (manager.request as (...args: unknown[]) => Promise<unknown>).apply(manager, args);
    const error = await assertRejects(() => world.until(work), type);
    assert(
      error.message.startsWith("Cannot ") && error.message.includes(`'${names}'`),
      error.message,
    );
    assertEquals(world.sent(), []);
    await world.until(manager.close());
  });
}

Deno.test("a lock that is lost rejects at once, whatever its callback does later", async () => {
  for (const end of ["resolves", "rejects"]) {
    const world = await World.create();
    const process = world.process();
    const work = Promise.withResolvers<void>();
    const done = process.manager.request("job", () => work.promise);
    await world.pass(100);
    world.tamper("job", (record) => record.holders.M = {});
    const start = world.time.now;
    assertEquals(await assertLost(world.until(done)), "LEASE_DELETED");
    assert(world.time.now - start < 8_000, "at the next renewal");
    if (end === "resolves") work.resolve();
    else work.reject(new Error("nobody hears this"));
    await world.pass(1_000);
    await world.end(process);
  }
});

Deno.test("a callback sees by its lease that the lock is lost", async () => {
  const { world, process, lease, done, finish } = await granted({ leaseMs: 2_000, renew: false });
  assertEquals(await assertLost(world.until(done)), "LEASE_EXPIRED");
  assertEquals([lease.held, lease.signal.aborted], [false, true]);
  finish();
  await world.end(process);
});

Deno.test("a loss that shows at the end of the callback rejects; its own error goes before", async () => {
  for (const throws of [false, true]) {
    const world = await World.create();
    const process = world.process();
    const error = new Error("its own");
    const done = process.manager.request("job", () => {
      world.tamper("job", (record) => record.holders.M = {});
      if (throws) throw error;
    });
    if (throws) assertEquals(await assertRejects(() => world.until(done)), error);
    else await assertRejectsAs(world.until(done), "AbortError");
    await world.end(process);
  }
});

Deno.test("a process that was paused past its lease hears of it", async () => {
  const { world, process, done, finish } = await granted();
  await process.node.suspend(60_000);
  finish("done");
  assertEquals(await assertLost(world.until(done)), "LEASE_EXPIRED");
  const error = new Error("its own");
  const failing = process.manager.request("job", () => {
    process.node.monoLostMs -= 60_000; // time has passed that no timer has told of yet
    throw error;
  });
  assertEquals(await assertRejects(() => world.until(failing)), error);
  await world.end(process);
});

Deno.test("a callback may give its lock back ahead of its end", async () => {
  const world = await World.create();
  const process = world.process();
  const done = process.manager.request("job", async (lease) => {
    assertEquals(await lease.release(), true);
    return await process.manager.request("job", { ifAvailable: true }, (again) => again?.held);
  });
  assertEquals(await world.until(done), true);
  await world.end(process);
});

Deno.test("a release that fails does not take the callback's answer away", async () => {
  const { world, process, done, finish } = await granted();
  world.fail({ kind: "drop-request" }, { times: 20 });
  finish("done");
  assertEquals(await world.until(done), "done");
  await world.pass(30_000);
  assertEquals(world.holders("job"), 0, "it went on in the background");
  await world.end(process);
});

Deno.test("close() takes the lock from a callback, and rejects who waits", async () => {
  const { world, process, done, finish } = await granted();
  const waiting = process.manager.request("job", () => {});
  waiting.catch(() => {});
  await world.pass(100);
  await world.until(process.manager.close());
  assertEquals(await assertLost(done), "LEASE_RELEASED");
  const error = await assertRejects(() => waiting, LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
  const late = process.manager.request("job", () => {});
  assertEquals((await assertRejects(() => late, LockError)).code, "MANAGER_CLOSED");
  finish();
  await world.end(process);
});

Deno.test("a lock that turns out to be gone when it is given back was taken away", async () => {
  const { world, process, done, finish } = await granted();
  world.tamper("job", (record) => {
    record.holders.M = {};
    record.fence.N = String(Number(record.fence.N) + 5);
  });
  finish();
  assertEquals(await assertLost(world.until(done)), "LEASE_STOLEN");
  await world.end(process);
});

Deno.test("an abort or a close between the grant and the callback is in time", async () => {
  for (const how of ["abort", "close"]) {
    const world = await World.create();
    const stop = new AbortController();
    const process = world.process({
      onEvent: ({ type }) => {
        if (type !== "grant") return;
        if (how === "abort") stop.abort("enough");
        else void process.manager.close();
      },
    });
    const done = process.manager.request("job", { signal: stop.signal }, () => {
      throw new Error("the callback must not run");
    });
    if (how === "abort") assertEquals(await world.until(done).catch((reason) => reason), "enough");
    else assertEquals(await assertLost(world.until(done)), "LEASE_RELEASED");
    await world.end(process);
    assertEquals(world.holders("job"), 0);
  }
});

Deno.test("the lease of an escaped name works as any other, under its name", async () => {
  const world = await World.create();
  const process = world.process();
  const seen = await world.until(process.manager.request("\ud800", async (lease) => {
    await lease.renew();
    await lease.update("page 2");
    lease.signal.throwIfAborted();
    return { name: lease.name, names: lease.names, held: lease.held, left: lease.remainingMs > 0 };
  }));
  assertEquals(seen, { name: "\ud800", names: ["\ud800"], held: true, left: true });
  assertEquals(world.holders("-%D800"), 0);
  assertGreater(Number(world.record("-%D800")!.fence.N), 0);
  await world.end(process);
});

Deno.test("request() takes part in a semaphore, which cannot be stolen into", async () => {
  const world = await World.create();
  const process = world.process();
  const options = { permits: 2, ifAvailable: true } as const;
  const call = (work: (inside: boolean) => unknown) =>
    process.manager.request("job", options, (lease) => work(lease !== null));
  const seen = await world.until(call(async (one) => [
    one,
    ...await call(async (two) => [two, await call((three) => three)]) as boolean[],
  ]));
  assertEquals(seen, [true, true, false]);
  const thief = process.manager.request("job", { permits: 2, steal: true }, () => {});
  await assertRejectsAs(world.until(thief), "NotSupportedError");
  await world.end(process);
});

Deno.test("steal takes a lock from another process, which notices at its next renewal", async () => {
  const { world, process, lease, done, finish } = await granted({ leaseMs: 30_000 });
  const thief = world.process();
  const stolen = await world.until(
    thief.manager.request("job", { steal: true }, (own) => own.fencingToken),
  );
  assertGreater(stolen, lease.fencingToken);
  assertEquals(lease.held, true, "nobody has told it yet");
  const start = world.time.now;
  assertEquals(await assertLost(world.until(done)), "LEASE_STOLEN");
  assert(world.time.now - start <= 10_500, "a third of its lease later");
  finish();
  await world.end(process, thief);
});

Deno.test("a thief whose answer comes late takes nothing from one that robbed it meanwhile", async () => {
  const { world, process, done, finish } = await granted();
  world.fail({ kind: "late", ms: 2_000, apply: "at-once" }, { when: only("take over") });
  const first = holding(process.manager, "job", { steal: true });
  await world.pass(500);
  const second = holding(process.manager, "job", { steal: true });
  const lease = await world.until(second.granted) as Lease;
  assertEquals(await assertLost(world.until(done)), "LEASE_STOLEN");
  await world.pass(8_000);
  assertEquals([lease.held, lease.signal.aborted], [true, false]);
  for (const { finish } of [first, second]) finish();
  assertEquals(await assertLost(world.until(first.done)), "LEASE_STOLEN");
  await world.until(second.done);
  finish();
  await world.end(process);
});

Deno.test("request() works on Cloudflare Workers, where nobody waits in a queue", async () => {
  const world = await World.create();
  const process = world.process({ workers: true });
  const { manager } = process;
  const first = holding(manager, "job");
  await world.until(first.granted);
  const miss = manager.request("job", { ifAvailable: true }, (lease) => [lease]);
  assertEquals(await world.until(miss), [null]);
  const second = manager.request("job", (lease) => lease.name);
  const { held, pending } = await world.until(manager.query());
  assertEquals([held.map(({ name }) => name), pending], [["job"], []]);
  first.finish("done");
  assertEquals(await world.until(first.done), "done");
  assertEquals(await world.until(second), "job");
  await world.end(process);
});
