/** What operators do with a table of locks: list them, look at one, break one. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { LeaseLostError, type LockInfo, LockTableError } from "../mod.ts";
import { hold, type Process, World } from "./support/world.ts";

async function list(world: World, { manager }: Process, prefix?: string): Promise<LockInfo[]> {
  const all = Array.fromAsync(manager.list(prefix === undefined ? {} : { prefix }));
  const found = await world.until(all);
  return found.sort((one, other) => one.name < other.name ? -1 : 1);
}

Deno.test("list() reads all locks, or those whose names begin in some way", async () => {
  const world = await World.create();
  const process = world.process({ owner: "me" });
  assertEquals(await list(world, process), []);
  const lease = await world.until(process.manager.acquire("job/1", { data: "x" }));
  await world.until((await world.until(process.manager.acquire("job/2"))).release());
  await world.until(process.manager.acquire("other", { permits: 3 }));
  const all = await list(world, process);
  assertEquals(all.map(({ name, holders }) => [name, holders.length]), [
    ["job/1", 1],
    ["job/2", 0],
    ["other", 1],
  ]);
  assertEquals(all[0], await world.until(process.manager.inspect("job/1")));
  assertEquals([all[0]!.fencingToken, all[0]!.holders[0]!.data], [lease.fencingToken, "x"]);
  assertEquals(all[2]!.permits, 3);
  assertEquals((await list(world, process, "job/")).length, 2);
  assertEquals(await list(world, process, "nobody"), []);
  await world.end(process);
});

Deno.test("list() reads page after page, and asks for no more than is taken", async () => {
  const world = await World.create();
  const process = world.process({ leaseMs: 600_000 });
  const data = "x".repeat(2_000);
  // A page of a Scan has a megabyte.
  for (let count = 0; count < 1_200; count++) {
    world.dynamo.table("dynamo-lock").put({
      key: { S: `name ${count}` },
      format: { N: "1" },
      fence: { N: "7" },
      holders: { M: {} },
      filler: { S: data },
    });
  }
  assertEquals((await list(world, process)).length, 1_200);
  assertGreater(world.sent().length, 2);
  const first = process.manager.list()[Symbol.asyncIterator]();
  await world.until(first.next());
  await first.return!();
  assertEquals(world.sent(), ["Scan"]);
  await world.end(process);
});

Deno.test("list() leaves out an application's other items, and knows its own in a single table", async () => {
  const world = await World.create();
  await world.createTable("app", "pk", "sk");
  const table = { name: "app", partitionKey: "pk", sortKey: "sk", prefix: "lock#" };
  const process = world.process({ table });
  await world.until(process.manager.acquire("job"));
  const app = world.dynamo.table("app");
  app.put({ pk: { S: "lock#order" }, sk: { S: "lock" }, total: { N: "1" } });
  app.put({ pk: { S: "user#7" }, sk: { S: "lock" }, format: { N: "1" } });
  app.put({ pk: { S: "lock#x" }, sk: { S: "other" }, format: { N: "1" } });
  assertEquals((await list(world, process)).map(({ name }) => name), ["job"]);
  await world.end(process);
});

Deno.test("list() tells of a damaged record after all the others", async () => {
  const world = await World.create();
  const process = world.process();
  for (const name of ["a", "b", "c", "d"]) await world.until(process.manager.acquire(name));
  for (const name of ["b", "d"]) world.tamper(name, (record) => record.fence.N = "-7");
  const names: string[] = [];
  const error = await world.until(assertRejects(async () => {
    for await (const { name } of process.manager.list()) names.push(name);
  }, LockTableError));
  assertEquals(names.sort(), ["a", "c"]);
  assertEquals([error.code, ["b", "d"].includes(error.lockName!)], ["RECORD_INVALID", true]);
  await world.end(process);
});

Deno.test("list() fails with the name of a damaged record, and with a missing table", async () => {
  const world = await World.create();
  const process = world.process();
  await world.until(process.manager.acquire("job"));
  world.tamper("job", (record) => {
    record.fence.N = "-7";
  });
  const error = await assertRejects(() => list(world, process), LockTableError);
  assertEquals([error.code, error.lockName], ["RECORD_INVALID", "job"]);
  world.tamper("job", (record) => {
    record.fence.N = "7";
  });
  await world.deleteTable();
  // About no lock: neither the prefix nor an empty text is a name.
  for (const ask of [() => list(world, process, "j"), () => world.until(process.manager.query())]) {
    const { code, lockName, message } = await assertRejects(ask, LockTableError);
    assertEquals([code, lockName], ["TABLE_NOT_FOUND", undefined]);
    assertEquals(
      message,
      "Cannot use a lock as its table does not exist: ResourceNotFoundException",
    );
  }
  await world.createTable("dynamo-lock");
  await world.end(process);
});

Deno.test("list() ends with the reason of its signal", async () => {
  const world = await World.create();
  const process = world.process();
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(async () => await Array.fromAsync(process.manager.list({ signal })), Error);
  world.fail({ kind: "hang" }, { operation: "Scan" });
  const controller = new AbortController();
  const all = Array.fromAsync(process.manager.list({ signal: controller.signal }));
  all.catch(() => {});
  await world.pass(100);
  controller.abort(new Error("enough"));
  await assertRejects(() => world.until(all), Error, "enough");
  await world.end(process);
});

Deno.test("breakLock() takes the lock from the holder that was seen, and tokens go on rising", async () => {
  const { world, process, lease } = await hold();
  const operator = world.process();
  const { fencingToken: token } = lease;
  assertEquals(await world.until(operator.manager.breakLock("job", { token })), true);
  assertEquals(world.holders("job"), 0);
  const next = await world.until(operator.manager.tryAcquire("job"));
  assertGreater(next!.fencingToken, token);
  assertEquals(lease.held, true, "the honest exception: it is told at its next renewal");
  await world.pass(8_000);
  assertEquals(lease.held, false);
  const { reason } = lease.signal;
  assert(reason instanceof LeaseLostError && reason.code === "LEASE_STOLEN");
  assertEquals(next!.held, true);
  await world.end(process, operator);
});

Deno.test("breakLock() says no, and does nothing, where somebody else holds the lock by now", async () => {
  const { world, process, lease } = await hold();
  const { fencingToken: token } = lease;
  await world.until(lease.release());
  assertEquals(await world.until(process.manager.breakLock("job", { token })), false);
  const next = await world.until(process.manager.acquire("job"));
  assertEquals(await world.until(process.manager.breakLock("job", { token })), false);
  assertEquals(await world.until(process.manager.breakLock("nobody's", { token })), false);
  assertEquals([next.held, world.holders("job")], [true, 1]);
  await world.end(process);
});

Deno.test("breakLock() tells a lease of its own manager at once", async () => {
  const { world, process, lease } = await hold();
  const { fencingToken: token } = lease;
  assertEquals(await world.until(process.manager.breakLock("job", { token })), true);
  assertEquals(lease.held, false);
  assert((lease.signal.reason as LeaseLostError).code === "LEASE_STOLEN");
  await world.end(process);
});

Deno.test("breakLock() removes one of several shared holders", async () => {
  const world = await World.create();
  const [one, two] = [world.process(), world.process()];
  const first = await world.until(one.manager.acquire("job", { mode: "shared" }));
  const second = await world.until(two.manager.acquire("job", { mode: "shared" }));
  const token = first.fencingToken;
  assertEquals(await world.until(two.manager.breakLock("job", { token })), true);
  await world.pass(8_000);
  assertEquals([first.held, second.held, world.holders("job")], [false, true, 1]);
  await world.end(one, two);
});

Deno.test("breakLock() is sure of itself where its answer was lost", async () => {
  const { world, process, lease } = await hold();
  world.fail({ kind: "drop-answer" }, { operation: "UpdateItem" });
  const broken = process.manager.breakLock("job", { token: lease.fencingToken });
  assertEquals(await world.until(broken), true);
  await world.end(process);
});

Deno.test("breakLock() wants a token, before any request", async () => {
  const { world, process } = await hold();
  for (const options of [undefined, {}, { token: "7" }, { token: 1, force: true }]) {
    const call = () => process.manager.breakLock("job", options as unknown as { token: number });
    await assertRejects(call, TypeError);
  }
  for (const token of [-1, 1.5, NaN, 2 ** 60]) {
    await assertRejects(() => process.manager.breakLock("job", { token }), RangeError);
  }
  assertEquals(world.sent(), []);
  await world.end(process);
});

Deno.test("list() says who was alive when it was asked, however slowly it is read", async () => {
  const world = await World.create();
  const [process, holder] = [world.process(), world.process()];
  for (const name of ["x", "y", "z"]) await world.until(holder.manager.acquire(name));
  const alive: boolean[] = [];
  const reader = process.manager.list()[Symbol.asyncIterator]();
  for (let next; !(next = await world.until(reader.next())).done;) {
    alive.push(next.value.holders[0]!.alive);
    await world.pass(30_000);
  }
  assertEquals(alive, [true, true, true]);
  await world.end(process, holder);
});
