/**
 * Names that are not ordinary. Restates `web-locks/resource-names.https.any.js` of the
 * web-platform-tests.
 */

import { assertEquals } from "@std/assert";
import { assertRejectsAs, holding, webTest } from "./stage.ts";

const NAMES = [
  ["an empty name", ""],
  ["a name with a NUL", "abc\x00def"],
  ["a lone high surrogate", "\ud800"],
  ["a lone low surrogate", "\udc00"],
  ["surrogates in the wrong order", "\udc00\ud800"],
  ["a code point that is no character", "\uffff"],
  ["a name with a hyphen in it", "x-anything"],
  ["a name that looks like an escape", "%D800"],
] as const;

for (const [what, name] of NAMES) {
  webTest(`request() takes ${what}, and gives it back`, async ({ locks, until }) => {
    const { granted, done, finish } = holding(locks, name);
    assertEquals((await until(granted))?.name, name);
    const { held = [] } = await until(locks.query());
    // On the runtime's own, other test files of the same process may hold locks.
    assertEquals(held.filter((each) => each.name === name).length, 1);
    assertEquals(await until(locks.request(name, { ifAvailable: true }, (lock) => [lock])), [null]);
    finish();
    await until(done);
  });
}

webTest("names that are the same in UTF-8 are different locks", async ({ locks, until }) => {
  const odd = ["\ud800", "\ufffd", "\udc00", "\ud801", "\udc00\ud800", "\ud800\ud800", ""];
  const all = odd.map((name) => holding(locks, name));
  const granted = await until(Promise.all(all.map((each) => each.granted)));
  assertEquals(granted.map((lock) => lock?.name), odd);
  for (const each of all) each.finish();
  await until(Promise.all(all.map((each) => each.done)));
});

webTest("no name begins with a hyphen", async ({ locks, until }) => {
  for (const name of ["-", "-foo", "-%D800", "--"]) {
    await assertRejectsAs(until(locks.request(name, () => {})), "NotSupportedError");
  }
});
