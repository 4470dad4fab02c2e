/** Several names at once on DynamoDB Local: one transaction each, over HTTP and in real time. */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { LeaseLostError } from "../../mod.ts";
import { LocalTable, sleep, SURELY_DEAD_MS } from "../support/local_peer.ts";

Deno.test("several names work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();
  const tokensOf = (...names: string[]) => Promise.all(names.map((name) => local.tokens(name)));

  await t.step("they are taken and given back with one request each, by one grant", async () => {
    await using one = local.peer();
    const lease = await one.manager.acquire(["b", "c", "a"], { data: "x" });
    assertEquals([one.sent(), lease.names, lease.held], [["acquire"], ["a", "b", "c"], true]);
    const records = await Promise.all(lease.names.map((name) => local.record(name)));
    const [id] = Object.keys(records[0]!.holders.M);
    for (const record of records) {
      assertEquals(Object.keys(record!.holders.M), [id]);
      assertEquals([record!.fence.N, record!.exclusive?.S], [String(lease.fencingToken), id]);
    }
    assertEquals(await lease.release(), true);
    assertEquals([one.sent(), await tokensOf("a", "b", "c")], [["release"], [[], [], []]]);
    const again = await one.manager.acquire(["a", "new"]);
    assertGreater(again.fencingToken, lease.fencingToken);
  });

  await t.step("all or none: where one is held, nothing is written", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire("held");
    assertEquals(await other.manager.tryAcquire(["free", "held"]), null);
    assertEquals([other.sent(), await local.record("free")], [["acquire"], undefined]);
    const waiting = other.manager.acquire(["free", "held"]);
    await sleep(1_000);
    assertEquals(await local.record("free"), undefined);
    await lease.release();
    const both = await waiting;
    assertEquals(await tokensOf("free", "held"), [[both.fencingToken], [both.fencingToken]]);
    assertEquals(await one.manager.tryAcquire("free"), null);
  });

  await t.step("callers whose names cross wait for each other, and all get theirs", async () => {
    const peers = Array.from({ length: 3 }, () => local.peer({ pollMs: 50 }));
    const pairs = [["x", "y"], ["y", "z"], ["z", "x"]];
    const inside = new Set<string>();
    await Promise.all(Array.from({ length: 24 }, async (_, at) => {
      const lease = await peers[at % 3]!.manager.acquire(pairs[(at >> 1) % 3]!);
      for (const name of lease.names) {
        assert(!inside.has(name), `two in '${name}'`);
        inside.add(name);
      }
      await sleep(10);
      for (const name of lease.names) inside.delete(name);
      assertEquals(await lease.release(), true);
    }));
    for (const { manager } of peers) await manager.close();
    assertEquals(await tokensOf("x", "y", "z"), [[], [], []]);
  });

  await t.step("a dead holder is taken over, together with names that are free", async () => {
    const crashed = local.peer();
    await using next = local.peer();
    const dead = { leaseMs: 2_000, renew: false };
    await crashed.manager.acquire(["dead/1", "dead/2"], dead);
    await crashed.manager.acquire("dead/3", { ...dead, mode: "shared" });
    const left = await crashed.manager.acquire("dead/left");
    await left.release();
    crashed.cutOff = true;
    await sleep(SURELY_DEAD_MS);
    const names = ["dead/absent", "dead/1", "dead/3", "dead/left"];
    const lease = await next.manager.tryAcquire(names);
    assertEquals([next.sent().length, lease!.held], [2, true]);
    const { fencingToken: token } = lease!;
    assertEquals(await tokensOf(...names), names.map(() => [token]));
    assertEquals((await local.tokens("dead/2")).length, 1, "it is nobody's business");
    const grant = next.events.find(({ type }) => type === "grant");
    assertEquals(grant?.type === "grant" && grant.takeover, true);
    await crashed.manager.close();
  });

  await t.step("they are renewed together, with their data", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire(["renewed/1", "renewed/2"], { leaseMs: 2_000 });
    await sleep(3_000);
    await lease.update("page 7");
    assertEquals(lease.held, true);
    assertEquals(await other.manager.tryAcquire("renewed/2"), null);
    for (const name of lease.names) {
      assertEquals((await other.manager.inspect(name))?.holders[0]?.data, "page 7");
    }
  });

  await t.step("the loss of one gives the others back", async () => {
    await using one = local.peer();
    const lease = await one.manager.acquire(["lost/1", "lost/2"], { leaseMs: 2_000 });
    await local.delete("lost/2");
    await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    const { code, lockName } = lease.signal.reason as LeaseLostError;
    assertEquals([code, lockName], ["LEASE_DELETED", "lost/2"]);
    await one.manager.close();
    assertEquals(await local.tokens("lost/1"), []);
  });

  await t.step("a release with one name gone gives the others back, and says no", async () => {
    await using one = local.peer();
    const lease = await one.manager.acquire(["gone/1", "gone/2", "gone/3"]);
    await local.delete("gone/2");
    assertEquals(await lease.release(), false);
    assertEquals(await tokensOf("gone/1", "gone/3"), [[], []]);
    assertEquals(await local.record("gone/2"), undefined);
  });

  await t.step("lost answers change nothing: the same transaction comes again", async () => {
    await using one = local.peer();
    one.loses = "acquire";
    const lease = await one.manager.acquire(["lossy/1", "lossy/2"]);
    assertEquals([one.sent(), one.loses], [["acquire", "acquire"], undefined]);
    const held = [[lease.fencingToken], [lease.fencingToken]];
    assertEquals(await tokensOf(...lease.names), held);
    one.loses = "renew";
    await lease.renew();
    assertEquals([one.sent(), lease.held], [["renew", "renew"], true]);
    one.loses = "release";
    assertEquals(await lease.release(), true);
    assertEquals([one.sent(), one.loses], [["release", "release"], undefined]);
    assertEquals(await tokensOf(...lease.names), [[], []]);
  });

  await t.step("100 names are one transaction, shared ones and permits too", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const names = Array.from({ length: 100 }, (_, at) => `many/${at}`);
    const lease = await one.manager.acquire(names, { mode: "shared" });
    assertEquals(one.sent(), ["acquire"]);
    const beside = await other.manager.acquire("many/7", { mode: "shared" });
    assertEquals(await other.manager.tryAcquire("many/8"), null);
    assertEquals(await local.tokens("many/7"), [lease.fencingToken, beside.fencingToken]);
    assertEquals(await lease.release(), true);
    const permits = ["permits/1", "permits/2"];
    for (const { manager } of [one, other]) {
      assert(await manager.tryAcquire(permits, { permits: 2 }));
    }
    assertEquals(await one.manager.tryAcquire("permits/1", { permits: 2 }), null);
  });
});
