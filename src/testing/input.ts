/**
 * Reading the members of a request. What an operation does not know is refused by name: a model
 * that ignored a parameter would let a test pass that fails on the service.
 *
 * @module
 */

import { constraint, ServiceError, validation } from "./errors.ts";
import { record, string } from "./values.ts";

/** The body of a request. */
export type Input = Readonly<Record<string, unknown>>;

const TABLE_NAME = /^[a-zA-Z0-9_.-]{3,255}$/;

/** The body as an object that has no members but these. */
export function readInput(body: unknown, what: string, known: ReadonlySet<string>): Input {
  const input = record(body);
  for (const name in input) {
    if (!known.has(name)) {
      throw validation(`MemoryDynamo does not know the parameter '${name}' of ${what}`);
    }
  }
  return input;
}

/** A table's name, which must be there. */
export function readTableName(input: Input): string {
  const name = optionalString(input, "TableName");
  if (name === undefined) throw constraint(null, "tableName", "not be null");
  if (!TABLE_NAME.test(name)) {
    throw validation(
      "Invalid table/index name.  Table/index names must be between 3 and 255 characters long, " +
        "and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'",
    );
  }
  return name;
}

/** A text that may be absent. */
export function optionalString(input: Input, name: string): string | undefined {
  const value = input[name];
  return value === undefined || value === null ? undefined : string(value);
}

/** One of these words; where none is given, the first or the one named. */
export function readChoice<T extends string>(
  input: Input,
  name: string,
  choices: readonly [T, ...T[]],
  otherwise: T = choices[0],
): T {
  const value = optionalString(input, name);
  if (value === undefined) return otherwise;
  if ((choices as readonly string[]).includes(value)) return value as T;
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  throw constraint(value, member, `satisfy enum value set: [${choices.join(", ")}]`);
}

/** A flag, `false` where it is absent. */
export function readFlag(input: Input, name: string): boolean {
  const value = input[name];
  if (value === undefined || value === null) return false;
  if (typeof value === "boolean") return value;
  throw new ServiceError("SerializationException", `${name} can not be converted to a Boolean`);
}

/** A whole number from `least` to `most`, or `undefined`. */
export function readInteger(
  input: Input,
  name: string,
  least: number,
  most: number = 2 ** 31 - 1,
): number | undefined {
  const value = input[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new ServiceError("SerializationException", `${name} can not be converted to an Integer`);
  }
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  if (value < least) {
    throw constraint(value, member, `have value greater than or equal to ${least}`);
  }
  if (value > most) throw constraint(value, member, `have value less than or equal to ${most}`);
  return value;
}
