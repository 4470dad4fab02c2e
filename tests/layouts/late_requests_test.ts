/** What comes late, in the formats in which nothing ends, and in those whose records are several items. */

import { assertEquals, assertRejects } from "@std/assert";
import {
  dynaLock,
  dynamoDlm,
  dynamolock,
  javaLockClient,
  npmLockClient,
  pythonDynamodbLock,
  terraform,
} from "../../src/layouts.ts";
import { DLM_KEYS } from "../support/dlm_table.ts";
import { World } from "../support/world.ts";

const ENDLESS = [
  ["terraform", terraform()],
  ["fail-closed", npmLockClient({ mode: "fail-closed" })],
] as const;

for (const [what, layout] of ENDLESS) {
  for (const handed of [false, true]) {
    const name =
      `${what}: an attempt that comes after the release${handed ? ", handed on," : ""} ` +
      "holds nothing for ever";
    Deno.test(name, async () => {
      const world = await World.create();
      const table = { name: "dynamo-lock", partitionKey: "key" };
      const process = world.process({ layout, table });
      // The first attempt is held back for 9 s; the second one, after 5 s, is granted.
      world.fail({ kind: "late", ms: 9_000, apply: "late" }, { operation: "PutItem" });
      let lease = await world.until(process.manager.acquire("job"));
      if (handed) {
        const waiting = process.manager.acquire("job");
        await world.until(lease.release());
        lease = await world.until(waiting);
      }
      assertEquals(await world.until(lease.release()), true);
      await world.pass(3_600_000);
      assertEquals(await world.until(process.manager.inspect("job")), null);
      world.sent();
      await world.pass(3_600_000);
      assertEquals(world.sent(), []);
      await world.end(process);
    });
  }
}

const TABLE = "dynamo_dlm_locks";

/** A world with a table of dynamo-dlm. */
async function slots(): Promise<World> {
  const world = await World.create();
  const client = world.client(world.time.node());
  await world.until(client.send("CreateTable", {
    TableName: TABLE,
    BillingMode: "PAY_PER_REQUEST",
    ...DLM_KEYS,
  }));
  return world;
}

/** Formats in which nothing can be closed, for a release deletes the item. */
const DELETED = [
  javaLockClient(),
  dynamolock({ onRelease: "delete" }),
  pythonDynamodbLock(),
  dynaLock(),
  dynamoDlm(),
];

for (const layout of DELETED) {
  const { name, partitionKey = "key", sortKey } = layout.table;
  for (const names of ["job", ["job", "other"]]) {
    const what = `${layout.name}: a request for ${names} that comes`;
    for (const ms of [20, 1_500, 4_500]) {
      Deno.test(`${what} ${ms} ms after its caller has gone is given back`, async () => {
        const world = name === TABLE ? await slots() : await World.create();
        const keys = [partitionKey, ...(sortKey === undefined ? [] : [sortKey])];
        if (name !== TABLE) await world.createTable(name ?? "theirs", ...keys);
        const process = world.process({ layout, table: name ?? "theirs", leaseMs: 600_000 });
        world.fail({ kind: "late", ms, apply: "late" });
        const stop = new AbortController();
        const work = process.manager.tryAcquire(names, { signal: stop.signal });
        await world.pass(1);
        stop.abort(new Error("enough"));
        await assertRejects(() => world.until(work), Error, "enough");
        await world.pass(10_000);
        const info = await world.until(process.manager.inspect("job"));
        assertEquals(info?.holders ?? [], []);
        world.sent();
        await world.pass(3_600_000);
        assertEquals(world.sent(), []);
        await world.end(process);
      });
    }
  }
}

for (
  const [name, layout, comesMs] of [
    ["javaLockClient", javaLockClient(), 4_000],
    ["terraform", terraform(), 58_000],
  ] as const
) {
  Deno.test(`${name}: the last look for what comes late is the last that was sent, not answered`, async () => {
    const world = await World.create();
    const table = { name: "dynamo-lock", partitionKey: "key" };
    const process = world.process({ layout, table, leaseMs: 600_000 });
    const start = world.time.now;
    world.fail({ kind: "late", ms: comesMs, apply: "late" }, { operation: "PutItem" });
    const isShortBefore = () => {
      const ms = world.time.now - start - comesMs;
      return ms > -2_300 && ms < 0;
    };
    for (let count = 0; count < 3; count++) {
      const fault = { kind: "late", ms: 4_500, apply: "at-once" } as const;
      world.fail(fault, { operation: "DeleteItem", when: isShortBefore });
    }
    const stop = new AbortController();
    const work = process.manager.tryAcquire("job", { signal: stop.signal });
    await world.pass(1);
    stop.abort(new Error("enough"));
    await assertRejects(() => world.until(work), Error, "enough");
    await world.pass(120_000);
    assertEquals(await world.until(process.manager.inspect("job")), null);
    await world.end(process);
  });
}

Deno.test("javaLockClient: an attempt that comes after the release brings its grant back: what remains", async () => {
  const world = await World.create();
  const [one, two] = [
    world.process({ layout: javaLockClient(), leaseMs: 30_000 }),
    world.process({ layout: javaLockClient() }),
  ];
  world.fail({ kind: "late", ms: 9_000, apply: "late" }, { operation: "PutItem" });
  const lease = await world.until(one.manager.acquire("job")); // by its second attempt
  const check = lease.conditionCheck();
  assertEquals(await world.until(lease.release()), true);
  const other = await world.until(two.manager.acquire("job"));
  assertEquals(await world.until(other.release()), true);
  const write = { Put: { TableName: "dynamo-lock", Item: { key: { S: "guarded" } } } };
  const commit = () =>
    world.until(
      world.client(world.time.node()).send("TransactWriteItems", { TransactItems: [check, write] }),
    );
  await assertRejects(commit);
  await world.pass(9_000);
  await commit(); // nothing refuses it
  await world.end(one, two);
});

Deno.test("dynamoDlm: a record of several pages is read to its end", async () => {
  const world = await slots();
  // DynamoDB ends a page at a megabyte: here after two items.
  const server: typeof fetch = (url, init) => {
    const headers = new Headers(init!.headers);
    const isQuery = headers.get("x-amz-target")!.endsWith(".Query");
    if (!isQuery) return world.dynamo.fetch(url, init);
    headers.delete("content-length");
    const body = JSON.stringify({ ...JSON.parse(init!.body as string), Limit: 2 });
    return world.dynamo.fetch(url, { ...init, headers, body });
  };
  const process = world.process({ layout: dynamoDlm(), server });
  for (const [slot, seconds] of [[0, -100], [1, -100], [2, 900]] as const) {
    world.dynamo.table(TABLE).put({
      ["resource_id"]: { S: "job" },
      ["concurrency_id"]: { N: `${slot}` },
      ["release_code"]: { S: `theirs ${slot}` },
      expires: { N: `${Math.floor(world.time.now / 1_000) + seconds}` },
    });
  }
  assertEquals((await world.until(process.manager.inspect("job")))?.holders.length, 3);
  assertEquals(await world.until(process.manager.tryAcquire("job")), null);
  await world.end(process);
});

for (const [what, layout] of ENDLESS) {
  Deno.test(`${what}: what could not be given back in a long outage is given back after it`, async () => {
    const world = await World.create();
    const process = world.process({ layout, table: { name: "dynamo-lock", partitionKey: "key" } });
    const lease = await world.until(process.manager.acquire("job"));
    let over = false;
    world.fail({ kind: "hang" }, { when: () => !over, times: Infinity });
    const released = lease.release().catch(() => {});
    await world.pass(300_000);
    over = true;
    await world.pass(60_000);
    await world.until(released);
    assertEquals(await world.until(process.manager.inspect("job")), null);
    await world.end(process);
  });
}
