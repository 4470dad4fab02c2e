/**
 * Durations as texts of Go: what `Duration.String` writes and `time.ParseDuration` reads.
 *
 * @module
 */

/** The units in nanoseconds. A micro sign and a Greek letter look the same. */
const UNITS: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};

/** Longer than any that Go writes. */
const LENGTH_MAX = 100;

/** The greatest number of nanoseconds of Go. */
const NANOSECONDS_MAX = 2n ** 63n - 1n;

/** A number with its unit: `1.5h`. Without digits it is refused below. */
const PART = /(\d*)(?:\.(\d*))?(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/** Milliseconds as Go writes them: `1h0m0s`, `1m30s`, `1.5s`, `500ms`, `0s`. */
export function formatGoDuration(ms: number): string {
  if (ms < 1_000) return ms === 0 ? "0s" : `${ms}ms`;
  const minutes = Math.floor(ms / 60_000);
  const seconds = `${(ms % 60_000) / 1_000}s`;
  if (minutes === 0) return seconds;
  const hours = Math.floor(minutes / 60);
  return (hours > 0 ? `${hours}h` : "") + `${minutes % 60}m${seconds}`;
}

/**
 * The milliseconds of such a text, rounded up; `undefined` where Go would refuse it, and where it is
 * below zero: such a lease is none.
 */
export function parseGoDuration(text: string): number | undefined {
  const unsigned = text.replace(/^\+/, "");
  if (unsigned === "0") return 0;
  if (unsigned === "" || text.length > LENGTH_MAX) return undefined;
  let total = 0n;
  for (PART.lastIndex = 0; PART.lastIndex < unsigned.length;) {
    const [, whole = "", fraction = "", unit] = PART.exec(unsigned) ?? [];
    if (unit === undefined || whole + fraction === "") return undefined;
    const nanoseconds = UNITS[unit]!;
    total += BigInt(whole || "0") * nanoseconds;
    total += BigInt(fraction || "0") * nanoseconds / 10n ** BigInt(fraction.length);
  }
  if (total > NANOSECONDS_MAX) return undefined;
  // A lease must not end early by what is left of a millisecond.
  return Number((total + 999_999n) / 1_000_000n);
}
