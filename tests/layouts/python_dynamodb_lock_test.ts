/**
 * The record format of `python_dynamodb_lock`: what ours writes, what ours makes of what its client has
 * written, and what its client's conditions make of ours.
 */

// deno-lint-ignore-file camelcase -- these are that client's own names

import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { LockTableError } from "../../mod.ts";
import { pythonDynamodbLock } from "../../src/layouts.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { START } from "../support/virtual.ts";
import { basics, type Format, Stage } from "./basics.ts";

const UUID = "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1";

/** An item as that client writes it; `undefined` takes an attribute out. */
function theirs(attributes: Record<string, unknown> = {}): AttributeMap {
  const usual = {
    lock_key: { S: "job" },
    sort_key: { S: "-" },
    owner_name: { S: "host-1" },
    lease_duration: { N: "30" },
    record_version_number: { S: UUID },
    expiry_time: { N: `${Math.floor(START / 1_000) + 3_600}` },
  };
  const all = Object.entries({ ...usual, ...attributes }).filter(([, value]) =>
    value !== undefined
  );
  return Object.fromEntries(all) as AttributeMap;
}

const FORMAT: Format = {
  layout: pythonDynamodbLock(),
  table: "DynamoDBLockTable",
  keys: { lock_key: "S", sort_key: "S" },
  other: theirs(),
};

basics(FORMAT);

/** The request by which that client takes over what it has seen unchanged. */
function overwrite(stage: Stage, version: string): Promise<boolean> {
  return stage.send("PutItem", {
    Item: theirs(),
    ConditionExpression: "attribute_exists(#pk) AND attribute_exists(#sk) AND #rvn = :old_rvn",
    ExpressionAttributeNames: {
      ...{ "#pk": "lock_key", "#sk": "sort_key", "#rvn": "record_version_number" },
    },
    ExpressionAttributeValues: { ":old_rvn": { S: version } },
  });
}

const versionOf = ({ record_version_number: version }: AttributeMap) =>
  (version as { S: string }).S;

Deno.test("pythonDynamodbLock: the item is the client's, attribute by attribute", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const { manager } = stage.process({ owner: "me", leaseMs: 2_500 });
  const lease = await world.until(manager.acquire("job"));
  const { record_version_number: version, ...rest } = stage.item();
  assertEquals(rest, {
    lock_key: { S: "job" },
    sort_key: { S: "-" },
    owner_name: { S: "me" },
    lease_duration: { N: "2.5" },
    // An hour after the end of the lease.
    expiry_time: { N: `${Math.ceil((START + 2_500) / 1_000) + 3_600}` },
  });
  assert(/^[0-9a-f]{32}:\d{16}$/.test((version as { S: string }).S));
  await world.pass(1_000);
  const renewed = stage.item();
  assert(versionOf(renewed) > (version as { S: string }).S, "each renewal has another version");
  assertEquals(Object.keys(renewed).length, 6);
  assertEquals(lease.held, true);
  await world.until(manager.close());
});

Deno.test("pythonDynamodbLock: its own table is the default one, and its sort key can be another", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const { layout } = FORMAT;
  const one = world.process({ layout });
  await world.until(one.manager.acquire("job"));
  assertEquals(stage.item().sort_key, { S: "-" });
  const other = world.process({ layout, table: { name: FORMAT.table, sortValue: "part" } });
  await world.until(other.manager.acquire("job"));
  assertEquals(stage.items().length, 2);
  await world.end(one, other);
  assertEquals(stage.items(), []);
});

Deno.test("pythonDynamodbLock: the attribute of the time to live can be another", async () => {
  const layout = pythonDynamodbLock({ ttlAttribute: "gone" });
  const stage = await Stage.create({ ...FORMAT, layout });
  const one = stage.process();
  await stage.world.until(one.manager.acquire("job"));
  await stage.world.pass(10_000);
  const { gone, ...rest } = stage.item();
  assert(Number((gone as { N: string }).N) > START / 1_000 + 3_600);
  assertEquals("expiry_time" in rest, false);
  await stage.world.end(one);
});

Deno.test("pythonDynamodbLock: a holder of theirs that renews is left alone, one that has gone is taken over", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const two = stage.process();
  stage.put(theirs());
  assertEquals(await world.until(two.manager.tryAcquire("job")), null);
  let got = false;
  const waiting = two.manager.acquire("job");
  waiting.then(() => got = true);
  let version = UUID;
  for (let beat = 0; beat < 20; beat++) {
    await world.pass(5_000);
    version = crypto.randomUUID();
    stage.put(theirs({ record_version_number: { S: version } }));
  }
  await world.pass(30_000);
  assertEquals(got, false, "it has renewed 30 seconds ago");
  const start = world.time.now;
  const lease = await world.until(waiting);
  const took = world.time.now - start;
  assert(took < 3_000, `30 seconds and 5 % more, then ${took} ms`);
  assertEquals(await overwrite(stage, version), false);
  assertEquals(await world.until(lease.release()), true);
  assertEquals(stage.items(), []);
  await world.end(two);
});

Deno.test("pythonDynamodbLock: it is seen, and broken by its id", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const two = stage.process();
  stage.put(theirs({ more: { S: "of the caller's own" } }));
  const info = (await world.until(two.manager.inspect("job")))!;
  assertEquals(info, {
    name: "job",
    fencingToken: 0,
    holders: [{
      ownerId: "host-1",
      mode: "exclusive",
      fencingToken: 0,
      id: UUID,
      expiresAt: new Date(8.64e15),
      alive: true,
      leaseMs: 30_000,
    }],
  });
  stage.put(theirs({ record_version_number: { S: "another" } }));
  assertEquals(await world.until(two.manager.breakLock("job", { id: UUID })), false);
  stage.put(theirs());
  assertEquals(await world.until(two.manager.breakLock("job", { id: UUID })), true);
  assertEquals(stage.items(), []);
  await world.end(two);
});

for (
  const [lease, ms] of [["0.5", 500], ["2.3", 2_300], ["1.0005", 1_001], [
    "86400",
    86_400_000,
  ]] as const
) {
  Deno.test(`pythonDynamodbLock: a lease of ${lease} seconds is understood`, async () => {
    const stage = await Stage.create(FORMAT);
    const two = stage.process();
    stage.put(theirs({ lease_duration: { N: lease } }));
    const info = await stage.world.until(two.manager.inspect("job"));
    assertEquals(info?.holders[0]?.leaseMs, ms);
    await stage.world.end(two);
  });
}

for (
  const [what, attributes] of Object.entries({
    "no lease": { lease_duration: undefined },
    "a lease that is a text": { lease_duration: { S: "30" } },
    "a negative lease": { lease_duration: { N: "-1" } },
    "no version": { record_version_number: undefined },
    "no owner": { owner_name: undefined },
  })
) {
  Deno.test(`pythonDynamodbLock: an item with ${what} is an error, and never free`, async () => {
    const stage = await Stage.create(FORMAT);
    const { world } = stage;
    const two = stage.process();
    stage.put(theirs(attributes));
    const before = stage.items();
    const error = await assertRejects(
      () => world.until(two.manager.acquire("job")),
      LockTableError,
    );
    // Without a version it does not even look like one of that client.
    const code = "record_version_number" in before[0]! ? "RECORD_INVALID" : "RECORD_FOREIGN";
    assertEquals([error.code, stage.items()], [code, before]);
    const says = code === "RECORD_INVALID"
      ? `its '${Object.keys(attributes)[0]}'`
      : "no lock, with";
    assertStringIncludes(error.message, says);
    await world.end(two);
  });
}

Deno.test("pythonDynamodbLock: theirs sees another version after each renewal, and loses no lock of ours", async () => {
  const stage = await Stage.create(FORMAT);
  const { world } = stage;
  const one = stage.process({ leaseMs: 9_000 });
  const lease = await world.until(one.manager.acquire("job"));
  for (let watch = 0; watch < 5; watch++) {
    const version = versionOf(stage.item());
    await world.pass(9_000);
    assertEquals(await overwrite(stage, version), false);
  }
  assertEquals(lease.held, true);
  one.node.pause();
  await world.pass(9_000);
  assertEquals(await overwrite(stage, versionOf(stage.item())), true);
  assertEquals(lease.held, false, "two believers");
  one.node.resume();
  await world.pass(5_000);
  assertEquals([lease.held, await world.until(lease.release())], [false, false]);
  assertEquals(stage.item(), theirs(), "theirs is left alone");
  await world.end(one);
});

Deno.test("pythonDynamodbLock: options are checked", () => {
  // deno-lint-ignore no-explicit-any
  const make = (options: any) => () => pythonDynamodbLock(options);
  assertThrows(make({ ttlAttribute: 1 }), TypeError, "'ttlAttribute'");
  assertThrows(make({ ttlAttribute: "owner_name" }), RangeError, "no other attribute");
  assertThrows(make({ ttl: "x" }), TypeError, "'ttl' does not exist");
  assertThrows(make({ ttlAttribute: "sort_key" }), RangeError, "no key of the table");
});
