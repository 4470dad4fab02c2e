/**
 * Writes whose outcome is not known: the answer is lost, late, cut short or no answer of DynamoDB's.
 * Whatever happened on the table, the caller is delayed by its retry and no more, and nobody is left
 * on the table who does not know it.
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { LeaseLostError, LockServiceError } from "../../mod.ts";
import type { Fault } from "../../src/testing/mod.ts";
import { kindOf, only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

/** One attempt, as the client limits it. */
const ATTEMPT_MS = 5_000;

interface Case {
  readonly name: string;
  readonly fault: Fault;
  /** How long the caller waits until its retry has been answered. */
  readonly withinMs: number;
  /** Whether the client never sends it again: nobody knows who gave such an answer. */
  readonly fatal?: boolean;
}

function both(name: string, make: (applied: boolean) => Fault, withinMs = 50): Case[] {
  return [true, false].map((applied) => ({
    name: `${name}, ${applied ? "applied" : "not applied"}`,
    fault: make(applied),
    withinMs,
  }));
}

function refusal(type: string, status = 400, withinMs = 1_100): Case {
  return { name: type, fault: { kind: "error", status, type }, withinMs };
}

const CASES: readonly Case[] = [
  { name: "request lost", fault: { kind: "drop-request" }, withinMs: 50 },
  { name: "answer lost", fault: { kind: "drop-answer" }, withinMs: 50 },
  ...both("no answer", (applied) => ({ kind: "hang", applied }), ATTEMPT_MS + 50),
  ...(["at-once", "late"] as const).map((apply): Case => ({
    name: `answer after 8 s, applied ${apply}`,
    fault: { kind: "late", ms: 8_000, apply },
    withinMs: ATTEMPT_MS + 50,
  })),
  ...both("500", (applied) => ({
    kind: "error",
    status: 500,
    type: "InternalServerError",
    applied,
  })),
  ...both("503", (applied) => ({
    kind: "error",
    status: 503,
    type: "ServiceUnavailable",
    applied,
  })),
  ...(["truncated", "empty", "html", "wrong-crc"] as const).flatMap((how) =>
    both(`${how} body`, (applied) => ({ kind: "body", how, applied }))
  ),
  ...both(
    "redirect",
    (applied) => ({ kind: "redirect", location: "https://elsewhere.example/", applied }),
  ).map((one) => ({ ...one, fatal: true })),
  refusal("ProvisionedThroughputExceededException"),
  refusal("ThrottlingException"),
  refusal("RequestLimitExceeded"),
  refusal("TransactionConflictException", 400, 50),
  refusal("ReplicatedWriteConflictException", 400, 50),
];

/** Runs a step that meets the fault, and checks how long it took. */
async function timed<T>(world: World, one: Case, work: () => Promise<T>): Promise<T> {
  const start = world.time.now;
  const result = await world.until(work());
  const took = world.time.now - start;
  assert(took <= one.withinMs, `took ${took} ms`);
  return result;
}

/** A table on which `process` can have the lock at once, and nobody else is. */
async function isFree(world: World, process: Process): Promise<void> {
  const lease = await world.until(process.manager.tryAcquire("job"));
  assert(lease !== null, "somebody is left on the table");
  assertEquals(await world.until(lease.release()), true);
}

for (const one of CASES) {
  Deno.test(`acquire() holds the lock once, or leaves nothing, when its write meets: ${one.name}`, async () => {
    const world = await World.create();
    const process = world.process();
    const other = world.process();
    world.fail(one.fault);
    if (one.fatal) {
      await assertRejects(
        () => timed(world, one, () => process.manager.acquire("job")),
        LockServiceError,
      );
      await world.pass(1_000);
    } else {
      const lease = await timed(world, one, () => process.manager.acquire("job"));
      assertEquals(world.kinds(), ["acquire", "acquire"]);
      assertEquals([lease.held, world.holders("job")], [true, 1]);
      assertEquals(await world.until(other.manager.tryAcquire("job")), null);
      await world.pass(60_000); // late duplicates included
      assertEquals([lease.held, world.holders("job")], [true, 1]);
      assertEquals(await world.until(lease.release()), true);
    }
    await isFree(world, other);
    await world.end(process, other);
  });

  Deno.test(`tryAcquire() says no and leaves nothing when its write to a held lock meets: ${one.name}`, async () => {
    const world = await World.create();
    const holder = world.process();
    const asker = world.process();
    const lease = await world.until(holder.manager.acquire("job"));
    world.fail(one.fault);
    const answer = asker.manager.tryAcquire("job");
    if (one.fatal) await assertRejects(() => world.until(answer), LockServiceError);
    else assertEquals(await timed(world, one, () => answer), null);
    assertEquals(await world.until(lease.release()), true);
    await world.pass(10_000);
    assertEquals(world.holders("job"), 0);
    await world.end(holder, asker);
  });

  Deno.test(`release() frees the lock and answers true when its write meets: ${one.name}`, async () => {
    const world = await World.create();
    const process = world.process();
    const other = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    world.fail(one.fault);
    if (one.fatal) {
      await assertRejects(
        () => timed(world, one, () => lease.release()),
        LockServiceError,
      );
      await world.pass(1_000);
    } else {
      assertEquals(await timed(world, one, () => lease.release()), true);
    }
    const next = await world.until(other.manager.tryAcquire("job"));
    assert(next !== null && next.fencingToken > lease.fencingToken);
    await world.pass(60_000); // a release that comes late must not free the next one's lock
    assertEquals([next.held, world.holders("job")], [true, 1]);
    await world.end(process, other);
  });

  Deno.test(`renew() extends the lease or leaves it as it was when its write meets: ${one.name}`, async () => {
    const world = await World.create();
    const process = world.process();
    const other = world.process();
    const lease = await world.until(process.manager.acquire("job", { renew: false }));
    await world.pass(2_000);
    const before = lease.remainingMs;
    world.fail(one.fault);
    if (one.fatal) {
      await assertRejects(() => world.until(lease.renew()), LockServiceError);
      assert(lease.held && lease.remainingMs <= before);
      await world.until(lease.renew());
    } else {
      const start = world.time.now;
      await timed(world, one, () => lease.renew());
      // Counted from before the first attempt: an answer that came late extends nothing.
      assert(lease.remainingMs <= 19_000 - (world.time.now - start));
    }
    assertGreater(lease.remainingMs, before - 5_500);
    process.node.pause();
    const end = world.time.now + lease.remainingMs;
    while (world.time.now < end) {
      assertEquals(await world.until(other.manager.tryAcquire("job")), null, "two believers");
      await world.pass(1_000);
    }
    await world.end(other);
  });

  Deno.test(`a take-over has one holder when its write meets: ${one.name}`, async () => {
    const world = await World.create();
    const crashed = world.process();
    const process = world.process();
    const other = world.process();
    const old = await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
    crashed.node.pause();
    await world.pass(5_000);
    world.fail(one.fault, { when: only("take over") });
    if (one.fatal) {
      await assertRejects(() => world.until(process.manager.tryAcquire("job")), LockServiceError);
      await world.pass(1_000);
      await isFree(world, other);
    } else {
      const lease = await timed(world, one, () => process.manager.acquire("job"));
      assertGreater(lease.fencingToken, old.fencingToken);
      assertEquals(await world.until(other.manager.tryAcquire("job")), null);
      await world.pass(60_000);
      assertEquals([lease.held, world.holders("job")], [true, 1]);
    }
    await world.end(process, other);
  });

  Deno.test(`closing a proposal leaves nothing on the table when its write meets: ${one.name}`, async () => {
    for (const apply of ["at-once", "late"] as const) {
      const world = await World.create();
      const process = world.process();
      world.fail({ kind: "late", ms: 30_000, apply }); // its proposal stays open
      world.fail(one.fault, { when: only("close") });
      const stop = new AbortController();
      const waiting = process.manager.acquire("job", { signal: stop.signal });
      waiting.catch(() => {});
      await world.pass(100);
      stop.abort(new Error("gave up"));
      await assertRejects(() => world.until(waiting), Error, "gave up");
      await world.pass(20_000);
      assertEquals(world.holders("job"), 0);
      await world.pass(20_000);
      assertEquals(world.holders("job"), 0);
      await world.end(process);
    }
  });

  Deno.test(`a hand-over has one holder in the end when its write meets: ${one.name}`, async () => {
    const world = await World.create();
    const process = world.process();
    const first = await world.until(process.manager.acquire("job"));
    const waiting = process.manager.acquire("job");
    waiting.catch(() => {});
    await world.pass(2_000);
    world.fail(one.fault, { when: only("hand over") });
    assertEquals(await timed(world, one, () => first.release()), true);
    if (one.fatal) {
      // The answer came from nobody knows where: the waiter reads on, or is told.
      const lease = await world.until(waiting.catch(() => null));
      if (lease === null) await world.pass(1_000);
      assertEquals(world.holders("job"), lease === null ? 0 : 1);
    } else {
      const lease = await world.until(waiting);
      assertGreater(lease.fencingToken, first.fencingToken);
      await world.pass(60_000);
      assertEquals([lease.held, world.holders("job")], [true, 1]);
    }
    await world.end(process);
    assertEquals(world.holders("job"), 0);
  });
}

Deno.test("a grant is not proposed again once its release was sent", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "late", ms: 8_000, apply: "late" });
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(process.manager.acquire("job"));
  await world.pass(10_000); // now the first attempt has come too
  assertEquals(world.holders("job"), 1);
  assertEquals(next.held, true);
  await world.end(process);
});

Deno.test("acquire() by one who waits goes on when a take-over was answered by nobody knows whom", async () => {
  for (const applied of [true, false]) {
    const world = await World.create();
    const crashed = world.process();
    const process = world.process();
    await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
    crashed.node.pause();
    const location = "https://elsewhere.example/";
    world.fail({ kind: "redirect", location, applied }, { when: only("take over") });
    const lease = await world.until(process.manager.acquire("job"));
    assertEquals([lease.held, world.holders("job")], [true, 1]);
    await world.end(process);
  }
});

Deno.test("acquire() is told of the lock when every answer but the last is lost", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "drop-answer" }, { times: 3 });
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(world.kinds(), Array(4).fill("acquire"));
  assertEquals([lease.held, world.holders("job")], [true, 1]);
  await world.end(process);
});

Deno.test("acquire() that is never answered gives back what was applied", async () => {
  const world = await World.create();
  const process = world.process();
  const other = world.process();
  world.fail({ kind: "drop-answer" }, { times: 4 });
  await assertRejects(() => world.until(process.manager.acquire("job")), LockServiceError);
  assertEquals(world.holders("job"), 1);
  await world.pass(1_000);
  await isFree(world, other);
  await world.end(process, other);
});

Deno.test("release() answers true when its answer was lost and another process has the lock by now", async () => {
  const world = await World.create();
  const process = world.process();
  const other = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "late", ms: 6_000, apply: "at-once" });
  const released = lease.release();
  await world.pass(1_000);
  const next = await world.until(other.manager.tryAcquire("job"));
  assert(next !== null);
  assertEquals(await world.until(released), true);
  await world.pass(5_000);
  assertEquals([next.held, world.holders("job")], [true, 1]);
  await world.end(process, other);
});

Deno.test("a lease is lost, and not renewed, when the answer to a renewal was lost and then the lock", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job", { renew: false }));
  world.fail({ kind: "late", ms: 30_000, apply: "at-once" }, { when: only("renew") });
  const renewal = lease.renew();
  renewal.catch(() => {});
  await world.pass(1_000);
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    record.fence.N = String(Number(record.fence.N) + 1);
    record.holders.M = { ["e".repeat(32)]: holder! };
  });
  const error = await assertRejects(() => world.until(renewal), LeaseLostError);
  assertEquals(error.code, "LEASE_STOLEN");
  await world.pass(40_000);
  assertEquals(world.dynamo.requests.filter((request) => kindOf(request) === "renew").length, 2);
  await world.end(process);
});
