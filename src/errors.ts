/**
 * What a caller catches. Misuse is a `TypeError` or `RangeError` instead, thrown before any request.
 *
 * @module
 */

import { brand, hasBrand } from "./dynamodb/brand.ts";
import type { AttributeMap } from "./dynamodb/values.ts";

/** Why a lease is no longer held. */
export type LeaseLostCode =
  /** Another holder was granted the lock, or an operator broke it. */
  | "LEASE_STOLEN"
  /** It could not be renewed in time, or `maxHoldMs` is over; `cause` says why, where that is known. */
  | "LEASE_EXPIRED"
  /** The record, our entry in it, or the whole table was deleted. */
  | "LEASE_DELETED"
  /** The holder itself gave the lease back. */
  | "LEASE_RELEASED";

/** What is wrong with the lock table, or with the item under a lock's key. */
export type LockTableCode =
  /** The lock table does not exist. */
  | "TABLE_NOT_FOUND"
  /** The lock table has another key than the one configured, or is not ready. */
  | "TABLE_MISMATCH"
  /** The item under the lock's key belongs to something else. Nothing was written. */
  | "RECORD_FOREIGN"
  /** The item under the lock's key is ours but cannot be understood. Nothing was written. */
  | "RECORD_INVALID"
  /** The lock is held as a semaphore with other permits, or is held and is no semaphore. */
  | "PERMITS_MISMATCH";

/** Why DynamoDB could not be asked, or would not answer. */
export type LockServiceCode =
  /** The lock was won, but answers were too slow to hand out at least half a lease. */
  | "LEASE_TOO_SHORT"
  /** The lock was not granted within `maxRequests`. */
  | "MAX_REQUESTS"
  /** The credentials lack a permission. */
  | "ACCESS_DENIED"
  /** There are no credentials, or DynamoDB does not accept them. */
  | "CREDENTIALS"
  /** No AWS Region is configured. */
  | "REGION"
  /** DynamoDB could not be reached, was throttling or failing, and retries did not help. */
  | "UNAVAILABLE"
  /** DynamoDB refused the request for another reason, which `cause` has. */
  | "REFUSED";

/** Every `code` that a {@link LockError} can carry. They are stable; messages are not. */
export type LockErrorCode =
  | LeaseLostCode
  | LockTableCode
  | LockServiceCode
  /** The record format of another lock client cannot do what was asked for. */
  | "UNSUPPORTED"
  /** The writes of a transaction under a lease were refused; the lease is still held. */
  | "TRANSACTION_CANCELED"
  /** The manager was closed. */
  | "MANAGER_CLOSED";

/** Shared by every copy of this package in a process, so that guards work across copies. */
const BRAND = Symbol.for("dynamo-lock.LockError");

/**
 * The base class of everything that this package rejects with, besides misuse and abort reasons.
 *
 * @example Answer by the code, also of another copy of the package
 * ```ts
 * import { isLockError, lock } from "@x/dynamo-lock";
 *
 * async function statusOf(work: () => Promise<unknown>): Promise<number> {
 *   try {
 *     await work();
 *     return 200;
 *   } catch (error) {
 *     if (!isLockError(error)) throw error;
 *     return error.code === "UNAVAILABLE" || error.code === "MAX_REQUESTS" ? 503 : 500;
 *   }
 * }
 *
 * console.log(await statusOf(() => lock("invoice/49").then((lease) => lease.release()))); // 200
 * ```
 */
export class LockError<Code extends LockErrorCode = LockErrorCode> extends Error {
  /** The class, as a text that survives minifying. */
  override readonly name: string = "LockError";
  /** What went wrong, as a stable string. */
  readonly code: Code;
  /** The lock that it was about, where it was about one. */
  readonly lockName: string | undefined;

  static {
    brand(this, BRAND);
  }

  /** Makes an error; callers only ever catch it. */
  constructor(code: Code, message: string, lockName?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.lockName = lockName;
  }
}

/**
 * A lease is not held any more. It is also the reason that `lease.signal` aborts with.
 *
 * @example Say why work under a lock came to its end
 * ```ts
 * import { LeaseLostError, lock, locks } from "@x/dynamo-lock";
 *
 * await using lease = await lock("invoice/50");
 * await locks.breakLock("invoice/50", { token: lease.fencingToken }); // by an operator
 * try {
 *   await lease.renew();
 * } catch (error) {
 *   if (!(error instanceof LeaseLostError)) throw error;
 *   console.log(error.code, error === lease.signal.reason); // LEASE_STOLEN true
 * }
 * ```
 */
export class LeaseLostError extends LockError<LeaseLostCode> {
  /** The class, as a text that survives minifying. */
  override readonly name: string = "LeaseLostError";
}

/**
 * The lock table, or the item under a lock's key, is not what it must be.
 *
 * @example A table that nobody has made
 * ```ts
 * import { LockManager, LockTableError } from "@x/dynamo-lock";
 *
 * await using locks = new LockManager({ table: "not-made" });
 * try {
 *   await locks.acquire("invoice/51");
 * } catch (error) {
 *   if (!(error instanceof LockTableError)) throw error;
 *   console.log(error.code); // TABLE_NOT_FOUND: `ensureTable` of ./table makes it
 * }
 * ```
 */
export class LockTableError extends LockError<LockTableCode> {
  /** The class, as a text that survives minifying. */
  override readonly name: string = "LockTableError";
}

/**
 * DynamoDB could not be asked, or would not answer.
 *
 * @example A process without credentials
 * ```ts
 * import { LockManager, LockServiceError } from "@x/dynamo-lock";
 *
 * await using locks = new LockManager({ region: "eu-central-1", env: {} });
 * try {
 *   await locks.acquire("invoice/52");
 * } catch (error) {
 *   if (!(error instanceof LockServiceError)) throw error;
 *   console.log(error.code); // CREDENTIALS
 * }
 * ```
 */
export class LockServiceError extends LockError<LockServiceCode> {
  /** The class, as a text that survives minifying. */
  override readonly name: string = "LockServiceError";
}

/** Why an element of a transaction was refused. */
export interface TransactionReason {
  /** Its place among the elements that the caller gave, from 0. */
  readonly index: number;
  /** Such as `"ConditionalCheckFailed"` or `"ValidationError"`. */
  readonly code: string;
  /** DynamoDB's words. */
  readonly message?: string | undefined;
  /** The item as it was, where the element asked for `ALL_OLD`. */
  readonly item?: AttributeMap | undefined;
}

/**
 * None of the writes of a transaction under a lease has landed, for a reason that is not the lock's.
 *
 * @example Tell one's own failed condition from a lost lock
 * ```ts
 * import { lock, LockTransactionError } from "@x/dynamo-lock";
 *
 * await using lease = await lock("order/9");
 * const element = {
 *   Update: {
 *     TableName: "orders",
 *     Key: { id: { S: "9" } },
 *     UpdateExpression: "SET paid = :yes",
 *     ConditionExpression: "booked = :yes",
 *     ExpressionAttributeValues: { ":yes": { BOOL: true } },
 *   },
 * };
 * try {
 *   await lease.transact([element]);
 * } catch (error) {
 *   if (!(error instanceof LockTransactionError)) throw error; // the lock was lost
 *   console.log(error.reasons[0]?.code, lease.held); // ConditionalCheckFailed true
 * }
 * ```
 */
export class LockTransactionError extends LockError<"TRANSACTION_CANCELED"> {
  /** The class, as a text that survives minifying. */
  override readonly name: string = "LockTransactionError";
  /** Why, for each element that was refused. */
  readonly reasons: readonly TransactionReason[];

  /** Makes an error; callers only ever catch it. */
  constructor(
    message: string,
    lockName: string | undefined,
    cause: unknown,
    reasons: readonly TransactionReason[],
  ) {
    super("TRANSACTION_CANCELED", message, lockName, cause);
    this.reasons = reasons;
  }
}

/**
 * Whether `error` is a {@link LockError}, also one of another copy of this package: a package manager
 * may install several, and `instanceof` tells them apart.
 *
 * @example
 * ```ts
 * import { isLockError } from "@x/dynamo-lock";
 *
 * const codeOf = (error: unknown) => isLockError(error) ? error.code : undefined;
 * ```
 */
export function isLockError(error: unknown): error is LockError {
  return hasBrand(error, BRAND);
}
