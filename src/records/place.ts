/**
 * Where the locks live: the table, its keys, and the key of a name.
 *
 * @module
 */

import { checkOptions, type Checks, refuse, textOf } from "../checks.ts";
import type { TablePlace } from "./layout.ts";
import { NATIVE_ATTRIBUTES } from "./native.ts";

/** Where the locks live. */
export interface TableOptions {
  /**
   * The table's name, 3 to 255 characters of `a-z A-Z 0-9 _ . -`, or its ARN. The account in an ARN is
   * the one whose endpoint is used, unless there is a `client`.
   */
  readonly name: string;
  /** The name of the partition key, a string. @default {the layout's own, else "key"} */
  readonly partitionKey?: string | undefined;
  /** The name of the sort key, a string, where the table has one. */
  readonly sortKey?: string | undefined;
  /** The value of the sort key in every lock's item. @default {the layout's own, else "lock"} */
  readonly sortValue?: string | undefined;
  /**
   * What is put before a lock's name to make its key, to keep locks apart from an application's other
   * items. @default {""}
   */
  readonly prefix?: string | undefined;
}

/** The longest key that DynamoDB takes, in bytes of UTF-8. */
const KEY_BYTES_MAX = 2_048;
const SORT_KEY_BYTES_MAX = 1_024;

/** The names of keys cannot be those of the record's own attributes. */
function keyName(action: string, option: string, value: unknown): void {
  textOf(1, 255)(action, option, value);
  if (NATIVE_ATTRIBUTES.includes(value as string)) {
    refuse(RangeError, action, option, "no attribute of the record", value);
  }
}

const TABLE_CHECKS: Checks<TableOptions> = {
  name: (action, option, value) => {
    if (typeof value !== "string" || !TABLE_NAME.test(value)) {
      refuse(RangeError, action, option, "3 to 255 of a-z A-Z 0-9 _ . -, or an ARN", value);
    }
  },
  partitionKey: keyName,
  sortKey: keyName,
  sortValue: textOf(1, SORT_KEY_BYTES_MAX),
  prefix: textOf(0, KEY_BYTES_MAX - 1),
};

const TABLE_NAME = /^(arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/)?[\w.-]{3,255}$/;

/** A transaction has at most this many elements. */
export const NAMES_MAX = 100;

/** Checks the names of locks against the limits of their keys; answers them in order, each once. */
export function checkNames(names: unknown, place: TablePlace): readonly string[] {
  const action = "use a lock";
  const list: unknown[] = Array.isArray(names) ? [...new Set(names)] : [names];
  if (list.length === 0 || list.length > NAMES_MAX) {
    refuse(RangeError, action, "names", `1 to ${NAMES_MAX} names`, list.length);
  }
  for (const name of list) {
    textOf(1, KEY_BYTES_MAX)(action, "name", name);
    textOf(1, KEY_BYTES_MAX)(action, "prefix and name", place.prefix + name);
  }
  // One order for all callers, so that two that want the same names do not hold up each other.
  return (list as string[]).sort();
}

/** Checks where the locks live, and fills in the defaults, or those of a layout. */
export function placeOf(
  table: string | TableOptions,
  defaults: Partial<TablePlace> = {},
): TablePlace {
  const action = "use a lock table";
  const options = typeof table === "string" ? { name: table } : table;
  const { name, partitionKey = "key", sortKey, sortValue, prefix = "" } = {
    ...defaults,
    ...checkOptions(action, options, TABLE_CHECKS),
  };
  TABLE_CHECKS.name(action, "table", name);
  if (sortKey === undefined) {
    if (sortValue !== undefined) refuse(TypeError, action, "sortValue", "beside a 'sortKey'", "");
    return { name, partitionKey, prefix };
  }
  if (sortKey === partitionKey) {
    refuse(RangeError, action, "sortKey", "another than 'partitionKey'", sortKey);
  }
  return { name, partitionKey, prefix, sortKey, sortValue: sortValue ?? "lock" };
}
