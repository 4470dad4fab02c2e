/**
 * Options: what they mean, their limits, and the checks that run before any request.
 *
 * @module
 */

import { checkBoolean, checkFunction, checkKeys, checkMs, checkText, show } from "./checks.ts";
import type { AwsCredentialIdentity, AwsCredentialProvider } from "./credentials/identity.ts";
import type { DynamoClient } from "./dynamodb/client.ts";
import { utf8Length } from "./dynamodb/values.ts";
import type { LockEventListener } from "./events.ts";
import type { TablePlace } from "./records/layout.ts";
import { NATIVE_ATTRIBUTES } from "./records/native.ts";
import type { Runtime } from "./runtime.ts";

/** Where the locks live. */
export interface TableOptions {
  /** The table's name, 3 to 255 characters of `a-z A-Z 0-9 _ . -`, or its ARN. */
  readonly name: string;
  /** The name of the partition key, a string. @default {"key"} */
  readonly partitionKey?: string;
  /** The name of the sort key, a string, where the table has one. */
  readonly sortKey?: string;
  /** The value of the sort key in every lock's item. @default {"lock"} */
  readonly sortValue?: string;
  /**
   * What is put before a lock's name to make its key, to keep locks apart from an application's other
   * items. @default {""}
   */
  readonly prefix?: string;
}

/** Options of one acquisition. */
export interface AcquireOptions {
  /**
   * How long the lock outlives a crashed holder, in milliseconds: 2,000 to 604,800,000 (7 days). It is
   * renewed at a third of that. @default {20000}
   */
  readonly leaseMs?: number;
  /** Whether it is renewed in the background. @default {true} */
  readonly renew?: boolean;
  /**
   * Cancels the wait; its reason is thrown as it is. After the grant it has no effect. A time limit is
   * `AbortSignal.timeout(ms)`.
   */
  readonly signal?: AbortSignal;
  /** A text of at most 2,048 bytes that others see beside the lock. */
  readonly data?: string;
  /** What the holder calls itself, 1 to 256 bytes. @default {16 random hexadecimal digits} */
  readonly owner?: string;
  /**
   * Keeps background work alive after a response, as `ctx.waitUntil` of a Cloudflare Worker does: pass
   * `(work) => ctx.waitUntil(work)`.
   */
  readonly waitUntil?: (work: Promise<unknown>) => void;
}

/** Options of a manager. What AWS's tools read from the environment is read from there, on first use. */
export interface LockManagerOptions {
  /** The lock table. @default {the variable DYNAMO_LOCK_TABLE, else "dynamo-lock"} */
  readonly table?: string | TableOptions;
  /** The AWS Region. @default {AWS_REGION, else AWS_DEFAULT_REGION} */
  readonly region?: string;
  /** Credentials, or a provider of them in the AWS SDK's shape. @default {the environment} */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialProvider;
  /** The endpoint. @default {AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, or the Region's} */
  readonly endpoint?: string | URL;
  /** Instead of the process environment, where there is none, as on Cloudflare Workers. */
  readonly env?: Record<string, string | undefined>;
  /** Sends the requests. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
  /** A ready client, instead of `region`, `credentials`, `endpoint` and `fetch`. */
  readonly client?: DynamoClient;
  /** The lease of acquisitions that name none, in milliseconds. @default {20000} */
  readonly leaseMs?: number;
  /** Whether leases are renewed in the background. @default {true} */
  readonly renew?: boolean;
  /** What holders call themselves. @default {16 random hexadecimal digits for the manager} */
  readonly owner?: string;
  /** The longest sleep of a waiter between two looks, 50 to 60,000 ms. @default {1000} */
  readonly pollMs?: number;
  /**
   * For how long a lock may go from caller to caller inside this process before other processes get a
   * turn, 0 to 600,000 ms; 0 never hands over. @default {5000}
   */
  readonly maxHandoffMs?: number;
  /**
   * How far the `Date` headers of DynamoDB may be off, 0 to 900,000 ms. `Infinity` turns judging a
   * crashed holder by them off, for a proxy that writes its own: then a waiter must watch a whole
   * lease. @default {1000}
   */
  readonly maxClockSkewMs?: number;
  /** Told what happens. What it throws is ignored. */
  readonly onEvent?: LockEventListener;
  /** Keeps background work alive after a response. See {@link AcquireOptions.waitUntil}. */
  readonly waitUntil?: (work: Promise<unknown>) => void;
  /** Clocks, timers, randomness: for tests. @default {those of the process} */
  readonly runtime?: Runtime;
}

const ACQUIRE_KEYS = keysOf<AcquireOptions>({
  leaseMs: 1,
  renew: 1,
  signal: 1,
  data: 1,
  owner: 1,
  waitUntil: 1,
});

const MANAGER_KEYS = keysOf<LockManagerOptions>({
  table: 1,
  region: 1,
  credentials: 1,
  endpoint: 1,
  env: 1,
  fetch: 1,
  client: 1,
  leaseMs: 1,
  renew: 1,
  owner: 1,
  pollMs: 1,
  maxHandoffMs: 1,
  maxClockSkewMs: 1,
  onEvent: 1,
  waitUntil: 1,
  runtime: 1,
});

const TABLE_KEYS = keysOf<TableOptions>({
  name: 1,
  partitionKey: 1,
  sortKey: 1,
  sortValue: 1,
  prefix: 1,
});

/** Keeps the lists above equal to the interfaces: a forgotten name does not compile. */
function keysOf<T>(keys: Record<keyof Required<T>, 1>): ReadonlySet<string> {
  return new Set(Object.keys(keys));
}

const LEASE_LEAST_MS = 2_000;
const LEASE_MOST_MS = 7 * 24 * 60 * 60 * 1_000;
const KEY_BYTES_MAX = 2_048;
const SORT_KEY_BYTES_MAX = 1_024;
const DATA_BYTES_MAX = 2_048;
const OWNER_BYTES_MAX = 256;

const DEFAULT_LEASE_MS = 20_000;
const DEFAULT_POLL_MS = 1_000;
const DEFAULT_MAX_HANDOFF_MS = 5_000;
const DEFAULT_MAX_CLOCK_SKEW_MS = 1_000;

/** The options of a manager, checked, with their defaults. */
export interface CheckedManagerOptions {
  readonly leaseMs: number;
  readonly renew: boolean;
  readonly pollMs: number;
  readonly maxHandoffMs: number;
  readonly maxClockSkewMs: number;
}

/** Checks the options of a manager. */
export function checkManagerOptions(options: LockManagerOptions): CheckedManagerOptions {
  const action = "create a LockManager";
  checkKeys(action, options, MANAGER_KEYS);
  if (options.client !== undefined) {
    for (const name of ["region", "credentials", "endpoint", "env", "fetch"] as const) {
      if (options[name] !== undefined) {
        throw new TypeError(`Cannot ${action} as '${name}' must be absent beside 'client'`);
      }
    }
  }
  if (options.table !== undefined) placeOf(options.table);
  if (options.owner !== undefined) checkOwner(action, options.owner);
  checkFunction(action, "onEvent", options.onEvent);
  checkFunction(action, "waitUntil", options.waitUntil);
  checkFunction(action, "fetch", options.fetch);
  const skew = options.maxClockSkewMs;
  return {
    leaseMs: checkLease(action, options.leaseMs) ?? DEFAULT_LEASE_MS,
    renew: checkBoolean(action, "renew", options.renew) ?? true,
    pollMs: checkMs(action, "pollMs", options.pollMs, 50, 60_000) ?? DEFAULT_POLL_MS,
    maxHandoffMs: checkMs(action, "maxHandoffMs", options.maxHandoffMs, 0, 600_000) ??
      DEFAULT_MAX_HANDOFF_MS,
    maxClockSkewMs: skew === Infinity
      ? Infinity
      : checkMs(action, "maxClockSkewMs", skew, 0, 900_000) ?? DEFAULT_MAX_CLOCK_SKEW_MS,
  };
}

/** Checks the options of one acquisition. */
export function checkAcquireOptions(options: AcquireOptions): void {
  const action = "acquire a lock";
  checkKeys(action, options, ACQUIRE_KEYS);
  checkLease(action, options.leaseMs);
  checkBoolean(action, "renew", options.renew);
  checkFunction(action, "waitUntil", options.waitUntil);
  if (options.owner !== undefined) checkOwner(action, options.owner);
  if (options.data !== undefined) checkData(action, options.data);
  if (options.signal !== undefined && typeof options.signal?.addEventListener !== "function") {
    throw new TypeError(`Cannot ${action} as 'signal' must be an AbortSignal`);
  }
}

/** Checks a lock's name against the limits of its key. */
export function checkName(action: string, name: unknown, place: TablePlace): void {
  checkText(action, "name", name, 1, KEY_BYTES_MAX);
  if (utf8Length(place.prefix + name) > KEY_BYTES_MAX) {
    throw new RangeError(
      `Cannot ${action} as 'prefix' and 'name' must be at most ${KEY_BYTES_MAX} bytes together`,
    );
  }
}

/** Checks the text beside a lock. */
export function checkData(action: string, data: unknown): void {
  checkText(action, "data", data, 0, DATA_BYTES_MAX);
}

/** Checks where the locks live, and fills in the defaults. */
export function placeOf(table: string | TableOptions): TablePlace {
  const action = "use a lock table";
  if (typeof table === "string") return placeOf({ name: table });
  checkKeys(action, table, TABLE_KEYS);
  const { name, partitionKey = "key", sortKey, sortValue, prefix = "" } = table;
  if (typeof name !== "string" || !(TABLE_NAME.test(name) || TABLE_ARN.test(name))) {
    throw new RangeError(
      `Cannot ${action} as 'table' must be 3 to 255 letters, digits, '_', '.' or '-', or an ARN: ` +
        `current value is ${show(name)}`,
    );
  }
  checkKeyName(action, "partitionKey", partitionKey);
  checkText(action, "prefix", prefix, 0, KEY_BYTES_MAX - 1);
  if (sortKey === undefined) {
    if (sortValue !== undefined) {
      throw new TypeError(`Cannot ${action} as 'sortValue' must come with 'sortKey'`);
    }
    return { name, partitionKey, prefix };
  }
  checkKeyName(action, "sortKey", sortKey);
  if (sortKey === partitionKey) {
    throw new RangeError(`Cannot ${action} as 'sortKey' must differ from 'partitionKey'`);
  }
  checkText(action, "sortValue", sortValue ?? "lock", 1, SORT_KEY_BYTES_MAX);
  return { name, partitionKey, prefix, sortKey, sortValue: sortValue ?? "lock" };
}

const TABLE_NAME = /^[\w.-]{3,255}$/;
const TABLE_ARN = /^arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/[\w.-]{3,255}$/;

function checkKeyName(action: string, option: string, name: unknown): void {
  checkText(action, option, name, 1, 255);
  if (NATIVE_ATTRIBUTES.includes(name as string)) {
    throw new RangeError(
      `Cannot ${action} as '${option}' must not be an attribute of the record: ` +
        `current value is ${show(name)}`,
    );
  }
}

function checkOwner(action: string, owner: unknown): void {
  checkText(action, "owner", owner, 1, OWNER_BYTES_MAX);
}

function checkLease(action: string, value: unknown): number | undefined {
  return checkMs(action, "leaseMs", value, LEASE_LEAST_MS, LEASE_MOST_MS);
}
