/**
 * How locks are held, lost and given back by the layouts of the AWS Java lock client and of Go
 * dynamolock, among themselves, against their clients, and over a network that loses requests.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LeaseLostError, LockError } from "../../mod.ts";
import { drop, itemOf, type Kind, put, stage, theirs, WAYS } from "./released_items.ts";
import type { World } from "../support/world.ts";

type Way = typeof WAYS[number];

/** Nobody is in the lock, in either way. */
function isFree(world: World, way: Way, name = "job"): void {
  const item = itemOf(world, name);
  assertEquals(way === "keep" ? item?.isReleased : item, way === "keep" ? { S: "1" } : undefined);
}

/** What their client sends to renew what it has written with `theirs`. */
async function heartbeat(world: World, lease: string): Promise<boolean> {
  const client = world.client(world.time.node());
  const work = client.send("UpdateItem", {
    TableName: "dynamo-lock",
    Key: { key: { S: "job" } },
    UpdateExpression: "SET #ld = :ld, #rvn = :newRvn",
    ConditionExpression: "attribute_exists(#pk) AND #rvn = :rvn AND #on = :on",
    ExpressionAttributeNames: {
      ...{ "#pk": "key", "#rvn": "recordVersionNumber", "#on": "ownerName" },
      "#ld": "leaseDuration",
    },
    ExpressionAttributeValues: {
      ...{ ":ld": { S: lease }, ":newRvn": { S: "next" }, ":on": { S: "host-1" } },
      ":rvn": { S: "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1" },
    },
  });
  return await world.until(work.then(() => true, () => false));
}

/** Among our own, and with their client. */
export function holds({ layout, twenty }: Kind): void {
  for (const way of WAYS) {
    const choice = layout({ onRelease: way });
    const title = `${choice.name}, ${way}`;

    Deno.test(`${title}: who waits gets it after the release, in this process with one request`, async () => {
      const [world, one, two] = await stage(choice, {}, {});
      const lease = await world.until(one!.manager.acquire("job"));
      assertEquals(await world.until(two!.manager.tryAcquire("job")), null);
      const [here, there] = [one!.manager.acquire("job"), two!.manager.acquire("job")];
      await world.pass(45_000);
      assertEquals(lease.held, true);
      world.sent();
      assertEquals(await world.until(lease.release()), true);
      const next = await world.until(here);
      assertEquals(world.sent().filter((operation) => operation !== "GetItem"), ["PutItem"]);
      await world.until(next.release());
      const last = await world.until(there);
      assertEquals([next.held, last.held], [false, true]);
      assertEquals(await world.until(last.release()), true);
      isFree(world, way);
      await world.end(one!, two!);
    });

    Deno.test(`${title}: a frozen holder of ours is taken over when it has stopped believing`, async () => {
      const options = { leaseMs: 6_000 };
      const [world, one, two, three] = await stage(choice, options, options, options);
      const lease = await world.until(one!.manager.acquire("job"));
      await world.pass(5_000);
      one!.node.pause();
      const next = await world.until(two!.manager.acquire("job"));
      assertEquals([lease.held, next.held], [false, true]);
      two!.node.pause();
      await world.pass(12_000); // the end of the lease is written: nobody has to watch it
      const last = (await world.until(three!.manager.tryAcquire("job")))!;
      one!.node.resume();
      two!.node.resume();
      await world.pass(2_000);
      assertEquals((next.signal.reason as LeaseLostError).name, "LeaseLostError");
      assertEquals(await world.until(next.release()), false);
      assertEquals(last.held, true);
      await world.end(one!, two!, three!);
      isFree(world, way);
    });

    for (const [how, code] of [["taken over", "LEASE_STOLEN"], ["deleted", "LEASE_DELETED"]]) {
      Deno.test(`${title}: a lease that their client has ${how} is lost, and left alone`, async () => {
        const [world, one] = await stage(choice, {});
        const lease = await world.until(one!.manager.acquire("job"));
        if (how === "deleted") drop(world);
        else put(world, theirs(twenty));
        const before = itemOf(world);
        await world.pass(8_000);
        assertEquals([lease.held, (lease.signal.reason as LeaseLostError).code], [false, code]);
        assertEquals(await world.until(lease.release()), false);
        assertEquals(itemOf(world), before);
        await world.end(one!);
      });
    }

    Deno.test(`${title}: a lease that their client has marked as released is lost`, async () => {
      const [world, one] = await stage(choice, {});
      const lease = await world.until(one!.manager.acquire("job"));
      put(world, { ...itemOf(world)!, isReleased: { S: "1" } });
      const before = itemOf(world);
      await world.pass(8_000);
      assertEquals([lease.held, itemOf(world)], [false, before]);
      assertEquals(await world.until(lease.release()), false);
      await world.end(one!);
    });

    Deno.test(`${title}: a holder of their client can be broken, and its next heartbeat tells it`, async () => {
      const [world, one] = await stage(choice, {});
      put(world, theirs(twenty));
      const { manager } = one!;
      const [holder] = (await world.until(manager.inspect("job")))!.holders;
      assertEquals(await world.until(manager.breakLock("job", { id: "another" })), false);
      assertEquals(itemOf(world), theirs(twenty));
      assertEquals(await world.until(manager.breakLock("job", { id: holder!.id! })), true);
      isFree(world, way);
      assertEquals(await heartbeat(world, twenty), false);
      isFree(world, way);
      assertEquals((await world.until(manager.tryAcquire("job")))?.held, true);
      await world.end(one!);
    });

    Deno.test(`${title}: a holder of ours can be broken, and another is left alone`, async () => {
      const [world, one, two] = await stage(choice, {}, {});
      const lease = await world.until(one!.manager.acquire("job"));
      const [holder] = (await world.until(two!.manager.inspect("job")))!.holders;
      await world.pass(8_000); // renewed meanwhile: the same grant
      assertEquals(await world.until(two!.manager.breakLock("job", { id: holder!.id! })), true);
      isFree(world, way);
      await world.pass(8_000);
      assertEquals(lease.held, false);
      const next = await world.until(two!.manager.acquire("job"));
      assertEquals(await world.until(two!.manager.breakLock("job", { id: holder!.id! })), false);
      assertEquals(next.held, true);
      await assertRejects(() => two!.manager.breakLock("job", { token: 0 }), TypeError, "'id'");
      await world.end(one!, two!);
    });
  }
}

/** What the format can be used for, and what it cannot. */
export function offers({ layout, twenty }: Kind): void {
  const choice = layout({ onRelease: "keep" });
  const { name } = choice;

  Deno.test(`${name}: several names are held together or not at all`, async () => {
    const [world, one] = await stage(choice, {});
    put(world, theirs(twenty, { key: { S: "b" } }));
    assertEquals(await world.until(one!.manager.tryAcquire(["a", "b", "c"])), null);
    assertEquals([itemOf(world, "a"), itemOf(world, "c")], [undefined, undefined]);
    put(world, theirs(twenty, { key: { S: "b" }, isReleased: { S: "1" } }));
    const lease = await world.until(one!.manager.acquire(["a", "b", "c"]));
    await world.pass(60_000);
    assertEquals(lease.held, true);
    assertEquals(await world.until(lease.release()), true);
    for (const each of ["a", "b", "c"]) isFree(world, "keep", each);
    await world.end(one!);
  });

  Deno.test(`${name}: writes land under a lease, and no more when their client has taken over`, async () => {
    const [world, one] = await stage(choice, {});
    const write = (id: string) => ({
      Put: { TableName: "dynamo-lock", Item: { key: { S: id } } },
    });
    const lease = await world.until(one!.manager.acquire("job"));
    await world.until(lease.transact([write("x")]));
    assertEquals(itemOf(world, "x"), { key: { S: "x" } });
    const check = lease.conditionCheck();
    put(world, theirs(twenty));
    await assertRejects(() => world.until(lease.transact([write("y")])), LeaseLostError);
    const client = world.client(world.time.node());
    const own = client.send("TransactWriteItems", { TransactItems: [check, write("y")] });
    await assertRejects(() => world.until(own));
    assertEquals(itemOf(world, "y"), undefined);
    await world.end(one!);
  });

  Deno.test(`${name}: a transaction can give the lock back`, async () => {
    const [world, one] = await stage(choice, {});
    const lease = await world.until(one!.manager.acquire("job"));
    const item = { Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } } };
    await world.until(lease.transact([item], { release: true }));
    isFree(world, "keep");
    assertEquals(itemOf(world, "x"), { key: { S: "x" } });
    await world.end(one!);
  });

  Deno.test(`${name}: what it cannot do is refused by name, before any request`, async () => {
    const [world, one] = await stage(choice, {});
    const { manager } = one!;
    const orders = { shared: { mode: "shared" }, permits: { permits: 2 } } as const;
    for (const [ability, options] of Object.entries(orders)) {
      const error = await assertRejects(() => manager.acquire("job", options), LockError);
      assertEquals(error.code, "UNSUPPORTED");
      assertEquals(error.message.includes(`'${name}' has no '${ability}'`), true, error.message);
    }
    assertEquals(world.sent(), []);
    const lease = await world.until(manager.acquire("job"));
    let error: unknown;
    try {
      lease.fencingToken;
    } catch (thrown) {
      error = thrown;
    }
    assertEquals((error as LockError).code, "UNSUPPORTED");
    await world.end(one!);
  });
}

/** What becomes of requests and answers that are lost, or late. */
export function endures({ layout, twenty }: Kind): void {
  for (const way of WAYS) {
    const choice = layout({ onRelease: way });
    const title = `${choice.name}, ${way}`;

    const operations = ["PutItem", "UpdateItem", ...(way === "delete" ? ["DeleteItem"] : [])];
    for (const operation of operations) {
      Deno.test(`${title}: a ${operation} whose answer is lost is known again`, async () => {
        const [world, one] = await stage(choice, {});
        world.fail({ kind: "drop-answer" }, { operation });
        const lease = await world.until(one!.manager.acquire("job"));
        await world.pass(20_000);
        assertEquals(lease.held, true);
        assertEquals(one!.events.filter(({ type }) => type === "lost"), []);
        if (operation === "UpdateItem") world.fail({ kind: "drop-answer" }, { operation });
        assertEquals(await world.until(lease.release()), true);
        isFree(world, way);
        await world.end(one!);
      });
    }

    Deno.test(`${title}: a request that lands after its caller has gone is closed out or given back`, async () => {
      const [world, one, two] = await stage(choice, { leaseMs: 12_000 }, {});
      const stop = new AbortController();
      world.fail({ kind: "late", ms: 8_000, apply: "late" }, { operation: "PutItem" });
      const waiting = one!.manager.acquire("job", { signal: stop.signal });
      await world.pass(100);
      stop.abort(new Error("enough"));
      await assertRejects(() => world.until(waiting), Error, "enough");
      await world.pass(9_000);
      // Nothing can be closed where nothing is kept: so late, it is held by nobody, for one lease.
      if (way === "keep") isFree(world, way);
      else assertEquals("isReleased" in itemOf(world)!, false);
      const start = world.time.now;
      const lease = await world.until(two!.manager.acquire("job"));
      assertEquals(world.time.now - start < (way === "keep" ? 100 : 9_000), true);
      assertEquals(await world.until(lease.release()), true);
      await world.end(one!, two!);
    });

    Deno.test(`${title}: an acquisition that lands after a refusal of its repetition is known again`, async () => {
      const [world, one] = await stage(choice, {});
      world.fail({ kind: "late", ms: 6_500, apply: "late" }, { operation: "PutItem" });
      const waiting = one!.manager.acquire("job");
      await world.pass(1_000);
      put(world, theirs(twenty));
      await world.pass(5_495); // refused by now, since theirs is in the way
      drop(world);
      const start = world.time.now;
      const lease = await world.until(waiting);
      assertEquals(world.time.now - start < 3_000, true, `${world.time.now - start}`);
      await world.pass(60_000);
      assertEquals(lease.held, true);
      assertEquals(await world.until(lease.release()), true);
      isFree(world, way);
      await world.end(one!);
    });

    Deno.test(`${title}: a renewal that comes late does not turn back the end of the lease`, async () => {
      const [world, one] = await stage(choice, {});
      const lease = await world.until(one!.manager.acquire("job"));
      const version = () => (itemOf(world)!.recordVersionNumber as { S: string }).S;
      world.fail({ kind: "late", ms: 15_000, apply: "late" }, { operation: "UpdateItem" });
      for (let before = version(), second = 0; second < 40; second++) {
        await world.pass(1_000);
        assertEquals(version() >= before, true, `${before} ${version()}`);
        before = version();
      }
      assertEquals(lease.held, true);
      await world.end(one!);
    });

    Deno.test(`${title}: a renewal that comes after the release brings nothing back`, async () => {
      const [world, one, two] = await stage(choice, {}, {});
      const lease = await world.until(one!.manager.acquire("job"));
      const late = { kind: "late", ms: 12_000, apply: "late" } as const;
      world.fail(late, { operation: "UpdateItem" });
      await world.pass(7_000);
      assertEquals(await world.until(lease.release()), true);
      isFree(world, way);
      await world.pass(20_000);
      isFree(world, way);
      assertEquals((await world.until(two!.manager.tryAcquire("job")))?.held, true);
      await world.end(one!, two!);
    });
  }

  const kept = layout({ onRelease: "keep" });
  Deno.test(`${kept.name}, keep: an acquisition that is delayed does not take what was held since`, async () => {
    const [world, one, two] = await stage(kept, {}, {});
    put(world, theirs(twenty, { isReleased: { S: "1" } }));
    // The first shows what is there; the second is on its way for long.
    world.fail({ kind: "late", ms: 30_000, apply: "late" }, { operation: "PutItem", after: 1 });
    const lease = await world.until(one!.manager.acquire("job"));
    assertEquals(await world.until(lease.release()), true);
    const other = await world.until(two!.manager.acquire("job"));
    assertEquals(await world.until(other.release()), true);
    const before = itemOf(world);
    await world.pass(60_000);
    assertEquals(itemOf(world), before);
    isFree(world, "keep");
    await world.end(one!, two!);
  });
}
