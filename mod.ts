/**
 * A distributed lock on Amazon DynamoDB: a lease that is renewed while you work, survives crashes and
 * lost answers, and comes with a fencing token.
 *
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 *
 * await using lease = await lock("invoice/42"); // waits; released when the scope is left
 * console.log(lease.fencingToken > 0); // true
 * ```
 *
 * A lease says that nobody else believes to hold the lock, as long as clocks run at the same rate within
 * 1 % and DynamoDB's `Date` headers are true to `maxClockSkewMs`. It cannot protect a resource that
 * does not look at `lease.fencingToken`: a process that is paused between asking `lease.held` and its
 * next write goes on writing when the lock is somebody else's.
 *
 * @module
 */

export { lock, locks, tryLock } from "./src/lock.ts";
export { LockManager } from "./src/manager.ts";
export type { Lease } from "./src/lease/lease.ts";
export type {
  ConditionCheckOptions,
  LeaseConditionCheck,
  TransactOptions,
  TransactWriteItem,
} from "./src/lease/transact.ts";
export type { LockHolderInfo, LockInfo } from "./src/inspect.ts";
export type {
  AcquireOptions,
  BreakOptions,
  InspectOptions,
  ListOptions,
  LockManagerOptions,
} from "./src/options.ts";
export type { ConnectionOptions } from "./src/options/connection.ts";
export type { LockRequestOptions } from "./src/web_locks/options.ts";
export type { LockManagerSnapshot, LockSnapshotEntry } from "./src/web_locks/query.ts";
export type { LayoutAbilities, LayoutChoice } from "./src/records/layout.ts";
export type { TableOptions } from "./src/records/place.ts";
export type { LockMode } from "./src/records/record.ts";
export {
  isLockError,
  type LeaseLostCode,
  LeaseLostError,
  LockError,
  type LockErrorCode,
  type LockServiceCode,
  LockServiceError,
  type LockTableCode,
  LockTableError,
  LockTransactionError,
  type TransactionReason,
} from "./src/errors.ts";
export type { LeaseEvent, LockEvent, LockEventListener, LockEventSubject } from "./src/events.ts";
export type { DynamoClient } from "./src/dynamodb/client.ts";
export type { AttributeMap, AttributeValue } from "./src/dynamodb/values.ts";
export type { AnswerTiming } from "./src/dynamodb/attempt.ts";
export type { SendOptions } from "./src/dynamodb/options.ts";
export type { AwsCredentialIdentity, AwsCredentialProvider } from "./src/credentials/identity.ts";
export type { Moment, Runtime, Timer } from "./src/runtime.ts";
