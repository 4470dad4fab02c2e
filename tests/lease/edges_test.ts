/** Edges that a review of the protocol found: each was a failure once. */

import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import {
  type AcquireOptions,
  type Lease,
  type LockManagerOptions,
  LockTableError,
} from "../../mod.ts";
import { DynamoError } from "../../src/dynamodb/mod.ts";
import { FENCE_MAX } from "../../src/records/record.ts";
import { type Kind, only } from "../support/requests.ts";
import type { VirtualNode } from "../support/virtual.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

async function hold(
  options: AcquireOptions = {},
  settings: LockManagerOptions & Surroundings = {},
): Promise<{ world: World; process: Process; lease: Lease }> {
  const world = await World.create();
  const process = world.process(settings);
  const lease = await world.until(process.manager.acquire("job", options));
  return { world, process, lease };
}

/** Lets time pass until the next request of this kind has reached the server. */
async function untilSent(world: World, kind: Kind): Promise<void> {
  const start = world.time.now;
  world.sent();
  while (!world.kinds().includes(kind)) {
    assertLess(world.time.now - start, 120_000, `no '${kind}' is sent`);
    await world.pass(10);
  }
}

/** Lets time pass until a waiter is in the middle of a look, whose answer takes `ms`. */
async function untilLooking(world: World, ms: number): Promise<void> {
  world.fail({ kind: "late", ms, apply: "at-once" }, { when: only("read") });
  await untilSent(world, "read");
}

Deno.test("queued callers outlast an outage of less than a lease, as the head does", async () => {
  const { world, process: holder } = await hold({ leaseMs: 600_000 });
  const process = world.process();
  const stop = new AbortController();
  const head = process.manager.acquire("job", { signal: stop.signal });
  head.catch(() => {});
  let settled = 0;
  for (let follower = 0; follower < 3; follower++) {
    process.manager.acquire("job").catch(() => {}).then(() => settled++);
  }
  await world.pass(10_000); // the head has had answers, the others have not
  let down = true;
  world.fail({ kind: "drop-request" }, { when: () => down, times: 1_000_000 });
  await world.pass(2_000);
  stop.abort(new Error("enough")); // the next one is the head now; the table is silent for 2 s only
  await world.pass(3_000);
  await assertRejects(() => world.until(head), Error, "enough");
  assertEquals(settled, 0);
  down = false;
  await world.end(holder, process);
});

Deno.test("an abort reason that is an error of DynamoDB leaves no grant behind", async () => {
  const world = await World.create();
  const process = world.process({ latencyMs: 50 });
  const stop = new AbortController();
  world.fail({ kind: "late", ms: 200, apply: "late" });
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(60); // the write has reached the server, and is applied later
  // Taken for the answer it would say that the write was refused, so that nothing is to be closed.
  const reason = new DynamoError("ConditionalCheckFailedException", "of another table", {
    attempts: 1,
    mayHaveApplied: false,
    statusCode: 400,
  });
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => world.until(waiting), DynamoError), reason);
  await world.pass(5_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("a release while the head looks wakes it", async () => {
  const { world, process, lease } = await hold({ leaseMs: 600_000 }, { pollMs: 60_000 });
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  await world.pass(100_000); // it sleeps for up to a minute between two looks by now
  await untilLooking(world, 500);
  await world.pass(20);
  assertEquals(await world.until(lease.release()), true);
  const start = world.time.now;
  const next = await world.until(waiting); // its look saw the lock still held
  assertLess(world.time.now - start, 5_000);
  assertEquals(next.held, true);
  await world.end(process);
});

Deno.test("update() of a long lease is not held up for minutes by a request that hangs", async () => {
  const { world, process, lease } = await hold({ leaseMs: 3_600_000 });
  world.fail({ kind: "hang" });
  const start = world.time.now;
  await world.until(lease.update("x"), 3_600_000);
  assertLess(world.time.now - start, 30_000);
  await world.end(process);
});

Deno.test("a hand-over after a step of the wall clock does not reject the next caller", async () => {
  const { world, process, lease } = await hold({ leaseMs: 24 * 3_600_000 }, { pollMs: 60_000 });
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  await world.pass(3_000);
  process.node.wallOffsetMs -= 20 * 60_000; // DynamoDB refuses what is signed so long ago
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(waiting);
  assertEquals(next.held, true);
  await world.end(process);
});

Deno.test("a fence at its limit is refused before anything is written", async () => {
  const { world, process, lease } = await hold();
  await world.until(lease.release());
  world.tamper("job", (record) => record.fence.N = String(FENCE_MAX));
  const before = structuredClone(world.record("job"));
  const other = world.process();
  const error = await assertRejects(
    () => world.until(other.manager.acquire("job")),
    LockTableError,
  );
  assertEquals(error.code, "RECORD_INVALID");
  assertStringIncludes(error.message, "its 'fence' is damaged");
  await world.pass(30_000);
  assertEquals(world.record("job"), before);
  await world.end(process, other);
});

Deno.test("release() does not wait for a head that stands back", async () => {
  const settings = { pollMs: 60_000, maxHandoffMs: 600_000 };
  const { world, process, lease: first } = await hold({}, settings);
  const handed = process.manager.acquire("job", { leaseMs: 600_000 });
  await world.pass(2_000);
  await world.until(first.release());
  const lease = await world.until(handed); // begins a run of hand-overs
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {}); // it waits until the end
  await world.pass(601_000); // longer than maxHandoffMs: the next release makes the head stand back
  await untilLooking(world, 400);
  assertEquals(await world.until(lease.release()), true);
  const again = await world.until(process.manager.tryAcquire("job"));
  assert(again !== null);
  await world.pass(1_000); // the look is over, and the head stands back
  const start = world.time.now;
  assertEquals(await world.until(again.release()), true);
  assertLess(world.time.now - start, 1_000);
  await world.pass(20_000);
  assertEquals(world.holders("job"), 0, "the head stands back no longer");
  await world.end(process);
});

const UPSETS: readonly { what: string; upset: (node: VirtualNode) => void | Promise<void> }[] = [
  { what: "suspended 3 s", upset: (node) => node.suspend(3_000) },
  { what: "set back 3 s", upset: (node) => void (node.wallOffsetMs -= 3_000) },
  { what: "set ahead 3 s", upset: (node) => void (node.wallOffsetMs += 3_001) },
];

for (const { what, upset } of UPSETS) {
  Deno.test(`a machine ${what} during a renewal keeps a lease with most of its time left`, async () => {
    const { world, process, lease } = await hold({ leaseMs: 60_000 }, { latencyMs: 50 });
    const renewing = lease.renew();
    renewing.catch(() => {});
    await world.pass(20); // its request is on the way
    await upset(process.node);
    await world.until(renewing);
    assertEquals(lease.held, true);
    await world.end(process);
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
  await untilSent(world, "acquire");
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  await world.pass(10_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});
