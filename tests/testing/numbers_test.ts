import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  addNumbers,
  compareNumbers,
  normalizeNumber,
  numberSize,
  subtractNumbers,
} from "../../src/testing/numbers.ts";

Deno.test("normalizeNumber() spells a number in plain digits", () => {
  const cases: [string, string][] = [
    ["0", "0"],
    ["-0", "0"],
    ["0.000", "0"],
    ["00012", "12"],
    ["+5", "5"],
    [".5", "0.5"],
    ["5.", "5"],
    ["1.50", "1.5"],
    ["100", "100"],
    ["1e5", "100000"],
    ["1.23E20", "123000000000000000000"],
    ["1e-10", "0.0000000001"],
    ["-12.5e1", "-125"],
    ["9007199254740993", "9007199254740993"],
    ["12345678901234567890123456789012345678", "12345678901234567890123456789012345678"],
    ["1e125", "1" + "0".repeat(125)],
    ["1e-130", "0." + "0".repeat(129) + "1"],
  ];
  for (const [text, expected] of cases) assertEquals(normalizeNumber(text), expected, text);
});

Deno.test("normalizeNumber() refuses what is no number or out of range", () => {
  const cases: [string, string][] = [
    ["", "The parameter cannot be converted to a numeric value"],
    ["abc", "The parameter cannot be converted to a numeric value: abc"],
    ["1 ", "cannot be converted"],
    ["0x10", "cannot be converted"],
    ["NaN", "cannot be converted"],
    [".", "cannot be converted"],
    ["1e", "cannot be converted"],
    ["1".repeat(39), "more than 38 significant digits"],
    ["1e126", "Number overflow"],
    ["-1e126", "Number overflow"],
    ["1e-131", "Number underflow"],
  ];
  for (const [text, message] of cases) assertThrows(() => normalizeNumber(text), Error, message);
});

Deno.test("compareNumbers() orders numbers beyond doubles", () => {
  const rising = [
    "-1" + "0".repeat(125),
    "-9007199254740993",
    "-9007199254740992",
    "-1",
    "-0.5",
    "0",
    "0.0000000001",
    "1",
    "1.5",
    "10",
    "9007199254740992",
    "9007199254740993",
    "1" + "0".repeat(125),
  ];
  rising.forEach((a, i) =>
    rising.forEach((b, j) => assertEquals(Math.sign(compareNumbers(a, b)), Math.sign(i - j)))
  );
});

Deno.test("addNumbers() and subtractNumbers() are exact", () => {
  assertEquals(addNumbers("0.1", "0.2"), "0.3");
  assertEquals(addNumbers("9007199254740993", "1"), "9007199254740994");
  assertEquals(addNumbers("9".repeat(38), "1"), "1" + "0".repeat(38));
  assertEquals(addNumbers("-5", "5"), "0");
  assertEquals(subtractNumbers("1", "0.9"), "0.1");
  assertEquals(subtractNumbers("0", "7"), "-7");
  assertEquals(subtractNumbers("1000", "1"), "999");
});

Deno.test("addNumbers() refuses a sum that does not fit", () => {
  assertThrows(() => addNumbers("1e38", "1"), Error, "38 significant digits");
  assertThrows(() => addNumbers("9.9e125", "9e125"), Error, "Number overflow");
  assertThrows(() => subtractNumbers("1.5e-130", "1e-130"), Error, "Number underflow");
});

Deno.test("numberSize() counts two digits a byte", () => {
  const sizes: Record<string, number> = {
    "0": 1,
    "1": 2,
    "12": 2,
    "123": 3,
    "100": 2,
    "-123": 4,
    "1.5": 3,
    "1795300818581": 8,
    "-1234567890123456789012345678901234567.8": 21,
  };
  for (const [text, size] of Object.entries(sizes)) assertEquals(numberSize(text), size, text);
  assert(numberSize("12345678901234567890123456789012345678") === 20);
});
