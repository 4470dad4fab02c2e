/** Fail-open locks of the npm client: tokens that count, and rise, whoever hands the lock to whom. */

import { assert, assertEquals, assertGreater } from "@std/assert";
import { npmLockClient } from "../../src/layouts.ts";
import { World } from "../support/world.ts";
import { Shelf } from "./shelf.ts";

const layout = npmLockClient({ mode: "fail-open" });

const released = (token: string) => ({
  owner: { S: "x" },
  guid: { B: btoa("\x00\xfeguid".padEnd(64, "~")) },
  fencingToken: { N: token },
  leaseDurationMs: { N: "1" },
});

/** So many that the manager has forgotten what it saw before. */
const MANY = 10_002;

Deno.test("tokens rise from caller to caller of one process", async () => {
  const world = await World.create();
  const process = world.process({ layout });
  const tokens: number[] = [];
  const work = Array.from({ length: 5 }, async () => {
    const lease = await process.manager.acquire("job");
    tokens.push(lease.fencingToken);
    await lease.release();
  });
  await world.until(Promise.all(work));
  assertEquals(tokens, [...new Set(tokens)].sort((one, other) => one - other));
  assertEquals(tokens.length, 5);
  await world.end(process);
});

Deno.test("a hand-over raises the token, also when what was seen of it is forgotten", async () => {
  const world = await World.create();
  new Shelf(world).put("job", released("41"));
  const process = world.process({ layout, leaseMs: 600_000 });
  const first = await world.until(process.manager.acquire("job"));
  const waiting = process.manager.acquire("job");
  await world.pass(100);
  for (let count = 0; count < MANY; count++) {
    await world.until(process.manager.inspect(`other ${count}`));
  }
  await world.until(first.release());
  assertGreater((await world.until(waiting)).fencingToken, first.fencingToken);
  await world.end(process);
});

Deno.test("a hand-over never lowers a token that somebody's closed proposal has raised", async () => {
  const world = await World.create();
  const shelf = new Shelf(world);
  const process = world.process({ layout });
  const first = await world.until(process.manager.acquire("job"));
  const waiting = process.manager.acquire("job");
  await world.pass(100);
  shelf.put("job", { ...shelf.get("job")!, fencingToken: { N: "7" } });
  await world.until(first.release());
  assertGreater((await world.until(waiting)).fencingToken, 7);
  await world.end(process);
});

Deno.test("of several names, what is forgotten lowers no token", async () => {
  const world = await World.create();
  new Shelf(world).put("a", released("41"));
  const [one, two] = [world.process({ layout }), world.process({ layout, leaseMs: 600_000 })];
  const held = await world.until(two.manager.acquire("b"));
  const waiting = one.manager.acquire(["a", "b"]);
  await world.pass(500);
  for (let count = 0; count < MANY; count++) {
    await world.until(one.manager.inspect(`other ${count}`));
  }
  await world.until(held.release());
  assertGreater((await world.until(waiting)).fencingToken, 41);
  await world.end(one, two);
});

Deno.test("a lease here is told of breakLock(), also where others have raised its token", async () => {
  const world = await World.create();
  const [one, two] = [world.process({ layout }), world.process({ layout })];
  const lease = await world.until(one.manager.acquire("job"));
  await world.until(two.manager.inspect("job"));
  const stop = new AbortController();
  world.fail({ kind: "drop-request" }, { operation: "PutItem" });
  const trying = two.manager.tryAcquire("job", { signal: stop.signal });
  trying.catch(() => {});
  await world.pass(1);
  stop.abort("enough");
  await world.pass(2_000);
  const [holder] = (await world.until(one.manager.inspect("job")))!.holders;
  const { fencingToken: token } = holder!;
  assertEquals(await world.until(one.manager.breakLock("job", { token })), true);
  assertEquals(lease.held, false);
  await world.end(one, two);
});

Deno.test("list() shows the locks of its own mode on a table that has both", async () => {
  const world = await World.create();
  const open = world.process({ layout });
  const closed = world.process({ layout: npmLockClient({ mode: "fail-closed" }) });
  await world.until(open.manager.acquire("a"));
  await world.until(closed.manager.acquire("b"));
  for (const [{ manager }, name] of [[open, "a"], [closed, "b"]] as const) {
    const all = await world.until(Array.fromAsync(manager.list()));
    assertEquals(all.map((info) => info.name), [name]);
  }
  await world.end(open, closed);
});

Deno.test("what a list shows in passing displaces nothing that a waiter watches", async () => {
  const world = await World.create();
  const shelf = new Shelf(world);
  const item = { ...released("7"), leaseDurationMs: { N: "20000" } };
  shelf.put("job", item);
  for (let count = 0; count < MANY; count++) {
    const guid = { B: btoa(`${count}`.padEnd(64, "~")) };
    shelf.put(`other ${count}`, { ...item, guid });
  }
  const process = world.process({ layout });
  let granted = false;
  const waiting = process.manager.acquire("job").then(() => granted = true);
  for (let round = 0; round < 6 && !granted; round++) {
    await world.until(Array.fromAsync(process.manager.list()));
    await world.pass(10_000);
  }
  assert(granted, "a dead holder is taken over though somebody lists a large table");
  await waiting;
  await world.end(process);
});
