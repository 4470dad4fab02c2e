/**
 * Exclusive locks. Restates `web-locks/mode-exclusive.https.any.js` of the web-platform-tests.
 */

import { assertEquals } from "@std/assert";
import { holding, webTest } from "./stage.ts";

webTest("exclusive requests are granted in order", async ({ locks, name, until }) => {
  const job = name();
  const granted: number[] = [];
  const all = [1, 2, 3, 4, 5].map((at) => locks.request(job, () => void granted.push(at)));
  await until(Promise.all(all));
  assertEquals(granted, [1, 2, 3, 4, 5]);
});

webTest("requests for different names do not wait for each other", async (stage) => {
  const { locks, until } = stage;
  const [job, another] = [stage.name(), stage.name()];
  const granted: string[] = [];
  const first = holding(locks, job);
  await until(first.granted);
  const second = locks.request(job, () => void granted.push("the same"));
  const third = locks.request(another, () => void granted.push("another"));
  await until(third);
  first.finish();
  await until(second);
  assertEquals(granted, ["another", "the same"]);
});

webTest("no two exclusive holders are in at once", async ({ locks, other, name, until }) => {
  const job = name();
  let inside = 0;
  const work = async () => {
    assertEquals(++inside, 1);
    await Promise.resolve();
    inside--;
  };
  await until(Promise.all([locks, other, locks, other].map((each) => each.request(job, work))));
});
