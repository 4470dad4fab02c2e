/**
 * The record format of Go dynamolock, `cirello.io/dynamolock`.
 *
 * @module
 */

import { formatGoDuration, parseGoDuration } from "./go_duration.ts";
import { releasedItems, type ReleaseOptions } from "./java_client.ts";
import type { LayoutChoice } from "./layout.ts";

/**
 * The record format of Go dynamolock, `cirello.io/dynamolock` from v1 to v5: to share its table while
 * services move over one by one. Its items are those of the Java client but for the lease, which neither
 * of the two can read of the other. The partition key is `key`; where its clients are made `WithSortKey`,
 * say the same `sortKey` and `sortValue` in `table`. A lock that is given back stays as an item with
 * `isReleased`, unless `onRelease` says otherwise.
 *
 * What remains of that format:
 *
 * - There are no fencing tokens.
 * - One of its holders is told from a dead one by watching it for its whole lease, so a caller that asks
 *   only once never takes a crashed one's lock. Ours say when their leases end.
 * - A grant writes the whole item, without the data and the other attributes of who held it before. That
 *   client keeps them, unless it is told to `ReplaceData`.
 * - Where items are deleted, by us or by them, a request of ours that comes more than five seconds after
 *   its caller has gone, or after the release of a lease that another attempt of it got, can take a lock
 *   for nobody, for one lease.
 *
 * @throws {TypeError} When an option has the wrong type, or does not exist.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { dynamolock } from "@x/dynamo-lock/layouts";
 *
 * await using locks = new LockManager({ layout: dynamolock() });
 * await using lease = await locks.acquire("go/report");
 * console.log(lease.held); // true
 * ```
 */
export function dynamolock(options: ReleaseOptions = {}): LayoutChoice {
  return releasedItems("dynamolock", options, "keep", {
    encodeLease: (ms) => ({ S: formatGoDuration(ms) }),
    decodeLease: (lease) => parseGoDuration((lease as { S?: string } | undefined)?.S ?? ""),
  });
}
