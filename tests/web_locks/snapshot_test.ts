/** What `query` tells of other processes, of the dead and of names that are not ordinary. */

import { assertEquals, assertRejects } from "@std/assert";
import { LockServiceError } from "../../mod.ts";
import { type Process, World } from "../support/world.ts";
import { holding } from "./stage.ts";

async function heldBy(world: World, { manager }: Process): Promise<[string, string][]> {
  const { held } = await world.until(manager.query());
  return held.map(({ name, clientId }) => [name, clientId]);
}

Deno.test("query() has the holders of all processes, its own first", async () => {
  const world = await World.create();
  const one = world.process({ owner: "one" });
  const other = world.process({ owner: "other" });
  const early = await world.until(other.manager.acquire("a"));
  await world.until(one.manager.acquire("b"));
  await world.until(one.manager.acquire("c", { owner: "somebody" }));
  assertEquals(await heldBy(world, one), [["b", "one"], ["c", "somebody"], ["a", "other"]]);
  await world.until(early.release());
  assertEquals((await heldBy(world, other)).sort(), [["b", "one"], ["c", "somebody"]]);
  await world.end(one, other);
});

Deno.test("query() does not have the dead", async () => {
  const world = await World.create();
  const [crashed, other] = [world.process({ owner: "crashed" }), world.process()];
  await world.until(crashed.manager.acquire("job", { leaseMs: 5_000 }));
  crashed.node.pause();
  await world.pass(3_000);
  assertEquals(await heldBy(world, other), [["job", "crashed"]]);
  await world.pass(5_000);
  assertEquals([await heldBy(world, other), world.holders("job")], [[], 1]);
  await world.end(other);
});

Deno.test("query() has who waits with the owner that its request named", async () => {
  const world = await World.create();
  const process = world.process({ owner: "us" });
  const first = holding(process.manager, "job");
  const waiting = [
    process.manager.request("job", { owner: "me" }, () => {}),
    process.manager.request("job", () => {}),
    process.manager.acquire("job", { owner: "not a web lock" }),
  ];
  for (const each of waiting) (each as Promise<unknown>).catch(() => {});
  const { pending } = await world.until(process.manager.query());
  assertEquals(pending.map(({ clientId }) => clientId), ["me", "us", "not a web lock"]);
  first.finish();
  await world.end(process);
});

Deno.test("query() decodes names, in every process, and leaves other keys as they are", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const names = ["", "\ud800", "%", "-foo"];
  const held = names.slice(0, 3).map((name) => holding(one.manager, name));
  await world.until(Promise.all(held.map((each) => each.granted)));
  await world.until(one.manager.acquire("-foo"));
  for (const process of [one, other]) {
    const seen = (await heldBy(world, process)).map(([name]) => name);
    assertEquals(seen.sort(), [...names].sort());
  }
  for (const each of held) each.finish();
  await world.until(Promise.all(held.map((each) => each.done)));
  await world.end(one, other);
});

for (const ms of [0, 500]) {
  Deno.test(`query() does not have what was given back ${ms} ms before it is done`, async () => {
    const world = await World.create();
    const process = world.process({ latencyMs: 50 });
    const lease = await world.until(process.manager.acquire("job"));
    if (ms > 0) world.fail({ kind: "late", ms, apply: "at-once" }, { operation: "Scan" });
    const query = process.manager.query(); // reads the table before the release is there
    const released = lease.release();
    const taken = process.manager.acquire("taken");
    const { held } = await world.until(query);
    assertEquals(await world.until(released), true);
    await world.until(taken);
    assertEquals(held.map(({ name }) => name), ms > 0 ? ["taken"] : []);
    await world.end(process);
  });
}

Deno.test("query() waits for who asked before it, and not for who must wait", async () => {
  const world = await World.create();
  const [process, other] = [world.process(), world.process()];
  await world.until(other.manager.acquire("taken"));
  const first = holding(process.manager, "free");
  const second = holding(process.manager, "taken");
  second.granted.catch(() => {});
  const { held, pending } = await world.until(process.manager.query(), 1_000);
  assertEquals(held.map(({ name }) => name), ["free", "taken"]);
  assertEquals(pending.map(({ name }) => name), ["taken"]);
  first.finish();
  await world.end(process, other);
});

Deno.test("query() rejects where the table cannot be read", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" });
  const query = process.manager.query();
  const error = await assertRejects(() => world.until(query), LockServiceError);
  assertEquals(error.code, "ACCESS_DENIED");
  await world.end(process);
});

Deno.test("nobody waits for an answer of who waits by another name", async () => {
  const world = await World.create();
  const [process, other] = [world.process(), world.process()];
  await world.until(other.manager.acquire("b"));
  process.manager.acquire("b").catch(() => {}); // waits for the other process
  process.manager.acquire(["a", "b"]).catch(() => {}); // has asked for nothing yet
  const miss = process.manager.request("a", { ifAvailable: true }, (lease) => [lease]);
  assertEquals(await world.until(miss, 1_000), [null]);
  const { pending } = await world.until(process.manager.query(), 1_000);
  assertEquals(pending.map(({ name }) => name), ["b", "a", "b"]);
  const free = process.manager.request("c", { ifAvailable: true }, (lease) => [lease?.name]);
  assertEquals(await world.until(free, 1_000), ["c"]);
  await world.end(process, other);
});
