/** Items of other lock clients under our key: said by name, and left alone. */

import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { LockTableError } from "../../mod.ts";
import { describeForeign } from "../../src/records/foreign.ts";
import type { Item } from "../../src/records/record.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { World } from "../support/world.ts";

interface Foreigner {
  readonly client: string;
  /** The key of that client's table. */
  readonly partitionKey: string;
  /** A part of the message that tells which client it is. */
  readonly says: string;
  /** The layout that reads it, where there is one. */
  readonly layout?: string;
  /** Its attributes besides the key, as that client writes them. */
  readonly attributes: Item;
}

const UUID = "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1";

const FOREIGNERS: readonly Foreigner[] = [
  {
    client: "the AWS Java client",
    partitionKey: "key",
    says: "Java",
    layout: "javaLockClient",
    attributes: {
      ownerName: { S: "host-1" },
      leaseDuration: { S: "20000" },
      recordVersionNumber: { S: UUID },
      data: { B: "AAEC" },
    },
  },
  {
    client: "the AWS Java client, released and kept",
    partitionKey: "key",
    says: "Java",
    layout: "javaLockClient",
    attributes: {
      ownerName: { S: "host-1" },
      leaseDuration: { S: "20000" },
      recordVersionNumber: { S: UUID },
      isReleased: { S: "1" },
    },
  },
  {
    client: "Go dynamolock",
    partitionKey: "key",
    says: "Go dynamolock",
    layout: "dynamolock",
    attributes: {
      ownerName: { S: "host-1" },
      leaseDuration: { S: "1m30s" },
      recordVersionNumber: { S: "1700000000000000000:ABCDEF" },
    },
  },
  {
    client: "python_dynamodb_lock",
    partitionKey: "lock_key",
    says: "python_dynamodb_lock",
    layout: "pythonDynamodbLock",
    attributes: {
      owner_name: { S: "host-1" },
      lease_duration: { N: "30" },
      record_version_number: { S: UUID },
      expiry_time: { N: "1767225600" },
    },
  },
  {
    client: "DynaLock",
    partitionKey: "LockId",
    says: "DynaLock",
    layout: "dynaLock",
    attributes: { TTL: { N: "1767225600" } },
  },
  {
    client: "dynamo-dlm",
    partitionKey: "resource_id",
    says: "dynamo-dlm",
    layout: "dynamoDlm",
    attributes: { release_code: { S: "abcdef" }, expires: { N: "1767225600" } },
  },
  {
    client: "dynamodb-lock-client, fail-closed",
    partitionKey: "id",
    says: "dynamodb-lock-client",
    layout: 'npmLockClient({ mode: "fail-closed" })',
    attributes: { owner: { S: "pkg@1.0.0_user@host" }, guid: { B: "AAEC" } },
  },
  {
    client: "dynamodb-lock-client, fail-open",
    partitionKey: "id",
    says: "dynamodb-lock-client",
    layout: 'npmLockClient({ mode: "fail-open" })',
    attributes: {
      owner: { S: "pkg@1.0.0_user@host" },
      guid: { B: "AAEC" },
      fencingToken: { N: "4" },
      leaseDurationMs: { N: "10000" },
    },
  },
  {
    client: "Terraform",
    partitionKey: "LockID",
    says: "Terraform",
    layout: "terraform",
    attributes: { Info: { S: '{"ID":"x","Who":"me@host"}' } },
  },
  {
    client: "Terraform's digest",
    partitionKey: "LockID",
    says: "Terraform",
    attributes: { Digest: { S: "d41d8cd98f00b204e9800998ecf8427e" } },
  },
  {
    client: "a later format of this package",
    partitionKey: "key",
    says: "format",
    attributes: { format: { N: "2" }, fence: { N: "7" }, holders: { M: {} } },
  },
  {
    client: "an application",
    partitionKey: "pk",
    says: "colour, pk, size",
    attributes: { colour: { S: "a-secret-value" }, size: { N: "4711" } },
  },
];

for (const { client, partitionKey, says, layout, attributes } of FOREIGNERS) {
  Deno.test(`acquire() names the item and leaves it alone when it is one of ${client}`, async () => {
    const world = await World.create();
    await world.createTable("theirs", partitionKey);
    const process = world.process({ table: { name: "theirs", partitionKey } });
    const item = { [partitionKey]: { S: "job" }, ...attributes };
    world.dynamo.table("theirs").put(item as AttributeMap);
    for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
      const error = await assertRejects(
        () => world.until<unknown>(process.manager[verb]("job")),
        LockTableError,
      );
      assertEquals([error.code, error.lockName], ["RECORD_FOREIGN", "job"]);
      assertStringIncludes(error.message, says);
      const advice = /use the layout '(.*)' of .\/layouts/.exec(error.message)?.[1];
      assertEquals(advice, layout);
      assertStringIncludes(error.message, "'job'");
    }
    await world.pass(60_000); // and nothing in the background
    await world.end(process);
    assertEquals(world.dynamo.table("theirs").items(), [item]);
  });
}

Deno.test("describeForeign() shows no value of the item", () => {
  for (const { partitionKey, attributes } of FOREIGNERS) {
    const text = describeForeign({ [partitionKey]: { S: "the key" }, ...attributes });
    for (const value of Object.values(attributes)) {
      const content = String(Object.values(value)[0]);
      if (content.length > 3) assertEquals(text.includes(content), false, text);
    }
  }
});

Deno.test("describeForeign() is short when the item has many attributes with long names", () => {
  const item = Object.fromEntries(
    Array.from({ length: 100 }, (_, at) => [`${at}`.padEnd(255, "x"), { S: "y" }]),
  );
  assertEquals(describeForeign(item).length < 300, true);
});

const DAMAGED: readonly [string, Item][] = [
  ["a fence above 2^53", { fence: { N: "9007199254740993" } }],
  ["a fence that is a text", { fence: { S: "7" } }],
  ["no fence", { fence: { NULL: true } }],
  ["holders that are a list", { holders: { L: [{ S: "x" }] } }],
  ["holders that are an empty list", { holders: { L: [] } }],
  ["holders that are an empty text", { holders: { S: "" } }],
  ["holders that are a text", { holders: { S: "x" } }],
  ["holders that are a number", { holders: { N: "0" } }],
  ["a holder that is a text", { holders: { M: { ["a".repeat(32)]: { S: "x" } } } }],
  ["a holder without attributes", { holders: { M: { ["a".repeat(32)]: { M: {} } } } }],
];

for (const [what, attributes] of DAMAGED) {
  Deno.test(`acquire() rejects and leaves the record alone when it is damaged: ${what}`, async () => {
    const world = await World.create();
    const process = world.process();
    const item = {
      key: { S: "job" },
      format: { N: "1" },
      fence: { N: "7" },
      holders: { M: {} },
      purge: { N: "9" },
      ...attributes,
    };
    world.dynamo.table("dynamo-lock").put(item as AttributeMap);
    for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
      const error = await assertRejects(
        () => world.until<unknown>(process.manager[verb]("job")),
        LockTableError,
      );
      assertEquals([error.code, error.lockName], ["RECORD_INVALID", "job"]);
    }
    await world.pass(60_000);
    await world.end(process);
    assertEquals(world.dynamo.table("dynamo-lock").items(), [item]);
  });
}

Deno.test("acquire() rejects when the record is damaged while it waits", async () => {
  const world = await World.create();
  const holder = world.process();
  const waiter = world.process();
  await world.until(holder.manager.acquire("job", { renew: false }));
  const waiting = waiter.manager.acquire("job");
  waiting.catch(() => {});
  await world.pass(2_000);
  world.tamper("job", (record) => record.fence.N = "1.5");
  const error = await assertRejects(() => world.until(waiting), LockTableError);
  assertEquals(error.code, "RECORD_INVALID");
  await world.end(holder, waiter);
});

Deno.test("a table that locks share with other items keeps them apart", async () => {
  const world = await World.create();
  await world.createTable("app", "pk", "sk");
  const table = { name: "app", partitionKey: "pk", sortKey: "sk" };
  const items = [
    { pk: { S: "job" }, sk: { S: "profile" }, colour: { S: "blue" } },
    { pk: { S: "lock#job" }, sk: { S: "profile" } },
    { pk: { S: "job" }, sk: { S: "lockx" } },
  ];
  for (const item of items) world.dynamo.table("app").put(item);
  const plain = world.process({ table });
  const prefixed = world.process({ table: { ...table, prefix: "lock#" } });
  const valued = world.process({ table: { ...table, prefix: "lock#", sortValue: "#lock" } });
  const leases = [];
  for (const { manager } of [plain, prefixed, valued]) {
    leases.push(await world.until(manager.acquire("job")));
  }
  assertEquals(leases.map((lease) => lease.held), [true, true, true], "three locks");
  for (const lease of leases) assertEquals(await world.until(lease.release()), true);
  const keys = world.dynamo.table("app").items().filter((item) => "fence" in item)
    .map((item) => [item.pk, item.sk].map((value) => (value as { S: string }).S).join(" "));
  assertEquals(keys.sort(), ["job lock", "lock#job #lock", "lock#job lock"]);
  for (const { pk, sk, ...rest } of items) {
    assertEquals(world.dynamo.table("app").get({ pk, sk }), { pk, sk, ...rest });
  }
  await world.end(plain, prefixed, valued);
});

Deno.test("a name that makes the same key by another prefix is the same lock", async () => {
  const world = await World.create();
  const one = world.process({ table: { name: "dynamo-lock", prefix: "a#" } });
  const other = world.process();
  await world.until(one.manager.acquire("job"));
  assertEquals(await world.until(other.manager.tryAcquire("a#job")), null);
  assertEquals((await world.until(other.manager.tryAcquire("job")))?.held, true);
  await world.end(one, other);
});
