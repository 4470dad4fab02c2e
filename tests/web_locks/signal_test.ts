/**
 * The option `signal`. Restates `web-locks/signal.https.any.js` of the web-platform-tests.
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { assertRejectsAs, type Holding, holding, type Stage, webTest } from "./stage.ts";

const unexpected = () => {
  throw new Error("the callback must not run");
};

function reasonOf(work: Promise<unknown>): Promise<unknown> {
  return work.then(() => "an answer", (reason) => reason);
}

/** A request that holds a lock, and one that waits for it. */
async function contend({ locks, until }: Stage, name: string, signal: AbortSignal) {
  const first: Holding = holding(locks, name);
  const second = locks.request(name, { signal }, unexpected);
  second.catch(() => {});
  const { held = [], pending = [] } = await until(locks.query());
  const count = (all: { name?: string }[]) => all.filter((each) => each.name === name).length;
  assertEquals([count(held), count(pending)], [1, 1]);
  return { first, second };
}

webTest("a signal is an AbortSignal", async (stage) => {
  const { locks, until } = stage;
  for (const signal of ["text", 12.34, false, {}, Symbol(), () => {}, globalThis]) {
    const options = { signal: signal as AbortSignal };
    await assertRejects(() => until(locks.request(stage.name(), options, unexpected)), TypeError);
  }
});

webTest("a signal that was aborted before rejects with its reason", async (stage) => {
  const { locks, until } = stage;
  const request = (signal: AbortSignal) =>
    until(locks.request(stage.name(), { signal }, unexpected));
  await assertRejectsAs(request(AbortSignal.abort()), "AbortError");
  assertEquals(await reasonOf(request(AbortSignal.abort("a text"))), "a text");
  const signal = AbortSignal.abort();
  assertStrictEquals(await reasonOf(request(signal)), signal.reason);
});

webTest("an abort ends the wait, at once and later", async (stage) => {
  for (const ms of [0, 2_000]) {
    const stop = new AbortController();
    const { first, second } = await contend(stage, stage.name(), stop.signal);
    if (ms > 0) await stage.pass(ms);
    stop.abort();
    await assertRejectsAs(stage.until(second), "AbortError");
    first.finish("done");
    assertEquals(await stage.until(first.done), "done");
  }
});

webTest("a signal that is not aborted changes nothing", async ({ locks, name, until }) => {
  const { signal } = new AbortController();
  assertEquals(await until(locks.request(name(), { signal }, () => "granted")), "granted");
});

webTest("an abort right after the request is in time", async (stage) => {
  const { locks, until } = stage;
  const name = stage.name();
  const stop = new AbortController();
  const work = locks.request(name, { signal: stop.signal }, unexpected);
  work.catch(() => {});
  stop.abort();
  await assertRejectsAs(until(work), "AbortError");
  assertEquals(await until(locks.request(name, () => "granted")), "granted");
});

for (const order of ["before", "after"]) {
  webTest(`an abort ${order} the end of the callback has no effect`, async (stage) => {
    const stop = new AbortController();
    const { granted, done, finish } = holding(stage.locks, stage.name(), { signal: stop.signal });
    await stage.until(granted);
    if (order === "before") stop.abort();
    finish("done");
    if (order === "after") stop.abort();
    assertEquals(await stage.until(done), "done");
  });
}

webTest("after an abort the next request has its turn", async ({ locks, name, until }) => {
  const job = name();
  const stop = new AbortController();
  const first = holding(locks, job, { signal: stop.signal });
  const next = locks.request(job, () => "granted");
  stop.abort();
  await assertRejectsAs(until(first.done), "AbortError");
  assertEquals(await until(next), "granted");
});

webTest("an abort of a request under way rejects with its reason", async (stage) => {
  for (const reason of ["a text", undefined]) {
    const stop = new AbortController();
    const { done } = holding(stage.locks, stage.name(), { signal: stop.signal });
    stop.abort(reason);
    assertStrictEquals(await reasonOf(stage.until(done)), stop.signal.reason);
  }
});
