/**
 * DynamoDB's numbers: decimals of at most 38 significant digits between 1E-130 and
 * 9.99...E+125, kept as text and calculated exactly.
 *
 * @module
 */

import { validation } from "./errors.ts";

/** `coefficient * 10^exponent`, the coefficient without trailing zeros. */
interface Decimal {
  readonly coefficient: bigint;
  readonly exponent: number;
}

const MAX_DIGITS = 38;
const MAX_BYTES = 21;
const MAX_MAGNITUDE = 125;
const MIN_MAGNITUDE = -130;

const NUMBER = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
/** What most numbers look like; these need no normalizing and fit a double exactly. */
const SMALL_INTEGER = /^(?:0|-?[1-9]\d{0,14})$/;

/**
 * The one spelling of a number that the service gives back: plain digits, no exponent, no needless
 * zeros.
 *
 * @throws `ValidationException` where the text is no number, or out of range.
 */
export function normalizeNumber(text: string): string {
  return SMALL_INTEGER.test(text) ? text : format(parse(text));
}

/** Compares two normalized numbers: negative, zero or positive as `a` is below, equal, above. */
export function compareNumbers(a: string, b: string): number {
  if (a === b) return 0;
  if (SMALL_INTEGER.test(a) && SMALL_INTEGER.test(b)) return Number(a) - Number(b);
  const [x, y] = align(parse(a), parse(b));
  return x < y ? -1 : 1;
}

/** `a + b`, exactly. */
export function addNumbers(a: string, b: string): string {
  return sum(parse(a), parse(b));
}

/** `a - b`, exactly. */
export function subtractNumbers(a: string, b: string): string {
  const { coefficient, exponent } = parse(b);
  return sum(parse(a), { coefficient: -coefficient, exponent });
}

/**
 * The bytes a number takes: two digits a byte (pairs counted from the decimal point), one for the
 * exponent, one more for a negative sign, 21 at most; zero takes one.
 */
export function numberSize(text: string): number {
  const { coefficient, exponent } = parse(text);
  if (coefficient === 0n) return 1;
  const digits = digitCount(coefficient);
  // An odd exponent moves the digits by half a pair.
  const halves = exponent % 2 === 0 ? digits : digits + 1;
  return Math.min(MAX_BYTES, 1 + Math.ceil(halves / 2) + (coefficient < 0n ? 1 : 0));
}

function parse(text: string): Decimal {
  const match = NUMBER.exec(text);
  const digits = match === null ? "" : (match[2] ?? "") + (match[3] ?? "");
  if (match === null || digits === "") {
    throw validation(
      "The parameter cannot be converted to a numeric value" + (text === "" ? "" : `: ${text}`),
    );
  }
  const significant = digits.replace(/^0+/, "").replace(/0+$/, "");
  if (significant === "") return { coefficient: 0n, exponent: 0 };
  const trailing = digits.length - digits.replace(/0+$/, "").length;
  const exponent = Number(match[4] ?? 0) - (match[3] ?? "").length + trailing;
  const coefficient = BigInt(significant);
  return checked({ coefficient: match[1] === "-" ? -coefficient : coefficient, exponent });
}

function checked(number: Decimal): Decimal {
  const digits = digitCount(number.coefficient);
  if (digits > MAX_DIGITS) {
    throw validation("Attempting to store more than 38 significant digits in a Number");
  }
  const magnitude = number.exponent + digits - 1;
  if (magnitude > MAX_MAGNITUDE) {
    throw validation(
      "Number overflow. Attempting to store a number with magnitude larger than supported range",
    );
  }
  if (magnitude < MIN_MAGNITUDE) {
    throw validation(
      "Number underflow. Attempting to store a number with magnitude smaller than supported range",
    );
  }
  return number;
}

function digitCount(coefficient: bigint): number {
  return coefficient.toString().length - (coefficient < 0n ? 1 : 0);
}

/** Both coefficients under the smaller exponent, which is the third. */
function align(a: Decimal, b: Decimal): [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [scale(a, exponent), scale(b, exponent), exponent];
}

function scale({ coefficient, exponent }: Decimal, to: number): bigint {
  return coefficient * 10n ** BigInt(exponent - to);
}

function sum(a: Decimal, b: Decimal): string {
  const [x, y, exponent] = align(a, b);
  let coefficient = x + y;
  if (coefficient === 0n) return "0";
  let shift = 0;
  while (coefficient % 10n === 0n) {
    coefficient /= 10n;
    shift++;
  }
  return format(checked({ coefficient, exponent: exponent + shift }));
}

function format({ coefficient, exponent }: Decimal): string {
  if (coefficient === 0n) return "0";
  const sign = coefficient < 0n ? "-" : "";
  const digits = (coefficient < 0n ? -coefficient : coefficient).toString();
  if (exponent >= 0) return sign + digits + "0".repeat(exponent);
  const point = digits.length + exponent;
  if (point > 0) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  return `${sign}0.${"0".repeat(-point)}${digits}`;
}
