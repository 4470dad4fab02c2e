/**
 * Checks of what callers pass in, in one message grammar. They run before any request.
 *
 * @module
 */

/** The last moment that a `Date` can hold, in milliseconds since 1970. */
export const DATE_MS_MAX = 8.64e15;

/** Refuses a value of an option, or lets it pass. */
export type Check = (action: string, option: string, value: unknown) => void;

/** A check for each option of `T`: a forgotten one does not compile. */
export type Checks<T> = Readonly<Record<keyof Required<T>, Check>>;

/** Refuses a value. The error shows it where it is short and has nothing inside. */
export function refuse(
  type: typeof TypeError | typeof RangeError,
  action: string,
  option: string,
  must: string,
  value: unknown,
): never {
  const shown = typeof value === "string"
    ? `'${value.slice(0, 60)}'`
    : Object(value) === value
    ? typeof value
    : String(value);
  throw new type(`Cannot ${action} as '${option}' must be ${must}: current value is ${shown}`);
}

/** Options as they are used: what was given as `undefined` is absent. */
export type OnlySet<T> = { readonly [K in keyof T]: Exclude<T[K], undefined> };

/** Checks options against their checks. A misspelt option is refused, not ignored. */
export function checkOptions<T extends object>(
  action: string,
  options: T,
  checks: Checks<T>,
): OnlySet<T> {
  ofType("object")(action, "options", options);
  if (Array.isArray(options)) refuse(TypeError, action, "options", "no array", options);
  const set = onlySet<T>(options);
  for (const [option, value] of Object.entries(set)) {
    if (!Object.hasOwn(checks, option)) {
      throw new TypeError(`Cannot ${action} as option '${option}' does not exist`);
    }
    checks[option as keyof T](action, option, value);
  }
  return set;
}

/** What is set of some values: those that are not `undefined`. */
export function onlySet<T extends object>(
  values: { readonly [K in keyof T]: T[K] | undefined },
): OnlySet<T> {
  const set = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(set) as OnlySet<T>;
}

/** A value of a type that `typeof` tells. */
export function ofType(type: "string" | "number" | "boolean" | "function" | "object"): Check {
  return (action, option, value) => {
    if (typeof value !== type || value === null) {
      refuse(TypeError, action, option, `of type ${type}`, value);
    }
  };
}

/** An object with methods of these names. */
export function having(...methods: string[]): Check {
  return (action, option, value) => {
    for (const method of methods) {
      if (typeof (value as Record<string, unknown> | null)?.[method] !== "function") {
        refuse(TypeError, action, option, `an object with '${method}'`, value);
      }
    }
  };
}

/** A number within limits. */
export function between(least: number, most: number): Check {
  return (action, option, value) => {
    ofType("number")(action, option, value);
    // Written so that NaN, which compares false with everything, is refused.
    if (!((value as number) >= least && (value as number) <= most)) {
      refuse(RangeError, action, option, `from ${least} to ${most}`, value);
    }
  };
}

/** A whole number within limits; with `other`, also that one. */
export function wholeNumber(least: number, most: number, other?: number): Check {
  return (action, option, value) => {
    if (value === other) return;
    between(least, most)(action, option, value);
    if (!Number.isInteger(value)) refuse(RangeError, action, option, "a whole number", value);
  };
}

/** A well-formed text whose length in bytes of UTF-8 is within limits. */
export function textOf(least: number, most: number): Check {
  return (action, option, value) => {
    // UTF-8 has no lone surrogates: two different names would become the same key.
    if (typeof value !== "string" || !value.isWellFormed()) {
      refuse(TypeError, action, option, "a string of well-formed Unicode", value);
    }
    const bytes = utf8Length(value);
    if (bytes < least || bytes > most) {
      refuse(RangeError, action, option, `${least} to ${most} bytes of UTF-8`, value);
    }
  };
}

/**
 * How many bytes `text` has in UTF-8, which is what DynamoDB counts. A lone surrogate counts 3.
 *
 * @example
 * ```ts
 * import { utf8Length } from "@x/dynamo-lock/client";
 *
 * console.log("é".length, utf8Length("é")); // 1 2
 * ```
 */
export function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}

/**
 * Whether `text` has no lone surrogate, so that it survives UTF-8.
 *
 * @example
 * ```ts
 * import { isWellFormed } from "@x/dynamo-lock/client";
 *
 * console.log(isWellFormed("😀"), isWellFormed("😀".slice(1))); // true false
 * ```
 */
export function isWellFormed(text: string): boolean {
  return text.isWellFormed();
}
