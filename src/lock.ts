/**
 * The front door: the default manager and its two verbs.
 *
 * @module
 */

import type { Lease } from "./lease/lease.ts";
import { LockManager } from "./manager.ts";
import type { AcquireOptions } from "./options.ts";

/**
 * The default manager. It reads its configuration from the environment when it is first used:
 * `AWS_REGION`, the AWS credentials, `AWS_ENDPOINT_URL_DYNAMODB` and `DYNAMO_LOCK_TABLE`.
 *
 * @example Look at a lock without taking it
 * ```ts
 * import { locks } from "@x/dynamo-lock";
 *
 * const info = await locks.inspect("never-taken");
 * console.log(info); // null
 * ```
 */
export const locks: LockManager = new LockManager();

/**
 * Waits for a lock and returns its lease, which is renewed in the background until it is released. One
 * request where the lock is free; while it is held, a read now and then.
 *
 * @param name The lock's name, 1 to 2,048 bytes of UTF-8; or up to 100 names, of which it takes all or
 * none, as one lease.
 * @param options Options of this acquisition.
 * @throws {TypeError} When the name or an option has the wrong type, before any request.
 * @throws {RangeError} When the name or an option is out of its range, before any request.
 * @throws {LockTableError} When the table, or the item under the name's key, is not what it must be.
 * @throws {LockServiceError} When DynamoDB cannot be asked.
 * @throws The reason of `options.signal`, untouched, when it aborts.
 *
 * @example Do something in one place at a time
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * await using lease = await lock("invoice/42");
 * console.log(lease.fencingToken > 0); // true
 * ```
 *
 * @example Wait for five seconds at the most
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * await using lease = await lock("invoice/43", { signal: AbortSignal.timeout(5_000) });
 * console.log(lease.held); // true
 * ```
 *
 * @example Let three at a time use something: a semaphore
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * await using lease = await lock("api/slow", { permits: 3 });
 * console.log(lease.mode); // shared
 * ```
 *
 * @example Let many read, or one write
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * {
 *   await using _reader = await lock("catalogue", { mode: "shared" });
 *   await using _another = await lock("catalogue", { mode: "shared" });
 * }
 * await using _writer = await lock("catalogue");
 * ```
 *
 * @example Enter a lock again, further down in the same flow
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * async function settle(): Promise<void> {
 *   await using _lease = await lock("ledger", { reentrant: true });
 *   await post(); // which takes the same lock
 * }
 *
 * async function post(): Promise<void> {
 *   await using lease = await lock("ledger", { reentrant: true });
 *   console.log(lease.held); // true
 * }
 *
 * await settle();
 * ```
 *
 * @example Hold several locks, all of them or none
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * await using lease = await lock(["account/7", "account/3"]);
 * console.log(lease.names); // [ "account/3", "account/7" ]
 * ```
 */
export function lock(
  name: string | readonly string[],
  options?: AcquireOptions,
): Promise<Lease> {
  return locks.acquire(name, options);
}

/**
 * Takes a lock if it is free, or its holder is dead; `null` where somebody else holds it. Asks once.
 *
 * @param name The lock's name, or up to 100 names, as of {@linkcode lock}.
 * @param options Options of this acquisition.
 * @throws As {@linkcode lock}.
 *
 * @example Run a job on one of many instances
 * ```ts
 * import { tryLock } from "@x/dynamo-lock";
 *
 * await using lease = await tryLock("nightly-report");
 * if (lease !== null) {
 *   console.log("this instance does it");
 * }
 * ```
 */
export function tryLock(
  name: string | readonly string[],
  options?: AcquireOptions,
): Promise<Lease | null> {
  return locks.tryAcquire(name, options);
}
