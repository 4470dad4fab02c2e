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
  type: ErrorClass<E> | undefined,
  includes: string | undefined,
  message: string | undefined,
): E {
  if (!(error instanceof Error)) {
    throw new AssertionError(message ?? "A non-Error object was thrown or rejected");
  }
  if (type !== undefined && !(error instanceof type)) {
    throw new AssertionError(
      `${message ? `${message}: ` : ""}Expected ${type.name}, got ${error.name}: ${error.message}`,
    );
  }
  if (includes !== undefined && !error.message.includes(includes)) {
    throw new AssertionError(
      `${
        message ? `${message}: ` : ""
      }Expected the message "${error.message}" to contain "${includes}"`,
    );
  }
  return error as E;
}

/** Fails unless `fn` throws an error of `type` whose message contains `includes`; returns it. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  type?: ErrorClass<E>,
  includes?: string,
  message?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, type, includes, message);
  }
  throw new AssertionError(message ?? "Expected the function to throw");
}

/** Fails unless `fn` rejects with an error of `type` whose message contains `includes`; returns it. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  type?: ErrorClass<E>,
  includes?: string,
  message?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, type, includes, message);
  }
  throw new AssertionError(message ?? "Expected the function to reject");
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
