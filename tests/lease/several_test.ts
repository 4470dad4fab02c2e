/** Several names as one lease: all of them or none, whatever happens to the requests. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { isLockError, type Lease, LeaseLostError } from "../../mod.ts";
import { kindOf, only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

const NAMES = ["a", "b", "c"];

function take(world: World, { manager }: Process, names = NAMES, options = {}): Promise<Lease> {
  return world.until(manager.acquire(names, options));
}

const holders = (world: World, names = NAMES) => names.map((name) => world.holders(name));

Deno.test("lock() of several names takes all in one request, and gives them back in one", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await take(world, process, ["c", "a", "b", "a"]);
  assertEquals([lease.name, lease.names, lease.held], ["a", NAMES, true]);
  assertEquals(world.dynamo.requests.map(({ operation }) => operation), ["TransactWriteItems"]);
  assertEquals(world.kinds(), ["acquire"]);
  for (const name of NAMES) {
    const record = world.record(name)!;
    assertEquals(record.fence.N, String(lease.fencingToken));
    assertEquals(Object.keys(record.holders.M).length, 1);
  }
  await world.pass(30_000);
  assertEquals(lease.held, true);
  assertEquals(new Set(world.kinds()), new Set(["renew"]));
  assertEquals(await world.until(lease.release()), true);
  assertEquals(world.kinds(), ["release"]);
  assertEquals(holders(world), [0, 0, 0]);
  await world.end(process);
});

Deno.test("the token of several names is above all earlier ones of each of them", async () => {
  const world = await World.create();
  const ahead = world.process({ wallOffsetMs: 600_000 });
  const first = await world.until(ahead.manager.acquire("b"));
  await world.until(first.release());
  const process = world.process();
  const lease = await take(world, process);
  assertGreater(lease.fencingToken, first.fencingToken);
  for (const name of NAMES) assertEquals(world.record(name)!.fence.N, String(lease.fencingToken));
  await world.end(ahead, process);
});

Deno.test("tryLock() of several names takes none where one is held", async () => {
  const world = await World.create();
  const [holder, asker] = [world.process(), world.process()];
  await world.until(holder.manager.acquire("b"));
  world.sent();
  assertEquals(await world.until(asker.manager.tryAcquire(NAMES)), null);
  assertEquals(world.sent(), ["TransactWriteItems"]);
  assertEquals(holders(world), [0, 1, 0]);
  await world.end(holder, asker);
});

Deno.test("lock() of several names waits until all are free, and holds none meanwhile", async () => {
  const world = await World.create();
  const [one, two, waiter] = [world.process(), world.process(), world.process()];
  const a = await world.until(one.manager.acquire("a"));
  const c = await world.until(two.manager.acquire("c"));
  const waiting = waiter.manager.acquire(NAMES);
  await world.pass(5_000);
  await world.until(a.release());
  await world.pass(5_000);
  assertEquals(holders(world), [0, 0, 1]);
  await world.until(c.release());
  const lease = await world.until(waiting);
  assertEquals([lease.held, holders(world)], [true, [1, 1, 1]]);
  await world.end(one, two, waiter);
});

Deno.test("two that want the same names in another order do not hold up each other", async () => {
  const world = await World.create();
  const [one, two] = [world.process(), world.process()];
  const work = [[one, ["a", "b"]], [two, ["b", "a"]]] as const;
  const done = work.flatMap(([{ manager }, names]) =>
    Array.from({ length: 10 }, () => manager.acquire(names).then((lease) => lease.release()))
  );
  await world.until(Promise.all(done), 600_000);
  await world.end(one, two);
});

Deno.test("callers of one process with overlapping names are all served, in order where they want the same", async () => {
  const world = await World.create();
  const process = world.process();
  const order: string[] = [];
  const ask = async (names: string[]) => {
    const lease = await process.manager.acquire(names);
    order.push(names.join(""));
    await lease.release();
  };
  const all = [["a", "b"], ["b", "c"], ["a"], ["c"], ["a", "b", "c"]].map(ask);
  await world.until(Promise.all(all), 600_000);
  assertEquals(order.indexOf("ab") < order.indexOf("bc"), true);
  assertEquals(order.indexOf("ab") < order.indexOf("a"), true);
  // `c` alone may go past who waits for `b` too, and holds neither meanwhile.
  assertEquals(order.toSorted(), ["a", "ab", "abc", "bc", "c"]);
  await world.end(process);
});

Deno.test("dead holders of several names are taken over together with absent names", async () => {
  const world = await World.create();
  const [crashed, next] = [world.process(), world.process()];
  await world.until(crashed.manager.acquire("b", { leaseMs: 2_000 }));
  crashed.node.pause();
  await world.pass(5_000);
  const lease = await world.until(next.manager.tryAcquire(NAMES));
  assertEquals([lease?.held, holders(world)], [true, [1, 1, 1]]);
  await world.end(next);
});

for (const kind of ["drop-request", "drop-answer"] as const) {
  Deno.test(`several names are taken once when the ${kind} of it all is repeated`, async () => {
    const world = await World.create();
    const process = world.process();
    world.fail({ kind }, { when: only("acquire") });
    const lease = await take(world, process);
    assertEquals(world.kinds(), ["acquire", "acquire"]);
    assertEquals(holders(world), [1, 1, 1]);
    await world.until(lease.release());
    assertEquals(holders(world), [0, 0, 0]);
    await world.end(process);
  });
}

Deno.test("each proposal of several names has a token of its own, and its attempts the same", async () => {
  const world = await World.create();
  const [holder, process] = [world.process(), world.process()];
  const held = await world.until(holder.manager.acquire("a"));
  world.sent();
  world.fail({ kind: "drop-request" }, { operation: "TransactWriteItems" });
  const waiting = process.manager.acquire(NAMES);
  await world.pass(2_000);
  await world.until(held.release());
  await world.until(waiting);
  const tokens = world.dynamo.requests.filter(({ operation }) => operation === "TransactWriteItems")
    .map(({ input }) => (input as { ClientRequestToken: string }).ClientRequestToken);
  assertEquals(tokens.length >= 3, true);
  assertEquals(tokens[0], tokens[1]);
  assertEquals(new Set(tokens).size, tokens.length - 1);
  assert(tokens.every((token) => token.length <= 36));
  await world.end(holder, process);
});

Deno.test("the loss of one name is the loss of the lease, by its name, and gives the others back", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await take(world, process);
  world.tamper("b", (record) => {
    record.holders.M = {};
    record.fence.N = String(Number(record.fence.N) + 5);
  });
  await world.pass(8_000);
  assertEquals(lease.held, false);
  const { reason } = lease.signal;
  assert(reason instanceof LeaseLostError);
  assertEquals([reason.code, reason.lockName], ["LEASE_STOLEN", "b"]);
  const lost = process.events.find((event) => event.type === "lost");
  assertEquals([lost?.name, lost?.names], ["b", NAMES]);
  await world.pass(1_000);
  assertEquals(holders(world), [0, 0, 0]);
  assertEquals(await world.until(lease.release()), false);
  await world.end(process);
});

Deno.test("a release of several names gives back those that are still there", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await take(world, process);
  world.tamper("a", (record) => {
    record.holders.M = {};
  });
  assertEquals(await world.until(lease.release()), false);
  assertEquals(holders(world), [0, 0, 0]);
  await world.end(process);
});

Deno.test("an aborted wait for several names leaves none of them behind", async () => {
  for (const ms of [0, 1, 2, 3, 500, 6_000]) {
    const world = await World.create();
    const [holder, process] = [world.process(), world.process()];
    const held = await world.until(holder.manager.acquire("b"));
    world.fail({ kind: "late", ms: 3_000, apply: "late" }, { operation: "TransactWriteItems" });
    const controller = new AbortController();
    const waiting = process.manager.acquire(NAMES, { signal: controller.signal });
    waiting.catch(() => {});
    await world.pass(ms);
    await world.until(held.release());
    controller.abort(new Error("enough"));
    await assertRejects(() => world.until(waiting), Error, "enough");
    await world.pass(60_000);
    assertEquals(holders(world), [0, 0, 0], `aborted after ${ms} ms`);
    await world.end(holder, process);
  }
});

Deno.test("an acquisition whose first name was taken over meanwhile gives back the others", async () => {
  const world = await World.create();
  const [process, other] = [world.process({ leaseMs: 2_000 }), world.process()];
  // Applied, but never answered, and its attempts are over: nobody knows.
  world.fail({ kind: "drop-answer" }, {
    when: (request) => kindOf(request) === "acquire",
    times: 4,
  });
  const failing = process.manager.tryAcquire(NAMES);
  failing.catch(() => {});
  await world.until(failing.catch((error) => assert(isLockError(error))));
  process.node.pause(); // before it can clean up
  await world.pass(6_000);
  const taken = await world.until(other.manager.acquire("a"));
  process.node.resume();
  await world.pass(30_000);
  assertEquals([taken.held, holders(world)], [true, [1, 0, 0]]);
  await world.end(process, other);
});

Deno.test("conflicts with other transactions are sent again, and are never a loss", async () => {
  const world = await World.create();
  const process = world.process();
  const conflict = {
    kind: "error",
    status: 400,
    type: "TransactionCanceledException",
    extra: {
      CancellationReasons: [{ Code: "None" }, { Code: "TransactionConflict" }, { Code: "None" }],
    },
  } as const;
  world.fail(conflict, { when: only("acquire"), times: 3 });
  const lease = await take(world, process);
  world.fail(conflict, { when: only("renew"), times: 3 });
  await world.pass(10_000);
  world.fail(conflict, { when: only("release"), times: 3 });
  assertEquals([lease.held, await world.until(lease.release())], [true, true]);
  assertEquals(holders(world), [0, 0, 0]);
  await world.end(process);
});

Deno.test("several names can be shared, and be permits", async () => {
  const world = await World.create();
  const [one, two] = [world.process(), world.process()];
  await take(world, one, NAMES, { mode: "shared" });
  await take(world, two, ["b", "c"], { mode: "shared" });
  assertEquals(holders(world), [1, 2, 2]);
  assertEquals(await world.until(two.manager.tryAcquire(["x", "a"])), null);
  await take(world, one, ["y", "z"], { permits: 2 });
  await take(world, two, ["y", "z"], { permits: 2 });
  assertEquals(await world.until(two.manager.tryAcquire(["z", "y"], { permits: 2 })), null);
  assertEquals(holders(world, ["y", "z"]), [2, 2]);
  await world.end(one, two);
});

Deno.test("a hundred names are one lease", async () => {
  const world = await World.create();
  const process = world.process();
  const names = Array.from({ length: 100 }, (_, at) => `name ${at}`);
  const lease = await take(world, process, names);
  assertEquals(lease.names.length, 100);
  await world.until(lease.release());
  assertEquals(world.sent().length, 2);
  await world.end(process);
});
