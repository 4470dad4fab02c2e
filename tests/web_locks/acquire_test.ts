/**
 * Arguments of `request`, and what it answers. Restates `web-locks/acquire.https.any.js` of the
 * web-platform-tests.
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { assertRejectsAs, type Stage, type WebLockOptions, webTest } from "./stage.ts";

/** Calls `request` with any arguments. It must answer with a promise, whatever they are. */
function requestAny({ locks, until }: Stage, ...args: unknown[]): Promise<unknown> {
  const promise = (locks.request as (...args: unknown[]) => Promise<unknown>).apply(locks, args);
  assert(promise instanceof Promise);
  return until(promise);
}

const unexpected = () => {
  throw new Error("the callback must not run");
};

webTest("request() wants a name and a callback", async (stage) => {
  await assertRejects(() => requestAny(stage), TypeError);
  await assertRejects(() => requestAny(stage, stage.name()), TypeError);
});

webTest("request() knows two modes", async (stage) => {
  const { locks, until } = stage;
  for (const mode of ["foo", "", "Shared", null, 1, {}]) {
    await assertRejects(() => requestAny(stage, stage.name(), { mode }, unexpected), TypeError);
  }
  for (const mode of ["exclusive", "shared"] as const) {
    const seen = await until(locks.request(stage.name(), { mode }, (lock) => lock?.mode));
    assertEquals(seen, mode);
  }
  assertEquals(await until(locks.request(stage.name(), (lock) => lock?.mode)), "exclusive");
  const absent = await requestAny(stage, stage.name(), { mode: undefined }, () => "granted");
  assertEquals(absent, "granted");
});

const PAIRS: [what: string, options: () => WebLockOptions][] = [
  ["steal beside ifAvailable", () => ({ steal: true, ifAvailable: true })],
  ["steal beside a shared mode", () => ({ steal: true, mode: "shared" })],
  ["a signal beside steal", () => ({ steal: true, signal: new AbortController().signal })],
  ["a signal beside ifAvailable", () => ({
    ifAvailable: true,
    signal: new AbortController().signal,
  })],
  ["an aborted signal beside steal", () => ({ steal: true, signal: AbortSignal.abort() })],
];

for (const [what, options] of PAIRS) {
  webTest(`request() does not support ${what}`, async ({ locks, name, until }) => {
    const work = locks.request(name(), options(), unexpected);
    await assertRejectsAs(until(work), "NotSupportedError");
  });
}

webTest("request() takes options that are false for absent", async ({ locks, name, until }) => {
  const { signal } = new AbortController();
  const options = { steal: false, ifAvailable: false, signal };
  assertEquals(await until(locks.request(name(), options, () => "granted")), "granted");
});

webTest("request() takes no options for none", async (stage) => {
  for (const options of [undefined, null, {}]) {
    assertEquals(await requestAny(stage, stage.name(), options, () => "granted"), "granted");
  }
});

webTest("request() wants a function for its callback", async (stage) => {
  const never = new Promise(() => {});
  for (const callback of [undefined, null, 123, "abc", [], {}, never]) {
    await assertRejects(() => requestAny(stage, stage.name(), callback), TypeError);
    await assertRejects(() => requestAny(stage, stage.name(), {}, callback), TypeError);
    await assertRejects(() => requestAny(stage, stage.name(), () => {}, callback), TypeError);
  }
});

webTest("request() answers after the lock was given back", async ({ locks, name, until }) => {
  const order: string[] = [];
  const { promise: work, resolve: finish } = Promise.withResolvers<void>();
  const done = locks.request(name(), () => work).then(() => order.push("answered"));
  const worked = work.then(() => order.push("worked"));
  finish();
  await until(Promise.all([done, worked]));
  assertEquals(order, ["worked", "answered"]);
});

webTest("request() rejects with what its callback throws", async ({ locks, name, until }) => {
  const error = { name: "test" };
  const sync = locks.request(name(), () => {
    throw error;
  });
  assertStrictEquals(await until(sync).catch((thrown) => thrown), error);
  const async = locks.request(name(), () => Promise.reject(error));
  assertStrictEquals(await until(async).catch((thrown) => thrown), error);
});

webTest("request() does not unwrap what its callback throws", async ({ locks, name, until }) => {
  let unwrapped = false;
  const error = { then: () => unwrapped = true };
  const rejected = locks.request(name(), () => Promise.reject(error));
  // Boxed: an answer that is thenable would be unwrapped right here.
  const [thrown] = await until(rejected.then(() => [], (thrown) => [thrown]));
  assertStrictEquals(thrown, error);
  assertEquals(unwrapped, false);
});
