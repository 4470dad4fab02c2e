/** Writes under a lease: they land only while it is the current one, and say why where they do not. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  isLockError,
  type Lease,
  LeaseLostError,
  LockServiceError,
  LockTransactionError,
} from "../../mod.ts";
import { only } from "../support/requests.ts";
import { hold, World } from "../support/world.ts";

const put = (id: string, extra = {}) => ({
  Put: { TableName: "dynamo-lock", Item: { key: { S: id } }, ...extra },
});

const stored = (world: World, id: string) =>
  world.dynamo.table("dynamo-lock").get({ key: { S: id } }) !== undefined;

const never = (id: string) =>
  put(id, {
    ConditionExpression: "attribute_exists(#never)",
    ExpressionAttributeNames: { "#never": "never" },
  });

/** Takes the lock away as a take-over would. */
function takeAway(world: World): void {
  world.tamper("job", (record) => {
    record.holders.M = {};
    record.fence.N = String(Number(record.fence.N) + 5);
  });
}

Deno.test("transact() writes under the lease, in one request, and the lease goes on", async () => {
  const { world, process, lease } = await hold();
  await world.until(lease.transact([put("x"), put("y")]));
  assertEquals(world.kinds(), ["guard"]);
  assertEquals([stored(world, "x"), stored(world, "y"), lease.held], [true, true, true]);
  await world.pass(30_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("transact() with release gives the lock back in the same request", async () => {
  const { world, process, lease } = await hold();
  const done = lease.transact([put("x")], { release: true });
  assertEquals(lease.held, false, "it is not believed while the release is on its way");
  await world.until(done);
  assertEquals(world.kinds(), ["release"]);
  assertEquals([stored(world, "x"), world.holders("job")], [true, 0]);
  assertEquals(await world.until(lease.release()), true);
  assertEquals(world.sent(), []);
  assertEquals(process.events.filter(({ type }) => type === "release").length, 1);
  await world.end(process);
});

for (const release of [false, true]) {
  const how = release ? "with release" : "without release";

  Deno.test(`transact() ${how} writes nothing where the lock was taken over`, async () => {
    const { world, process, lease } = await hold();
    takeAway(world);
    const call = () => world.until(lease.transact([put("x"), never("y")], { release }));
    const error = await assertRejects(call, LeaseLostError);
    assertEquals([error.code, error.lockName], ["LEASE_STOLEN", "job"]);
    assertEquals([stored(world, "x"), lease.held], [false, false]);
    assertEquals(await world.until(lease.release()), false);
    await world.end(process);
  });

  Deno.test(`transact() ${how} says which element was refused, and why`, async () => {
    const { world, process, lease } = await hold();
    const items = [
      put("x"),
      never("y"),
      never("z"),
    ];
    const call = () => world.until(lease.transact(items, { release }));
    const error = await assertRejects(call, LockTransactionError);
    assertEquals([error.code, error.lockName], ["TRANSACTION_CANCELED", "job"]);
    const told = error.reasons.map(({ index, code }) => [index, code]);
    assertEquals(told, [[1, "ConditionalCheckFailed"], [2, "ConditionalCheckFailed"]]);
    assert(isLockError(error) && error.cause instanceof Error);
    assertEquals([stored(world, "x"), lease.held], [false, !release]);
    assertEquals(
      world.holders("job"),
      release ? 0 : 1,
      "with release it is given back all the same",
    );
    await world.end(process);
  });

  Deno.test(`transact() ${how} lands once where its answer was lost`, async () => {
    const { world, process, lease } = await hold();
    world.fail({ kind: "drop-answer" }, { operation: "TransactWriteItems" });
    const count = {
      Update: {
        TableName: "dynamo-lock",
        Key: { key: { S: "counter" } },
        UpdateExpression: "ADD #n :one",
        ExpressionAttributeNames: { "#n": "n" },
        ExpressionAttributeValues: { ":one": { N: "1" } },
      },
    };
    await world.until(lease.transact([count], { release }));
    const counter = world.dynamo.table("dynamo-lock").get({ key: { S: "counter" } });
    assertEquals(counter?.n, { N: "1" });
    assertEquals(lease.held, !release);
    await world.end(process);
  });

  Deno.test(`transact() ${how} is refused after the end of the lease, before any request`, async () => {
    const { world, process, lease } = await hold();
    await world.until(lease.release());
    world.sent();
    const error = await assertRejects(
      () => lease.transact([put("x")], { release }),
      LeaseLostError,
    );
    assertEquals([error.code, world.sent()], ["LEASE_RELEASED", []]);
    await world.end(process);
  });
}

Deno.test("a holder that was frozen past its lease cannot write", async () => {
  const { world, process, lease } = await hold({ leaseMs: 2_000 });
  const next = world.process();
  world.fail({ kind: "late", ms: 20_000, apply: "late" }, { operation: "TransactWriteItems" });
  const writing = lease.transact([put("x")]);
  writing.catch(() => {});
  await world.pass(1);
  process.node.pause();
  const other = await world.until(next.manager.acquire("job"));
  await world.pass(30_000);
  process.node.resume();
  await assertRejects(() => world.until(writing));
  assertEquals([stored(world, "x"), other.held], [false, true]);
  await world.end(process, next);
});

Deno.test("transact() waits for a renewal under way, and renewals wait for it", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "late", ms: 1_000, apply: "late" }, { when: only("renew") });
  const renewing = lease.renew();
  const writing = lease.transact([put("x")]);
  await world.pass(500);
  assertEquals(world.kinds(), ["renew"]);
  await world.until(Promise.all([renewing, writing]));
  world.sent();
  world.fail({ kind: "late", ms: 1_000, apply: "late" }, { operation: "TransactWriteItems" });
  const again = lease.transact([put("y")]);
  const renewed = lease.renew();
  await world.pass(500);
  assertEquals(world.kinds(), ["guard"]);
  await world.until(Promise.all([again, renewed]));
  await world.end(process);
});

Deno.test("transact() leaves a renewal its time: a transaction that hangs costs no lease", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "hang" }, { operation: "TransactWriteItems", times: 10 });
  const writing = lease.transact([put("x")]);
  const error = await assertRejects(() => world.until(writing), LockServiceError);
  assertEquals(error.code, "UNAVAILABLE");
  await world.pass(30_000);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("the same clientRequestToken under the same lease is the same transaction", async () => {
  const { world, process, lease } = await hold();
  const count = {
    Update: {
      TableName: "dynamo-lock",
      Key: { key: { S: "counter" } },
      UpdateExpression: "ADD #n :one",
      ExpressionAttributeNames: { "#n": "n" },
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  };
  const clientRequestToken = "order-7";
  await world.until(lease.transact([count], { clientRequestToken }));
  await world.until(lease.transact([count], { clientRequestToken }));
  const counter = world.dynamo.table("dynamo-lock").get({ key: { S: "counter" } });
  assertEquals(counter?.n, { N: "1" });
  await world.end(process);
});

Deno.test("transact() checks every name of a lease", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire(["job", "other"]));
  takeAway(world);
  const error = await assertRejects(() => world.until(lease.transact([put("x")])), LeaseLostError);
  assertEquals([error.lockName, stored(world, "x")], ["job", false]);
  await world.pass(1_000);
  assertEquals(world.holders("other"), 0);
  await world.end(process);
});

Deno.test("transact() with release gives back the names that are not lost", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire(["job", "other"]));
  takeAway(world);
  const call = () => world.until(lease.transact([put("x")], { release: true }));
  const error = await assertRejects(call, LeaseLostError);
  assertEquals([error.lockName, stored(world, "x"), world.holders("other")], ["job", false, 0]);
  assertEquals(await world.until(lease.release()), false);
  await world.end(process);
});

Deno.test("transact() works under a shared lock and a permit", async () => {
  for (const options of [{ mode: "shared" as const }, { permits: 2 }]) {
    const world = await World.create();
    const [one, two] = [world.process(), world.process()];
    const leases = [];
    for (const { manager } of [one, two]) {
      leases.push(await world.until(manager.acquire("job", options)));
    }
    await world.until(leases[0]!.transact([put("x")]));
    await world.until(leases[1]!.transact([put("y")], { release: true }));
    assertEquals([stored(world, "x"), stored(world, "y"), world.holders("job")], [true, true, 1]);
    assertEquals(leases[0]!.held, true);
    await world.end(one, two);
  }
});

const MISUSE: [string, unknown[], typeof TypeError | typeof RangeError][] = [
  ["no elements", [[]], RangeError],
  ["no array", [{ Put: {} }], RangeError],
  ["100 elements beside the lock's own", [Array.from({ length: 100 }, () => put("x"))], RangeError],
  ["an element of another kind", [[{ Get: {} }]], TypeError],
  ["an element of two kinds", [[{ Put: {}, Delete: {} }]], TypeError],
  ["null", [[null]], TypeError],
  ["an unknown option", [[put("x")], { relase: true }], TypeError],
  ["a long token", [[put("x")], { clientRequestToken: "x".repeat(37) }], RangeError],
  ["an empty token", [[put("x")], { clientRequestToken: "" }], RangeError],
];

for (const [what, args, type] of MISUSE) {
  Deno.test(`transact() refuses ${what} before any request`, async () => {
    const { world, process, lease } = await hold();
    const call = () => lease.transact(...args as Parameters<Lease["transact"]>);
    await assertRejects(call, type);
    assertEquals([world.sent(), lease.held], [[], true]);
    await world.end(process);
  });
}

Deno.test("conditionCheck() makes a transaction of one's own fail when the lock is another's", async () => {
  const { world, process, lease } = await hold();
  const client = world.client(world.time.node());
  const send = (id: string) =>
    world.until(client.send("TransactWriteItems", {
      TransactItems: [lease.conditionCheck(), put(id)],
    }));
  await send("x");
  takeAway(world);
  await assertRejects(() => send("y"), Error, "TransactionCanceledException");
  assertEquals([stored(world, "x"), stored(world, "y")], [true, false]);
  await world.end(process);
});

Deno.test("conditionCheck() speaks DynamoDB's JSON, or plain values for the document client", async () => {
  const { process, world, lease } = await hold();
  const json = lease.conditionCheck().ConditionCheck;
  const plain = lease.conditionCheck({ format: "document" }).ConditionCheck;
  assertEquals(json.Key, { key: { S: "job" } });
  assertEquals(plain, { ...json, Key: { key: "job" } });
  await world.end(process);
});

Deno.test("conditionCheck() wants a name where the lease has several", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire(["a", "b"]));
  assertEquals(lease.conditionCheck({ name: "b" }).ConditionCheck.Key, { key: { S: "b" } });
  for (const options of [{}, { name: "c" }, { name: "a", format: "xml" }]) {
    await assertRejects(
      () => Promise.resolve().then(() => lease.conditionCheck(options as { name: string })),
      RangeError,
    );
  }
  await world.end(process);
});

Deno.test("transact() says that the lease is lost where that came while it waited for a renewal", async () => {
  const { world, process, lease } = await hold({ leaseMs: 3_000 });
  world.fail({ kind: "hang" }, { when: only("renew"), times: 100 });
  await world.pass(1_500); // the renewal is under way, and stays so
  const writing = lease.transact([put("x")]);
  const error = await assertRejects(() => world.until(writing), LeaseLostError);
  assertEquals([error.code, error === lease.signal.reason], ["LEASE_EXPIRED", true]);
  assertEquals(stored(world, "x"), false);
  await world.end(process);
});
