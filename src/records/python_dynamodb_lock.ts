/**
 * The record format of the Python package `python_dynamodb_lock`.
 *
 * @module
 */

import { checkOptions, type Checks, refuse, textOf } from "../checks.ts";
import { choose, type LayoutChoice } from "./layout.ts";
import { msOfSeconds, secondsOfMs } from "./seconds.ts";
import { TEXT_VERSIONS, type VersionedFormat, VersionedLayout } from "./versioned.ts";

/** Options of the layout {@linkcode pythonDynamodbLock}. */
export interface PythonDynamodbLockOptions {
  /** The `ttl_attribute_name` of the table's clients. @default {"expiry_time"} */
  readonly ttlAttribute?: string | undefined;
}

const ACTION = "use the layout 'pythonDynamodbLock'";

const ATTRIBUTES = {
  owner: "owner_name",
  lease: "lease_duration",
  version: "record_version_number",
};

const CHECKS: Checks<PythonDynamodbLockOptions> = {
  ttlAttribute: (action, option, value) => {
    textOf(1, 255)(action, option, value);
    if (Object.values(ATTRIBUTES).includes(value as string)) {
      refuse(RangeError, action, option, "no other attribute of the record", value);
    }
  },
};

/** Its client asks DynamoDB to remove what it left behind after an hour. */
const TTL_SECONDS = 60 * 60;

/**
 * The record format of the Python package `python_dynamodb_lock` (0.9.1), and of what was made from it:
 * to share its table while services move over one by one. Its own table is `DynamoDBLockTable`, with the
 * keys `lock_key` and `sort_key`; where its callers pass a `sort_key`, that is the table's `sortValue`.
 *
 * What remains of that format: there are no fencing tokens and no data beside the lock; a holder of
 * theirs is told from a dead one by watching it for its whole lease, so a caller that asks only once
 * takes the lock of a crashed one at a second try at the earliest; and as a release deletes the item, a
 * request that comes more than five seconds after its caller has gone, or after the release of a lease that
 * another attempt of it got, can take a lock for nobody, for one lease. Their own callers go on
 * believing in a lock that they could not renew: what is done under it should be able to fail.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When an option is out of its range.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { pythonDynamodbLock } from "@x/dynamo-lock/layouts";
 * import { createTable } from "@x/dynamo-lock/table";
 *
 * // The table that its clients use already; here, one like it.
 * const table = { name: "DynamoDBLockTable", partitionKey: "lock_key", sortKey: "sort_key" };
 * await createTable({ table, timeToLive: false });
 *
 * await using locks = new LockManager({ layout: pythonDynamodbLock(), leaseMs: 30_000 });
 * await using lease = await locks.acquire("report");
 * console.log(lease.held); // true
 * ```
 */
export function pythonDynamodbLock(options: PythonDynamodbLockOptions = {}): LayoutChoice {
  const { ttlAttribute = "expiry_time" } = checkOptions(ACTION, options, CHECKS);
  const name = "pythonDynamodbLock";
  const format: VersionedFormat = {
    name,
    attributes: { ...ATTRIBUTES, ttl: ttlAttribute },
    version: TEXT_VERSIONS,
    encodeLease: secondsOfMs,
    decodeLease: msOfSeconds,
    isReleased: () => false, // released is deleted
    ttlSeconds: TTL_SECONDS,
  };
  return choose(name, {
    name: "DynamoDBLockTable",
    partitionKey: "lock_key",
    sortKey: "sort_key",
    sortValue: "-",
  }, (place) => {
    if (ttlAttribute === place.partitionKey || ttlAttribute === place.sortKey) {
      refuse(RangeError, ACTION, "ttlAttribute", "no key of the table", ttlAttribute);
    }
    return new VersionedLayout(format, place);
  });
}
