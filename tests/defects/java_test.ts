/** The defects of the AWS Java lock client, and what is so here instead. */

import {
  assert,
  assertEquals,
  assertLess,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { LeaseLostError, LockManager, type LockManagerOptions } from "../../mod.ts";
import { observeLeader } from "../../src/election.ts";
import { ROOT } from "../offline/config.ts";
import { elementsOf } from "../support/requests.ts";
import { idle } from "../support/virtual.ts";
import { World } from "../support/world.ts";
import {
  about,
  FORMATS,
  hasData,
  isRead,
  isRelease,
  isRenewal,
  JAVA,
  livingIn,
  stage,
} from "./stage.ts";

/** A retry, and no more. */
const AT_ONCE_MS = 100;

for (const format of FORMATS) {
  Deno.test(`Java 1: an acquisition whose answer was lost does not wait for itself (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [process, crashing] = [start(), start({ leaseMs: 2_000 })];
    world.fail({ kind: "drop-answer" });
    const begin = world.time.now;
    const lease = await world.until(process.manager.acquire("job"));
    assertLess(world.time.now - begin, AT_ONCE_MS);
    assertEquals([lease.held, await livingIn(world, process)], [true, 1]);
    assertEquals(await world.until(lease.release()), true);
    // The same for a lock that is taken over from the dead.
    await world.until(crashing.manager.acquire("job"));
    crashing.node.pause();
    await world.pass(5_000);
    world.fail({ kind: "drop-answer" }, { when: (request) => !isRead(request), after: 1 });
    const again = world.time.now;
    const taken = await world.until(process.manager.tryAcquire("job"));
    assertLess(world.time.now - again, AT_ONCE_MS);
    assertEquals([taken?.held, await livingIn(world, process)], [true, 1]);
    await world.end(process);
  });

  Deno.test(`Java 2: a renewal whose answer was lost does not lose the lock (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [process, other] = [start(), start()];
    const lease = await world.until(process.manager.acquire("job"));
    for (let round = 0; round < 3; round++) {
      world.fail({ kind: "drop-answer" }, { when: isRenewal, times: 2 });
      await world.pass(20_000);
    }
    assertEquals(lease.held, true);
    assertEquals(process.events.filter(({ type }) => type === "lost"), []);
    assertEquals(await world.until(other.manager.tryAcquire("job")), null);
    assertEquals(await world.until(lease.release()), true);
    await world.end(process, other);
  });

  Deno.test(`Java 3: to know a lock, or its owner's name, is not to hold it (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [first, second] = [start({ owner: "same" }), start({ owner: "same" })];
    const lease = await world.until(first.manager.acquire("job"));
    const info = await world.until(second.manager.inspect("job"));
    assertEquals(info?.holders[0]?.ownerId, "same");
    assertEquals(Object.values(info!).filter((member) => typeof member === "function"), []);
    assertEquals(await world.until(second.manager.tryAcquire("job")), null);
    await world.until(second.manager.close());
    assertEquals([lease.held, await livingIn(world, first)], [true, 1]);
    // Nor does one that lost it give it back for the next, whose name is the same.
    const third = start({ owner: "same" });
    first.node.pause();
    const next = await world.until(third.manager.acquire("job"));
    first.node.resume();
    await idle();
    assertEquals(await world.until(lease.release()), false);
    assertEquals([next.held, await livingIn(world, third)], [true, 1]);
    await world.end(first, third);
  });

  Deno.test(`Java 4, Go 4: close() gives all locks back also where one cannot be (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [process, other] = [start(), start()];
    for (const name of ["a", "b", "c"]) await world.until(process.manager.acquire(name));
    const isFirst = about("a");
    world.fail({ kind: "error", status: 400, type: "AccessDeniedException" }, {
      when: (request) => isRelease(request) && isFirst(request),
      times: Infinity,
    });
    const closing = process.manager.close();
    await world.pass(1_000); // long before a lease is over
    assertEquals(await livingIn(world, other, "a"), 1);
    assertEquals(await livingIn(world, other, "b"), 0);
    assertEquals(await livingIn(world, other, "c"), 0);
    await world.until(closing);
    await idle();
    assertEquals(world.time.pending, 0, "and nothing of it goes on");
    await world.end(other);
  });

  Deno.test(`Java 5: nothing renews a lease that was released (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start();
    const lease = await world.until(process.manager.acquire("job"));
    const releasing = lease.release();
    const during = await assertRejects(() => world.until(lease.renew()), LeaseLostError);
    assertEquals(await world.until(releasing), true);
    const after = await assertRejects(() => world.until(lease.renew()), LeaseLostError);
    assertEquals([during.code, after.code], ["LEASE_RELEASED", "LEASE_RELEASED"]);
    world.sent();
    await world.pass(60_000);
    assertEquals([lease.held, world.sent()], [false, []]);
    await world.end(process);
  });

  Deno.test(`Java 6: who asks only once takes the lock of one who crashed (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [crashing, asker] = [start(), start()];
    await world.until(crashing.manager.acquire("job"));
    crashing.node.pause();
    await world.pass(10_000);
    assertEquals(await world.until(asker.manager.tryAcquire("job")), null);
    await world.pass(15_000);
    const fresh = start(); // it never saw the holder
    assertEquals((await world.until(fresh.manager.tryAcquire("job")))?.held, true);
    await world.end(asker, fresh);
  });

  Deno.test(`Java 8: a way that takes seconds holds up no other lease (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start({ latencyMs: 750 }); // one after the other takes 75 s, four leases
    const leases = await world.until(
      Promise.all(Array.from({ length: 50 }, (_, at) => process.manager.acquire(`job ${at}`))),
    );
    await world.pass(120_000);
    assertEquals(leases.filter(({ held }) => !held).length, 0);
    await world.end(process);
  });

  Deno.test(`Java 9, python 5, Go 9: throttling is no answer to an acquisition (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [process, waiter] = [start(), start()];
    const fault = {
      kind: "error",
      status: 400,
      type: "ProvisionedThroughputExceededException",
    } as const;
    world.fail(fault, { times: 3 });
    const lease = await world.until(process.manager.acquire("job"));
    const waiting = waiter.manager.acquire("job");
    await world.pass(3_000);
    world.fail(fault, { when: isRead, times: 6 }); // more than one look is tried
    await world.pass(9_000);
    assertEquals(waiter.events.filter(({ type }) => type === "fail"), []);
    await world.until(lease.release());
    assertEquals((await world.until(waiting)).held, true);
    await world.end(process, waiter);
  });

  Deno.test(`Java 10: a waiter waits as long as its signal lets it, however often the lease is renewed (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [process, waiter] = [start(), start()];
    const lease = await world.until(process.manager.acquire("job"));
    const waiting = waiter.manager.acquire("job");
    await world.pass(30 * 60_000);
    assertEquals([lease.held, await livingIn(world, process)], [true, 1]);
    await world.until(lease.release());
    assertEquals((await world.until(waiting, 2_000)).held, true);
    await world.end(process, waiter);
  });

  Deno.test(`Java 15: a lease that cannot be renewed is lost, also where the service is unavailable (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start();
    const lease = await world.until(process.manager.acquire("job"));
    const fault = { kind: "error", status: 503, type: "ServiceUnavailable" } as const;
    world.fail(fault, { when: isRenewal, times: Infinity });
    await world.pass(21_000);
    assertEquals(lease.held, false);
    assert(lease.signal.reason instanceof LeaseLostError);
    assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
    await world.end(process);
  });
}

for (const format of FORMATS.filter(hasData)) {
  Deno.test(`Java 12, Go 5: a holder does not inherit the data of the last one (${format.name})`, async () => {
    const { world, start, item } = await stage(format);
    const [first, second] = [start({ leaseMs: 2_000 }), start()];
    const dataOf = async () => (await world.until(second.manager.inspect("job")))!.holders[0]?.data;
    await world.until(first.manager.acquire("job", { data: "of the first" }));
    assertEquals(await dataOf(), "of the first");
    first.node.pause(); // it crashes
    const taken = await world.until(second.manager.acquire("job"));
    assertEquals([taken.held, await dataOf()], [true, undefined]);
    await world.until(taken.update("of the second"));
    await world.until(taken.release());
    const again = await world.until(second.manager.acquire("job"));
    assertEquals([again.held, await dataOf()], [true, undefined]);
    assertEquals(JSON.stringify(item()).includes("data"), false);
    await world.end(second);
  });
}

Deno.test("Java 6: a caller that asks now and then takes the lock of a Java process that crashed", async () => {
  const { world, start } = await stage(JAVA[0]);
  const asker = start();
  world.dynamo.table("dynamo-lock").put({
    key: { S: "job" },
    ownerName: { S: "a Java process" },
    leaseDuration: { S: "20000" },
    recordVersionNumber: { S: "0b5c9d0e-8d15-4b0e-9d05-0d4f51a20b6a" },
  });
  const begin = world.time.now;
  let lease = null;
  while (lease === null) {
    lease = await world.until(asker.manager.tryAcquire("job"));
    await world.pass(5_000);
    assertLess(world.time.now - begin, 40_000);
  }
  assert(world.time.now - begin > 20_000, "it was watched for a whole lease");
  await world.end(asker);
});

Deno.test("Java 7: locks that differ in the sort key, or in how their names are joined, are different", async () => {
  const world = await World.create();
  await world.createTable("app", "pk", "sk");
  const place = { name: "app", partitionKey: "pk", sortKey: "sk" };
  const one = world.process({ table: { ...place, sortValue: "one" } });
  const other = world.process({ table: { ...place, sortValue: "other" } });
  const lease = await world.until(one.manager.acquire("job"));
  const beside = await world.until(other.manager.tryAcquire("job"));
  assertEquals([lease.held, beside?.held], [true, true]);
  const names = [["a", "b"], "a,b", "a b", "ab", '["a","b"]'];
  const all = await world.until(
    Promise.all(names.map((name) => one.manager.tryAcquire(name))),
  );
  assertEquals(all.map((each) => each?.held), names.map(() => true));
  await world.until(all[0]!.release());
  assertEquals(all.map((each) => each?.held), [false, true, true, true, true]);
  await world.end(one, other);
});

Deno.test("Java 13: every read is consistent, and the documents name every permission that is used", async () => {
  const used = { native: new Set<string>(), javaLockClient: new Set<string>() };
  for (const { name, layout } of FORMATS.slice(0, 2)) {
    const { world, start } = await stage({ name, ...(layout && { layout }) });
    const [process, other] = [start({ leaseMs: 2_000 }), start()];
    const lease = await world.until(process.manager.acquire("job", { data: "x" }));
    const waiting = other.manager.acquire("job");
    await world.pass(2_000);
    await world.until(
      lease.transact([{ Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } } }]),
    );
    await world.until(lease.release());
    await world.until(waiting);
    const several = await world.until(other.manager.acquire(["a", "b"]));
    await world.until(other.manager.inspect("job"));
    const looks = observeLeader("job", { locks: other.manager })[Symbol.asyncIterator]();
    await world.until(looks.next());
    await looks.return!();
    await world.until(Array.fromAsync(other.manager.list({ prefix: "j" })));
    await world.until(several.release());
    for (const request of world.dynamo.requests) {
      const { operation, input } = request as {
        operation: string;
        input: { ConsistentRead?: true };
      };
      if (/^(Get|Scan|Query)/.test(operation)) assertEquals(input.ConsistentRead, true, operation);
      const elements = elementsOf(request).map(({ action }) => `${action}Item`);
      const actions = operation === "TransactWriteItems" ? elements : [operation];
      for (const action of actions) used[name as keyof typeof used].add(action);
    }
    await world.end(process, other);
  }
  const [readme, migration] = await Promise.all(
    ["README.md", "MIGRATION.md"].map((file) => Deno.readTextFile(new URL(file, ROOT))),
  );
  used.native.delete("PutItem"); // the caller's own
  assertEquals([...used.native].sort(), ["ConditionCheckItem", "GetItem", "Scan", "UpdateItem"]);
  for (const action of used.native) assertStringIncludes(readme!, `dynamodb:${action}`);
  for (const action of used.javaLockClient) assertStringIncludes(migration!, `dynamodb:${action}`);
});

Deno.test("Java 15: there is no option that pretends", () => {
  const options = { holdLockOnServiceUnavailable: true } as LockManagerOptions;
  assertThrows(() => new LockManager(options), TypeError, "holdLockOnServiceUnavailable");
});
