/** The limits that a caller sets, and what it is warned of, on DynamoDB Local and in real time. */

import { assert, assertEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { type Lease, type LockEvent, LockServiceError } from "../../mod.ts";
import { LocalTable, type Peer, sleep, SURELY_DEAD_MS } from "../support/local_peer.ts";

/** Answers of DynamoDB that do not come through for a while. */
class Withheld {
  on = false;

  readonly fetch: typeof fetch = async (url, init) => {
    const response = await fetch(url, init);
    while (this.on && !init?.signal?.aborted) await sleep(10);
    if (!init?.signal?.aborted) return response;
    await response.body?.cancel();
    throw init.signal.reason;
  };
}

async function lossOf({ signal }: Lease): Promise<void> {
  for (const limit = Date.now() + 10_000; !signal.aborted; await sleep(5)) {
    assert(Date.now() < limit, "it is not lost");
  }
}

function typesOf(events: readonly LockEvent[], ...wanted: LockEvent["type"][]): string[] {
  return events.map(({ type }) => type).filter((type) => wanted.includes(type));
}

async function eventOf({ events }: Peer, type: LockEvent["type"]): Promise<void> {
  for (const limit = Date.now() + 5_000; !events.some((event) => event.type === type);) {
    assert(Date.now() < limit, `there is no '${type}'`);
    await sleep(10);
  }
}

Deno.test("limits of a lease and of a wait work on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();

  await t.step("maxHoldMs ends a lease that is renewed, and gives the lock back", async () => {
    await using one = local.peer();
    await using other = local.peer();
    const lease = await one.manager.acquire("held", { leaseMs: 2_000, maxHoldMs: 3_000 });
    const start = Date.now();
    const waiting = other.manager.acquire("held");
    waiting.catch(() => {}); // where the test fails before it
    await lossOf(lease);
    const took = Date.now() - start;
    assert(took > 2_900 && took < 3_500, `held for ${took} ms`);
    assertEquals(lease.held, false);
    assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
    assertEquals(lease.signal.reason.cause.message, "'maxHoldMs' is over");
    assertGreater(typesOf(one.events, "renew").length, 1);
    const next = await waiting;
    assertLess(Date.now() - start, 4_700); // given back, not left to run out
    assertEquals(await local.tokens("held"), [next.fencingToken]);
    assertEquals(await lease.release(), false);
  });

  await t.step(
    "maxRequests is the most that a wait sends, and it leaves nobody behind",
    async () => {
      await using one = local.peer();
      await using other = local.peer({ pollMs: 50 });
      const lease = await one.manager.acquire("counted");
      for (const maxRequests of [1, 2, 5]) {
        const call = () => other.manager.acquire("counted", { maxRequests });
        assertEquals((await assertRejects(call, LockServiceError)).code, "MAX_REQUESTS");
        assertEquals(other.sent().length, maxRequests);
      }
      assertEquals(await local.tokens("counted"), [lease.fencingToken]);
      await lease.release();
      const next = await other.manager.acquire("counted", { maxRequests: 1 });
      assertEquals([next.held, other.sent()], [true, ["acquire"]]);
    },
  );

  await t.step("a retry is a request too: what it left open is cleaned up", async () => {
    await using one = local.peer();
    one.loses = "acquire";
    const call = () => one.manager.acquire("retried", { maxRequests: 1 });
    assertEquals((await assertRejects(call, LockServiceError)).code, "UNAVAILABLE");
    await one.manager.close();
    assertEquals(await local.tokens("retried"), []);
  });

  await t.step(
    "a lease whose renewal is overdue is endangered, and goes on when it comes",
    async () => {
      const answers = new Withheld();
      await using one = local.peer({ fetch: answers.fetch });
      const lease = await one.manager.acquire("endangered", { leaseMs: 4_000 });
      answers.on = true;
      await eventOf(one, "endangered");
      const event = one.events.find(({ type }) => type === "endangered");
      assert(event?.type === "endangered");
      assertEquals([event.name, event.fencingToken], ["endangered", lease.fencingToken]);
      assert(
        event.remainingMs > 1_000 && event.remainingMs <= 2_000,
        `${event.remainingMs} ms left`,
      );
      answers.on = false;
      await eventOf(one, "renew");
      assertEquals(typesOf(one.events, "endangered", "renew", "lost"), ["endangered", "renew"]);
      assertEquals([lease.held, await lease.release()], [true, true]);
    },
  );

  await t.step("one that gets no answer at all is endangered once, and then lost", async () => {
    const answers = new Withheld();
    const one = local.peer({ fetch: answers.fetch });
    const lease = await one.manager.acquire("unanswered", { leaseMs: 2_000 });
    answers.on = true;
    await lossOf(lease);
    assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
    answers.on = false;
    await one.manager.close();
    assertEquals(typesOf(one.events, "endangered", "renew", "lost"), ["endangered", "lost"]);
    assertEquals(await local.tokens("unanswered"), []);
  });

  await t.step(
    "what one calls with reentrant ends by the limit of the lease it entered",
    async () => {
      await using one = local.peer();
      const options = { reentrant: true, maxHoldMs: 1_500 };
      const outer = await one.manager.acquire("nested", options);
      const inner = await one.manager.acquire("nested", { reentrant: true, maxHoldMs: 60_000 });
      await inner.update("page 7");
      assertEquals((await one.manager.inspect("nested"))?.holders[0]?.data, "page 7");
      await Promise.all([lossOf(outer), lossOf(inner)]);
      assertEquals([outer.held, inner.held], [false, false]);
      assertEquals([await outer.release(), await inner.release()], [false, false]);
      await one.manager.close();
      assertEquals(await local.tokens("nested"), []);
    },
  );

  await t.step("inspect says who is known to be dead", async () => {
    const crashed = local.peer();
    await using one = local.peer();
    const dead = { permits: 2, leaseMs: 2_000, renew: false, owner: "crashed" };
    await crashed.manager.acquire("dead", dead);
    await one.manager.acquire("dead", { permits: 2, owner: "living" });
    crashed.cutOff = true;
    const alive = async () =>
      (await one.manager.inspect("dead"))!.holders.map(({ ownerId, alive }) => [ownerId, alive]);
    assertEquals(await alive(), [["crashed", true], ["living", true]]);
    await sleep(SURELY_DEAD_MS);
    assertEquals(await alive(), [["crashed", false], ["living", true]]);
    await crashed.manager.close();
  });
});
