import { crc32 as zlibCrc32 } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { crc32 } from "../../src/dynamodb/crc32.ts";
import {
  decodeMap,
  decodeNumber,
  decodeString,
  encodeMap,
  encodeNumber,
  encodeString,
  isWellFormed,
  utf8Length,
} from "../../src/dynamodb/mod.ts";

Deno.test("encodeNumber() writes what DynamoDB reads", () => {
  const cases: [number, string][] = [
    [0, "0"],
    [-0, "0"],
    [1.5, "1.5"],
    [-7, "-7"],
    [1_767_225_600_000, "1767225600000"],
    [Number.MAX_SAFE_INTEGER, "9007199254740991"],
    [1e21, "1e+21"],
    [9.9e125, "9.9e+125"],
    [1e-130, "1e-130"],
  ];
  for (const [value, text] of cases) assertEquals(encodeNumber(value), { N: text });
});

Deno.test("encodeNumber() throws when DynamoDB could not store the number", () => {
  for (const value of [NaN, Infinity, -Infinity, 1e126, -1e126, 1e-131, Number.MAX_VALUE]) {
    assertThrows(() => encodeNumber(value), RangeError, String(value));
  }
});

Deno.test("decodeNumber() reads decimal texts only", () => {
  const cases: [string, number][] = [["7", 7], ["-1.50", -1.5], ["1E+21", 1e21], ["1e-7", 1e-7]];
  for (const [text, value] of cases) assertEquals(decodeNumber({ N: text }), value);
  for (const text of ["", " ", "0x10", "1_0", "Infinity", "NaN", "1.", ".5", "1e", "7 "]) {
    assertEquals(decodeNumber({ N: text }), undefined, text);
  }
  assertEquals(decodeNumber({ N: 7 as unknown as string }), undefined);
  assertEquals(decodeNumber({ S: "7" }), undefined);
  assertEquals(decodeNumber(undefined), undefined);
});

Deno.test("decodeString() and decodeMap() read their own type only", () => {
  assertEquals(decodeString(encodeString("é")), "é");
  assertEquals(decodeString({ S: "" }), "");
  for (const value of [{ N: "7" }, { M: {} }, { S: 7 as unknown as string }, undefined]) {
    assertEquals(decodeString(value), undefined);
  }
  assertEquals(decodeMap(encodeMap({ a: { N: "7" } })), { a: { N: "7" } });
  for (const value of [{ S: "7" }, { M: null as unknown as Record<never, never> }, undefined]) {
    assertEquals(decodeMap(value), undefined);
  }
});

const TEXTS: readonly [text: string, isWell: boolean][] = [
  ["", true],
  ["abc", true],
  ["é", true],
  ["€", true],
  ["😀", true],
  ["a😀b€é", true],
  ["\ud83d", false],
  ["\ude00", false],
  ["\ude00\ud83d", false],
  ["a\ud83db", false],
  ["😀\ud83d", false],
  ["\u0000", true],
  ["\u07ff\u0800\uffff\ud7ff\ue000", true],
];

Deno.test("utf8Length() counts as TextEncoder does", () => {
  for (const [text] of TEXTS) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});

Deno.test("isWellFormed() and encodeString() refuse lone surrogates", () => {
  for (const [text, isWell] of TEXTS) {
    assertEquals(isWellFormed(text), isWell, JSON.stringify(text));
    if (isWell) assertEquals(encodeString(text), { S: text });
    else assertThrows(() => encodeString(text), RangeError, "surrogate");
  }
});

Deno.test("crc32() computes the published check value, and what zlib computes", () => {
  const bytes = (text: string) => new TextEncoder().encode(text);
  assertEquals(crc32(bytes("123456789")), 0xcbf43926);
  for (const text of ["", "a", "{}", '{"Item":{"key":{"S":"é😀"}}}', "x".repeat(10_000)]) {
    assertEquals(crc32(bytes(text)), zlibCrc32(text), text);
  }
});
