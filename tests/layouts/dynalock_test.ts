/**
 * The record format of DynaLock: what ours writes, what ours makes of what DynaLock has written, and what
 * DynaLock's requests make of ours.
 */

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type LeaseLostError, LockTableError } from "../../mod.ts";
import { dynaLock } from "../../src/layouts.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { START } from "../support/virtual.ts";
import { basics, type Format, Stage } from "./basics.ts";

/** The item of a holder of theirs whose time is over so many seconds after the start. */
function theirs(seconds: number, more: Record<string, unknown> = {}): AttributeMap {
  const TTL = { N: `${Math.floor(START / 1_000) + seconds}` };
  return { LockId: { S: "job" }, TTL, ...more } as AttributeMap;
}

/** What ours writes besides. */
function ours(id: string, end: number): { M: AttributeMap } {
  return { M: { id: { S: id }, owner: { S: "me" }, lease: { N: "9000" }, end: { N: `${end}` } } };
}

const FORMAT: Format = {
  layout: dynaLock(),
  table: "locks",
  keys: { LockId: "S" },
  other: theirs(900),
};

basics(FORMAT);

/** DynaLock's acquisition, by a clock that is ahead. */
function acquire(stage: Stage, aheadMs = 0): Promise<boolean> {
  const now = Math.floor((stage.world.time.now + aheadMs) / 1_000);
  return stage.send("PutItem", {
    Item: { LockId: { S: "job" }, TTL: { N: `${now + 60}` } },
    ConditionExpression: "attribute_not_exists(LockId) OR #T < :current_time",
    ExpressionAttributeNames: { "#T": "TTL" },
    ExpressionAttributeValues: { ":current_time": { N: `${now}` } },
  });
}

/** DynaLock's release. */
function release(stage: Stage): Promise<boolean> {
  return stage.send("DeleteItem", { Key: { LockId: { S: "job" } } });
}

Deno.test("dynaLock: the item is DynaLock's, with one attribute of ours", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process({ owner: "me", leaseMs: 5_000 });
  const start = world.time.now;
  await world.until(one.manager.acquire("job"));
  const { TTL, LockId, grant, ...rest } = stage.item();
  assertEquals([LockId, rest], [{ S: "job" }, {}]);
  const { id, owner, lease, end } = (grant as { M: Record<string, { S: string; N: string }> }).M;
  assert(/^[0-9a-f]{32}$/.test(id!.S));
  assertEquals({ owner, lease }, { owner: { S: "me" }, lease: { N: "5000" } } as unknown);
  const endsAt = Number(end!.N);
  assert(endsAt >= start + 5_000 && endsAt < start + 6_100);
  // The end and a second, up to the next one.
  assertEquals(TTL, { N: `${Math.ceil((endsAt + 1_000) / 1_000)}` });
  await world.pass(2_000);
  const renewed = stage.item() as { TTL: { N: string }; grant: { M: { end: { N: string } } } };
  const renewedEnd = Number(renewed.grant.M.end.N);
  assert(renewedEnd > endsAt);
  assertEquals(renewed.TTL, { N: `${Math.ceil((renewedEnd + 1_000) / 1_000)}` });
  await world.end(one);
});

for (const clockSkewMs of [0, 1_000, 30_000]) {
  Deno.test(`dynaLock: theirs, ${clockSkewMs} ms ahead, takes nothing that is held, and then what is over`, async () => {
    const stage = await Stage.create({ ...FORMAT, layout: dynaLock({ clockSkewMs }) });
    const { world } = stage;
    const one = stage.process({ leaseMs: 4_000 });
    const lease = await world.until(one.manager.acquire("job"));
    for (let step = 0; step < 60; step++) {
      await world.pass(250);
      assertEquals(await acquire(stage, clockSkewMs), false);
    }
    one.node.pause();
    let waited = 0;
    while (!await acquire(stage, clockSkewMs)) {
      assert(waited < 8_000);
      await world.pass(250);
      waited += 250;
    }
    assertEquals(lease.held, false, "two believers");
    const after = stage.item();
    assertEquals("grant" in after, false);
    one.node.resume();
    await world.pass(4_000);
    assertEquals((lease.signal.reason as LeaseLostError).name, "LeaseLostError");
    assertEquals(stage.item(), after, "theirs is left alone");
    await world.end(one);
  });
}

Deno.test("dynaLock: a holder of theirs is dead a second after its time by DynamoDB's clock, and not before", async () => {
  for (const [maxClockSkewMs, least] of [[0, 11_000], [1_000, 12_000], [5_000, 16_000]] as const) {
    const stage = await Stage.create(FORMAT);
    const { world } = stage;
    // Its own wall clock does not matter.
    const two = stage.process({ maxClockSkewMs, wallOffsetMs: 600_000 });
    stage.put(theirs(10));
    assertEquals(await world.until(two.manager.tryAcquire("job")), null);
    const lease = await world.until(two.manager.acquire("job"));
    const at = world.time.now - Math.floor(START / 1_000) * 1_000;
    assert(at >= least && at < least + 2_500, `after ${at} ms`);
    const grants = two.events.filter((event) => event.type === "grant");
    assertEquals(grants.map((event) => "takeover" in event && event.takeover), [true]);
    assertEquals(await world.until(lease.release()), true);
    await world.end(two);
  }
});

Deno.test("dynaLock: a holder of theirs is never dead where the server's clock does not count", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const [one, two] = [
    stage.process({ maxClockSkewMs: Infinity }),
    stage.process({ dates: false }),
  ];
  stage.put(theirs(10));
  for (const { manager } of [one, two]) {
    const stop = new AbortController();
    const waiting = manager.acquire("job", { signal: stop.signal });
    await world.pass(600_000);
    stop.abort(new Error("enough"));
    await assertRejects(() => world.until(waiting), Error, "enough");
  }
  const [holder] = (await world.until(one.manager.inspect("job")))!.holders;
  assertEquals([holder!.alive, holder!.leaseMs], [true, Infinity]);
  assertEquals(await world.until(one.manager.breakLock("job", { id: holder!.id! })), true);
  assertEquals(stage.items(), []);
  await world.end(one, two);
});

Deno.test("dynaLock: what is broken, or taken over, is the holder that was read, and no other", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const [one, two] = [stage.process(), stage.process()];
  stage.put(theirs(-100));
  const { holders: [holder] } = (await world.until(two.manager.inspect("job")))!;
  assertEquals([holder!.ownerId, holder!.alive], ["DynaLock", false]);
  stage.put(theirs(100));
  assertEquals(await world.until(two.manager.breakLock("job", { id: holder!.id! })), false);
  // Another comes in between the look and the write.
  stage.put(theirs(-100));
  world.fail({ kind: "late", ms: 500, apply: "late" }, { operation: "PutItem", after: 1 });
  const taking = two.manager.tryAcquire("job");
  await world.pass(100);
  stage.put(theirs(50));
  assertEquals(await world.until(taking), null);
  assertEquals(stage.item(), theirs(50));
  // One of ours has the same time as the one who is to be broken.
  world.fail({ kind: "late", ms: 500, apply: "late" }, { operation: "DeleteItem" });
  const { holders: [live] } = (await world.until(two.manager.inspect("job")))!;
  const breaking = two.manager.breakLock("job", { id: live!.id! });
  await world.pass(100);
  const grant = ours("f".repeat(32), world.time.now - 60_000);
  stage.put(theirs(50, { grant }));
  assertEquals(await world.until(breaking), false);
  assertEquals(stage.item(), theirs(50, { grant }));
  // One of ours that was taken for dead renews.
  world.fail({ kind: "late", ms: 500, apply: "late" }, { operation: "PutItem", after: 1 });
  const again = two.manager.tryAcquire("job");
  await world.pass(100);
  const renewed = theirs(60, { grant: ours("f".repeat(32), world.time.now + 60_000) });
  stage.put(renewed);
  assertEquals(await world.until(again), null);
  assertEquals(stage.item(), renewed);
  await world.end(one, two);
});

Deno.test("dynaLock: theirs deletes whatever is there when it is released; ours learns of it by its renewal", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process({ leaseMs: 6_000 });
  const lease = await world.until(one.manager.acquire("job"));
  assertEquals(await release(stage), true);
  assertEquals(lease.held, true, "that is what remains");
  await world.pass(2_100);
  assertEquals([lease.held, (lease.signal.reason as LeaseLostError).code], [
    false,
    "LEASE_DELETED",
  ]);
  const again = await world.until(one.manager.acquire("job"));
  await release(stage);
  assertEquals(await acquire(stage), true);
  await world.pass(2_100);
  assertEquals([again.held, (again.signal.reason as LeaseLostError).code], [false, "LEASE_STOLEN"]);
  assertEquals("grant" in stage.item(), false, "theirs is left alone");
  assertEquals(await world.until(again.release()), false);
  assertEquals(stage.items().length, 1);
  await world.end(one);
});

for (
  const [what, attributes, code] of [
    ["no time", { TTL: undefined }, "RECORD_FOREIGN"],
    ["a time that is a text", { TTL: { S: "1767225700" } }, "RECORD_INVALID"],
    ["a time before 1970", { TTL: { N: "-5" } }, "RECORD_INVALID"],
    ["a grant without a map", { grant: { S: "x" } }, "RECORD_INVALID"],
    ["a grant without an end", {
      grant: { M: { id: { S: "x" }, owner: { S: "" }, lease: { N: "1" } } },
    }, "RECORD_INVALID"],
  ] as const
) {
  Deno.test(`dynaLock: an item with ${what} is an error, and never free`, async () => {
    const stage = await Stage.create(FORMAT);
    const { world } = stage;
    const two = stage.process();
    const all = Object.entries(theirs(-100, attributes)).filter(([, value]) => value !== undefined);
    stage.put(Object.fromEntries(all));
    const before = stage.items();
    const error = await assertRejects(
      () => world.until(two.manager.acquire("job")),
      LockTableError,
    );
    assertEquals([error.code, stage.items()], [code, before]);
    const says = code === "RECORD_INVALID"
      ? `its '${Object.keys(attributes)[0]}'`
      : "no lock, with";
    assertStringIncludes(error.message, says);
    await world.end(two);
  });
}

Deno.test("dynaLock: options are checked", () => {
  // deno-lint-ignore no-explicit-any
  const make = (options: any) => () => dynaLock(options);
  assertThrows(make({ clockSkewMs: -1 }), RangeError, "'clockSkewMs'");
  assertThrows(make({ clockSkewMs: Infinity }), RangeError, "'clockSkewMs'");
  assertThrows(make({ skew: 1 }), TypeError, "'skew' does not exist");
});
