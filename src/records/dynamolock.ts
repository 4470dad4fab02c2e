/**
 * The record format of Go dynamolock, `cirello.io/dynamolock`.
 *
 * @module
 */

import { formatGoDuration, parseGoDuration } from "./go_duration.ts";
import { COMMON, MARK, type ReleaseOptions } from "./java_client.ts";
import type { LayoutChoice } from "./layout.ts";
import { type VersionedFormat, VersionedLayout } from "./versioned.ts";

/**
 * The record format of Go dynamolock, `cirello.io/dynamolock` from v1 to v5: to share its table while
 * services move over one by one. By default a lock that is given back stays as an item with
 * `isReleased`, as that client does. The table is `{ name }` with the partition key `key`; where the
 * client was made `WithSortKey`, say the same `sortKey` and `sortValue` in `table`.
 *
 * What remains of that format: there are no fencing tokens; a holder of theirs is told from a dead one by
 * watching it for its whole lease, so a caller that asks only once never takes a crashed one's lock; a
 * grant writes the whole item, without the data and attributes of who held it before, which that client
 * keeps; and where items are deleted, by us or by them, a request of ours that is delayed for long can
 * take a lock for nobody, for one lease.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When `onRelease` is another text.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { dynamolock } from "@x/dynamo-lock/layouts";
 *
 * await using locks = new LockManager({ table: "dynamo-lock", layout: dynamolock() });
 * await using lease = await locks.acquire("go/report");
 * console.log(lease.held); // true
 * ```
 */
export function dynamolock({ onRelease = "keep" }: ReleaseOptions = {}): LayoutChoice {
  const name = "dynamolock";
  const format: VersionedFormat = {
    ...COMMON,
    name,
    encodeLease: (ms) => ({ S: formatGoDuration(ms) }),
    decodeLease: (lease) => parseGoDuration((lease as { S?: string } | undefined)?.S ?? ""),
    ...(onRelease === "keep" && { markReleased: MARK }),
  };
  return {
    name,
    table: { partitionKey: "key" },
    at: (place) => new VersionedLayout(format, place),
  };
}
