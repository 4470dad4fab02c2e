/** The keys of web locks' names: no two names have the same, and each leads back to its name. */

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isWellFormed } from "../../src/checks.ts";
import { keyOf, nameOf } from "../../src/web_locks/names.ts";

/** Names made of what escapes could get wrong: pieces of them, and halves of pairs. */
const tricky = fc.array(
  fc.oneof(
    fc.constantFrom("%", "-", "%25", "%D800", "%DC00", "%d800", "D", "2", "5", "\ud800", "\udc00"),
    fc.constantFrom("\ud83d", "\ude00", "😀", "\ufffd", "\u0000", "é", "a"),
  ),
  { maxLength: 8 },
).map((parts) => parts.join(""));

/** Any texts, well-formed or not. */
const texts = fc.oneof(tricky, fc.string({ unit: "binary" }), fc.string({ unit: "grapheme" }));

/** Names of web locks: no other begins with a hyphen. */
const names = texts.filter((text) => !text.startsWith("-"));

const RUNS = { numRuns: 2_000 };

Deno.test("a key leads back to its name", () => {
  fc.assert(fc.property(names, (name) => assertEquals(nameOf(keyOf(name)), name)), RUNS);
});

Deno.test("a key is one that DynamoDB can keep", () => {
  fc.assert(
    fc.property(names, (name) => {
      const key = keyOf(name);
      assert(key !== "" && isWellFormed(key));
      // Through UTF-8 and back, as on its way to the table.
      assertEquals(new TextDecoder().decode(new TextEncoder().encode(key)), key);
    }),
    RUNS,
  );
});

Deno.test("two names have two keys", () => {
  fc.assert(
    fc.property(names, names, (one, other) => {
      assertEquals(keyOf(one) === keyOf(other), one === other);
    }),
    RUNS,
  );
});

Deno.test("an ordinary name is its own key, and the others' begin with a hyphen", () => {
  fc.assert(
    fc.property(names, (name) => {
      const ordinary = name !== "" && isWellFormed(name);
      assertEquals([keyOf(name) === name, keyOf(name).startsWith("-")], [ordinary, !ordinary]);
    }),
    RUNS,
  );
});

Deno.test("the name of a key that is nobody's escape is the key", () => {
  fc.assert(
    fc.property(texts.map((text) => `-${text}`).filter(isWellFormed), (key) => {
      const name = nameOf(key);
      if (name !== key) assertEquals(keyOf(name), key);
    }),
    RUNS,
  );
  for (const key of ["-foo", "-%", "-%25", "-%D83D%DE00", "-%d800", "--", "-%25D800"]) {
    assertEquals(nameOf(key), key);
  }
});

Deno.test("keys stay what they are: old records must be found", () => {
  const known: [name: string, key: string][] = [
    ["", "-"],
    ["job", "job"],
    ["100%", "100%"],
    ["\ud800", "-%D800"],
    ["\udc00\ud800", "-%DC00%D800"],
    ["50%\udfff of 😀", "-50%25%DFFF of 😀"],
  ];
  for (const [name, key] of known) assertEquals([keyOf(name), nameOf(key)], [key, name]);
});
