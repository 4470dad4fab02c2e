/**
 * Stand-in for the names of `@std/assert` that the tests use, for a network where JSR cannot be
 * reached. It is written for this project; the real package is used wherever it can be had.
 */

import assertStrict from "node:assert/strict";

/** Thrown when an assertion fails. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

type ErrorClass<E extends Error = Error> = abstract new (...args: never[]) => E;

/** Fails unless `value` is truthy. */
export function assert(value: unknown, message = ""): asserts value {
  if (!value) throw new AssertionError(message || `Expected a truthy value, got ${String(value)}`);
}

/** Fails with `message`. */
export function fail(message = ""): never {
  throw new AssertionError(`Failed assertion${message ? `: ${message}` : "."}`);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  try {
    assertStrict.deepStrictEqual(actual, expected);
  } catch (error) {
    throw new AssertionError(`${message ? `${message}: ` : ""}${(error as Error).message}`);
  }
}

/** Fails when both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void {
  try {
    assertStrict.notDeepStrictEqual(actual, expected);
  } catch (error) {
    throw new AssertionError(`${message ? `${message}: ` : ""}${(error as Error).message}`);
  }
}

/** Fails unless both are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  message?: string,
): asserts actual is T {
  if (!Object.is(actual, expected)) {
    throw new AssertionError(message ?? `Values are not the same: ${actual} and ${expected}`);
  }
}

/** Fails unless `actual` is an instance of `type`. */
export function assertInstanceOf<E>(
  actual: unknown,
  type: abstract new (...args: never[]) => E,
  message?: string,
): asserts actual is E {
  if (!(actual instanceof type)) {
    throw new AssertionError(
      message ?? `Expected an instance of ${type.name}, got ${String(actual)}`,
    );
  }
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(actual: string, expected: string, message?: string): void {
  if (!actual.includes(expected)) {
    throw new AssertionError(message ?? `Expected "${actual}" to contain "${expected}"`);
  }
}

/** Fails unless `actual` matches. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  if (!expected.test(actual)) {
    throw new AssertionError(message ?? `Expected "${actual}" to match ${expected}`);
  }
}

/** Fails unless `actual` exists. */
export function assertExists<T>(actual: T, message?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw new AssertionError(message ?? `Expected a value, got ${actual}`);
  }
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, message?: string): void {
  if (!(actual > expected)) throw new AssertionError(message ?? `Expected ${actual} > ${expected}`);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual >= expected)) {
    throw new AssertionError(message ?? `Expected ${actual} >= ${expected}`);
  }
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, message?: string): void {
  if (!(actual < expected)) throw new AssertionError(message ?? `Expected ${actual} < ${expected}`);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, message?: string): void {
  if (!(actual <= expected)) {
    throw new AssertionError(message ?? `Expected ${actual} <= ${expected}`);
  }
}

function checkError<E extends Error>(
  error: unknown,
  type: ErrorClass<E>,
  includes = "",
  message?: string,
): E {
  const start = message ? `${message}: ` : "";
  if (!(error instanceof Error)) throw new AssertionError(`${start}A non-Error object was thrown`);
  if (!(error instanceof type)) {
    throw new AssertionError(
      `${start}Expected ${type.name}, got ${error.name}: ${error.message}`,
    );
  }
  if (!error.message.includes(includes)) {
    throw new AssertionError(
      `${start}Expected the message "${error.message}" to contain "${includes}"`,
    );
  }
  return error;
}

/** Fails unless `fn` throws; returns what it throws. */
export function assertThrows(fn: () => unknown, message?: string): unknown;
/** Fails unless `fn` throws an error of `type` whose message contains `includes`; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type: ErrorClass<E>,
  includes?: string,
  message?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type?: ErrorClass<E> | string,
  includes?: string,
  message?: string,
): unknown {
  try {
    fn();
  } catch (error) {
    return typeof type === "function" ? checkError(error, type, includes, message) : error;
  }
  throw new AssertionError("Expected the function to throw");
}

/** Fails unless the promise of `fn` rejects; returns what it rejects with. */
export function assertRejects(fn: () => PromiseLike<unknown>, message?: string): Promise<unknown>;
/** Fails unless it rejects with an error of `type` whose message contains `includes`; returns it. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type: ErrorClass<E>,
  includes?: string,
  message?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type?: ErrorClass<E> | string,
  includes?: string,
  message?: string,
): Promise<unknown> {
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch {
    throw new AssertionError("The function throws where it was expected to reject");
  }
  try {
    await promise;
  } catch (error) {
    return typeof type === "function" ? checkError(error, type, includes, message) : error;
  }
  throw new AssertionError("Expected the function to reject");
}

/** Fails unless both numbers differ by at most `tolerance`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance = 1e-7,
  message?: string,
): void {
  if (Math.abs(actual - expected) > tolerance) {
    throw new AssertionError(
      message ?? `Expected ${actual} to be within ${tolerance} of ${expected}`,
    );
  }
}
