/** A lease that is held: what it believes, and how it learns that it is lost. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type AcquireOptions, type Lease, LeaseLostError, LockServiceError } from "../../mod.ts";
import { only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

async function hold(
  options: AcquireOptions = {},
): Promise<{ world: World; process: Process; lease: Lease }> {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job", options));
  return { world, process, lease };
}

/** Why a lease was lost, by its signal. */
function reasonOf(lease: Lease): LeaseLostError {
  assertEquals(lease.held, false);
  assertEquals(lease.remainingMs, 0);
  assertEquals(lease.signal.aborted, true);
  assertInstanceOf(lease.signal.reason, LeaseLostError);
  assertEquals(lease.signal.reason.lockName, "job");
  return lease.signal.reason;
}

Deno.test("a lease tells its names, its mode, its token and its owner", async () => {
  const { world, process, lease } = await hold({ owner: "me" });
  assertEquals([lease.name, lease.names, lease.mode], ["job", ["job"], "exclusive"]);
  assertEquals([lease.ownerId, lease.held, lease.signal.aborted], ["me", true, false]);
  assertEquals(String(lease.fencingToken), world.record("job")?.fence.N);
  await world.end(process);
});

Deno.test("remainingMs counts down from the lease less its margin", async () => {
  const { world, process, lease } = await hold({ renew: false });
  // The first write's end comes from the wall clock, which the answer's date may put a second later.
  const first = lease.remainingMs;
  assert(first <= 19_000 && first > 17_900, `${first} ms left`);
  await world.pass(5_000);
  const later = lease.remainingMs;
  assert(later <= 14_000 && later > 12_800, `${later} ms left`);
  await world.end(process);
});

Deno.test("remainingMs keeps a margin of at least 250 ms when the lease is short", async () => {
  const world = await World.create();
  const process = world.process();
  // The server's clock is known by now.
  await world.until(process.manager.inspect("job"));
  const lease = await world.until(
    process.manager.acquire("job", { leaseMs: 2_000, renew: false }),
  );
  const left = lease.remainingMs;
  assert(left <= 1_750 && left > 1_700, `${left} ms left`);
  await world.end(process);
});

Deno.test("held is false at once when the process went on after its lease, before any timer ran", async () => {
  const { world, process, lease } = await hold();
  process.node.pause();
  await world.pass(19_500);
  process.node.resume();
  assertEquals([lease.held, lease.remainingMs, lease.signal.aborted], [false, 0, true]);
  await world.end(process);
});

Deno.test("held stays true when the process was paused for less than its lease", async () => {
  const { world, process, lease } = await hold();
  process.node.pause();
  await world.pass(15_000);
  process.node.resume();
  assertEquals(lease.held, true);
  await world.pass(60_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("signal aborts by itself when the lease is over and nobody asks", async () => {
  const { world, process, lease } = await hold({ renew: false });
  const aborts: number[] = [];
  const start = world.time.now;
  lease.signal.addEventListener("abort", () => aborts.push(world.time.now - start));
  await world.pass(60_000);
  assertEquals(aborts.length, 1);
  assert(aborts[0]! <= 19_001 && aborts[0]! > 17_900, `after ${aborts[0]} ms`);
  await world.end(process);
});

Deno.test("held is false at once when the wall clock was set ahead past the lease", async () => {
  const { world, process, lease } = await hold();
  process.node.wallOffsetMs = 25_000;
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("held stays false when the clock that ended it is set back", async () => {
  const { world, process, lease } = await hold();
  process.node.wallOffsetMs = 25_000;
  assertEquals(lease.held, false);
  process.node.wallOffsetMs = 0;
  assertEquals([lease.held, lease.remainingMs], [false, 0]);
  await world.pass(1_000);
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("held stays true over renewals when the wall clock was set back an hour", async () => {
  const { world, process, lease } = await hold();
  await world.pass(3_000);
  process.node.wallOffsetMs = -3_600_000;
  assertEquals(lease.held, true);
  const other = world.process();
  for (let round = 0; round < 20; round++) {
    await world.pass(5_000);
    assertEquals(await world.until(other.manager.tryAcquire("job")), null);
    assertEquals(lease.held, true);
  }
  await world.end(process, other);
});

Deno.test("held goes by the monotonic clock when the wall clock was set back", async () => {
  const { world, process, lease } = await hold();
  process.node.pause();
  process.node.wallOffsetMs = -3_600_000;
  await world.pass(19_500);
  process.node.resume();
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("held goes by the wall clock when the machine was suspended", async () => {
  const { world, process, lease } = await hold();
  await process.node.suspend(19_500);
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("held goes by the monotonic clock when the wall clock stands still", async () => {
  const { world, process, lease } = await hold();
  process.node.pause();
  await world.pass(19_500);
  process.node.wallOffsetMs = -19_500;
  process.node.resume();
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("a lease is LEASE_STOLEN when somebody else was granted the lock", async () => {
  const { world, process, lease } = await hold();
  world.tamper("job", (record) => {
    const [[, holder] = []] = Object.entries(record.holders.M);
    record.fence.N = String(Number(record.fence.N) + 5);
    record.holders.M = { ["f".repeat(32)]: holder! };
  });
  assertEquals(lease.held, true, "nothing has told it yet");
  await world.pass(7_000);
  assertEquals(reasonOf(lease).code, "LEASE_STOLEN");
  assertEquals(world.holders("job"), 1, "the other one's entry stays");
  await world.end(process);
});

Deno.test("a lease is LEASE_DELETED when its record was deleted, and does not bring it back", async () => {
  const { world, process, lease } = await hold();
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  await world.pass(7_000);
  assertEquals(reasonOf(lease).code, "LEASE_DELETED");
  await world.pass(60_000);
  assertEquals(world.record("job"), undefined);
  await world.end(process);
  assertEquals(world.record("job"), undefined);
});

Deno.test("a lease is LEASE_DELETED when an operator emptied the record", async () => {
  const { world, process, lease } = await hold();
  world.tamper("job", (record) => record.holders.M = {});
  await world.pass(7_000);
  assertEquals(reasonOf(lease).code, "LEASE_DELETED");
  await world.end(process);
  assertEquals(world.holders("job"), 0);
});

Deno.test("a lease is LEASE_DELETED when the table was deleted", async () => {
  const { world, process, lease } = await hold();
  await world.deleteTable();
  await world.pass(7_000);
  assertEquals(reasonOf(lease).code, "LEASE_DELETED");
  await world.end(process);
});

Deno.test("a lease is LEASE_EXPIRED with the cause when renewals are refused", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "error", status: 500, type: "InternalServerError" }, {
    when: only("renew"),
    times: 1_000,
  });
  await world.pass(20_000);
  const reason = reasonOf(lease);
  assertEquals(reason.code, "LEASE_EXPIRED");
  assertInstanceOf(reason.cause, LockServiceError);
  assertEquals(reason.cause.code, "UNAVAILABLE");
  await world.end(process);
  assertEquals(world.holders("job"), 0);
});

Deno.test("a lease is LEASE_EXPIRED with the cause when renewals are never answered", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "hang" }, { when: only("renew"), times: 1_000 });
  await world.pass(20_000);
  const reason = reasonOf(lease);
  assertEquals(reason.code, "LEASE_EXPIRED");
  assertInstanceOf(reason.cause, LockServiceError);
  assertEquals(reason.cause.code, "UNAVAILABLE");
  await world.end(process);
});

Deno.test("a lease is LEASE_EXPIRED with the cause when a permission was taken away", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" }, {
    operation: "UpdateItem",
    times: 1_000,
  });
  await world.pass(20_000);
  const reason = reasonOf(lease);
  assertEquals(reason.code, "LEASE_EXPIRED");
  assertInstanceOf(reason.cause, LockServiceError);
  assertEquals(reason.cause.code, "ACCESS_DENIED");
  await world.end(process);
});

Deno.test("a lease is LEASE_EXPIRED without a cause when it was not to be renewed", async () => {
  const { world, process, lease } = await hold({ renew: false });
  await world.pass(20_000);
  const reason = reasonOf(lease);
  assertEquals([reason.code, reason.cause], ["LEASE_EXPIRED", undefined]);
  await world.end(process);
});

Deno.test("a lease is LEASE_RELEASED when it was given back", async () => {
  const { world, process, lease } = await hold();
  assertEquals(await world.until(lease.release()), true);
  assertEquals(reasonOf(lease).code, "LEASE_RELEASED");
  await world.end(process);
});

Deno.test("renew() and update() reject with the reason of a lost lease, and send nothing", async () => {
  const { world, process, lease } = await hold();
  await world.until(lease.release());
  world.sent();
  for (const call of [() => lease.renew(), () => lease.update("x"), () => lease.update(null)]) {
    const error = await assertRejects(() => world.until(call()), LeaseLostError);
    assertEquals(error, lease.signal.reason);
  }
  assertEquals(world.sent(), []);
  await world.end(process);
});

Deno.test("the work that a signal cancels ends with the reason", async () => {
  const { world, process, lease } = await hold({ renew: false });
  const work = new Promise((_, reject) => {
    lease.signal.addEventListener("abort", () => reject(lease.signal.reason));
  });
  const error = await assertRejects(() => world.until(work), LeaseLostError);
  assertEquals(error.code, "LEASE_EXPIRED");
  await world.end(process);
});
