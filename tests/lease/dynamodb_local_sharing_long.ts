/** Shared locks and semaphores on DynamoDB Local, over HTTP and in real time. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { LockTableError } from "../../mod.ts";
import { LocalTable, sleep, SURELY_DEAD_MS } from "../support/local_peer.ts";

const SHARED = { mode: "shared" } as const;

Deno.test("shared locks work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();

  await t.step("shared holders are in together, and keep an exclusive caller out", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const first = await one.manager.acquire("shared", { ...SHARED, data: "x" });
    const second = await other.manager.acquire("shared", SHARED);
    assertEquals([one.sent(), other.sent()], [["acquire"], ["acquire", "join"]]);
    assertGreater(second.fencingToken, first.fencingToken);
    assertEquals(await local.tokens("shared"), [first.fencingToken, second.fencingToken]);
    assertEquals(await one.manager.tryAcquire("shared"), null);
    assertEquals([await first.release(), await second.release()], [true, true]);
    const alone = await one.manager.tryAcquire("shared");
    assertEquals(await other.manager.tryAcquire("shared", SHARED), null);
    assertEquals((await local.record("shared"))?.exclusive !== undefined, true);
    assertEquals(await alone!.release(), true);
    assertEquals((await local.record("shared"))?.exclusive, undefined);
    assert(await other.manager.tryAcquire("shared", SHARED));
  });

  await t.step("shared leases are renewed and keep their data, each by itself", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire("renewed", { ...SHARED, leaseMs: 2_000, data: "x" });
    const beside = await other.manager.acquire("renewed", { ...SHARED, leaseMs: 2_000 });
    await sleep(3_000);
    assertEquals([lease.held, beside.held], [true, true]);
    await beside.update("y");
    const { holders } = (await one.manager.inspect("renewed"))!;
    assertEquals(holders.map(({ data, mode }) => [data, mode]), [["x", "shared"], ["y", "shared"]]);
  });

  await t.step("shared callers stand back for an exclusive one that waits", async () => {
    await using reader = local.peer();
    await using writer = local.peer();
    await using late = local.peer();
    const reading = await reader.manager.acquire("marked", SHARED);
    const writing = writer.manager.acquire("marked");
    while ((await local.record("marked"))?.waiting === undefined) await sleep(20);
    assert(writer.sent().includes("mark"));
    // Longer than one mark lasts; at no moment between two of them is there a gap.
    for (const end = Date.now() + 4_000; Date.now() < end; await sleep(20)) {
      assertEquals(await late.manager.tryAcquire("marked", SHARED), null);
    }
    assertEquals(await local.tokens("marked"), [reading.fencingToken]);
    const joining = late.manager.acquire("marked", SHARED);
    await reading.release();
    const lease = await writing;
    assertEquals((await local.record("marked"))?.waiting, undefined);
    assertEquals(await local.tokens("marked"), [lease.fencingToken]);
    await lease.release();
    assertGreater((await joining).fencingToken, lease.fencingToken);
  });

  await t.step("many that read and write never meet, and all get their turn", async () => {
    const peers = Array.from({ length: 6 }, () => local.peer({ pollMs: 50 }));
    let readers = 0;
    let writers = 0;
    await Promise.all(Array.from({ length: 48 }, async (_, at) => {
      const writes = at % 4 === 0;
      const { manager } = peers[at % peers.length]!;
      const lease = await manager.acquire("mixed", writes ? {} : SHARED);
      if (writes) writers++;
      else readers++;
      assert(writers === 0 || writers + readers === 1, `${writers} writers, ${readers} readers`);
      await sleep(20);
      if (writes) writers--;
      else readers--;
      assertEquals(await lease.release(), true);
    }));
    for (const { manager } of peers) await manager.close();
    assertEquals(await local.tokens("mixed"), []);
  });
});

Deno.test("semaphores work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();

  await t.step("so many get in, and another when one goes", async () => {
    const peers = Array.from({ length: 3 }, () => local.peer());
    const [one, two, three] = peers as [typeof peers[0], typeof peers[0], typeof peers[0]];
    const first = await one!.manager.acquire("full", { permits: 2 });
    const second = await two!.manager.acquire("full", { permits: 2 });
    assertEquals([one!.sent(), two!.sent()], [["acquire"], ["acquire", "join"]]);
    assertEquals(await three!.manager.tryAcquire("full", { permits: 2 }), null);
    assertEquals((await three!.manager.inspect("full"))?.permits, 2);
    await first.release();
    three!.sent();
    const third = await three!.manager.tryAcquire("full", { permits: 2 });
    assertEquals(three!.sent(), ["join"]);
    assertEquals(await local.tokens("full"), [second.fencingToken, third!.fencingToken]);
    for (const peer of peers) await peer!.manager.close();
    assertEquals(await local.tokens("full"), []);
  });

  await t.step("other permits are refused while it is held, and taken when it is not", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire("mismatch", { permits: 2 });
    for (const options of [{ permits: 3 }, {}, SHARED]) {
      const call = () => other.manager.acquire("mismatch", options);
      const error = await assertRejects(call, LockTableError);
      assertEquals(error.code, "PERMITS_MISMATCH");
    }
    assertEquals(await local.tokens("mismatch"), [lease.fencingToken]);
    await lease.release();
    assert(await other.manager.tryAcquire("mismatch", { permits: 3 }));
    assertEquals((await local.record("mismatch"))?.permits, { N: "3" });
  });

  await t.step("dead holders are taken over, one or all, or swept out", async () => {
    const crashed = local.peer();
    await using living = local.peer();
    await using next = local.peer();
    const dead = { leaseMs: 2_000, renew: false };
    await crashed.manager.acquire("some", { permits: 2, ...dead });
    await crashed.manager.acquire("all", { permits: 2, ...dead });
    await crashed.manager.acquire("all", { permits: 2, ...dead });
    await crashed.manager.acquire("shared", { ...SHARED, ...dead });
    await crashed.manager.acquire("swept", { permits: 5, ...dead });
    await crashed.manager.acquire("swept", { permits: 5, ...dead });
    const some = await living.manager.acquire("some", { permits: 2 });
    const swept = await living.manager.acquire("swept", { permits: 5 });
    crashed.cutOff = true;
    await next.manager.inspect("swept");
    next.sent();
    assertEquals(await next.manager.tryAcquire("some", { permits: 2 }), null);
    await sleep(SURELY_DEAD_MS);
    next.sent();
    const one = await next.manager.tryAcquire("some", { permits: 2 });
    assertEquals(next.sent().at(-1), "take over");
    assertEquals(await local.tokens("some"), [some.fencingToken, one!.fencingToken]);
    assertEquals(some.held, true);
    const all = await next.manager.tryAcquire("all", { permits: 2 });
    assertEquals(next.sent(), ["acquire", "take over"]);
    assertEquals(await local.tokens("all"), [all!.fencingToken]);
    // Nobody else is in, so it can be another kind of lock from here on.
    const shared = await next.manager.tryAcquire("shared");
    assertEquals(next.sent(), ["acquire", "take over"]);
    assertEquals([shared!.mode, await local.tokens("shared")], ["exclusive", [
      shared!.fencingToken,
    ]]);
    const beside = await next.manager.tryAcquire("swept", { permits: 5 });
    const left = [swept.fencingToken, beside!.fencingToken];
    while ((await local.tokens("swept")).length > 2) await sleep(20);
    assertEquals(next.sent(), ["join", "sweep"]);
    assertEquals(await local.tokens("swept"), left);
    assertEquals([swept.held, beside!.held], [true, true]);
    await crashed.manager.close();
  });

  await t.step("a permit is handed over in one request, and is still one", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const kept = await other.manager.acquire("handed", { permits: 2 });
    // Declined where the waiter happens to be reading: then it is released, and it looks again.
    for (let handed = false, round = 0; !handed; round++) {
      assert(round < 10, "never handed over");
      const lease = await one.manager.acquire("handed", { permits: 2 });
      const waiting = one.manager.acquire("handed", { permits: 2 });
      await sleep(500);
      one.sent();
      assertEquals(await lease.release(), true);
      const next = await waiting;
      const steps = one.sent();
      handed = steps.length === 1 && steps[0] === "hand over";
      assertEquals(await local.tokens("handed"), [kept.fencingToken, next.fencingToken]);
      assertEquals(await next.release(), true);
    }
  });

  await t.step("200 callers share 20 permits, never more, and all get one", async () => {
    const permits = 20;
    const peers = Array.from({ length: 25 }, () => local.peer({ pollMs: 200 }));
    let inside = 0;
    let most = 0;
    let served = 0;
    let done = false;
    const counted: number[] = [];
    const counting = (async () => {
      while (!done) {
        counted.push((await local.tokens("crowd")).length);
        await sleep(20);
      }
    })();
    const tokens = await Promise.all(Array.from({ length: 200 }, async (_, at) => {
      const { manager } = peers[at % peers.length]!;
      const lease = await manager.acquire("crowd", { permits });
      most = Math.max(most, ++inside);
      assertEquals(lease.held, true);
      await sleep(50);
      inside--;
      served++;
      assertEquals(await lease.release(), true);
      return lease.fencingToken;
    }));
    done = true;
    await counting;
    assertEquals([served, new Set(tokens).size, await local.tokens("crowd")], [200, 200, []]);
    assert(most <= permits && most > permits / 2, `${most} were in at once`);
    assert(Math.max(...counted) <= permits, `${Math.max(...counted)} were in the record`);
    for (const { manager } of peers) await manager.close();
  });
});
