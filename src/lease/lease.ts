/**
 * A lease: a lock that somebody holds, for a time that it keeps extending.
 *
 * @module
 */

import type { LockMode } from "../records/record.ts";
import type {
  ConditionCheckOptions,
  LeaseConditionCheck,
  TransactOptions,
  TransactWriteItem,
} from "./transact.ts";

/**
 * A lock that is held.
 *
 * It is renewed in the background until it is released or lost. Leaving the scope of an `await using`
 * releases it; that never throws, so the body's own error is never masked.
 */
export interface Lease {
  /** The lock's name; of several the first one. */
  readonly name: string;
  /** The names of all locks that this lease holds, in order. */
  readonly names: readonly string[];
  /** How the lock is shared; `"shared"` for a semaphore. */
  readonly mode: LockMode;
  /**
   * A whole number, greater than that of every earlier grant of the same name; of several names, of
   * each of them. Pass it to whatever the
   * lock guards, and have it refuse a smaller one than it has seen: a holder that was paused past
   * its lease does not know yet that it lost it.
   *
   * @throws {LockError} `UNSUPPORTED`, where the layout of another lock client has none.
   */
  readonly fencingToken: number;
  /** What the holder calls itself, as others see it. */
  readonly ownerId: string;
  /**
   * Aborts as soon as the lease is not held any more, with a `LeaseLostError` whose `code` says why:
   * `LEASE_STOLEN`, `LEASE_EXPIRED`, `LEASE_DELETED` or `LEASE_RELEASED`.
   */
  readonly signal: AbortSignal;
  /**
   * Whether the lease is held, computed from the clocks at this moment. Once `false`, it stays so.
   * On Cloudflare Workers the clocks stand still while code runs without I/O.
   */
  readonly held: boolean;
  /** For how many milliseconds it is held if it is not renewed; 0 where it is lost. */
  readonly remainingMs: number;
  /**
   * Renews it now, besides the renewals in the background.
   *
   * @throws {LeaseLostError} When it is not held any more.
   * @throws {LockServiceError} When DynamoDB could not be asked. The lease goes on as it was.
   *
   * @example Keep the lock only for as long as the work goes on
   * ```ts
   * import { lock } from "@x/dynamo-lock";
   *
   * await using lease = await lock("import/6", { renew: false });
   * for (const page of ["a", "b", "c"]) {
   *   console.log(`importing ${page}`);
   *   await lease.renew(); // where the work hangs, others get the lock a lease later
   * }
   * console.log(lease.remainingMs > 10_000); // true
   * ```
   */
  renew(): Promise<void>;
  /**
   * Replaces the data beside the lock that others can read, or with `null` removes it, and renews.
   *
   * @throws {LeaseLostError} When it is not held any more.
   * @throws {LockServiceError} When DynamoDB could not be asked: the data may be the old or the new.
   *
   * @example Tell others how far the work is
   * ```ts
   * import { lock, locks } from "@x/dynamo-lock";
   *
   * await using lease = await lock("import", { data: "0 %" });
   * await lease.update("50 %");
   * console.log((await locks.inspect("import"))?.holders[0]?.data); // 50 %
   * ```
   */
  update(data: string | null): Promise<void>;
  /**
   * Writes to DynamoDB in one transaction that lands only while the lease is still the current one: a
   * holder that was frozen past its lease cannot write over the next one's work. With `release` the
   * lock is given back in the same transaction.
   *
   * It is sent again where that is safe, and waits for a renewal that is under way, as renewals wait for
   * it: so it may take half of what is left of the lease, and no more.
   *
   * @param items 1 to 100 elements of `TransactWriteItems`, less one for each name of the lease, in
   * DynamoDB's JSON; none of them about a lock's own item.
   * @throws {LeaseLostError} When the lease is not held any more: nothing was written.
   * @throws {LockTransactionError} When an element was refused; `reasons` says which, and why. Nothing
   * was written, and without `release` the lease goes on.
   * @throws {LockServiceError} When DynamoDB could not be asked: `UNAVAILABLE`. It may have been written
   * all the same; without `release` the same call with the same `clientRequestToken` finds out. `REFUSED`
   * where the request itself is wrong, such as a table of yours that does not exist: nothing was written.
   *
   * @example Book an order, and give the lock back with it
   * ```ts
   * import { lock } from "@x/dynamo-lock";
   *
   * await using lease = await lock("order/7");
   * await lease.transact([
   *   {
   *     Update: {
   *       TableName: "orders",
   *       Key: { id: { S: "7" } },
   *       UpdateExpression: "SET booked = :yes",
   *       ExpressionAttributeValues: { ":yes": { BOOL: true } },
   *     },
   *   },
   * ], { release: true });
   * console.log(lease.held); // false
   * ```
   */
  transact(items: readonly TransactWriteItem[], options?: TransactOptions): Promise<void>;
  /**
   * The element that makes a transaction of your own fail where this lease is not the current one any
   * more: for an SDK, or for one that has other work to do as well. A renewal at the same moment is in
   * its way, so be ready for a `TransactionConflict`.
   *
   * @throws {RangeError} When `name` is not one of the lease's; when it is left out of several.
   *
   * @example With a client of DynamoDB's JSON, such as ours or `DynamoDBClient` of the AWS SDK
   * ```ts
   * import { lock } from "@x/dynamo-lock";
   * import { DynamoClient } from "@x/dynamo-lock/client";
   *
   * await using lease = await lock("order/8");
   * await new DynamoClient({}).send("TransactWriteItems", {
   *   TransactItems: [
   *     lease.conditionCheck(),
   *     { Put: { TableName: "orders", Item: { id: { S: "8" } } } },
   *   ],
   * });
   * ```
   *
   * @example With `DynamoDBDocumentClient` of the AWS SDK
   * ```ts ignore
   * import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
   * import { DynamoDBDocumentClient, TransactWriteCommand } from "@aws-sdk/lib-dynamodb";
   * import { lock } from "@x/dynamo-lock";
   *
   * const documents = DynamoDBDocumentClient.from(new DynamoDBClient());
   * await using lease = await lock("order/10");
   * await documents.send(
   *   new TransactWriteCommand({
   *     TransactItems: [
   *       lease.conditionCheck({ format: "document" }),
   *       { Put: { TableName: "orders", Item: { id: "10", paid: true } } },
   *     ],
   *   }),
   * );
   * ```
   */
  conditionCheck(options?: ConditionCheckOptions): LeaseConditionCheck;
  /**
   * Gives the lock back. `true` where the lease was still ours, `false` where it was lost before. A
   * second call answers as the first.
   *
   * @throws {LockServiceError} When DynamoDB could not be asked. The release goes on in the background,
   * and the lock is free when its lease has run out at the latest.
   *
   * @example Learn whether nobody else was in meanwhile
   * ```ts
   * import { lock } from "@x/dynamo-lock";
   *
   * const lease = await lock("export/7");
   * const report = "what was read under the lock";
   * console.log(await lease.release() ? report : "read it again"); // what was read under the lock
   * ```
   */
  release(): Promise<boolean>;
  /** Releases it, and never throws. */
  [Symbol.asyncDispose](): Promise<void>;
}
