/**
 * The `ExpressionAttributeNames` and `ExpressionAttributeValues` of one request, and which of them
 * its expressions use.
 *
 * @module
 */

import { ServiceError, validation } from "../errors.ts";
import {
  type AttributeValue,
  checkNameSize,
  normalizeValue,
  record,
  string,
  utf8Length,
} from "../values.ts";
import { ExpressionError } from "./tokens.ts";

const NAME_KEY = /^#[A-Za-z0-9_]+$/;
/** A placeholder has at most this many bytes, its first character included. */
const MAX_KEY_BYTES = 255;
const VALUE_KEY = /^:[A-Za-z0-9_]+$/;

/** The placeholders of one request. Each must be used by one of its expressions. */
export class Placeholders {
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, AttributeValue>();
  readonly #unusedNames = new Set<string>();
  readonly #unusedValues = new Set<string>();

  /** @throws `ValidationException` where a key or a value is not well-formed. */
  constructor(names: unknown, values: unknown) {
    if (names !== undefined && names !== null) this.#readNames(record(names));
    if (values !== undefined && values !== null) this.#readValues(record(values));
  }

  #readNames(names: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(names);
    if (keys.length === 0) throw validation("ExpressionAttributeNames must not be empty");
    for (const key of keys) {
      checkKey("ExpressionAttributeNames", NAME_KEY, key, ` size of key: ${utf8Length(key)}`);
      const name = string(names[key]);
      if (name === "") {
        throw validation(
          `ExpressionAttributeNames contains invalid value: Empty attribute name for key ${key}`,
        );
      }
      inside("ExpressionAttributeNames", key, () => checkNameSize(name));
      this.#names.set(key, name);
      this.#unusedNames.add(key);
    }
  }

  #readValues(values: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(values);
    if (keys.length === 0) throw validation("ExpressionAttributeValues must not be empty");
    for (const key of keys) {
      checkKey("ExpressionAttributeValues", VALUE_KEY, key, "");
      const value = inside("ExpressionAttributeValues", key, () => normalizeValue(values[key]));
      this.#values.set(key, value);
      this.#unusedValues.add(key);
    }
  }

  /** The attribute name that `#ref` stands for. */
  name(ref: string): string {
    const name = this.#names.get(ref);
    if (name === undefined) {
      throw new ExpressionError(
        "An expression attribute name used in the document path is not defined; " +
          `attribute name: ${ref}`,
      );
    }
    this.#unusedNames.delete(ref);
    return name;
  }

  /** The value that `:ref` stands for. */
  value(ref: string): AttributeValue {
    const value = this.#values.get(ref);
    if (value === undefined) {
      throw new ExpressionError(
        `An expression attribute value used in expression is not defined; attribute value: ${ref}`,
      );
    }
    this.#unusedValues.delete(ref);
    return value;
  }

  /**
   * Refuses placeholders that no expression used.
   *
   * @param expressions what the request could have used them in, for the error's text.
   * @param given whether the request has any expression at all.
   */
  checkAllUsed(given: boolean, expressions: readonly string[]): void {
    if (!given && this.#names.size > 0) {
      throw validation("ExpressionAttributeNames can only be specified when using expressions");
    }
    if (!given && this.#values.size > 0) {
      const missing = expressions.length === 1
        ? `${expressions[0]} is null`
        : `${expressions.join(" and ")} are null`;
      throw validation(
        `ExpressionAttributeValues can only be specified when using expressions: ${missing}`,
      );
    }
    if (this.#unusedNames.size > 0) throw unused("ExpressionAttributeNames", this.#unusedNames);
    if (this.#unusedValues.size > 0) throw unused("ExpressionAttributeValues", this.#unusedValues);
  }
}

/** What is wrong with a value is told with its key. */
function inside<T>(member: string, key: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof ServiceError) || error.type !== "ValidationException") throw error;
    throw validation(`${member} contains invalid value: ${error.message} for key ${key}`);
  }
}

/** @param size what the service says of the size; of values it says nothing. */
function checkKey(member: string, pattern: RegExp, key: string, size: string): void {
  const wrong = utf8Length(key) > MAX_KEY_BYTES
    ? `The expression attribute map contains a key that is too long;${size}`
    : pattern.test(key)
    ? undefined
    : `Syntax error; key: "${key}"`;
  if (wrong !== undefined) throw validation(`${member} contains invalid key: ${wrong}`);
}

function unused(member: string, keys: ReadonlySet<string>): ServiceError {
  return validation(
    `Value provided in ${member} unused in expressions: keys: {${[...keys].join(", ")}}`,
  );
}
