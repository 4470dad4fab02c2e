/**
 * The main behaviours on DynamoDB Local, over HTTP, with real signatures and in real time: what the
 * quick tests show on `MemoryDynamo` must hold where AWS's own program judges the expressions.
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { type LockManagerOptions, LockTableError } from "../../mod.ts";
import { LocalTable, sleep, SURELY_DEAD_MS, TABLE } from "../support/local_peer.ts";

Deno.test("locks work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();
  const { client } = local;
  const raw = (name: string) => local.record(name);
  const peer = (options?: LockManagerOptions) => local.peer(options);

  await t.step("acquire and release are one request each, and leave a tombstone", async () => {
    await using one = peer();
    const lease = await one.manager.acquire("free", { data: "x" });
    assertEquals([one.sent(), lease.held], [["acquire"], true]);
    assertEquals(await lease.release(), true);
    assertEquals(one.sent(), ["release"]);
    const item = await raw("free");
    assertEquals([item?.fence.N, item?.holders], [String(lease.fencingToken), { M: {} }]);
    const again = await one.manager.acquire("free");
    assertGreater(again.fencingToken, lease.fencingToken);
  });

  await t.step("a contended tryAcquire is one request and leaves the holder alone", async () => {
    await using one = peer();
    await using other = peer();
    const lease = await one.manager.acquire("contended");
    assertEquals(await other.manager.tryAcquire("contended"), null);
    assertEquals(other.sent(), ["acquire"]);
    assertEquals(await lease.release(), true);
    assert(await other.manager.tryAcquire("contended"));
  });

  await t.step("a waiter reads, and gets the lock soon after it was released", async () => {
    await using one = peer();
    await using other = peer();
    const lease = await one.manager.acquire("waited");
    const waiting = other.manager.acquire("waited");
    await sleep(1_500);
    const released = Date.now();
    assertEquals(await lease.release(), true);
    const next = await waiting;
    assert(Date.now() - released < 1_500);
    assertGreater(next.fencingToken, lease.fencingToken);
    const [first, ...others] = other.sent();
    assertEquals([first, new Set(others.slice(0, -1))], ["acquire", new Set(["read"])]);
  });

  await t.step(
    "a crashed holder is taken over after its lease, not before, with one write",
    async () => {
      const crashed = peer();
      await using waiter = peer();
      await using asker = peer({ maxClockSkewMs: Infinity });
      const lease = await crashed.manager.acquire("crashed", { leaseMs: 2_000, renew: false });
      crashed.cutOff = true;
      const start = Date.now();
      assertEquals(await asker.manager.tryAcquire("crashed"), null);
      const next = await waiter.manager.acquire("crashed");
      const took = Date.now() - start;
      assert(took > 1_700 && took < 5_500, `took ${took} ms`);
      assertEquals(lease.held, false);
      assertGreater(next.fencingToken, lease.fencingToken);
      assertEquals(waiter.sent().at(-1), "take over");
      await crashed.manager.close();
    },
  );

  await t.step("one that never saw the crashed holder takes over with two requests", async () => {
    const crashed = peer();
    await using other = peer();
    await crashed.manager.acquire("unseen", { leaseMs: 2_000, renew: false });
    crashed.cutOff = true;
    await sleep(SURELY_DEAD_MS);
    assert(await other.manager.tryAcquire("unseen"));
    assertEquals(other.sent(), ["acquire", "take over"]);
    await crashed.manager.close();
  });

  await t.step("a lease is renewed, and its data replaced and removed", async () => {
    await using one = peer();
    await using other = peer();
    const lease = await one.manager.acquire("renewed", { leaseMs: 2_000 });
    await sleep(3_000);
    assertEquals(lease.held, true);
    assertEquals(await other.manager.tryAcquire("renewed"), null);
    await lease.update("page 7");
    assertEquals((await other.manager.inspect("renewed"))?.holders[0]?.data, "page 7");
    await lease.update(null);
    assertEquals((await other.manager.inspect("renewed"))?.holders[0]?.data, undefined);
    assert(one.sent().filter((step) => step === "renew").length >= 5);
  });

  await t.step("a hand-over is one request, and one holder", async () => {
    await using one = peer();
    // Declined where the waiter happens to be reading: then the lock is released, and it looks again.
    for (let handed = false, round = 0; !handed; round++) {
      assert(round < 10, "never handed over");
      const lease = await one.manager.acquire("handed");
      const waiting = one.manager.acquire("handed");
      await sleep(500);
      one.sent();
      assertEquals(await lease.release(), true);
      const next = await waiting;
      const steps = one.sent();
      handed = steps.length === 1 && steps[0] === "hand over";
      assertEquals(next.held, true);
      assertEquals(Object.keys((await raw("handed"))!.holders.M).length, 1);
      assertEquals(await next.release(), true);
    }
  });

  await t.step("a lease whose record was deleted is lost, and is not brought back", async () => {
    await using one = peer();
    const lease = await one.manager.acquire("deleted", { leaseMs: 2_000 });
    await local.delete("deleted");
    await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    assertEquals([lease.held, lease.signal.reason.code], [false, "LEASE_DELETED"]);
    assertEquals(await lease.release(), false);
    assertEquals(await raw("deleted"), undefined);
  });

  await t.step("a lease that cannot be renewed is lost in time, and then released", async () => {
    await using one = peer();
    const lease = await one.manager.acquire("lost", { leaseMs: 2_000 });
    one.cutOff = true;
    const start = Date.now();
    await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    assert(Date.now() - start < 2_000);
    assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
    one.cutOff = false;
    await one.manager.close();
    assertEquals(Object.keys((await raw("lost"))!.holders.M), []);
  });

  await t.step("giving up leaves nobody on the table", async () => {
    const one = peer();
    for (let at = 0; at < 30; at += 3) {
      const stop = new AbortController();
      const outcome = one.manager.acquire("given-up", { signal: stop.signal })
        .then((lease) => lease.release(), () => {});
      await sleep(at);
      stop.abort();
      await outcome;
    }
    await one.manager.close();
    assertEquals(Object.keys((await raw("given-up"))?.holders.M ?? {}), []);
  });

  await t.step(
    "many callers of two processes have the lock one at a time, tokens rising",
    async () => {
      await using one = peer({ pollMs: 50 });
      await using other = peer({ pollMs: 50 });
      let inside = 0;
      let before = 0;
      await Promise.all(Array.from({ length: 40 }, async (_, at) => {
        const { manager } = at % 2 === 0 ? one : other;
        const lease = await manager.acquire("crowd");
        assertEquals(++inside, 1);
        assertGreater(lease.fencingToken, before);
        before = lease.fencingToken;
        await sleep(5);
        inside--;
        assertEquals(await lease.release(), true);
      }));
      assertEquals(Object.keys((await raw("crowd"))!.holders.M), []);
    },
  );

  await t.step("a table with another key is refused, with its own words in the cause", async () => {
    await client.send("CreateTable", {
      TableName: "other-key",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    for (const [table, code] of [["other-key", "TABLE_MISMATCH"], ["nowhere", "TABLE_NOT_FOUND"]]) {
      await using one = peer({ table: table! });
      for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
        const work: Promise<unknown> = one.manager[verb]("job");
        const error = await assertRejects(() => work, LockTableError);
        assertEquals([table, verb, error.code], [table, verb, code]);
      }
    }
  });

  await t.step("an item of another client is named and left alone", async () => {
    const Item = {
      key: { S: "java" },
      ownerName: { S: "host" },
      leaseDuration: { S: "20000" },
      recordVersionNumber: { S: "x" },
    };
    await client.send("PutItem", { TableName: TABLE, Item });
    await using one = peer();
    const error = await assertRejects(() => one.manager.acquire("java"), LockTableError, "Java");
    assertEquals(error.code, "RECORD_FOREIGN");
    await one.manager.close();
    assertEquals(await raw("java") as unknown, Item);
  });
});
