/**
 * The option `ifAvailable`. Restates `web-locks/ifAvailable.https.any.js` of the web-platform-tests.
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import { World } from "../support/world.ts";
import { holding, type WebLock, type WebLocks, webTest } from "./stage.ts";

const once = { ifAvailable: true };
const shared = { mode: "shared" } as const;

function isGranted(lock: WebLock | null): boolean {
  return lock !== null;
}

webTest("ifAvailable gets a lock that is free", async ({ locks, name, until }) => {
  assertEquals(await until(locks.request(name(), once, isGranted)), true);
});

webTest("ifAvailable calls back with null, and answers as usual", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const { granted, finish, done } = holding(locks, name);
  await until(granted);
  const seen: unknown[] = [];
  const answer = await until(locks.request(name, once, (lock) => {
    seen.push(lock);
    return Promise.resolve(123);
  }));
  assertEquals([seen, answer], [[null], 123]);
  finish();
  await until(done);
});

for (const how of ["throws", "rejects"]) {
  webTest(`ifAvailable rejects as its callback ${how} that got null`, async (stage) => {
    const { locks, until } = stage;
    const name = stage.name();
    const { granted, finish, done } = holding(locks, name);
    await until(granted);
    const error = { name: "test" };
    const work = locks.request(name, once, (lock) => {
      assertEquals(lock, null);
      if (how === "throws") throw error;
      return Promise.reject(error);
    });
    assertStrictEquals(await until(work).catch((thrown) => thrown), error);
    finish();
    await until(done);
  });
}

webTest("ifAvailable does not mind other names", async ({ locks, name, until }) => {
  const [one, other] = [name(), name()];
  const granted = await until(
    locks.request(one, () => locks.request(other, once, isGranted)),
  );
  assertEquals(granted, true);
});

const MODES = [
  ["a shared lock beside a shared one", shared, shared, true],
  ["no exclusive lock beside a shared one", shared, {}, false],
  ["no shared lock beside an exclusive one", {}, shared, false],
] as const;

for (const [what, outer, inner, granted] of MODES) {
  webTest(`ifAvailable gets ${what}`, async ({ locks, name, until }) => {
    const job = name();
    const answer = await until(
      locks.request(job, outer, () => locks.request(job, { ...inner, ...once }, isGranted)),
    );
    assertEquals(answer, granted);
  });
}

webTest("ifAvailable gets a lock that was just given back", async ({ locks, name, until }) => {
  const [outer, inner] = [name(), name()];
  const granted = await until(locks.request(outer, async () => {
    await locks.request(inner, () => {});
    return await locks.request(inner, once, isGranted);
  }));
  assertEquals(granted, true);
});

webTest("ifAvailable gets no lock that somebody asked for just before", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const { finish, done, granted } = holding(locks, name);
  const late = locks.request(name, once, isGranted);
  assertEquals(await until(late), false);
  assertEquals((await until(granted))?.name, name);
  finish();
  await until(done);
});

webTest(
  "ifAvailable gets a shared lock that another shared one was asked for just before",
  async (stage) => {
    const { locks, until } = stage;
    const name = stage.name();
    const reader = holding(locks, name, shared);
    assertEquals(await until(locks.request(name, { ...shared, ...once }, isGranted)), true);
    reader.finish();
    await until(reader.done);
  },
);

Deno.test("ifAvailable does not wait for the answers to other names", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "late", ms: 2_000, apply: "at-once" });
  const slow = holding(process.manager, "slow");
  const quick = process.manager.request("quick", once, (lease) => lease?.name);
  assertEquals(await world.until(quick, 1_000), "quick");
  slow.finish();
  await world.until(slow.done);
  await world.end(process);
});

// Not on `navigator.locks`: that of a runtime may queue such a request instead of answering it.
Deno.test("ifAvailable does not pass those who wait", async () => {
  const world = await World.create();
  const process = world.process();
  const locks: WebLocks = process.manager;
  const reader = holding(locks, "job", shared);
  await world.until(reader.granted);
  const writer = holding(locks, "job");
  const late = locks.request("job", { ...shared, ...once }, isGranted);
  assertEquals(await world.until(late, 1_000), false);
  reader.finish();
  writer.finish();
  await world.until(Promise.all([reader.done, writer.done]));
  await world.end(process);
});
