/**
 * Checks of what callers pass in, in one message grammar. They run before any request.
 *
 * @module
 */

import { isWellFormed, utf8Length } from "./dynamodb/values.ts";

/** Refuses names that no option has: a misspelt option must not be ignored. */
export function checkKeys(action: string, options: unknown, known: ReadonlySet<string>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot ${action} as its options must be an object`);
  }
  for (const name of Object.keys(options)) {
    if (!known.has(name)) {
      throw new TypeError(`Cannot ${action} as option '${name}' does not exist`);
    }
  }
}

/** A whole number of milliseconds within limits, or `undefined`. */
export function checkMs(
  action: string,
  option: string,
  value: unknown,
  least: number,
  most: number,
): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== "number") {
    throw new TypeError(
      `Cannot ${action} as '${option}' must be a number of milliseconds: current value is ${
        show(value)
      }`,
    );
  }
  if (!Number.isInteger(value) || value < least || value > most) {
    throw new RangeError(
      `Cannot ${action} as '${option}' must be a whole number from ${least} to ${most}: ` +
        `current value is ${value}`,
    );
  }
  return value;
}

/** `true`, `false` or `undefined`. */
export function checkBoolean(action: string, option: string, value: unknown): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw new TypeError(
    `Cannot ${action} as '${option}' must be true or false: current value is ${show(value)}`,
  );
}

/** A function or `undefined`. */
export function checkFunction(action: string, option: string, value: unknown): void {
  if (value === undefined || typeof value === "function") return;
  throw new TypeError(
    `Cannot ${action} as '${option}' must be a function: current value is ${show(value)}`,
  );
}

/** A well-formed string whose length in bytes of UTF-8 is within limits. */
export function checkText(
  action: string,
  option: string,
  value: unknown,
  least: number,
  most: number,
): void {
  if (typeof value !== "string") {
    throw new TypeError(
      `Cannot ${action} as '${option}' must be a string: current value is ${show(value)}`,
    );
  }
  // UTF-8 has no lone surrogates: two different names would become the same key.
  if (!isWellFormed(value)) {
    throw new TypeError(`Cannot ${action} as '${option}' must be well-formed Unicode`);
  }
  const bytes = utf8Length(value);
  if (bytes < least || bytes > most) {
    throw new RangeError(
      `Cannot ${action} as '${option}' must be ${least} to ${most} bytes of UTF-8: ` +
        `current value has ${bytes}`,
    );
  }
}

/** A value as an error may show it: short, and nothing of what is inside it. */
export function show(value: unknown): string {
  if (typeof value === "string") return `'${value.slice(0, 60)}'`;
  if (typeof value === "number" || typeof value === "boolean" || value === null) return `${value}`;
  return Array.isArray(value) ? "an array" : `of type ${typeof value}`;
}
