/**
 * Options: what they mean, their limits, and the checks that run before any request.
 *
 * @module
 */

import {
  checkOptions,
  type Checks,
  having,
  ofType,
  type OnlySet,
  refuse,
  textOf,
  wholeNumber,
} from "./checks.ts";
import {
  type AwsCredentialIdentity,
  checkIdentity,
  CredentialsError,
} from "./credentials/identity.ts";
import { endpointFinder } from "./dynamodb/endpoint.ts";
import type { LockEventListener } from "./events.ts";
import type { AcquireOptions } from "./options/acquire.ts";
import {
  checkConnection,
  CONNECTION_CHECKS,
  type ConnectionOptions,
  noClient,
} from "./options/connection.ts";
import { checkLayout } from "./records/abilities.ts";
import type { LayoutChoice } from "./records/layout.ts";
import { placeOf, type TableOptions } from "./records/place.ts";
import { checkData, LEASE_MS_MAX } from "./records/record.ts";
import type { Runtime } from "./runtime.ts";

export type { AcquireOptions } from "./options/acquire.ts";

/** Options of an inspection. */
export interface InspectOptions {
  /** Cancels it; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a list of locks. */
export interface ListOptions {
  /** Only locks whose names begin so. @default {""} */
  readonly prefix?: string | undefined;
  /** Cancels it; its reason is thrown as it is. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of breaking a lock. */
export interface BreakOptions {
  /** The fencing token of the holder that is to lose the lock, as `inspect` shows it. */
  readonly token?: number | undefined;
  /** Its `id`, in place of a token, where the layout of another lock client has no tokens. */
  readonly id?: string | undefined;
  /** Cancels it; its reason is thrown as it is. The lock may be broken all the same. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of a manager. What AWS's tools read from the environment is read from there, on first use. */
export interface LockManagerOptions extends ConnectionOptions {
  /** The lock table. @default {the layout's own, the variable DYNAMO_LOCK_TABLE, "dynamo-lock"} */
  readonly table?: string | TableOptions | undefined;
  /** The record format of another lock client, of `./layouts`. @default {that of this package} */
  readonly layout?: LayoutChoice | undefined;
  /** The lease of acquisitions that name none, in milliseconds. @default {20000} */
  readonly leaseMs?: number | undefined;
  /** Whether leases are renewed in the background. @default {true} */
  readonly renew?: boolean | undefined;
  /** How long leases are held at the most. See {@link AcquireOptions.maxHoldMs}. */
  readonly maxHoldMs?: number | undefined;
  /** What holders call themselves. @default {16 random hexadecimal digits for the manager} */
  readonly owner?: string | undefined;
  /** The longest sleep of a waiter between two looks, 50 to 60,000 ms. @default {1000} */
  readonly pollMs?: number | undefined;
  /**
   * For how long a lock may go from lease to lease of this process, handed on or taken again at once,
   * before other processes get a turn, 0 to 600,000 ms; 0 never hands over. Then it waits for up to one
   * `pollMs`, and no longer than such a turn, before it asks again, also for a lock that is free.
   * @default {5000}
   */
  readonly maxHandoffMs?: number | undefined;
  /**
   * How far two `Date` headers of DynamoDB may be apart, 0 to 900,000 ms. `Infinity` turns judging a
   * crashed holder by them off, for a proxy that writes its own: then a waiter must watch a whole
   * lease. @default {1000}
   */
  readonly maxClockSkewMs?: number | undefined;
  /** Told what happens, as `LockEvent` says. What it throws is ignored. */
  readonly onEvent?: LockEventListener | undefined;
  /** Keeps background work alive after a response. See {@link AcquireOptions.waitUntil}. */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
  /** Clocks, timers, randomness: for tests. @default {those of the process} */
  readonly runtime?: Runtime | undefined;
}

const leaseMs = wholeNumber(2_000, LEASE_MS_MAX);
const renew = ofType("boolean");
const maxHoldMs = wholeNumber(1_000, 365 * 24 * 60 * 60_000);
const owner = textOf(1, 256);
const waitUntil = ofType("function");
const signal = having("addEventListener", "throwIfAborted"); // the global object has the first

/** The checks of the options of one acquisition. */
export const ACQUIRE_CHECKS: Checks<AcquireOptions> = {
  leaseMs,
  renew,
  maxHoldMs,
  maxRequests: wholeNumber(1, 1_000_000),
  mode: (action, option, value) => {
    if (value !== "exclusive" && value !== "shared") {
      refuse(TypeError, action, option, "'exclusive' or 'shared'", value);
    }
  },
  permits: wholeNumber(1, 100),
  reentrant: ofType("boolean"),
  signal,
  data: checkData,
  owner,
  waitUntil,
};

const MANAGER_CHECKS: Checks<LockManagerOptions> = {
  table: () => {}, // checked together with the layout
  layout: checkLayout,
  ...CONNECTION_CHECKS,
  credentials,
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

/** What a manager goes by where an acquisition does not say otherwise. */
export const MANAGER_DEFAULTS = {
  leaseMs: 20_000 as number,
  renew: true as boolean,
  pollMs: 1_000 as number,
  maxHandoffMs: 5_000 as number,
  maxClockSkewMs: 1_000 as number,
};

/** The options of a manager with their defaults. */
export type ManagerSettings = OnlySet<LockManagerOptions> & typeof MANAGER_DEFAULTS;

/** Checks the options of a manager, and fills in the defaults. */
export function checkManagerOptions(options: LockManagerOptions): ManagerSettings {
  const action = "create a LockManager";
  noClient(action, options);
  const set = { ...MANAGER_DEFAULTS, ...checkOptions(action, options, MANAGER_CHECKS) };
  // A copy: what the caller changes later changes nothing.
  if (set.table !== undefined) {
    const place = placeOf(set.table, set.layout?.table);
    set.layout?.at(place); // it may have no room for such keys
    set.table = place;
  }
  checkConnection(action, set);
  // Now, and not at the first lock; what the environment says is not known yet.
  endpointFinder(set, () => undefined);
  return set;
}

/** Checks the options of one acquisition, on a runtime. */
export function checkAcquireOptions(
  options: AcquireOptions,
  { isolatesRequests }: Runtime,
): OnlySet<AcquireOptions> {
  const action = "acquire a lock";
  const set = checkOptions(action, options, ACQUIRE_CHECKS);
  if (set.permits && set.mode) {
    refuse(TypeError, action, "mode", "absent beside 'permits'", set.mode);
  }
  if (set.reentrant && isolatesRequests) {
    // What one request holds, another one may not touch.
    refuse(TypeError, action, "reentrant", "absent on Cloudflare Workers", true);
  }
  return set;
}

/** Checks the options of an inspection. */
export function checkInspectOptions(options: InspectOptions): InspectOptions {
  return checkOptions("inspect a lock", options, { signal });
}

/** Checks the options of a list. */
export function checkListOptions(options: ListOptions): ListOptions {
  return checkOptions("list locks", options, { prefix: textOf(0, 2_048), signal });
}
