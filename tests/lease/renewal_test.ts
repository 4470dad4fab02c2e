/** Renewals: when they are sent, what they may and may not extend, and what stops them. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import {
  type AcquireOptions,
  type Lease,
  LeaseLostError,
  LockServiceError,
  LockTableError,
} from "../../mod.ts";
import { kindOf, only, type WireRequest } from "../support/requests.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

async function hold(
  options: AcquireOptions = {},
  surroundings: Surroundings = {},
): Promise<{ world: World; process: Process; lease: Lease }> {
  const world = await World.create();
  const process = world.process(surroundings);
  const lease = await world.until(process.manager.acquire("job", options));
  world.sent();
  return { world, process, lease };
}

/** When the holder's lease ends by the table's word. */
function expires(world: World): number {
  const [holder] = Object.values(world.record("job")!.holders.M);
  return Number(holder!.M.e!.N);
}

Deno.test("a lease is renewed at a third of its length, with one request each", async () => {
  const { world, process, lease } = await hold({ leaseMs: 30_000 });
  await world.pass(9_990);
  assertEquals(world.kinds(), []);
  await world.pass(20);
  assertEquals(world.kinds(), ["renew"]);
  await world.pass(300_000);
  const kinds = world.kinds();
  assertEquals(new Set(kinds), new Set(["renew"]));
  assert(kinds.length >= 28 && kinds.length <= 31, `${kinds.length} renewals`);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("a renewal writes an end that is a lease ahead, and each one a later end", async () => {
  const { world, process } = await hold();
  let before = 0;
  for (let round = 0; round < 10; round++) {
    await world.pass(6_700);
    const end = expires(world);
    const ahead = end - world.time.now;
    assertGreater(end, before);
    assert(ahead > 13_000 && ahead <= 21_100, `${ahead} ms ahead`);
    before = end;
  }
  await world.end(process);
});

Deno.test("a lease is not renewed when renew is false", async () => {
  const { world, process, lease } = await hold({ renew: false });
  await world.pass(15_000);
  assertEquals([world.kinds(), lease.held], [[], true]);
  await world.pass(5_000);
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("renew() extends a lease that is not renewed by itself", async () => {
  const { world, process, lease } = await hold({ renew: false });
  for (let round = 0; round < 5; round++) {
    await world.pass(15_000);
    await world.until(lease.renew());
    assertEquals(lease.held, true);
    assertGreater(lease.remainingMs, 18_900);
  }
  assertEquals(world.kinds(), Array(5).fill("renew"));
  await world.pass(20_000);
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("renew() counts from before its request, not from its answer", async () => {
  const { world, process, lease } = await hold({ renew: false }, { latencyMs: 1_000 });
  await world.until(lease.renew());
  assert(lease.remainingMs <= 17_000, `${lease.remainingMs} ms left`);
  await world.end(process);
});

Deno.test("renew() twice at once sends one renewal after the other", async () => {
  const { world, process, lease } = await hold({}, { latencyMs: 200 });
  const both = Promise.all([lease.renew(), lease.renew()]);
  await world.pass(300);
  assertEquals(world.sent().length, 1);
  await world.until(both);
  assertEquals(world.kinds(), ["renew"]);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("update() writes data that others read, renews the lease, and null removes the data", async () => {
  const { world, process, lease } = await hold();
  const other = world.process();
  const data = async () => (await world.until(other.manager.inspect("job")))?.holders[0]?.data;
  await world.pass(5_000);
  await world.until(lease.update("page 7"));
  assertGreater(lease.remainingMs, 18_900);
  assertEquals(await data(), "page 7");
  await world.until(lease.update(""));
  assertEquals(await data(), "");
  await world.until(lease.update(null));
  assertEquals(await data(), undefined);
  await world.until(lease.update(null));
  await world.until(lease.update("x".repeat(2_048)));
  await world.pass(60_000); // the renewals in between keep it
  assertEquals(await data(), "x".repeat(2_048));
  await world.end(process, other);
});

Deno.test("update() refuses what is no data before any request", async () => {
  const { world, process, lease } = await hold();
  // deno-lint-ignore no-explicit-any -- what a caller without types may pass
  const update = (data: any) => world.until(lease.update(data));
  await assertRejects(() => update(7), TypeError, "data");
  await assertRejects(() => update(undefined), TypeError, "data");
  await assertRejects(() => update({}), TypeError, "data");
  await assertRejects(() => update("\ud800"), TypeError, "data");
  await assertRejects(() => update("é".repeat(1_025)), RangeError, "data");
  assertEquals(world.sent(), []);
  assertEquals(lease.held, true);
  await world.end(process);
});

for (const failures of [1, 5, 12]) {
  Deno.test(`a lease goes on when ${failures} renewals in a row fail and then one works`, async () => {
    const { world, process, lease } = await hold();
    world.fail({ kind: "drop-request" }, { when: only("renew"), times: failures });
    await world.pass(120_000);
    assertEquals([lease.held, lease.signal.aborted], [true, false]);
    assertEquals(process.events.some((event) => event.type === "lost"), false);
    await world.end(process);
  });
}

Deno.test("a lease goes on when DynamoDB does not answer for half of it", async () => {
  const { world, process, lease } = await hold();
  let down = true;
  world.fail({ kind: "hang" }, { when: () => down, times: 1_000 });
  await world.pass(16_000);
  assertEquals(lease.held, true);
  down = false;
  await world.pass(60_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("at least three attempts fit between renewal time and the end of belief when none is answered", async () => {
  for (const leaseMs of [2_000, 5_000, 20_000, 60_000]) {
    const { world, process, lease } = await hold({ leaseMs });
    world.fail({ kind: "hang" }, { when: only("renew"), times: 1_000 });
    await world.pass(leaseMs);
    assertEquals(lease.held, false);
    const sent = world.kinds().filter((kind) => kind === "renew").length;
    assert(sent >= 3, `${sent} attempts in ${leaseMs} ms`);
    await world.end(process);
  }
});

Deno.test("throttled renewals do not sleep past the end of belief", async () => {
  const { world, process, lease } = await hold({ leaseMs: 2_000 });
  world.fail({
    kind: "error",
    status: 400,
    type: "ProvisionedThroughputExceededException",
    headers: { "x-amz-retry-after": "5000" },
  }, { when: only("renew"), times: 2 });
  await world.pass(30_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("a renewal that is answered after the end was noticed extends nothing", async () => {
  const { world, process, lease } = await hold({}, { latencyMs: 100 });
  await world.pass(6_600); // the renewal has been sent
  assertEquals(world.kinds(), ["renew"]);
  process.node.pause();
  await world.pass(14_000); // its answer has come, and waits
  process.node.resume();
  assertEquals(lease.held, false);
  const reason = lease.signal.reason;
  await world.pass(2_000);
  assertEquals([lease.held, lease.remainingMs], [false, 0]);
  assertEquals(lease.signal.reason, reason);
  assertEquals(process.events.filter((event) => event.type === "renew"), []);
  assertEquals(world.holders("job"), 0, "what it had extended on the table was given back");
  await world.end(process);
});

Deno.test("a renewal never shortens the end on the table", async () => {
  const { world, process, lease } = await hold();
  let before = 0;
  for (const wallOffsetMs of [0, -300_000, 300_000, 0, -800_000]) {
    process.node.wallOffsetMs = wallOffsetMs;
    if (!lease.held) break;
    await world.until(lease.renew().catch(() => {}));
    const end = expires(world);
    assert(end >= before, `from ${before} to ${end}`);
    before = end;
    await world.pass(500);
  }
  await world.end(process);
});

Deno.test("renew() rejects with the reason when it finds the lock taken by somebody else", async () => {
  const { world, process, lease } = await hold({ renew: false });
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    record.fence.N = String(Number(record.fence.N) + 1);
    record.holders.M = { ["e".repeat(32)]: holder! };
  });
  const error = await assertRejects(() => world.until(lease.renew()), LeaseLostError);
  assertEquals(error.code, "LEASE_STOLEN");
  assertEquals(error, lease.signal.reason);
  assertEquals(await world.until(lease.release()), false);
  assertEquals(world.holders("job"), 1);
  await world.end(process);
});

Deno.test("renew() rejects when DynamoDB does not answer, and the lease goes on as it was", async () => {
  const { world, process, lease } = await hold({ renew: false });
  world.fail({ kind: "error", status: 503, type: "ServiceUnavailable" }, { times: 4 });
  const error = await assertRejects(() => world.until(lease.renew()), LockServiceError);
  assertEquals([error.code, error.lockName], ["UNAVAILABLE", "job"]);
  assertEquals(lease.held, true);
  await world.until(lease.renew());
  assertGreater(lease.remainingMs, 18_900);
  await world.end(process);
});

Deno.test("update() rejects when the record was replaced by something else, which stays as it is", async () => {
  const { world, process, lease } = await hold({ renew: false });
  const strange = { key: { S: "job" }, colour: { S: "blue" } };
  world.dynamo.table("dynamo-lock").put(strange);
  const error = await assertRejects(() => world.until(lease.update("x")), LockTableError);
  assertEquals(error.code, "RECORD_FOREIGN");
  await world.pass(30_000);
  assertEquals(lease.held, false);
  await world.end(process);
  assertEquals(world.dynamo.table("dynamo-lock").items(), [strange]);
});

Deno.test("no renewal reaches the table after a release", async () => {
  for (let at = 0; at <= 900; at += 50) {
    const { world, process, lease } = await hold({}, { latencyMs: 200 });
    await world.pass(6_000 + at); // before, while and after the renewal is on its way
    const released = await world.until(lease.release());
    assertEquals(released, true);
    await world.pass(30_000);
    const kinds = (world.dynamo.requests as WireRequest[]).map(kindOf);
    assertEquals(kinds.filter((kind) => kind === "release").length, 1);
    assertEquals(kinds.at(-1), "release");
    assertEquals(world.time.pending, 0);
    await world.end(process);
  }
});
