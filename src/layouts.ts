/**
 * The record formats of other lock clients, for a table that they use too.
 *
 * A layout is how a lock looks on the table: which attributes its item has, what a write demands of it, and
 * how a released item is told from a held one. Given one, a {@linkcode LayoutChoice} for the option
 * `layout` of a `LockManager`, the manager writes what the client of that name would have written, and reads all
 * that it may have written. So both sides keep each other out, wait for each other, and take over from each
 * other's dead. What to do in which order is in `MIGRATION.md` of this package.
 *
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { javaLockClient } from "@x/dynamo-lock/layouts";
 *
 * await using locks = new LockManager({ table: "dynamo-lock", layout: javaLockClient() });
 * await using lease = await locks.acquire("invoice/48", { data: "ours" });
 * console.log(lease.held, (await locks.inspect("invoice/48"))?.holders.length); // true 1
 * ```
 *
 * The protocol is the same in all of them, and what a format has room for is as safe as in our own: each
 * write says in its condition what it has seen, a renewal and a release are about our own grant only, and
 * a grant is known again after a lost answer, for its id is in what the format calls a version, a guid or
 * a code. What a format has no room for is refused before anything is sent, with a `LockError` of code
 * `UNSUPPORTED` that names the layout and the ability:
 *
 * | layout | `fencing` | `permits` | `data` | `serverClock`: a dead holder of theirs is told |
 * | --- | --- | --- | --- | --- |
 * | none, our own | a time | yes | yes | by DynamoDB's clock |
 * | `javaLockClient` | no | no | yes | by watching it for its lease |
 * | `dynamolock` | no | no | yes | by watching it for its lease |
 * | `pythonDynamodbLock` | no | no | no | by watching it for its lease |
 * | `dynaLock` | no | no | no | by DynamoDB's clock |
 * | `dynamoDlm` | no | yes | no | by DynamoDB's clock |
 * | `npmLockClient`, fail-open | a count | no | no | by watching it for its lease |
 * | `npmLockClient`, fail-closed | no | no | no | never: `breakLock` |
 * | `terraform` | no | no | no | never: `breakLock` |
 *
 * `shared` is of our own format only; `guard`, by which `transact` and `conditionCheck` work, is in all.
 * Where there are no tokens, `inspect` shows an `id` of each holder, for `breakLock`.
 *
 * What remains weak is the other side, until the last of its clients is gone:
 *
 * - Java: with `holdLockOnServiceUnavailable` it goes on in a lock that it could not renew.
 * - Go dynamolock: it loses a lock that it holds, after a lost answer to a renewal; its
 *   `UnsafeMatchOwnerOnly` renews another's lock of the same owner.
 * - python_dynamodb_lock: a holder never notices by itself that its lease is over.
 * - DynaLock: it deletes whatever is under the key when it ends, and judges by its wall clock.
 * - dynamo-dlm: it never renews, and judges by its wall clock; callers that disagree about the number of
 *   places let in too many.
 * - npm dynamodb-lock-client: its tokens begin at 1 again where an item was deleted; it stops renewing at
 *   the first error.
 * - Terraform: it looks, and then deletes whatever is there.
 *
 * And in the formats whose release deletes the item, a request of ours can come too late to be refused, where
 * in our own format the fence refuses it: more than five seconds after its caller has gone, or after the
 * release of a lease that another attempt of it got. It takes the lock for nobody, for one lease; and as the
 * grant is there again, a transaction of that lease that is as late lands too.
 *
 * @module
 */

export { dynamolock } from "./records/dynamolock.ts";
export type { WallClockOptions } from "./records/clock_options.ts";
export { dynaLock } from "./records/dynalock.ts";
export { dynamoDlm } from "./records/dynamo_dlm.ts";
export { javaLockClient, type ReleaseOptions } from "./records/java_client.ts";
export { npmLockClient, type NpmLockClientOptions } from "./records/npm_client.ts";
export { terraform } from "./records/terraform.ts";
export { native } from "./records/native_choice.ts";
export type { LayoutAbilities, LayoutChoice } from "./records/layout.ts";
export {
  pythonDynamodbLock,
  type PythonDynamodbLockOptions,
} from "./records/python_dynamodb_lock.ts";
