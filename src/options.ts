/**
 * Options: what they mean, their limits, and the checks that run before any request.
 *
 * @module
 */

import type { AwsCredentialIdentity, AwsCredentialProvider } from "./credentials/identity.ts";
import {
  checkOptions,
  type Checks,
  having,
  ofType,
  refuse,
  textOf,
  wholeNumber,
} from "./checks.ts";
import { checkIdentity, CredentialsError } from "./credentials/identity.ts";
import { dynamoClient, isClient } from "./dynamodb/brand.ts";
import type { DynamoClient } from "./dynamodb/client.ts";
import { endpointFinder } from "./dynamodb/endpoint.ts";
import type { LockEventListener } from "./events.ts";
import type { TablePlace } from "./records/layout.ts";
import { NATIVE_ATTRIBUTES } from "./records/native.ts";
import { checkData, LEASE_MS_MAX } from "./records/record.ts";
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
  /**
   * How long it is held at the most, renewals included, in milliseconds from when the caller gets it:
   * 1,000 to 31,536,000,000 (a year). Then it is lost with `LEASE_EXPIRED`, and given back: so work
   * that hangs does not keep the lock for ever. @default {no limit}
   */
  readonly maxHoldMs?: number;
  /**
   * How many requests the acquisition may send, 1 to 1,000,000, for runtimes that count them. When the
   * lock is not granted by then, it rejects with a `LockServiceError` of code `MAX_REQUESTS`. What was
   * left open is cleaned up in the background, by a few more. @default {no limit}
   */
  readonly maxRequests?: number;
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

/** Options of an inspection. */
export interface InspectOptions {
  /** Cancels it; its reason is thrown as it is. */
  readonly signal?: AbortSignal;
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
  /** Allows plain `http:` to any host: requests can be read and changed on their way. */
  readonly allowInsecureEndpoint?: boolean;
  /** Instead of the process environment, where there is none, as on Cloudflare Workers. */
  readonly env?: Record<string, string | undefined>;
  /** Sends the requests. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch;
  /**
   * A ready client, instead of `region`, `credentials`, `endpoint`, `allowInsecureEndpoint`, `env` and
   * `fetch`. It tells of its retries by its own `onRetry`.
   */
  readonly client?: DynamoClient;
  /** The lease of acquisitions that name none, in milliseconds. @default {20000} */
  readonly leaseMs?: number;
  /** Whether leases are renewed in the background. @default {true} */
  readonly renew?: boolean;
  /** How long leases are held at the most. See {@link AcquireOptions.maxHoldMs}. */
  readonly maxHoldMs?: number;
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
   * How far two `Date` headers of DynamoDB may be apart, 0 to 900,000 ms. `Infinity` turns judging a
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

/** The longest key that DynamoDB takes, in bytes of UTF-8. */
const KEY_BYTES_MAX = 2_048;
const SORT_KEY_BYTES_MAX = 1_024;

const leaseMs = wholeNumber(2_000, LEASE_MS_MAX);
const renew = ofType("boolean");
const maxHoldMs = wholeNumber(1_000, 365 * 24 * 60 * 60_000);
const owner = textOf(1, 256);
const waitUntil = ofType("function");

/** The checks of the options of one acquisition. */
export const ACQUIRE_CHECKS: Checks<AcquireOptions> = {
  leaseMs,
  renew,
  maxHoldMs,
  maxRequests: wholeNumber(1, 1_000_000),
  signal: having("addEventListener"),
  data: checkData,
  owner,
  waitUntil,
};

const MANAGER_CHECKS: Checks<LockManagerOptions> = {
  table: (_action, _option, value) => void placeOf(value as string),
  region: ofType("string"),
  credentials,
  endpoint: () => {}, // checked together with the Region
  allowInsecureEndpoint: ofType("boolean"),
  env: ofType("object"),
  fetch: ofType("function"),
  client: dynamoClient,
  leaseMs,
  renew,
  maxHoldMs,
  owner,
  pollMs: wholeNumber(50, 60_000),
  maxHandoffMs: wholeNumber(0, 600_000),
  maxClockSkewMs: wholeNumber(0, 900_000, Infinity),
  onEvent: ofType("function"),
  waitUntil,
  runtime: having("now", "random", "randomId", "setTimer", "clearTimer", "fetch", "env"),
};

/** Static keys are checked at once, so that the mistake shows where it was made. */
function credentials(_action: string, _option: string, value: unknown): void {
  if (typeof value === "function") return;
  try {
    checkIdentity(value as AwsCredentialIdentity);
  } catch (error) {
    // Of ours, which never repeats a key; or of a getter, which is none of ours.
    throw error instanceof CredentialsError ? new TypeError(error.message) : error;
  }
}

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

/** The options that a ready client makes needless. */
const CONNECTION = [
  "region",
  "credentials",
  "endpoint",
  "allowInsecureEndpoint",
  "env",
  "fetch",
] as const;

/** What a manager goes by where an acquisition does not say otherwise. */
export const MANAGER_DEFAULTS = {
  leaseMs: 20_000 as number,
  renew: true as boolean,
  pollMs: 1_000 as number,
  maxHandoffMs: 5_000 as number,
  maxClockSkewMs: 1_000 as number,
};

/** Checks the options of a manager, and fills in the defaults. */
export function checkManagerOptions(
  options: LockManagerOptions,
): LockManagerOptions & typeof MANAGER_DEFAULTS {
  const action = "create a LockManager";
  noClient(action, options);
  const set = { ...MANAGER_DEFAULTS, ...checkOptions(action, options, MANAGER_CHECKS) };
  // A copy: what the caller changes later changes nothing.
  if (set.table !== undefined) set.table = placeOf(set.table);
  checkConnection(action, set);
  // Now, and not at the first lock; what the environment says is not known yet.
  endpointFinder(set, () => undefined);
  return set;
}

/** Refuses a client in place of options: it has no enumerable property, so it would pass for none. */
export function noClient(action: string, options: object): void {
  if (isClient(options)) {
    throw new TypeError(`Cannot ${action} as a client must be passed as '{ client }'`);
  }
}

/** Refuses what a client brings along where a client is given. */
export function checkConnection(action: string, options: Partial<LockManagerOptions>): void {
  if (options.client === undefined) return;
  for (const option of CONNECTION) {
    // Without the value: an endpoint may have a password in it.
    if (option in options) {
      throw new TypeError(`Cannot ${action} as '${option}' must be absent beside 'client'`);
    }
  }
}

/** Checks the options of one acquisition. */
export function checkAcquireOptions(options: AcquireOptions): AcquireOptions {
  return checkOptions("acquire a lock", options, ACQUIRE_CHECKS);
}

/** Checks the options of an inspection. */
export function checkInspectOptions(options: InspectOptions): InspectOptions {
  return checkOptions("inspect a lock", options, { signal: ACQUIRE_CHECKS.signal });
}

/** Checks a lock's name against the limits of its key. */
export function checkName(name: unknown, place: TablePlace): void {
  const action = "use a lock";
  textOf(1, KEY_BYTES_MAX)(action, "name", name);
  textOf(1, KEY_BYTES_MAX)(action, "prefix and name", place.prefix + name);
}

/** Checks where the locks live, and fills in the defaults. */
export function placeOf(table: string | TableOptions): TablePlace {
  const action = "use a lock table";
  const options = typeof table === "string" ? { name: table } : table;
  const { name, partitionKey = "key", sortKey, sortValue, prefix = "" } = checkOptions(
    action,
    options,
    TABLE_CHECKS,
  );
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
