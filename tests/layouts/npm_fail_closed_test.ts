/** Fail-closed locks of the npm dynamodb-lock-client, which never end; and the layout's options. */

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { LeaseLostError, LockError, LockTableError } from "../../mod.ts";
import { npmLockClient } from "../../src/layouts.ts";
import type { NpmLockClientOptions } from "../../src/layouts.ts";
import type { Item } from "../../src/records/record.ts";
import { World } from "../support/world.ts";
import { Shelf } from "./shelf.ts";

const layout = npmLockClient({ mode: "fail-closed" });
const LEASE = 20_000;
const DAY = 24 * 60 * 60_000;
const GUID = btoa("\x00\xfeguid".padEnd(64, "~"));
const THEIRS: Item = { owner: { S: "them" }, guid: { B: GUID } };

async function stage(): Promise<{ world: World; shelf: Shelf }> {
  const world = await World.create();
  return { world, shelf: new Shelf(world) };
}

for (const guid of ["binary", "string"] as const) {
  const kind = guid === "binary" ? "B" : "S";

  Deno.test(`the items of a fail-closed lock with a ${guid} guid: taken, renewed and released`, async () => {
    const { world, shelf } = await stage();
    const own = npmLockClient({ mode: "fail-closed", guid });
    const process = world.process({ layout: own, owner: "me" });
    const lease = await world.until(process.manager.acquire("job"));
    const taken = shelf.get("job")!;
    assertEquals(Object.keys(taken).sort(), ["guid", "owner"]);
    assertEquals(taken.owner, { S: "me" });
    const text = (taken.guid as Record<string, string>)[kind]!;
    assertEquals(atob(text).length, 64);
    await world.pass(LEASE / 3 + 100);
    const renewed = (shelf.get("job")!.guid as Record<string, string>)[kind]!;
    assertEquals([renewed.slice(0, 32), renewed > text], [text.slice(0, 32), true]);
    assertEquals(world.sent(), ["PutItem", "UpdateItem"]);
    assertEquals(await world.until(lease.release()), true);
    assertEquals([shelf.get("job"), world.sent()], [undefined, ["DeleteItem"]]);
    await world.end(process);
  });
}

Deno.test("nobody takes over, from them or from ours, until breakLock() with the id of inspect()", async () => {
  for (const who of ["theirs", "theirs, a text", "ours"] as const) {
    const { world, shelf } = await stage();
    const [dead, waiter] = [world.process({ layout }), world.process({ layout })];
    if (who === "ours") await world.until(dead.manager.acquire("job"));
    else shelf.put("job", { ...THEIRS, ...(who !== "theirs" && { guid: { S: GUID } }) });
    dead.node.pause();
    const before = shelf.get("job");
    let got = false;
    const waiting = waiter.manager.acquire("job").then(() => got = true);
    await world.pass(10 * 60_000);
    assertEquals([got, await world.until(waiter.manager.tryAcquire("job"))], [false, null]);
    assertEquals(shelf.get("job"), before);
    const [holder] = (await world.until(waiter.manager.inspect("job")))!.holders;
    assertEquals(
      [holder!.alive, holder!.leaseMs, holder!.fencingToken, holder!.expiresAt],
      [true, Infinity, 0, new Date(8.64e15)],
    );
    const id = holder!.id!;
    assertEquals(await world.until(waiter.manager.breakLock("job", { id: `${id}0` })), false);
    await assertRejects(() => waiter.manager.breakLock("job", { token: 0 }), TypeError);
    assertEquals(shelf.get("job"), before);
    assertEquals(await world.until(waiter.manager.breakLock("job", { id })), true);
    await world.until(waiting);
    dead.node.resume();
    await world.end(dead, waiter);
  }
});

Deno.test("a lock that they give back is taken by who waits", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("job", THEIRS);
  const waiting = process.manager.acquire("job");
  await world.pass(3_000);
  shelf.delete("job");
  const start = world.time.now;
  assertEquals((await world.until(waiting)).held, true);
  assert(world.time.now - start <= 1_100, "at the next look");
  await world.end(process);
});

Deno.test("a lease that was lost for want of renewals is given back as soon as that is possible", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  const lease = await world.until(process.manager.acquire("job"));
  let isAway = true;
  world.fail({ kind: "error", status: 503, type: "ServiceUnavailable" }, {
    when: () => isAway,
    times: 1_000,
  });
  await world.pass(LEASE + 5_000);
  assertEquals((lease.signal.reason as LeaseLostError).code, "LEASE_EXPIRED");
  assert(shelf.get("job") !== undefined, "it is still there");
  isAway = false;
  await world.pass(10_000);
  assertEquals(shelf.get("job"), undefined);
  await world.end(process);
});

Deno.test("a release that is not answered is tried for longer than a lease, which would not end it", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout, leaseMs: 2_000 });
  const lease = await world.until(process.manager.acquire("job"));
  let isAway = true;
  world.fail({ kind: "error", status: 503, type: "ServiceUnavailable" }, {
    when: () => isAway,
    times: 1_000,
  });
  await assertRejects(() => world.until(lease.release()), LockError);
  await world.pass(30_000);
  assert(shelf.get("job") !== undefined, "it is still there");
  isAway = false;
  await world.pass(5_000);
  assertEquals(shelf.get("job"), undefined);
  await world.end(process);
});

for (const kind of ["drop-answer", "drop-request"] as const) {
  Deno.test(`a lost answer (${kind}) costs a retry, of a fail-closed lock`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    world.fail({ kind }, { operation: "PutItem" });
    const lease = await world.until(process.manager.acquire("job"));
    world.fail({ kind }, { operation: "UpdateItem" });
    await world.until(lease.renew());
    assertEquals(lease.held, true);
    world.fail({ kind }, { operation: "DeleteItem" });
    assertEquals(await world.until(lease.release()), true);
    assertEquals(shelf.get("job"), undefined);
    await world.end(process);
  });
}

for (const lateMs of [4_000, 50_000]) {
  Deno.test(`a request that comes ${lateMs} ms after its caller has gone holds the lock for nobody: it is given back`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    const stop = new AbortController();
    world.fail({ kind: "late", ms: lateMs, apply: "late" }, { operation: "PutItem" });
    const trying = process.manager.tryAcquire("job", { signal: stop.signal });
    trying.catch(() => {});
    await world.pass(1_000);
    stop.abort("enough");
    await world.pass(lateMs + 3_000);
    assertEquals(shelf.get("job"), undefined);
    await world.pass(70_000);
    world.sent();
    await world.pass(DAY);
    assertEquals(world.sent(), [], "nobody looks after it for ever");
    await world.end(process);
  });
}

Deno.test("who waits does not wait for its own request that came late", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("job", THEIRS);
  const waiting = process.manager.acquire("job");
  await world.pass(2_000);
  // No attempt of the next proposal is answered; the first one comes much later, when they have held
  // the lock once more.
  let isAway = true;
  world.fail({ kind: "late", ms: 30_000, apply: "late" }, { operation: "PutItem" });
  world.fail({ kind: "drop-request" }, {
    operation: "PutItem",
    when: () => isAway,
    times: 1_000,
  });
  shelf.delete("job");
  await world.pass(12_000);
  shelf.put("job", THEIRS);
  isAway = false;
  await world.pass(15_000);
  shelf.delete("job");
  world.fail({ kind: "late", ms: 9_000, apply: "late" }, { operation: "PutItem" }); // the other is first
  const lease = await world.until(waiting, 60_000);
  await world.pass(60_000);
  assertEquals(lease.held, true);
  await world.until(lease.release());
  assertEquals(shelf.get("job"), undefined);
  await world.end(process);
});

Deno.test("transact() with a release, and a loss to breakLock(), of a fail-closed lock", async () => {
  const { world, shelf } = await stage();
  const [process, operator] = [world.process({ layout }), world.process({ layout })];
  const put = { Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } } };
  const lease = await world.until(process.manager.acquire(["a", "job"]));
  await world.until(lease.transact([put], { release: true }));
  assertEquals(["a", "job"].map((name) => shelf.get(name)), [undefined, undefined]);
  const next = await world.until(process.manager.acquire("job"));
  const id = (await world.until(operator.manager.inspect("job")))!.holders[0]!.id!;
  assertEquals(await world.until(operator.manager.breakLock("job", { id })), true);
  const error = await assertRejects(() => world.until(next.transact([put])), LeaseLostError);
  assertEquals(error.code, "LEASE_DELETED");
  await world.end(process, operator);
});

Deno.test("there are no tokens, and no sharing, of fail-closed locks", async () => {
  const { world } = await stage();
  const process = world.process({ layout });
  const lease = await world.until(process.manager.acquire("job"));
  const error = assertThrows(() => lease.fencingToken, LockError);
  assertEquals(error.code, "UNSUPPORTED");
  assertMatch(error.message, /npmLockClient\({ mode: "fail-closed" }\).*'fencing'/);
  for (const options of [{ mode: "shared" }, { permits: 2 }, { data: "x" }] as const) {
    await assertRejects(() => process.manager.acquire("job", options), LockError);
  }
  await world.end(process);
});

Deno.test("a fail-open lock under it is an error that names both", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  const item = { ...THEIRS, leaseDurationMs: { N: "1" }, fencingToken: { N: "4" } };
  shelf.put("job", item);
  const error = await assertRejects(
    () => world.until(process.manager.tryAcquire("job")),
    LockTableError,
  );
  assertEquals(error.code, "RECORD_FOREIGN");
  assertMatch(error.message, /'npmLockClient\({ mode: "fail-closed" }\)' as .* fail-open: use /);
  assertMatch(error.message, /'npmLockClient\({ mode: "fail-open" }\)' of/);
  assertEquals(shelf.get("job"), item);
  await world.end(process);
});

Deno.test("npmLockClient() refuses options that do not exist", () => {
  for (
    const [options, says] of [
      [undefined, /'options' must be of type object/],
      [{}, /'mode' must be 'fail-open' or 'fail-closed': current value is undefined/],
      [{ mode: "open" }, /'mode' must be .*: current value is 'open'/],
      [{ mode: "fail-open", guid: "text" }, /'guid' must be 'binary' or 'string'/],
      [{ mode: "fail-open", trustLocalTime: 1 }, /'trustLocalTime' must be of type boolean/],
      [{ mode: "fail-closed", trustLocalTime: false }, /'trustLocalTime' must be absent/],
      [{ mode: "fail-open", lease: 1 }, /option 'lease' does not exist/],
    ] as const
  ) {
    const error = assertThrows(() => npmLockClient(options as NpmLockClientOptions), TypeError);
    assertMatch(error.message, says);
  }
});

Deno.test("keys cannot have the names of the format's own attributes", async () => {
  const { world } = await stage();
  for (
    const table of [
      { name: "dynamo-lock", partitionKey: "guid" },
      { name: "dynamo-lock", partitionKey: "key", sortKey: "owner" },
    ]
  ) {
    const error = assertThrows(() => world.process({ layout, table }), RangeError);
    assertMatch(error.message, /no attribute of npmLockClient/);
  }
});
