/**
 * The traps that a model of the protocol showed: each rule that was taken out of the model made two
 * believers or a holder that nobody believes in. One test a rule; `tests/mutants` takes each rule out
 * of the code and sees its test fail.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LeaseLostError, LockServiceError } from "../../src/errors.ts";
import type { Lease } from "../../src/lease/lease.ts";
import { type Process, World } from "../support/world.ts";

type Request = { operation: string; input: { UpdateExpression?: string } };

const isRenewal = (request: Request) =>
  request.input.UpdateExpression?.startsWith("SET #holders.#g.#e") === true;
const isHandOver = (request: Request) =>
  request.input.UpdateExpression?.includes("REMOVE #holders.#from") === true;

/** Tries again and again until `process` has the lock, and checks that `holder` never believes too. */
async function takesOver(
  world: World,
  process: Process,
  name: string,
  holder: () => boolean,
  limitMs: number,
): Promise<Lease> {
  const start = world.time.now;
  while (world.time.now - start < limitMs) {
    const lease = await world.until(process.manager.tryAcquire(name));
    if (lease !== null) {
      assertEquals(holder(), false, "two believers");
      return lease;
    }
    await world.pass(250);
  }
  throw new Error(`not taken over within ${limitMs} ms`);
}

async function holders(world: World, process: Process, name: string): Promise<number> {
  const info = await world.until(process.manager.inspect(name));
  return info?.holders.length ?? 0;
}

Deno.test("trap: a renewal writes an end above the greatest ever sent", async () => {
  const world = await World.create();
  // A fast wall clock writes the first end far ahead; later ends, from the server's clock, are lower.
  const fast = world.process({ wallOffsetMs: 600_000 });
  const watcher = world.process();
  const lease = await world.until(fast.manager.acquire("job"));
  const stop = new AbortController();
  const wait = watcher.manager.acquire("job", { signal: stop.signal });
  wait.catch(() => {});
  await world.pass(120_000);
  assertEquals(lease.held, true);
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(wait), Error, "enough");
  await world.end(fast, watcher);
});

Deno.test("trap: a lease lost by time is released on the table", async () => {
  const world = await World.create();
  const holder = world.process();
  const other = world.process();
  const lease = await world.until(holder.manager.acquire("job"));
  // Every renewal is late: none is answered in time, and each lands after the lease was given up.
  let late = true;
  world.fail({ kind: "late", ms: 13_500, apply: "late" }, {
    when: (request) => late && isRenewal(request),
    times: 100,
  });
  await world.pass(19_100);
  late = false;
  assertEquals(lease.held, false);
  assert(lease.signal.reason instanceof LeaseLostError);
  assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
  await world.pass(3_000);
  const next = await world.until(other.manager.tryAcquire("job"));
  assert(next !== null, "a late renewal kept the lock for nobody");
  await world.pass(30_000);
  assertEquals(next.held, true);
  await world.end(holder, other);
});

Deno.test("trap: a hand-over that is not known to have landed leaves no old grant", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const first = await world.until(manager.acquire("job"));
  const stop = new AbortController();
  const second = manager.acquire("job", { signal: stop.signal });
  second.catch(() => {});
  await world.pass(2_000);
  world.fail({ kind: "hang" }, { when: isHandOver });
  const released = world.until(first.release());
  await world.pass(200);
  stop.abort(new Error("gave up"));
  assertEquals(await released, true);
  await assertRejects(() => world.until(second), Error, "gave up");
  await world.pass(1_000);
  const other = world.process();
  assertEquals(await holders(world, other, "job"), 0);
  await world.end(other);
});

Deno.test("trap: a hand-over that landed unseen leaves no new grant", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const first = await world.until(manager.acquire("job"));
  const stop = new AbortController();
  const second = manager.acquire("job", { signal: stop.signal });
  second.catch(() => {});
  await world.pass(2_000);
  world.fail({ kind: "hang", applied: true }, { when: isHandOver });
  const released = world.until(first.release());
  await world.pass(200);
  stop.abort(new Error("gave up"));
  assertEquals(await released, true);
  await assertRejects(() => world.until(second), Error, "gave up");
  await world.pass(1_000);
  const other = world.process();
  assertEquals(await holders(world, other, "job"), 0);
  await world.end(other);
});

Deno.test("trap: a lease counts from the first send of the proposal that was granted", async () => {
  const world = await World.create();
  // A fast clock writes an end far ahead, so that only the first send bounds the belief.
  const { manager, node } = world.process({ wallOffsetMs: 60_000 });
  world.fail({ kind: "hang", applied: true });
  const start = world.time.now;
  const lease = await world.until(manager.acquire("job", { renew: false }));
  const spent = world.time.now - start;
  assert(spent >= 5_000, "the first attempt was given up after its limit");
  assert(lease.remainingMs <= 19_000 - spent, `${lease.remainingMs} left after ${spent} ms`);
  node.pause();
  const other = world.process();
  await takesOver(world, other, "job", () => lease.held, 30_000);
  await world.end(other);
});

Deno.test("trap: belief ends by the server's clock when the wall clock is slow", async () => {
  const world = await World.create();
  // The first end is written from the wall clock: five seconds too soon.
  const slow = world.process({ wallOffsetMs: -5_000 });
  const other = world.process();
  const lease = await world.until(slow.manager.acquire("job", { renew: false }));
  await takesOver(world, other, "job", () => lease.held, 30_000);
  await world.end(slow, other);
});

Deno.test("trap: tryAcquire closes an open proposal before it says no", async () => {
  const world = await World.create();
  const holder = world.process();
  const asker = world.process();
  const lease = await world.until(holder.manager.acquire("job"));
  await world.pass(10);
  // The first attempt is not answered, and lands after the holder's release.
  world.fail({ kind: "late", ms: 20_000, apply: "late" });
  assertEquals(await world.until(asker.manager.tryAcquire("job")), null);
  assertEquals(await world.until(lease.release()), true);
  await world.pass(30_000);
  assertEquals(await holders(world, asker, "job"), 0);
  await world.end(holder, asker);
});

Deno.test("trap: giving up closes an open proposal before it releases", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const stop = new AbortController();
  world.fail({ kind: "late", ms: 3_000, apply: "late" });
  const wait = manager.acquire("job", { signal: stop.signal });
  wait.catch(() => {});
  await world.pass(100);
  stop.abort(new Error("gave up"));
  await assertRejects(() => world.until(wait), Error, "gave up");
  await world.pass(10_000);
  const other = world.process();
  assertEquals(await holders(world, other, "job"), 0);
  await world.end(other);
});

Deno.test("trap: bounds are anchored to both clocks", async () => {
  const world = await World.create();
  const sleeper = world.process();
  const other = world.process();
  const lease = await world.until(sleeper.manager.acquire("job", { leaseMs: 60_000 }));
  await world.pass(1_000);
  await sleeper.node.suspend(15_000);
  // A renewal after the suspend must not write an end from a clock that stood still.
  await world.until(lease.renew());
  world.fail({ kind: "drop-request" }, { when: isRenewal, times: 1_000 });
  await takesOver(world, other, "job", () => lease.held, 90_000);
  await world.end(sleeper, other);
});

Deno.test("trap: one proposal is open at a time", async () => {
  const world = await World.create();
  const holder = world.process();
  // A fast clock: the first token is far ahead, the next one, by the server's clock, is lower.
  const waiter = world.process({ wallOffsetMs: 40_000 });
  const lease = await world.until(holder.manager.acquire("job"));
  world.fail({ kind: "late", ms: 30_000, apply: "late" });
  const wait = waiter.manager.acquire("job");
  await world.pass(6_000);
  await world.until(lease.release());
  const mine = await world.until(wait);
  assertEquals(await world.until(mine.release()), true);
  await world.pass(40_000);
  assertEquals(await holders(world, holder, "job"), 0);
  await world.end(holder, waiter);
});

Deno.test("trap: without a Date the end is written 15 minutes later", async () => {
  const world = await World.create();
  // Its wall clock is slow, and it cannot know: no answer carries a date.
  const blind = world.process({ dates: false, wallOffsetMs: -600_000 });
  const other = world.process();
  const lease = await world.until(blind.manager.acquire("job"));
  assertEquals(lease.held, true);
  assertEquals(await world.until(other.manager.tryAcquire("job")), null);
  await world.pass(60_000);
  assertEquals(lease.held, true);
  assertEquals(await world.until(other.manager.tryAcquire("job")), null);
  await world.end(blind, other);
});

Deno.test("trap: without a Date a holder is judged by watching alone", async () => {
  const world = await World.create();
  const holder = world.process();
  const blind = world.process({ dates: false, wallOffsetMs: 600_000 });
  const lease = await world.until(holder.manager.acquire("job"));
  assertEquals(await world.until(blind.manager.tryAcquire("job")), null);
  holder.node.pause();
  await takesOver(world, blind, "job", () => lease.held, 30_000);
  await world.end(blind);
});

Deno.test("trap: half of the lease left, or one renewal and then an error", async () => {
  const world = await World.create();
  const far = world.process({ latencyMs: 600 });
  const error = await assertRejects(
    () => world.until(far.manager.acquire("job", { leaseMs: 2_000 })),
    LockServiceError,
  );
  assertEquals(error.code, "LEASE_TOO_SHORT");
  await world.pass(10_000);
  const kinds = world.dynamo.requests.map((request) => {
    const { UpdateExpression: text } = request.input as { UpdateExpression: string };
    return text.startsWith("REMOVE")
      ? "release"
      : isRenewal(request as Request)
      ? "renew"
      : "acquire";
  });
  assertEquals(kinds, ["acquire", "renew", "release"]);
  await world.end(far);
});

Deno.test("trap: after a run of hand-overs other processes get their turn", async () => {
  const world = await World.create();
  const busy = world.process({ maxHandoffMs: 2_000 });
  const other = world.process();
  let done = 0;
  const workers = Array.from({ length: 60 }, async () => {
    const lease = await busy.manager.acquire("job");
    await world.time.delay(300);
    await lease.release();
    done++;
  });
  await world.pass(500);
  const start = world.time.now;
  const lease = await world.until(other.manager.acquire("job"));
  const waited = world.time.now - start;
  assert(waited < 9_000, `waited ${waited} ms while others went before`);
  assert(done < 40);
  await world.until(lease.release());
  await world.until(Promise.all(workers));
  await world.end(busy, other);
});
