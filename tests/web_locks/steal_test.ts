/**
 * The option `steal`. Restates `web-locks/steal.https.any.js` of the web-platform-tests.
 */

import { assertEquals } from "@std/assert";
import { assertRejectsAs, holding, webTest } from "./stage.ts";

const steal = { steal: true };

webTest("steal gets a lock that is free", async ({ locks, name, until }) => {
  const job = name();
  assertEquals(await until(locks.request(job, steal, (lock) => lock?.name)), job);
});

webTest("steal gets a lock that is held, whose request rejects", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const first = holding(locks, name);
  const stolen = assertRejectsAs(first.done, "AbortError");
  assertEquals(await until(locks.request(name, steal, (lock) => lock?.mode)), "exclusive");
  await until(stolen);
  first.finish();
});

webTest("steal goes before those who wait, who get their turn", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const granted: string[] = [];
  const first = holding(locks, name);
  const waiting = locks.request(name, () => void granted.push("waiting"));
  await until(locks.request(name, steal, () => void granted.push("steal")));
  await until(waiting);
  assertEquals(granted, ["steal", "waiting"]);
  first.finish();
});

webTest("steal loses against a later one", async ({ locks, name, until }) => {
  const job = name();
  const first = holding(locks, job);
  const second = holding(locks, job, steal);
  const lost = assertRejectsAs(second.done, "AbortError");
  assertEquals(await until(locks.request(job, steal, () => "granted")), "granted");
  await until(lost);
  await assertRejectsAs(first.done, "AbortError");
});

webTest("steal takes a lock from all its shared holders", async ({ locks, name, until }) => {
  const job = name();
  const readers = [1, 2, 3].map(() => holding(locks, job, { mode: "shared" }));
  await until(Promise.all(readers.map((each) => each.granted)));
  const { granted, done, finish } = holding(locks, job, steal);
  assertEquals((await until(granted))?.mode, "exclusive");
  for (const each of readers) await until(assertRejectsAs(each.done, "AbortError"));
  finish("kept");
  assertEquals(await until(done), "kept");
});

webTest("the callback of a lock that was stolen works on, unheard", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const { promise: work, resolve: finish } = Promise.withResolvers<void>();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const first = locks.request(name, async () => {
    await work;
    end();
    throw new Error("nobody hears this");
  });
  const stolen = assertRejectsAs(first, "AbortError");
  await until(locks.request(name, steal, () => {}));
  await until(stolen);
  finish();
  await until(ended);
  await stage.pass(1_000); // an unhandled rejection would end the test here
});
