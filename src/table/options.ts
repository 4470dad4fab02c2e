/**
 * The options of the functions on a lock table, their checks, and what they open.
 *
 * @module
 */

import { checkOptions, type Checks, having, ofType, refuse, wholeNumber } from "../checks.ts";
import { environmentReader } from "../credentials/env.ts";
import { DynamoClient } from "../dynamodb/client.ts";
import {
  checkConnection,
  CONNECTION_CHECKS,
  type ConnectionOptions,
  noClient,
} from "../options/connection.ts";
import { placeOf, type TableOptions } from "../records/place.ts";
import type { TablePlace } from "../records/layout.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";

/** Options of `checkTable`: the table and the connection, as those of a `LockManager`. */
export interface CheckTableOptions extends ConnectionOptions {
  /** The lock table. @default {the variable DYNAMO_LOCK_TABLE, else "dynamo-lock"} */
  readonly table?: string | TableOptions | undefined;
  /**
   * Whether TTL matters. `false` leaves it alone and does not ask for it: for an application's own
   * table whose TTL is on another attribute. Locks work the same; the records of locks that nobody
   * takes any more stay. @default {true}
   */
  readonly timeToLive?: boolean | undefined;
  /** Cancels it; its reason is thrown as it is. What was sent may still be applied. */
  readonly signal?: AbortSignal | undefined;
  /** Clocks, timers, randomness: for tests. @default {those of the process} */
  readonly runtime?: Runtime | undefined;
}

/** Options of `createTable` and `ensureTable`. */
export interface CreateTableOptions extends CheckTableOptions {
  /**
   * Whether a table that is made here is protected against deletion. One that exists stays as it is.
   *
   * @default {false}
   */
  readonly deletionProtection?: boolean | undefined;
  /** Tags of a table that is made here, at most 50. One that exists keeps its own. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
  /**
   * The longest time to wait for the table to become usable, 1,000 to 3,600,000 ms.
   *
   * @default {120000}
   */
  readonly timeoutMs?: number | undefined;
}

/** The table of those who name none; what `LockManager` uses. */
export const DEFAULT_TABLE = "dynamo-lock";

const DEFAULT_TIMEOUT_MS = 120_000;
const TAGS_MAX = 50;
const TAG_NAME_MAX = 128;
const TAG_VALUE_MAX = 256;

/** What the options have in common with those of `tableDefinition`. */
export const DEFINITION_CHECKS: Checks<
  Pick<CreateTableOptions, "table" | "timeToLive" | "deletionProtection" | "tags">
> = {
  table: (_action, _option, value) => void placeOf(value as string),
  timeToLive: ofType("boolean"),
  deletionProtection: ofType("boolean"),
  tags: checkTags,
};

const CHECK_CHECKS: Checks<CheckTableOptions> = {
  table: DEFINITION_CHECKS.table,
  timeToLive: DEFINITION_CHECKS.timeToLive,
  ...CONNECTION_CHECKS,
  credentials: () => {}, // the client checks it
  signal: having("addEventListener"),
  runtime: having("now", "random", "setTimer", "clearTimer", "fetch", "env"),
};

const CREATE_CHECKS: Checks<CreateTableOptions> = {
  ...CHECK_CHECKS,
  ...DEFINITION_CHECKS,
  timeoutMs: wholeNumber(1_000, 3_600_000),
};

/** Characters are counted as AWS does, not bytes. */
function checkTags(action: string, option: string, tags: unknown): void {
  ofType("object")(action, option, tags);
  const entries = Object.entries(tags as object);
  if (Array.isArray(tags) || entries.some(([, value]) => typeof value !== "string")) {
    refuse(TypeError, action, option, "an object of texts", tags);
  }
  const fits = ([name, value]: [string, string]) =>
    name !== "" && [...name].length <= TAG_NAME_MAX && [...value].length <= TAG_VALUE_MAX;
  if (entries.length > TAGS_MAX || !entries.every(fits)) {
    const must = `${TAGS_MAX} at most, with names of 1 to ${TAG_NAME_MAX} characters and values ` +
      `of ${TAG_VALUE_MAX} at most`;
    refuse(RangeError, action, option, must, tags);
  }
}

/** A lock table that requests can be sent to. */
export interface OpenTable {
  /** What is being done, for errors: `create a lock table`. */
  readonly action: string;
  readonly place: TablePlace;
  readonly timeToLive: boolean;
  readonly client: DynamoClient;
  readonly runtime: Runtime;
  readonly signal: AbortSignal | undefined;
}

/** Checks the options of `checkTable` and opens the table: no request yet. */
export function openTable(action: string, options: CheckTableOptions): OpenTable {
  return open(action, checked(action, options, CHECK_CHECKS));
}

/** Checks the options of `createTable` and opens the table: no request yet. */
export function openNewTable(
  action: string,
  options: CreateTableOptions,
): OpenTable & { readonly timeoutMs: number } {
  const set = checked(action, options, CREATE_CHECKS);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, deletionProtection: _, tags: __, ...rest } = set;
  return { ...open(action, rest), timeoutMs };
}

function checked<T extends CheckTableOptions>(action: string, options: T, checks: Checks<T>): T {
  noClient(action, options);
  const set = checkOptions(action, options, checks);
  checkConnection(action, set);
  return set;
}

function open(action: string, options: CheckTableOptions): OpenTable {
  const { table, timeToLive = true, client, signal, runtime = systemRuntime, ...rest } = options;
  const read = environmentReader(rest.env, runtime);
  return {
    action,
    place: placeOf(table ?? read("DYNAMO_LOCK_TABLE") ?? DEFAULT_TABLE),
    timeToLive,
    client: client ?? new DynamoClient({ ...rest, runtime }),
    runtime,
    signal,
  };
}
