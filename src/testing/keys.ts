/**
 * Primary keys: the schema of a table, and what a key in a request must be like.
 *
 * @module
 */

import { constraint, KeyMismatch, type ServiceError, validation } from "./errors.ts";
import {
  type AttributeMap,
  type AttributeValue,
  binaryLength,
  contentOf,
  member,
  normalizeItem,
  typeOf,
  utf8Length,
} from "./values.ts";

/** One attribute of a primary key. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: "S" | "N" | "B";
}

/** The primary key of a table. */
export interface KeySchema {
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute | undefined;
}

/** The primary key of an item, as text that is equal for equal keys. */
export interface ItemKey {
  readonly partition: string;
  readonly sort: string;
}

const MAX_PARTITION_BYTES = 2048;
const MAX_SORT_BYTES = 1024;

/** The attributes of a key, the partition key first. */
export function keyAttributes({ partition, sort }: KeySchema): KeyAttribute[] {
  return sort === undefined ? [partition] : [partition, sort];
}

/** Checks the `Key` of a request: these attributes and no others. */
export function readKey(schema: KeySchema, input: unknown, where = "key"): AttributeMap {
  if (input === undefined || input === null) throw constraint(null, where, "not be null");
  const key = normalizeItem(input, where);
  const attributes = keyAttributes(schema);
  const fits = Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => {
      const value = member(key, name);
      return value !== undefined && typeOf(value) === type;
    });
  if (!fits) throw new KeyMismatch("The provided key element does not match the schema");
  attributes.forEach((attribute, i) => checkKeyValue(attribute, key, i === 1));
  return key;
}

/** Checks the key attributes of a whole item. */
export function checkItemKey(schema: KeySchema, item: AttributeMap): void {
  keyAttributes(schema).forEach((attribute, i) => {
    const { name, type } = attribute;
    const value = member(item, name);
    if (value === undefined) {
      throw new KeyMismatch(
        `One or more parameter values were invalid: Missing the key ${name} in the item`,
      );
    }
    if (typeOf(value) !== type) {
      throw new KeyMismatch(
        "One or more parameter values were invalid: " +
          `Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
      );
    }
    checkKeyValue(attribute, item, i === 1);
  });
}

function checkKeyValue({ name, type }: KeyAttribute, item: AttributeMap, isSort: boolean): void {
  const content = String(contentOf(item[name] as AttributeValue));
  if (content === "") {
    const kind = type === "S" ? "string" : "binary";
    throw validation(
      "One or more parameter values are not valid. The AttributeValue for a key attribute " +
        `cannot contain an empty ${kind} value. Key: ${name}`,
    );
  }
  checkKeySize(content, type, isSort);
}

/** Checks the bytes of one key value. */
export function checkKeySize(content: string, type: "S" | "N" | "B", isSort: boolean): void {
  if (type === "N") return; // a number never takes more than 21 bytes
  const bytes = type === "S" ? utf8Length(content) : binaryLength(content);
  if (isSort && bytes > MAX_SORT_BYTES) {
    throw tooLong(
      `Aggregated size of all range keys has exceeded the size limit of ${MAX_SORT_BYTES} bytes`,
    );
  }
  if (!isSort && bytes > MAX_PARTITION_BYTES) {
    // The service leaves the blank out.
    throw tooLong(
      `Size of hashkey has exceeded the maximum size limit of${MAX_PARTITION_BYTES} bytes`,
    );
  }
}

function tooLong(what: string): ServiceError {
  return validation(`One or more parameter values were invalid: ${what}`);
}

/**
 * Refuses paths into a key: its value has nothing inside. Paths are as expressions have them, names and
 * list indexes.
 */
export function checkPathsBelowKey(
  schema: KeySchema,
  paths: readonly (readonly (string | number)[])[],
): void {
  for (const { name } of keyAttributes(schema)) {
    if (paths.some((path) => path[0] === name && path.length > 1)) throw belowKey(name);
  }
}

/** The error of a path into a key. */
export function belowKey(name: string): ServiceError {
  return validation(
    "Key attributes must be scalars; list random access '[]' and map lookup '.' are not " +
      `allowed: Key: ${name}`,
  );
}

/** The key of an item or key map that was checked before. */
export function itemKey(schema: KeySchema, item: AttributeMap): ItemKey {
  return {
    partition: keyText(item, schema.partition),
    sort: schema.sort === undefined ? "" : keyText(item, schema.sort),
  };
}

function keyText(item: AttributeMap, { name }: KeyAttribute): string {
  return contentOf(item[name] as AttributeValue) as string;
}

/** The key attributes of an item alone. */
export function keyOf(schema: KeySchema, item: AttributeMap): AttributeMap {
  return Object.fromEntries(
    keyAttributes(schema).map(({ name }) => [name, item[name] as AttributeValue]),
  );
}
