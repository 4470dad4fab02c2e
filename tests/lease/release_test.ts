/** Giving a lock back: what it answers, that it is done once, and that nothing is left. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { type Lease, LeaseLostError, LockServiceError, LockTableError } from "../../mod.ts";
import { kindOf, only } from "../support/requests.ts";
import { hold, World } from "../support/world.ts";

Deno.test("release() answers true, and leaves no timer and no holder", async () => {
  const { world, process, lease } = await hold();
  assertEquals(await world.until(lease.release()), true);
  assertEquals([world.time.pending, world.holders("job")], [0, 0]);
  await world.pass(120_000);
  assertEquals(world.kinds(), ["release"]);
  await world.end(process);
});

Deno.test("release() called again answers the same, with one request", async () => {
  const { world, process, lease } = await hold();
  const answers = Promise.all([lease.release(), lease.release()]);
  assertEquals(await world.until(answers), [true, true]);
  assertEquals(await world.until(lease.release()), true);
  assertEquals(world.kinds(), ["release"]);
  await world.end(process);
});

Deno.test("release() makes held false and aborts the signal at once", async () => {
  const { world, process, lease } = await hold();
  const released = lease.release();
  assertEquals([lease.held, lease.remainingMs, lease.signal.aborted], [false, 0, true]);
  assert(lease.signal.reason instanceof LeaseLostError);
  assertEquals(lease.signal.reason.code, "LEASE_RELEASED");
  assertEquals(await world.until(released), true);
  await world.end(process);
});

Deno.test("release() lets another process in at once", async () => {
  const { world, process, lease } = await hold();
  const other = world.process();
  await world.until(lease.release());
  world.sent();
  assert(await world.until(other.manager.tryAcquire("job")));
  assert(world.sent().length <= 2);
  await world.end(process, other);
});

Deno.test("release() answers false without a request when the lease had run out", async () => {
  const { world, process, lease } = await hold();
  process.node.pause();
  await world.pass(20_000);
  process.node.resume();
  assertEquals(await world.until(lease.release()), false);
  await world.pass(1_000); // the clean-up of a lease lost by time
  assertEquals(world.kinds(), ["release"]);
  await world.end(process);
});

Deno.test("release() answers false when somebody else had taken the lock, and leaves it theirs", async () => {
  const { world, process, lease } = await hold();
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    record.fence.N = String(Number(record.fence.N) + 1);
    record.holders.M = { ["e".repeat(32)]: holder! };
    record.exclusive = { S: "e".repeat(32) };
  });
  assertEquals(await world.until(lease.release()), false);
  assertEquals(world.holders("job"), 1);
  assertEquals(world.record("job")?.exclusive, { S: "e".repeat(32) });
  await world.end(process);
});

Deno.test("release() answers false when the record was deleted, and does not bring it back", async () => {
  const { world, process, lease } = await hold();
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  assertEquals(await world.until(lease.release()), false);
  assertEquals(world.record("job"), undefined);
  await world.end(process);
});

Deno.test("release() rejects when DynamoDB does not answer, and goes on in the background", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "error", status: 500, type: "InternalServerError" }, { times: 9 });
  const error = await assertRejects(() => world.until(lease.release()), LockServiceError);
  assertEquals([error.code, error.lockName], ["UNAVAILABLE", "job"]);
  const again = await assertRejects(() => world.until(lease.release()), LockServiceError);
  assertStrictEquals(again, error);
  assertEquals(lease.held, false);
  assertEquals(world.holders("job"), 1);
  await world.pass(5_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("release() stops in the background when the table is gone", async () => {
  const { world, process, lease } = await hold();
  await world.deleteTable();
  const error = await assertRejects(() => world.until(lease.release()), LockTableError);
  assertEquals(error.code, "TABLE_NOT_FOUND");
  await world.pass(1_000);
  assertEquals(world.time.pending, 0);
  await world.end(process);
});

Deno.test("release() stops in the background after two leases when DynamoDB stays away", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "drop-request" }, { times: 100_000 });
  await assertRejects(() => world.until(lease.release()), LockServiceError);
  await world.pass(120_000);
  world.sent();
  await world.pass(600_000);
  assertEquals(world.sent(), []);
  assertEquals(world.time.pending, 0);
  await world.end(process);
});

Deno.test("release() is sent after a renewal under way has ended, never beside it", async () => {
  const { world, process, lease } = await hold({ latencyMs: 100 });
  const renewal = lease.renew();
  renewal.catch(() => {});
  await world.pass(150); // applied, and its answer is on the way
  assertEquals(world.kinds(), ["renew"]);
  const released = lease.release();
  const error = await assertRejects(() => world.until(renewal), LeaseLostError);
  assertEquals(error.code, "LEASE_RELEASED");
  assertEquals(await world.until(released), true);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("release() is sent only when no renewal is under way any more", async () => {
  const world = await World.create();
  const log: string[] = [];
  const underWay = new Set<AbortSignal>();
  const server: typeof fetch = async (url, init) => {
    const operation = new Headers(init!.headers).get("x-amz-target")!.split(".")[1]!;
    const kind = kindOf({ operation, input: JSON.parse(String(init!.body)) });
    const alone = [...underWay].every((signal) => signal.aborted);
    log.push(alone ? kind : `${kind} beside a renewal`);
    if (kind === "renew") underWay.add(init!.signal!);
    return await world.dynamo.fetch(url, init);
  };
  const process = world.process({ server });
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "hang" }, { when: only("renew") });
  const renewal = lease.renew();
  renewal.catch(() => {});
  await world.pass(100);
  assertEquals(await world.until(lease.release()), true);
  await assertRejects(() => world.until(renewal), LeaseLostError);
  assertEquals(log, ["acquire", "renew", "release"]);
  await world.end(process);
});

Deno.test("a renewal that lands after the release does not bring the holder back", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "late", ms: 3_000, apply: "late" }, { when: only("renew") });
  const renewal = lease.renew();
  renewal.catch(() => {});
  await world.pass(100);
  assertEquals(await world.until(lease.release()), true);
  await assertRejects(() => world.until(renewal), LeaseLostError);
  await world.pass(5_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("await using releases the lock when its scope is left", async () => {
  const { world, process, lease: first } = await hold();
  await world.until(first.release());
  let inside: Lease | undefined;
  async function work(): Promise<void> {
    await using lease = await process.manager.acquire("job");
    inside = lease;
    assertEquals(lease.held, true);
  }
  await world.until(work());
  assertEquals([inside?.held, world.holders("job")], [false, 0]);
  await world.end(process);
});

Deno.test("await using takes what tryAcquire() answers, also null", async () => {
  const { world, process } = await hold();
  const other = world.process();
  async function work(): Promise<boolean> {
    await using lease = await other.manager.tryAcquire("job");
    return lease === null;
  }
  assertEquals(await world.until(work()), true);
  await world.end(process, other);
});

Deno.test("await using does not mask the body's error when the release fails too", async () => {
  const { world, process, lease: first } = await hold();
  await world.until(first.release());
  const mistake = new Error("of the body");
  async function work(): Promise<void> {
    await using lease = await process.manager.acquire("job");
    assertEquals(lease.held, true);
    world.fail({ kind: "drop-request" }, { times: 5 });
    throw mistake;
  }
  const error = await assertRejects(() => world.until(work()), Error);
  assertStrictEquals(error, mistake);
  await world.pass(5_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("[Symbol.asyncDispose]() does not throw when the release fails or the lease is lost", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "drop-request" }, { times: 5 });
  assertEquals(await world.until(lease[Symbol.asyncDispose]()), undefined);
  await world.pass(5_000);
  const next = await world.until(process.manager.acquire("job"));
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  assertEquals(await world.until(next[Symbol.asyncDispose]()), undefined);
  assertEquals(await world.until(next[Symbol.asyncDispose]()), undefined);
  await world.end(process);
});

Deno.test("release() of a short lease bears a slow way", async () => {
  const { world, process, lease } = await hold({ leaseMs: 2_000, renew: false, latencyMs: 350 });
  assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});
