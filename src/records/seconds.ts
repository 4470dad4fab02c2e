/**
 * Times in seconds, as other lock clients write them.
 *
 * @module
 */

import type { AttributeValue } from "../dynamodb/values.ts";

/** A number of seconds in milliseconds, up to the next whole one; `undefined` where it is none. */
export function msOfSeconds(value: AttributeValue | undefined): number | undefined {
  const text = (value as { N?: string } | undefined)?.N ?? "";
  return /^\d{1,12}(\.\d+)?$/.test(text) ? Math.ceil(Number(text) * 1_000) : undefined;
}

/** Milliseconds as a number of seconds: nothing is lost. */
export function secondsOfMs(ms: number): AttributeValue {
  return { N: `${ms / 1_000}` };
}

/** The whole second in which a time lies, or the next one: never sooner. */
export function secondAfter(ms: number): number {
  return Math.ceil(ms / 1_000);
}
