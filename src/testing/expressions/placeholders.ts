/**
 * The `ExpressionAttributeNames` and `ExpressionAttributeValues` of one request, and which of them
 * its expressions use.
 *
 * @module
 */

import { ServiceError, validation } from "../errors.ts";
import { type AttributeValue, normalizeValue, record, string } from "../values.ts";
import { ExpressionError } from "./tokens.ts";

const NAME_KEY = /^#[A-Za-z0-9_]+$/;
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
      if (!NAME_KEY.test(key)) throw invalidKey("ExpressionAttributeNames", key);
      const name = string(names[key]);
      if (name === "") {
        throw validation(
          `ExpressionAttributeNames contains invalid value: Empty attribute name for key ${key}`,
        );
      }
      this.#names.set(key, name);
      this.#unusedNames.add(key);
    }
  }

  #readValues(values: Readonly<Record<string, unknown>>): void {
    const keys = Object.keys(values);
    if (keys.length === 0) throw validation("ExpressionAttributeValues must not be empty");
    for (const key of keys) {
      if (!VALUE_KEY.test(key)) throw invalidKey("ExpressionAttributeValues", key);
      this.#values.set(key, normalizeOf(key, values[key]));
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

function normalizeOf(key: string, value: unknown): AttributeValue {
  try {
    return normalizeValue(value);
  } catch (error) {
    if (!(error instanceof ServiceError) || error.type !== "ValidationException") throw error;
    throw validation(
      `ExpressionAttributeValues contains invalid value: ${error.message} for key ${key}`,
    );
  }
}

function invalidKey(member: string, key: string): ServiceError {
  return validation(`${member} contains invalid key: Syntax error; key: "${key}"`);
}

function unused(member: string, keys: ReadonlySet<string>): ServiceError {
  return validation(
    `Value provided in ${member} unused in expressions: keys: {${[...keys].join(", ")}}`,
  );
}
