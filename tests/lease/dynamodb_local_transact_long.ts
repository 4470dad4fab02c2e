/** Writes under a lease, and what operators do, on DynamoDB Local. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { type Lease, LeaseLostError, LockTransactionError } from "../../mod.ts";
import { LocalTable, type Peer, sleep, SURELY_DEAD_MS, TABLE } from "../support/local_peer.ts";

function put(id: string, extra: object = {}) {
  return { Put: { TableName: TABLE, Item: { key: { S: id } }, ...extra } };
}

function count(id: string) {
  return {
    Update: {
      TableName: TABLE,
      Key: { key: { S: id } },
      UpdateExpression: "ADD #n :one",
      ExpressionAttributeNames: { "#n": "n" },
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  };
}

const once = (id: string) =>
  put(id, {
    ConditionExpression: "attribute_not_exists(#key)",
    ExpressionAttributeNames: { "#key": "key" },
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  });

/** Takes a holder out, as an operator does. */
function takeAway({ manager }: Peer, { name, fencingToken: token }: Lease): Promise<boolean> {
  return manager.breakLock(name, { token });
}

Deno.test("writes under a lease work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();

  for (const release of [false, true]) {
    const how = release ? "with release" : "without release";
    const left = release ? [] : undefined;

    await t.step(`they land while it is the current one, ${how}`, async () => {
      await using one = local.peer();
      const name = `current ${release}`;
      const kinds = {
        [name]: {},
        [`${name} s`]: { mode: "shared" },
        [`${name} p`]: { permits: 2 },
      };
      for (const [lock, options] of Object.entries(kinds)) {
        const lease = await one.manager.acquire(lock, options as object);
        one.sent();
        await lease.transact([put(`x ${lock}`), count(`y ${lock}`)], { release });
        assertEquals([one.sent(), lease.held], [[release ? "release" : "guard"], !release]);
        assert(await local.item(`x ${lock}`));
        assertEquals((await local.item(`y ${lock}`))?.n, { N: "1" });
        assertEquals(await local.tokens(lock), left ?? [lease.fencingToken]);
        assertEquals((await local.record(lock))?.exclusive === undefined, release || lock !== name);
      }
      const several = await one.manager.acquire([`${name} 1`, `${name} 2`]);
      await several.transact([put(`x ${name} 1`)], { release });
      assertEquals(await local.tokens(`${name} 2`), left ?? [several.fencingToken]);
    });

    await t.step(`they do not land after a later grant, or a deletion, ${how}`, async () => {
      await using one = local.peer();
      await using other = local.peer();
      const name = `stale ${release}`;
      const lease = await one.manager.acquire(name);
      await takeAway(other, lease);
      const next = await other.manager.tryAcquire(name);
      assertEquals(lease.held, true, "nobody has told it");
      const call = () => lease.transact([put(`x ${name}`)], { release });
      assertEquals((await assertRejects(call, LeaseLostError)).code, "LEASE_STOLEN");
      const several = await one.manager.acquire([`${name} 1`, `${name} 2`]);
      await local.delete(`${name} 2`);
      const again = () => several.transact([put(`x ${name}`)], { release });
      const error = await assertRejects(again, LeaseLostError);
      assertEquals([error.code, error.lockName], ["LEASE_DELETED", `${name} 2`]);
      await one.manager.close();
      assertEquals(await local.item(`x ${name}`), undefined);
      assertEquals([next!.held, await local.tokens(name)], [true, [next!.fencingToken]]);
      assertEquals(await local.tokens(`${name} 1`), []);
    });

    await t.step(`a refused element is named, and nothing lands, ${how}`, async () => {
      await using one = local.peer();
      const name = `refused ${release}`;
      await local.client.send("PutItem", put(`there ${name}`).Put);
      const lease = await one.manager.acquire(name);
      const items = [put(`x ${name}`), once(`there ${name}`)];
      const call = () => lease.transact(items, { release });
      const error = await assertRejects(call, LockTransactionError);
      const [{ index, code, item }] = error.reasons as [LockTransactionError["reasons"][0]];
      assertEquals([error.reasons.length, index, code], [1, 1, "ConditionalCheckFailed"]);
      assertEquals(item?.key, { S: `there ${name}` });
      assertEquals([await local.item(`x ${name}`), lease.held], [undefined, !release]);
      assertEquals(await local.tokens(name), left ?? [lease.fencingToken]);
    });

    await t.step(`they land once where the answer was lost, ${how}`, async () => {
      await using one = local.peer();
      const name = `lost ${release}`;
      const lease = await one.manager.acquire(name);
      one.loses = release ? "release" : "guard";
      await lease.transact([count(`n ${name}`)], { release });
      assertEquals((await local.item(`n ${name}`))?.n, { N: "1" });
      assertEquals([one.loses, lease.held], [undefined, !release]);
    });
  }

  await t.step("the same clientRequestToken is the same transaction", async () => {
    await using one = local.peer();
    const lease = await one.manager.acquire("token");
    for (const clientRequestToken of ["order-7", "order-7", "order-8"]) {
      await lease.transact([count("n token")], { clientRequestToken });
    }
    assertEquals((await local.item("n token"))?.n, { N: "2" });
  });

  await t.step("a holder that slept past its lease cannot write any more", async () => {
    const frozen = local.peer();
    await using other = local.peer();
    const lease = await frozen.manager.acquire("frozen", { leaseMs: 2_000, renew: false });
    const check = lease.conditionCheck();
    await local.client.send("TransactWriteItems", { TransactItems: [check, put("frozen x")] });
    frozen.cutOff = true;
    await sleep(SURELY_DEAD_MS);
    assert(await other.manager.tryAcquire("frozen"));
    frozen.cutOff = false;
    frozen.sent();
    await assertRejects(() => lease.transact([put("frozen y")]), LeaseLostError);
    assertEquals(frozen.sent().includes("guard"), false);
    // One that does not ask the lease, but DynamoDB.
    const send = () =>
      local.client.send("TransactWriteItems", { TransactItems: [check, put("frozen y")] });
    await assertRejects(send, Error, "TransactionCanceledException");
    assert(await local.item("frozen x"));
    assertEquals(await local.item("frozen y"), undefined);
    await frozen.manager.close();
  });
});

Deno.test("the operations on a table work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();

  await t.step("a broken lock is free at once, and its holder is told", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire("broken", { leaseMs: 2_000 });
    assertEquals(await takeAway(other, lease), true);
    assertEquals(other.sent(), ["read", "revoke"]);
    assertEquals((await local.record("broken"))?.fence.N, String(lease.fencingToken + 1));
    const next = await other.manager.tryAcquire("broken");
    assertGreater(next!.fencingToken, lease.fencingToken + 1);
    await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    assertEquals((lease.signal.reason as LeaseLostError).code, "LEASE_STOLEN");
    assertEquals(await takeAway(other, lease), false);
    assertEquals(await local.tokens("broken"), [next!.fencingToken]);
  });

  await t.step("one of those that share is broken, and the others are not", async () => {
    await using one = local.peer();
    await using other = local.peer();
    for (const options of [{ mode: "shared" as const }, { permits: 2 }]) {
      const name = Object.keys(options)[0]!;
      const first = await one.manager.acquire(name, options);
      const second = await other.manager.acquire(name, options);
      other.loses = "revoke";
      assertEquals(await takeAway(other, first), true);
      assertEquals(await local.tokens(name), [second.fencingToken]);
      await second.renew();
      assertEquals(await first.release(), false);
    }
  });

  await t.step("a list has every lock, page after page", async () => {
    await using one = local.peer();
    const names = Array.from({ length: 650 }, (_, at) => `page/${at}`);
    for (let at = 0; at < names.length; at += 25) {
      const requests = names.slice(at, at + 25).map((name) => ({
        PutRequest: {
          Item: {
            ...{ key: { S: name }, format: { N: "1" }, fence: { N: "7" }, holders: { M: {} } },
            filler: { S: "x".repeat(2_000) }, // a page of a Scan has a megabyte
          },
        },
      }));
      await local.client.send("BatchWriteItem", { RequestItems: { [TABLE]: requests } });
    }
    await local.client.send("PutItem", put("page/of something else").Put);
    const lease = await one.manager.acquire("page/own", { permits: 3, data: "x" });
    one.sent();
    const found = await Array.fromAsync(one.manager.list({ prefix: "page/" }));
    assertEquals(one.sent(), ["Scan", "Scan"]);
    assertEquals(found.map(({ name }) => name).sort(), [...names, "page/own"].sort());
    const own = found.find(({ name }) => name === "page/own")!;
    assertEquals(own, await one.manager.inspect("page/own"));
    assertEquals([own.permits, own.holders[0]?.fencingToken], [3, lease.fencingToken]);
    const all = await Array.fromAsync(one.manager.list());
    assertGreater(all.length, found.length);
    assertEquals(await Array.fromAsync(one.manager.list({ prefix: "nobody" })), []);
  });

  await t.step("who holds it enters again without a request", async () => {
    await using one = local.peer();
    const options = { reentrant: true };
    const lease = await one.manager.acquire(["again/1", "again/2"], options);
    one.sent();
    const inner = await one.manager.acquire(["again/2", "again/1"], options);
    assertEquals([one.sent(), inner.fencingToken], [[], lease.fencingToken]);
    assertEquals(await lease.release(), true);
    assertEquals([one.sent(), inner.held, lease.held], [[], true, false]);
    assertEquals(await inner.release(), true);
    assertEquals([one.sent(), await local.tokens("again/1")], [["release"], []]);
  });
});
