/**
 * `query`. Restates `web-locks/query.https.any.js` and `query-empty.https.any.js` of the
 * web-platform-tests; a second manager stands for their worker.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { World } from "../support/world.ts";
import { holding, type Stage, type WebLockInfo, webTest } from "./stage.ts";

const shared = { mode: "shared" } as const;

/** The entries of one name. */
async function query({ locks, until }: Stage, name: string) {
  const { held = [], pending = [] } = await until(locks.query());
  const of = (all: WebLockInfo[]) => all.filter((each) => each.name === name);
  return { held: of(held), pending: of(pending) };
}

async function modes(stage: Stage, name: string): Promise<Record<string, unknown[]>> {
  const { held, pending } = await query(stage, name);
  return { held: held.map((each) => each.mode), pending: pending.map((each) => each.mode) };
}

Deno.test("query() answers two empty arrays where nobody holds or waits", async () => {
  const world = await World.create();
  const process = world.process();
  assertEquals(await world.until(process.manager.query()), { held: [], pending: [] });
  const lease = await world.until(process.manager.acquire("job"));
  await world.until(lease.release());
  assertEquals(await world.until(process.manager.query()), { held: [], pending: [] });
  await world.end(process);
});

webTest("query() answers arrays of names, modes and clients", async (stage) => {
  const name = stage.name();
  const first = holding(stage.locks, name);
  const second = holding(stage.locks, name);
  const state = await stage.until(stage.locks.query());
  assert(Array.isArray(state.held) && Array.isArray(state.pending));
  for (const [entry] of Object.values(await query(stage, name))) {
    assertEquals(Object.keys(entry!).sort(), ["clientId", "mode", "name"]);
    assertEquals([entry!.name, entry!.mode, typeof entry!.clientId], [name, "exclusive", "string"]);
  }
  first.finish();
  second.finish();
  await stage.until(Promise.all([first.done, second.done]));
});

webTest("query() has each holder once", async (stage) => {
  const [one, other] = [stage.name(), stage.name()];
  const first = holding(stage.locks, one);
  const second = holding(stage.locks, other, shared);
  await stage.until(Promise.all([first.granted, second.granted]));
  assertEquals(await modes(stage, one), { held: ["exclusive"], pending: [] });
  assertEquals(await modes(stage, other), { held: ["shared"], pending: [] });
  first.finish();
  second.finish();
  await stage.until(Promise.all([first.done, second.done]));
  assertEquals(await modes(stage, one), { held: [], pending: [] });
});

webTest("query() has who waits", async (stage) => {
  const name = stage.name();
  const first = holding(stage.locks, name);
  const second = holding(stage.locks, name);
  const [miss] = await stage.until(
    stage.locks.request(name, { ifAvailable: true }, (lock) => [lock]),
  );
  assertEquals(miss, null);
  assertEquals(await modes(stage, name), { held: ["exclusive"], pending: ["exclusive"] });
  first.finish();
  second.finish();
  await stage.until(Promise.all([first.done, second.done]));
});

webTest("query() has each shared holder, and each that waits", async (stage) => {
  const name = stage.name();
  const readers = [holding(stage.locks, name, shared), holding(stage.locks, name, shared)];
  assertEquals(await modes(stage, name), { held: ["shared", "shared"], pending: [] });
  const writer = holding(stage.locks, name);
  const late = [holding(stage.locks, name, shared), holding(stage.locks, name, shared)];
  assertEquals(await modes(stage, name), {
    held: ["shared", "shared"],
    pending: ["exclusive", "shared", "shared"],
  });
  for (const each of [...readers, writer, ...late]) each.finish();
  await stage.until(Promise.all([...readers, writer, ...late].map((each) => each.done)));
});

webTest("query() has one client for what is held and waited for by one", async (stage) => {
  const [one, other] = [stage.name(), stage.name()];
  const all = [one, one, other].map((name) => holding(stage.locks, name));
  const states = [await query(stage, one), await query(stage, other)];
  const clients = states.flatMap(({ held, pending }) => [...held, ...pending])
    .map((each) => each.clientId);
  assertEquals([clients.length, new Set(clients).size], [3, 1]);
  for (const each of all) each.finish();
  await stage.until(Promise.all(all.map((each) => each.done)));
});

Deno.test("query() tells the clients of a lock apart", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const first = holding(one.manager, "job", shared);
  const second = holding(other.manager, "job", shared);
  await world.until(Promise.all([first.granted, second.granted]));
  for (const { manager } of [one, other]) {
    const { held } = await world.until(manager.query());
    assertEquals(held.map(({ name, mode }) => [name, mode]), Array(2).fill(["job", "shared"]));
    assertNotEquals(held[0]!.clientId, held[1]!.clientId);
  }
  first.finish();
  second.finish();
  await world.end(one, other);
});

Deno.test("query() of all clients together shows a deadlock", async () => {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  const held = [holding(one.manager, "a"), holding(other.manager, "b")];
  await world.until(Promise.all(held.map((each) => each.granted)));
  const waiting = [holding(one.manager, "b"), holding(other.manager, "a")];
  const states = [
    await world.until(one.manager.query()),
    await world.until(other.manager.query()),
  ];
  const clientOf = (all: WebLockInfo[], name: string) =>
    all.filter((each) => each.name === name).map((each) => each.clientId);
  for (const state of states) {
    assertEquals(clientOf(state.held, "a"), clientOf(states[0]!.pending, "b"));
    assertEquals(clientOf(state.held, "b"), clientOf(states[1]!.pending, "a"));
    assertEquals([state.held.length, state.pending.length], [2, 1]);
  }
  for (const each of [...held, ...waiting]) each.finish();
  await world.until(Promise.all([...held, ...waiting].map((each) => each.done)));
  await world.end(one, other);
});
