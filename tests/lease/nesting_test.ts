/** Locks within locks, in one process as in several: nobody waits for somebody who waits for nothing. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type Lease, LeaseLostError, LockServiceError, LockTransactionError } from "../../mod.ts";
import { only } from "../support/requests.ts";
import { hold, World } from "../support/world.ts";

const put = (id: string) => ({ Put: { TableName: "dynamo-lock", Item: { key: { S: id } } } });

const stored = (world: World, id: string) =>
  world.dynamo.table("dynamo-lock").get({ key: { S: id } }) !== undefined;

function lose(world: World, name: string): void {
  world.tamper(name, (record) => {
    record.holders.M = {};
    record.fence.N = String(Number(record.fence.N) + 5);
    delete record.exclusive;
  });
}

for (const same of [false, true]) {
  const where = same ? "in one process" : "across processes";

  Deno.test(`a free name is taken while others wait for it and for another one, ${where}`, async () => {
    const world = await World.create();
    const one = world.process();
    const two = same ? one : world.process();
    const outer = await world.until(one.manager.acquire("b"));
    const both = two.manager.acquire(["a", "b"]);
    await world.pass(3_000);
    const start = world.time.now;
    const inner = await world.until(one.manager.acquire("a"), 60_000);
    assert(world.time.now - start < 1_500, `waited for ${world.time.now - start} ms`);
    await world.until(outer.release());
    await world.pass(3_000);
    await world.until(inner.release());
    assertEquals((await world.until(both)).held, true);
    await world.end(one, ...(same ? [] : [two]));
  });
}

Deno.test("who goes past somebody is not gone past itself, and all are served", async () => {
  const world = await World.create();
  const process = world.process();
  const order: string[] = [];
  const ask = async (who: string, names: string | string[]): Promise<Lease> => {
    const lease = await process.manager.acquire(names);
    order.push(who);
    return lease;
  };
  const b = await world.until(ask("b", "b"));
  const both = ask("both", ["a", "b"]);
  await world.pass(2_000);
  const first = await world.until(ask("first", "a"));
  const second = ask("second", "a");
  await world.pass(2_000);
  assertEquals(order, ["b", "first"]);
  await world.until(b.release());
  await world.pass(2_000); // now it is the other name that the one before them waits for
  assertEquals(order, ["b", "first"]);
  await world.until(first.release());
  const lease = await world.until(both);
  await world.pass(2_000);
  assertEquals(order, ["b", "first", "both"]);
  await world.until(lease.release());
  await world.until(second);
  await world.end(process);
});

Deno.test("a writer of two shared names gets in, though they drain at different times", async () => {
  const world = await World.create();
  const readers = [0, 1, 2, 3].map(() => world.process());
  const writer = world.process();
  let over = false;
  const read = async (index: number, name: string, startMs: number) => {
    const { manager, node } = readers[index % 4]!;
    await world.time.delay(startMs);
    while (!over) {
      const lease = await manager.acquire(name, { mode: "shared" });
      await world.time.delay(8_000 + 4_000 * node.runtime(world.dynamo.fetch, {}).random());
      await lease.release();
    }
  };
  const reading = ["a", "b"].flatMap((name, at) =>
    Array.from({ length: 16 }, (_, index) => read(index, name, at * 300 + index * 531))
  );
  await world.pass(10_000);
  const start = world.time.now;
  const lease = await world.until(writer.manager.acquire(["a", "b"]), 120_000);
  assert(world.time.now - start < 60_000, `waited for ${world.time.now - start} ms`);
  over = true;
  await world.until(lease.release());
  await world.until(Promise.all(reading));
  await world.end(...readers, writer);
});

Deno.test("a head that stands back does so once, whatever is released meanwhile", async () => {
  const world = await World.create();
  const process = world.process({ maxHandoffMs: 0 });
  const held: Lease[] = [];
  const permits = 20;
  for (let count = 0; count < permits; count++) {
    held.push(await world.until(process.manager.acquire("s", { permits })));
  }
  let gotAt = 0;
  const next = process.manager.acquire("s", { permits }).then((lease) => {
    gotAt = world.time.now;
    return lease;
  });
  await world.pass(1_000);
  const start = world.time.now;
  for (const lease of held) {
    await world.until(lease.release());
    await world.pass(450);
  }
  await world.until(next);
  assert(gotAt - start < 3_000, `waited for ${gotAt - start} ms`);
  await world.end(process);
});

Deno.test("conflicts with other transactions do not end a wait", async () => {
  const world = await World.create();
  const process = world.process();
  const reasons = [{ Code: "TransactionConflict" }, { Code: "None" }];
  const type = "TransactionCanceledException";
  const extra = { CancellationReasons: reasons };
  world.fail({ kind: "error", status: 400, type, extra }, { times: 20 });
  const lease = await world.until(process.manager.acquire(["a", "b"]));
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("a writer that has left does not keep readers out for long", async () => {
  const world = await World.create();
  const [reader, writer, next] = [
    world.process(),
    world.process({ pollMs: 60_000 }),
    world.process(),
  ];
  await world.until(reader.manager.acquire("a", { mode: "shared" }));
  const controller = new AbortController();
  const waiting = writer.manager.acquire("a", { signal: controller.signal });
  waiting.catch(() => {});
  await world.pass(2_000);
  controller.abort();
  const start = world.time.now;
  await world.until(next.manager.acquire("a", { mode: "shared" }));
  assert(world.time.now - start < 12_000, `waited for ${world.time.now - start} ms`);
  await world.end(reader, writer, next);
});

Deno.test("a commit at the very end of a lease does not claim to have been made", async () => {
  const { world, process, lease } = await hold({ renew: false });
  await world.pass(17_900);
  assertEquals(lease.held, true);
  // The lease ends between the first look at the clock and the next ones.
  const moment = process.node.moment.bind(process.node);
  let looks = 0;
  process.node.moment = () => {
    const { wall, mono } = moment();
    const jump = ++looks > 2 ? 10_000 : 0;
    return { wall: wall + jump, mono: mono + jump };
  };
  const committed = lease.transact([put("x")], { release: true });
  await assertRejects(() => world.until(committed), LeaseLostError);
  assertEquals(stored(world, "x"), false);
});

Deno.test("a commit of two names, one of which is lost, gives back the other one", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire(["a", "b"]));
  lose(world, "b");
  const committed = lease.transact([put("x")], { release: true });
  await assertRejects(() => world.until(committed), LeaseLostError);
  await world.pass(1_000);
  assertEquals([world.holders("a"), stored(world, "x")], [0, false]);
  await world.end(process);
});

Deno.test("release() of several names says that one was lost, also after an answer that was lost", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire(["a", "b"]));
  lose(world, "b");
  world.fail({ kind: "error", status: 500, type: "InternalServerError" }, {
    when: only("release"),
  });
  assertEquals(await world.until(lease.release()), false);
  assertEquals(world.holders("a"), 0);
  await world.end(process);
});

Deno.test("transact() does not call refused what an earlier attempt may still write", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "late", ms: 8_000, apply: "late" }, { operation: "TransactWriteItems" });
  const gone = {
    Delete: {
      TableName: "dynamo-lock",
      Key: { key: { S: "z" } },
      ConditionExpression: "attribute_exists(#n)",
      ExpressionAttributeNames: { "#n": "n" },
    },
  };
  let refused: unknown;
  lease.transact([put("x"), gone]).catch((error) => refused = error);
  await world.pass(7_000);
  world.dynamo.table("dynamo-lock").put({ key: { S: "z" }, n: { S: "" } });
  await world.pass(8_000);
  assert(!(refused instanceof LockTransactionError && stored(world, "x")));
  await world.end(process);
});

Deno.test("transact() does not blame the lock table for what is wrong with the caller's", async () => {
  const { world, process, lease } = await hold();
  const elements = [
    { Put: { TableName: "orders", Item: { key: { S: "x" } } } },
    { Put: { ...put("x").Put, ExpressionAttributeNames: { "#unused": "key" } } },
  ];
  for (const element of elements) {
    const call = () => world.until(lease.transact([element]));
    const error = await assertRejects(call, LockServiceError);
    assertEquals([error.code, lease.held], ["REFUSED", true]);
    assert(error.cause instanceof Error);
  }
  await world.end(process);
});

Deno.test("who joins beside a damaged entry leaves none of its own", async () => {
  const world = await World.create();
  const process = world.process();
  for (let count = 0; count < 2; count++) {
    await world.until(process.manager.acquire("a", { permits: 10 }));
  }
  world.tamper("a", (record) => {
    delete (Object.values(record.holders.M)[0]!.M as Record<string, unknown>).o;
  });
  for (let count = 0; count < 5; count++) {
    await assertRejects(() => world.until(process.manager.acquire("a", { permits: 10 })));
  }
  await world.pass(1_000);
  assertEquals(world.holders("a"), 2);
  await world.until(process.manager.close());
});

Deno.test("a reentrant lease of a manager that was closed by its listener is over", async () => {
  const world = await World.create();
  const process = world.process({
    onEvent: (event) => {
      process.events.push(event);
      if (event.type === "grant") void process.manager.close();
    },
  });
  const lease = await world.until(process.manager.acquire("a", { reentrant: true }));
  await world.pass(1_000);
  assertEquals([lease.held, lease.signal.aborted], [false, true]);
  const types = process.events.map((event) => event.type);
  assertEquals(types, ["request", "grant", "release"]);
  await world.end(process);
});

Deno.test("a lease that ends by maxHoldMs is in no danger when it is updated", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("a", { maxHoldMs: 5_000 }));
  await world.until(lease.update("data"));
  assertEquals(process.events.some(({ type }) => type === "endangered"), false);
  await world.end(process);
});

Deno.test("list() goes on sending nothing after close(), and throws when it is iterated", async () => {
  const world = await World.create();
  const process = world.process();
  for (const name of ["a", "b", "c"]) {
    await world.until((await world.until(process.manager.acquire(name))).release());
  }
  const all = process.manager.list()[Symbol.asyncIterator]();
  await world.until(all.next());
  await world.until(process.manager.close());
  await assertRejects(() => world.until(all.next()), Error, "close");
  const late = process.manager.list()[Symbol.asyncIterator]();
  await assertRejects(() => world.until(late.next()), Error, "close");
});
