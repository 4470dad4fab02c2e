/** State locks of Terraform's S3 backend: what we write, what it writes, and that nobody takes over. */

import {
  assert,
  assertEquals,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { type LeaseLostError, LockError, LockTableError } from "../../mod.ts";
import { terraform } from "../../src/layouts.ts";
import type { Item } from "../../src/records/record.ts";
import { START } from "../support/virtual.ts";
import { type Process, World } from "../support/world.ts";
import { Shelf } from "./shelf.ts";

const TABLE = "terraform-locks";
const STATE = "states/network.tfstate";
const LEASE = 20_000;
const ID = "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1";

/** A lock as Terraform writes it. */
function theirs(change: object = {}): Item {
  const info = {
    ID,
    Operation: "OperationTypeApply",
    Info: "",
    Who: "me@host",
    Version: "1.9.8",
    Created: "2026-01-01T00:00:00.123456789Z",
    Path: STATE,
    ...change,
  };
  return { Info: { S: JSON.stringify(info) } };
}

async function stage(): Promise<{ world: World; shelf: Shelf; start: () => Process }> {
  const world = await World.create();
  await world.createTable(TABLE, "LockID");
  const shelf = new Shelf(world, TABLE, "LockID");
  const start = () => world.process({ layout: terraform(), table: TABLE, owner: "backup@host" });
  return { world, shelf, start };
}

function infoOf(shelf: Shelf, name = STATE): Record<string, string> {
  return JSON.parse((shelf.get(name)!.Info as { S: string }).S);
}

Deno.test("the items of a state lock: taken, renewed and released", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  const lease = await world.until(process.manager.acquire(STATE));
  assertEquals(Object.keys(shelf.get(STATE)!), ["Info"]);
  const taken = infoOf(shelf);
  // In this order: conditions compare the beginning.
  assertEquals(
    Object.keys(taken).join(),
    "ID,Operation,Info,Who,Version,Created,Path",
  );
  const { ID: id, Info: end, Created: created, ...rest } = taken;
  assertMatch(id!, /^[0-9a-f]{32}$/);
  assertEquals(rest, {
    Operation: "dynamo-lock",
    Who: "backup@host",
    Version: "dynamo-lock",
    Path: STATE,
  });
  assertMatch(created!, /^2026-01-01T00:00:00\.4\d\dZ$/);
  assert(Math.abs(Number(end) - START - LEASE) < 100, end);
  await world.pass(LEASE / 3 + 100);
  const renewed = infoOf(shelf);
  assertEquals({ ...renewed, Info: end! }, taken, "only the end is another one");
  assert(renewed.Info! > end!, "and later");
  assertEquals(world.sent(), ["PutItem", "UpdateItem"]);
  assertEquals(await world.until(lease.release()), true);
  assertEquals([shelf.get(STATE), world.sent()], [undefined, ["DeleteItem"]]);
  await world.end(process);
});

Deno.test("an owner, a name and a prefix of any characters are in the JSON as they are", async () => {
  const { world, shelf } = await stage();
  const [owner, name, prefix] = ['"me" <é>\n', 'bucket/"x"\u2028', "p\\"];
  const process = world.process({ layout: terraform(), table: { name: TABLE, prefix }, owner });
  const lease = await world.until(process.manager.acquire(name));
  const { Who, Path } = infoOf(shelf, prefix + name);
  assertEquals([Who, Path], [owner, prefix + name]);
  await world.pass(LEASE);
  assertEquals(lease.held, true);
  assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});

Deno.test("nobody takes over from Terraform, or from ours, until the lock is broken by its ID", async () => {
  for (const who of ["theirs", "ours"]) {
    const { world, shelf, start } = await stage();
    const [dead, waiter] = [start(), start()];
    if (who === "ours") await world.until(dead.manager.acquire(STATE));
    else shelf.put(STATE, theirs());
    dead.node.pause();
    const before = shelf.get(STATE);
    let got = false;
    const waiting = waiter.manager.acquire(STATE).then(() => got = true);
    await world.pass(10 * 60_000);
    assertEquals([got, await world.until(waiter.manager.tryAcquire(STATE))], [false, null]);
    const [holder] = (await world.until(waiter.manager.inspect(STATE)))!.holders;
    assertEquals(
      [holder!.ownerId, holder!.id, holder!.alive, holder!.leaseMs],
      [who === "ours" ? "backup@host" : "me@host", infoOf(shelf).ID!, true, Infinity],
    );
    const { breakLock } = waiter.manager;
    const force = (id: string) => world.until(breakLock.call(waiter.manager, STATE, { id }));
    assertEquals([await force(`${holder!.id}0`), await force("x")], [false, false]);
    assertEquals(shelf.get(STATE), before);
    assertEquals(await force(holder!.id!), true);
    await world.until(waiting);
    dead.node.resume();
    await world.end(dead, waiter);
  }
});

Deno.test("who waits gets the lock at the next look after Terraform's unlock", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  shelf.put(STATE, theirs());
  const waiting = process.manager.acquire(STATE);
  await world.pass(4_000);
  shelf.delete(STATE);
  const since = world.time.now;
  assertEquals((await world.until(waiting)).held, true);
  assert(world.time.now - since <= 1_100);
  await world.end(process);
});

Deno.test("a holder learns of force-unlock at its renewal, and leaves the next lock alone", async () => {
  for (const next of [undefined, theirs()]) {
    const { world, shelf, start } = await stage();
    const process = start();
    const lease = await world.until(process.manager.acquire(STATE));
    shelf.delete(STATE);
    if (next) shelf.put(STATE, next);
    await world.pass(LEASE / 3 + 100);
    const { code } = lease.signal.reason as LeaseLostError;
    assertEquals([lease.held, code], [false, next ? "LEASE_STOLEN" : "LEASE_DELETED"]);
    assertEquals(await world.until(lease.release()), false);
    assertEquals(shelf.get(STATE), next);
    await world.end(process);
  }
});

for (const kind of ["drop-answer", "drop-request"] as const) {
  Deno.test(`a lost answer (${kind}) costs a retry, of a state lock`, async () => {
    const { world, shelf, start } = await stage();
    const process = start();
    world.fail({ kind }, { operation: "PutItem" });
    const lease = await world.until(process.manager.acquire(STATE));
    world.fail({ kind }, { operation: "UpdateItem" });
    await world.until(lease.renew());
    assertEquals(lease.held, true);
    world.fail({ kind }, { operation: "DeleteItem" });
    assertEquals(await world.until(lease.release()), true);
    assertEquals(shelf.get(STATE), undefined);
    world.sent();
    await world.end(process);
    // Closing waits until nothing can come any more, a look every one or two seconds.
    assertLess(world.sent().length, 60);
  });
}

Deno.test("a request that comes after its caller has gone does not keep Terraform out for ever", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  const stop = new AbortController();
  world.fail({ kind: "late", ms: 20_000, apply: "late" }, { operation: "PutItem" });
  const trying = process.manager.tryAcquire(STATE, { signal: stop.signal });
  trying.catch(() => {});
  await world.pass(1_000);
  stop.abort("enough");
  await world.pass(22_000);
  assertEquals(shelf.get(STATE), undefined);
  await world.end(process);
});

Deno.test("the digest of a state is no lock: not listed, not touched, and an error as a lock", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  const digest = { Digest: { S: "d41d8cd98f00b204e9800998ecf8427e" } };
  shelf.put(`${STATE}-md5`, digest);
  shelf.put("states/other.tfstate", theirs());
  await world.until(process.manager.acquire(STATE));
  const locks = await world.until(Array.fromAsync(process.manager.list({ prefix: "states/" })));
  assertEquals(
    locks.map(({ name, holders }) => [name, holders[0]!.ownerId]).sort(),
    [[STATE, "backup@host"], ["states/other.tfstate", "me@host"]],
  );
  for (const verb of ["tryAcquire", "inspect"] as const) {
    const error = await assertRejects(
      () => world.until<unknown>(process.manager[verb](`${STATE}-md5`)),
      LockTableError,
    );
    assertEquals(error.code, "RECORD_FOREIGN");
    assertMatch(error.message, /'terraform' as the item under its key is a digest of Terraform/);
  }
  assertEquals(shelf.get(`${STATE}-md5`), digest);
  await world.end(process);
});

const DAMAGED: readonly [string, Item][] = [
  ["no JSON", { Info: { S: "{" } }],
  ["an empty text", { Info: { S: "" } }],
  ["a number", { Info: { N: "1" } }],
  ["JSON without an ID", theirs({ ID: undefined })],
  ["JSON with an empty ID", theirs({ ID: "" })],
  ["JSON whose ID is a number", theirs({ ID: 7 })],
  ["JSON whose Who is a number", theirs({ Who: 7 })],
  ["null", { Info: { S: "null" } }],
];

for (const [what, item] of DAMAGED) {
  Deno.test(`an Info that is ${what} is damage, and never a lock that is free`, async () => {
    const { world, shelf, start } = await stage();
    const process = start();
    shelf.put(STATE, item);
    for (const verb of ["tryAcquire", "acquire", "inspect"] as const) {
      const error = await assertRejects(
        () => world.until<unknown>(process.manager[verb](STATE)),
        LockTableError,
      );
      assertEquals(error.code, "RECORD_INVALID");
      assertMatch(error.message, /its 'Info' is damaged/);
    }
    assertEquals(shelf.get(STATE), item);
    await world.end(process);
  });
}

Deno.test("a lock by another tool, without all that Terraform writes, is a lock", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  shelf.put(STATE, theirs({ Who: undefined, Created: undefined, Path: undefined }));
  assertEquals(await world.until(process.manager.tryAcquire(STATE)), null);
  assertEquals((await world.until(process.manager.inspect(STATE)))!.holders[0]!.ownerId, "");
  await world.end(process);
});

Deno.test("several states are locked together, and what is not there is refused", async () => {
  const { world, shelf, start } = await stage();
  const process = start();
  const names = ["states/a", "states/b"];
  const put = { Put: { TableName: TABLE, Item: { LockID: { S: "x" } } } };
  const lease = await world.until(process.manager.acquire(names));
  await world.pass(LEASE);
  assertEquals([lease.held, names.map((name) => shelf.get(name) !== undefined)], [
    true,
    [true, true],
  ]);
  assertEquals(assertThrows(() => lease.fencingToken, LockError).code, "UNSUPPORTED");
  for (const options of [{ mode: "shared" }, { permits: 2 }, { data: "x" }] as const) {
    const error = await assertRejects(
      () => process.manager.acquire(STATE, options),
      LockError,
    );
    assertMatch(error.message, /layout 'terraform' has no/);
  }
  const { Key, ConditionExpression } = lease.conditionCheck({ name: "states/a" }).ConditionCheck;
  assertEquals([Key, ConditionExpression], [
    { LockID: { S: "states/a" } },
    "begins_with(#version,:prefix)",
  ]);
  await world.until(lease.transact([put], { release: true }));
  assertEquals(names.map((name) => shelf.get(name)), [undefined, undefined]);
  await world.end(process);
});
