/** Durations as texts of Go. */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { formatGoDuration, parseGoDuration } from "../../src/records/go_duration.ts";

/** What Go's own program writes for milliseconds. */
const WRITTEN: readonly [number, string][] = [
  [0, "0s"],
  [1, "1ms"],
  [999, "999ms"],
  [1_000, "1s"],
  [1_001, "1.001s"],
  [1_500, "1.5s"],
  [20_000, "20s"],
  [59_999, "59.999s"],
  [60_000, "1m0s"],
  [90_000, "1m30s"],
  [3_600_000, "1h0m0s"],
  [3_661_010, "1h1m1.01s"],
  [604_800_000, "168h0m0s"],
];

/** What Go reads besides, rounded up to milliseconds. */
const READ: readonly [string, number][] = [
  ["0", 0],
  ["+0", 0],
  ["+5s", 5_000],
  ["1h", 3_600_000],
  ["1.5h", 5_400_000],
  [".5m", 30_000],
  ["1.m", 60_000],
  ["1h1ms", 3_600_001],
  ["1s1h", 3_601_000],
  ["1s1s", 2_000],
  ["100us", 1],
  ["1000\u00b5s", 1],
  ["1001\u03bcs", 2],
  ["1ns", 1],
  ["1000000ns", 1],
  ["0.1s", 100],
  ["0.3s", 300],
  ["1.0000001s", 1_001],
  ["0.0000000001s", 0],
  ["1h0m0.000000001s", 3_600_001],
  ["2562047h47m16.854775807s", 9_223_372_036_855],
];

/** What Go refuses, and what is no lease. */
const REFUSED: readonly string[] = [
  ...["", "+", "-", "20", "20000", "s", ".s", ".", "1", "1.5", "h1", "1x", "1H", "1S", "1 s"],
  ...[" 1s", "1s ", "1h 2m", "1,5s", "1.5.5s", "++1s", "-+1s", "-1s", "-0.5s", "1e3s", "0x1s"],
  ...["2562047h47m16.854775808s", "9223372036854775808ns", "1d", "\u0661s", "1s\n", "1".repeat(99)],
];

for (const [ms, text] of WRITTEN) {
  Deno.test(`${ms} ms is written as ${text}, and read again`, () => {
    assertEquals([formatGoDuration(ms), parseGoDuration(text)], [text, ms]);
  });
}

for (const [text, ms] of READ) {
  Deno.test(`'${text}' is read as ${ms} ms`, () => assertEquals(parseGoDuration(text), ms));
}

for (const text of REFUSED) {
  Deno.test(`${JSON.stringify(text.slice(0, 40))} is refused`, () => {
    assertEquals(parseGoDuration(text), undefined);
  });
}

Deno.test("what is written is read again, whatever the duration", () => {
  fc.assert(fc.property(fc.nat(Number.MAX_SAFE_INTEGER % 9e12), (ms) => {
    assertEquals(parseGoDuration(formatGoDuration(ms)), ms);
  }));
});

Deno.test("no more is written than Go writes: h, m and s in order, without zeros at the ends", () => {
  const form = /^(0s|[1-9]\d{0,2}ms|([1-9]\d*h)?(\d+m)?\d+(\.\d*[1-9])?s)$/;
  fc.assert(fc.property(fc.nat(10 ** 12), (ms) => {
    const text = formatGoDuration(ms);
    assertEquals(form.test(text), true, text);
    const [, hours, minutes, seconds] = /^(?:(\d+)h)?(?:(\d+)m)?([\d.]+)s$/.exec(text) ?? [];
    if (hours !== undefined) assertEquals(minutes !== undefined, true, text);
    if (minutes !== undefined) {
      assertEquals([Number(minutes) < 60, Number(seconds) < 60], [true, true]);
    }
  }));
});

Deno.test("composites of all units are their sum, rounded up", () => {
  const sizes = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 10n ** 9n, m: 6n * 10n ** 10n };
  const unit = fc.constantFrom(...Object.keys(sizes) as (keyof typeof sizes)[]);
  const part = fc.record({ whole: fc.nat(10_000), fraction: fc.nat(999), unit });
  fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 5 }), (parts) => {
    let sum = 0n;
    const texts = parts.map(({ whole, fraction, unit }) => {
      sum += BigInt(whole) * sizes[unit] + BigInt(fraction) * sizes[unit] / 1_000n;
      return `${whole}.${`${fraction}`.padStart(3, "0")}${unit}`;
    });
    assertEquals(parseGoDuration(texts.join("")), Number((sum + 999_999n) / 1_000_000n));
  }));
});

Deno.test("no text makes it throw, or a lease below zero", () => {
  const letters = fc.constantFrom(..."0123456789.+-hmsnu\u00b5\u03bc e");
  const text = fc.oneof(fc.string(), fc.string({ unit: letters, maxLength: 120 }));
  fc.assert(fc.property(text, (text) => {
    const ms = parseGoDuration(text);
    assertEquals(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0), true);
  }));
});
