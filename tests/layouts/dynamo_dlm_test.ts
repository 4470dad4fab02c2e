/**
 * The record format of `dynamo-dlm`: what ours writes, what ours makes of what its client has written, and
 * what its client's requests make of ours. The slots are those of `permits`.
 */

// deno-lint-ignore-file camelcase -- these are that client's own names

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { type Lease, type LeaseLostError, LockManager, LockTableError } from "../../mod.ts";
import { dynamoDlm } from "../../src/layouts.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { START } from "../support/virtual.ts";
import type { Process } from "../support/world.ts";
import { basics, type Format, Stage } from "./basics.ts";

const CODE = "0d6ad30b3b1c4a3f8f6c2f8f3c8cb3a1";

/** The item of a holder of theirs whose time is over so many seconds after the start. */
function theirs(slot: number, seconds: number, more: Record<string, unknown> = {}): AttributeMap {
  return {
    resource_id: { S: "job" },
    concurrency_id: { N: `${slot}` },
    release_code: { S: `${CODE}${slot}` },
    expires: { N: `${Math.floor(START / 1_000) + seconds}` },
    ...more,
  } as AttributeMap;
}

const FORMAT: Format = {
  layout: dynamoDlm(),
  table: "dynamo_dlm_locks",
  keys: { resource_id: "S", concurrency_id: "N" },
  other: theirs(0, 900),
};

basics(FORMAT);

/** The acquisition of theirs, by a clock that is ahead; answers the slot. */
async function acquire(stage: Stage, concurrency = 1, aheadMs = 0): Promise<number | undefined> {
  for (let slot = 0; slot < concurrency; slot++) {
    const now = Math.floor((stage.world.time.now + aheadMs) / 1_000);
    const taken = await stage.send("PutItem", {
      Item: theirs(slot, now - Math.floor(START / 1_000) + 60),
      ConditionExpression: "(attribute_not_exists(resource_id) OR expires <= :now)",
      ExpressionAttributeValues: { ":now": { N: `${now}` } },
    });
    if (taken) return slot;
  }
}

function release(stage: Stage, slot: number): Promise<boolean> {
  return stage.send("DeleteItem", {
    Key: { resource_id: { S: "job" }, concurrency_id: { N: `${slot}` } },
    ConditionExpression: "release_code = :code",
    ExpressionAttributeValues: { ":code": { S: `${CODE}${slot}` } },
  });
}

const slotsOf = (stage: Stage) =>
  stage.items().map(({ concurrency_id: slot }) => Number((slot as { N: string }).N)).sort();

const enter = (stage: Stage, { manager }: Process, permits = 3): Promise<Lease | null> =>
  stage.world.until(manager.tryAcquire("job", { permits }));

Deno.test("dynamoDlm: the item is the client's, attribute by attribute", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process({ owner: "me", leaseMs: 5_000 });
  const start = world.time.now;
  await world.until(one.manager.acquire("job"));
  const { release_code: code, expires, ...rest } = stage.item();
  assertEquals(rest, { resource_id: { S: "job" }, concurrency_id: { N: "0" } });
  assert(/^[0-9a-f]{32}:me$/.test((code as { S: string }).S));
  const end = Number((expires as { N: string }).N);
  // The end and a second, up to the next one.
  assert(Number.isInteger(end) && end * 1_000 >= start + 6_000 && end * 1_000 < start + 8_100);
  await world.pass(3_000);
  const renewed = stage.item();
  assertEquals([renewed.release_code, Object.keys(renewed).length], [code, 4]);
  assert(Number((renewed.expires as { N: string }).N) > end);
  await world.end(one);
});

Deno.test("dynamoDlm: renewals within one second write the same end, and are renewals all the same", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process();
  const lease = await world.until(one.manager.acquire("job"));
  for (let time = 0; time < 5; time++) await world.until(lease.renew());
  assertEquals(one.events.filter(({ type }) => type === "trouble"), []);
  assertEquals([lease.held, stage.items().length], [true, 1]);
  await world.end(one);
});

for (const clockSkewMs of [0, 1_000, 30_000]) {
  Deno.test(`dynamoDlm: theirs, ${clockSkewMs} ms ahead, takes nothing that is held, and then what is over`, async () => {
    const stage = await Stage.create({ ...FORMAT, layout: dynamoDlm({ clockSkewMs }) });
    const { world } = stage;
    const one = stage.process({ leaseMs: 4_000 });
    const lease = await world.until(one.manager.acquire("job"));
    for (let step = 0; step < 60; step++) {
      await world.pass(250);
      assertEquals(await acquire(stage, 1, clockSkewMs), undefined);
    }
    one.node.pause();
    let waited = 0;
    while (await acquire(stage, 1, clockSkewMs) === undefined) {
      assert(waited < 8_000);
      await world.pass(250);
      waited += 250;
    }
    assertEquals(lease.held, false, "two believers");
    const after = stage.item();
    one.node.resume();
    await world.pass(4_000);
    assertEquals((lease.signal.reason as LeaseLostError).name, "LeaseLostError");
    assertEquals(stage.item(), after, "theirs is left alone");
    await world.end(one);
  });
}

Deno.test("dynamoDlm: a holder of theirs is dead after its time by DynamoDB's clock, and not before", async () => {
  for (const [maxClockSkewMs, least] of [[0, 10_000], [1_000, 11_000], [5_000, 15_000]] as const) {
    const stage = await Stage.create(FORMAT);
    const { world } = stage;
    const two = stage.process({ maxClockSkewMs, wallOffsetMs: 600_000 });
    stage.put(theirs(0, 10));
    assertEquals(await world.until(two.manager.tryAcquire("job")), null);
    const lease = await world.until(two.manager.acquire("job"));
    const at = world.time.now - Math.floor(START / 1_000) * 1_000;
    assert(at >= least && at < least + 2_500, `after ${at} ms`);
    assertEquals(await world.until(lease.release()), true);
    assertEquals(stage.items(), []);
    await world.end(two);
  }
});

Deno.test("dynamoDlm: a holder of theirs is never dead where the server's clock does not count", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process({ maxClockSkewMs: Infinity });
  stage.put(theirs(0, 10));
  const stop = new AbortController();
  const waiting = one.manager.acquire("job", { signal: stop.signal });
  await world.pass(600_000);
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  const [holder] = (await world.until(one.manager.inspect("job")))!.holders;
  assertEquals([holder!.id, holder!.leaseMs], [`${CODE}0`, Infinity]);
  assertEquals(await world.until(one.manager.breakLock("job", { id: holder!.id! })), true);
  assertEquals(stage.items(), []);
  await world.end(one);
});

Deno.test("dynamoDlm: so many hold it at once as there are permits, of ours and of theirs", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const processes = [1, 2, 3, 4].map(() => stage.process());
  const [one, two, three, four] = processes as [Process, Process, Process, Process];
  const first = (await enter(stage, one))!;
  assertEquals(world.sent(), ["PutItem"]);
  assertEquals(await acquire(stage, 3), 1);
  world.sent();
  const third = (await enter(stage, three))!;
  assertEquals(world.sent(), ["PutItem", "Query", "PutItem"]);
  assertEquals(slotsOf(stage), [0, 1, 2]);
  assertEquals(await enter(stage, four), null);
  assertEquals(await acquire(stage, 3), undefined);
  const waiting = two.manager.acquire("job", { permits: 3 });
  await world.pass(30_000);
  assertEquals([first.held, third.held, slotsOf(stage).length], [true, true, 3]);
  assertEquals(await release(stage, 1), true);
  const next = await world.until(waiting);
  assertEquals(slotsOf(stage), [0, 1, 2]);
  await world.pass(30_000);
  assertEquals([first.held, next.held, third.held], [true, true, true]);
  for (const lease of [first, next, third]) assertEquals(await world.until(lease.release()), true);
  assertEquals(stage.items(), []);
  await world.end(...processes);
});

Deno.test("dynamoDlm: a dead slot is taken over, and the others are left alone", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const processes = [1, 2, 3].map(() => stage.process({ leaseMs: 4_000 }));
  const [one, two, three] = processes as [Process, Process, Process];
  const [first, second] = [(await enter(stage, one, 2))!, (await enter(stage, two, 2))!];
  two.node.pause();
  const third = await world.until(three.manager.acquire("job", { permits: 2 }));
  assertEquals([first.held, second.held, third.held], [true, false, true]);
  assertEquals(slotsOf(stage), [0, 1]);
  two.node.resume();
  await world.pass(5_000);
  assertEquals(await world.until(second.release()), false);
  assertEquals([first.held, third.held, slotsOf(stage)], [true, true, [0, 1]]);
  await world.end(...processes);
  assertEquals(stage.items(), []);
});

Deno.test("dynamoDlm: what is taken over, or broken, is the holder that was read, and no other", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const two = stage.process();
  const more = { release_code: { S: `${"f".repeat(32)}:me` } };
  stage.put(theirs(0, -100, more));
  world.fail({ kind: "late", ms: 500, apply: "late" }, { operation: "PutItem", after: 1 });
  const taking = two.manager.tryAcquire("job");
  await world.pass(100);
  const renewed = theirs(0, 100, more);
  stage.put(renewed);
  assertEquals(await world.until(taking), null);
  assertEquals(stage.item(), renewed);
  world.fail({ kind: "late", ms: 500, apply: "late" }, { operation: "DeleteItem" });
  const breaking = two.manager.breakLock("job", { id: "f".repeat(32) });
  await world.pass(100);
  stage.put(theirs(0, 100));
  assertEquals(await world.until(breaking), false);
  assertEquals(stage.item(), theirs(0, 100));
  await world.end(two);
});

Deno.test("dynamoDlm: who tries only once gives up where others are faster again and again", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process();
  stage.put(theirs(0, 900));
  const table = world.dynamo.table(FORMAT.table);
  world.fail({ kind: "no-date" }, {
    // Somebody is in every slot that it asks for, and has gone when it looks.
    when: ({ operation, input }) => {
      const slot = Number(input.Item?.concurrency_id.N ?? 0);
      if (operation === "PutItem") stage.put(theirs(slot, 900));
      for (const other of [1, 2]) {
        if (operation !== "Query") continue;
        table.delete({ resource_id: { S: "job" }, concurrency_id: { N: `${other}` } });
      }
      return false;
    },
  });
  assertEquals(await enter(stage, one), null);
  assertEquals(world.sent().filter((operation) => operation === "PutItem").length, 4);
  await world.until(one.manager.close());
});

Deno.test("dynamoDlm: many callers at once leave no slot and take none too many", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const processes = Array.from({ length: 12 }, (_, at) => stage.process({ latencyMs: 5 + at }));
  let [inside, most, done] = [0, 0, 0];
  const work = processes.map(async ({ manager }) => {
    for (let round = 0; round < 5; round++) {
      const lease = await manager.acquire("job", { permits: 3 });
      most = Math.max(most, ++inside);
      await world.time.delay(200);
      inside--;
      assertEquals(await lease.release(), true);
      done++;
    }
  });
  await world.until(Promise.all(work));
  assertEquals([most, done, stage.items().length], [3, 60, 0]);
  await world.end(...processes);
});

Deno.test("dynamoDlm: a grant whose answer was lost is known again in whichever slot it is", async () => {
  for (const times of [1, 10]) {
    const stage = await Stage.create(FORMAT);
    const { world } = stage;
    const one = stage.process({ leaseMs: 120_000 });
    stage.put(theirs(0, 900));
    stage.put(theirs(1, 900));
    const isThird = ({ input }: { input: { Item?: AttributeMap } }) =>
      (input.Item?.concurrency_id as { N?: string } | undefined)?.N === "2";
    // Of one attempt; or of all of them, and then only a look tells what became of it.
    const fault = { kind: "hang", applied: true } as const;
    world.fail(fault, { operation: "PutItem", when: isThird, times });
    const lease = await world.until(one.manager.acquire("job", { permits: 3 }));
    assertEquals(slotsOf(stage), [0, 1, 2]);
    await world.pass(60_000);
    assertEquals([lease.held, slotsOf(stage)], [true, [0, 1, 2]]);
    assertEquals(await world.until(lease.release()), true);
    assertEquals(slotsOf(stage), [0, 1]);
    await world.end(one);
  }
});

Deno.test("dynamoDlm: an exclusive caller waits for whoever is in any slot, and a permit counts them all", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const [one, two] = [stage.process(), stage.process()];
  stage.put(theirs(0, -10));
  stage.put(theirs(5, 900));
  assertEquals(await world.until(one.manager.tryAcquire("job")), null);
  assertEquals(await enter(stage, one, 1), null);
  const lease = (await enter(stage, one, 2))!;
  assertEquals(await enter(stage, two, 2), null);
  assertEquals(await world.until(lease.release()), true);
  await world.end(one, two);
});

Deno.test("dynamoDlm: callers that wait alone ask nobody to stand back, as the format has no room for it", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process();
  stage.put(theirs(1, 900));
  stage.put(theirs(0, 20));
  const waiting = one.manager.acquire("job");
  await world.pass(40_000);
  assertEquals(new Set(world.sent()), new Set(["PutItem", "Query"]));
  await release(stage, 1);
  assertEquals((await world.until(waiting)).held, true);
  await world.end(one);
});

Deno.test("dynamoDlm: several names, each with slots, are held together", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const processes = [1, 2, 3].map(() => stage.process());
  const [one, two, three] = processes as [Process, Process, Process];
  const names = ["a", "b", "c"];
  const first = await world.until(one.manager.acquire(names, { permits: 2 }));
  const second = (await world.until(two.manager.tryAcquire(names, { permits: 2 })))!;
  assertEquals(stage.items().length, 6);
  assertEquals(await world.until(three.manager.tryAcquire(["c", "d"], { permits: 2 })), null);
  await world.pass(60_000);
  assertEquals([first.held, second.held], [true, true]);
  await world.until(second.transact([{
    Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } },
  }]));
  const check = second.conditionCheck({ name: "b" });
  assertEquals(check.ConditionCheck.Key, { resource_id: { S: "b" }, concurrency_id: { N: "1" } });
  assertEquals(await world.until(first.release()), true);
  assertEquals(await world.until(second.release()), true);
  assertEquals(stage.items(), []);
  await world.end(...processes);
});

Deno.test("dynamoDlm: a hand-over inside a process stays in its slot", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process();
  stage.put(theirs(0, 900));
  const first = await world.until(one.manager.acquire("job", { permits: 2 }));
  const waiting = one.manager.acquire("job", { permits: 2 });
  await world.pass(2_000);
  assertEquals(slotsOf(stage), [0, 1]);
  world.sent();
  assertEquals(await world.until(first.release()), true);
  const second = await world.until(waiting);
  assertEquals(world.sent().filter((operation) => operation !== "Query"), ["PutItem"]);
  await world.pass(60_000);
  assertEquals([second.held, slotsOf(stage)], [true, [0, 1]]);
  assertEquals(await world.until(second.release()), true);
  assertEquals(slotsOf(stage), [0]);
  await world.end(one);
});

Deno.test("dynamoDlm: a list has each lock once, with all who are in, also over pages", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process();
  const count = 40;
  const long = "x".repeat(9_000);
  for (let lock = 0; lock < count; lock++) {
    for (let slot = 0; slot < 4; slot++) {
      stage.put(theirs(slot, 900, { resource_id: { S: `job/${lock}` }, more: { S: long } }));
    }
  }
  const infos = await world.until(Array.fromAsync(one.manager.list({ prefix: "job/" })));
  assert(world.sent().length > 1, "a page is not enough");
  assertEquals(infos.length, count);
  assertEquals(new Set(infos.map(({ name }) => name)).size, count);
  assertEquals(infos.every(({ holders }) => holders.length === 4), true);
  const info = await world.until(one.manager.inspect("job/7"));
  assertEquals(info?.holders.map(({ ownerId, mode }) => [ownerId, mode]), [
    ...Array(4).fill(["dynamo-dlm", "shared"]),
  ]);
  await world.end(one);
});

for (
  const [what, attributes] of Object.entries({
    "no end": { expires: undefined },
    "an end that is a text": { expires: { S: "1767225700" } },
    "no code": { release_code: undefined },
    "a code that is a number": { release_code: { N: "1" } },
  })
) {
  Deno.test(`dynamoDlm: an item with ${what} in any slot is an error, and never free`, async () => {
    for (const slot of [0, 1]) {
      const stage = await Stage.create(FORMAT);
      const { world } = stage;
      const two = stage.process();
      if (slot === 1) stage.put(theirs(0, -100));
      const all = Object.entries(theirs(slot, -100, attributes));
      stage.put(Object.fromEntries(all.filter(([, value]) => value !== undefined)));
      const before = stage.items();
      const error = await assertRejects(
        () => world.until(two.manager.acquire("job", { permits: 2 })),
        LockTableError,
      );
      const code = what === "no code" ? "RECORD_FOREIGN" : "RECORD_INVALID";
      assertEquals([error.code, stage.items()], [code, before]);
      const says = code === "RECORD_INVALID" ? `its '${Object.keys(attributes)[0]}'` : "no lock,";
      assertStringIncludes(error.message, says);
      await world.end(two);
    }
  });
}

Deno.test("dynamoDlm: options are checked", () => {
  // deno-lint-ignore no-explicit-any
  const make = (options: any) => () => dynamoDlm(options);
  assertThrows(make({ clockSkewMs: "1" }), TypeError, "'clockSkewMs'");
  assertThrows(make({ clockSkewMs: 1_000_000 }), RangeError, "'clockSkewMs'");
  assertThrows(make({ concurrency: 1 }), TypeError, "'concurrency' does not exist");
  const table = { name: "locks", partitionKey: "resource_id", sortKey: "slot" };
  const manage = () => new LockManager({ layout: dynamoDlm(), table, region: "local" });
  assertThrows(manage, TypeError, "absent: it is 'concurrency_id'");
});
