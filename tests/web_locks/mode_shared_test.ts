/**
 * Shared locks. Restates `web-locks/mode-shared.https.any.js` of the web-platform-tests, whose order of
 * grants holds here for each name: names do not wait for each other's answers.
 */

import { assertEquals } from "@std/assert";
import { holding, webTest } from "./stage.ts";

const shared = { mode: "shared" } as const;

webTest("shared requests are granted in order", async ({ locks, name, until }) => {
  const names = [name(), name(), name()];
  const granted = new Map<string, number[]>(names.map((each) => [each, []]));
  const all = [1, 2, 3].flatMap((at) =>
    names.map((each) => locks.request(each, shared, () => void granted.get(each)!.push(at)))
  );
  await until(Promise.all(all));
  assertEquals([...granted.values()], [[1, 2, 3], [1, 2, 3], [1, 2, 3]]);
});

webTest("shared locks do not exclude each other", async ({ locks, name, until }) => {
  const job = name();
  const seen = await until(
    locks.request(job, shared, () => locks.request(job, shared, (lock) => lock?.mode)),
  );
  assertEquals(seen, "shared");
});

webTest("shared locks of two clients do not exclude each other", async (stage) => {
  const { locks, other, until } = stage;
  const name = stage.name();
  const one = holding(locks, name, shared);
  const another = holding(other, name, shared);
  await until(Promise.all([one.granted, another.granted]));
  one.finish();
  another.finish();
  await until(Promise.all([one.done, another.done]));
});
