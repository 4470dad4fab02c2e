/**
 * How long a lock is held. Restates `web-locks/held.https.any.js` of the web-platform-tests.
 */

import { assertEquals } from "@std/assert";
import { holding, webTest } from "./stage.ts";

webTest("request() answers with what its callback returns", async ({ locks, name, until }) => {
  const work = locks.request(name(), () => 123);
  assertEquals(Promise.resolve(work) === work, true);
  assertEquals(await until(work), 123);
  assertEquals(await until(locks.request(name(), () => Promise.resolve("later"))), "later");
  assertEquals(await until(locks.request(name(), () => {})), undefined);
});

for (const how of ["resolves", "rejects"] as const) {
  webTest(`a lock is held until what the callback returned ${how}`, async (stage) => {
    const { locks, until } = stage;
    const name = stage.name();
    const order: string[] = [];
    const { promise: work, resolve, reject } = Promise.withResolvers<void>();
    const first = locks.request(name, () => work);
    first.catch(() => {});
    const second = locks.request(name, () => void order.push("second"));
    await stage.pass(2_000);
    order.push(how);
    if (how === "resolves") resolve();
    else reject(new Error("the work failed"));
    await until(second);
    assertEquals(order, [how, "second"]);
  });
}

webTest("a lock is free as soon as a callback that returns nothing is over", async (stage) => {
  const name = stage.name();
  await stage.until(stage.locks.request(name, () => {}));
  const again = stage.locks.request(name, { ifAvailable: true }, (lock) => lock !== null);
  assertEquals(await stage.until(again), true);
});

webTest("a lock is not for its own holder a second time", async ({ locks, name, until }) => {
  const job = name();
  const inner = await until(
    locks.request(job, () => locks.request(job, { ifAvailable: true }, (lock) => [lock])),
  );
  assertEquals(inner, [null]);
});

webTest("a lock of one client is not for another", async ({ locks, other, name, until }) => {
  const job = name();
  const { granted, done, finish } = holding(locks, job);
  await until(granted);
  assertEquals(await until(other.request(job, { ifAvailable: true }, (lock) => [lock])), [null]);
  finish();
  await until(done);
  const [lock] = await until(other.request(job, { ifAvailable: true }, (lock) => [lock]));
  assertEquals(lock?.name, job);
});
