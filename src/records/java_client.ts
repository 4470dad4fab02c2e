/**
 * The record format of the AWS Java lock client, `com.amazonaws:dynamodb-lock-client`.
 *
 * @module
 */

import { checkOptions, refuse } from "../checks.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { choose, type LayoutChoice } from "./layout.ts";
import { TEXT_VERSIONS, type VersionedFormat, VersionedLayout } from "./versioned.ts";

/** How a lock is given back in the formats of the Java client and of Go dynamolock. */
export interface ReleaseOptions {
  /**
   * `"delete"` deletes the item, which is the Java client's default; `"keep"` marks it with
   * `isReleased`, which is Go dynamolock's. The clients of a table understand both.
   */
  readonly onRelease?: "delete" | "keep" | undefined;
}

/** How an item is kept, and marked as released. */
const MARK = { change: "SET #released=:released", known: { ":released": "1" } };

/** What the Java client and Go dynamolock have in common. */
export function releasedItems(
  name: string,
  options: ReleaseOptions,
  onRelease: "delete" | "keep",
  codec: Pick<VersionedFormat, "encodeLease" | "decodeLease">,
): LayoutChoice {
  const set = checkOptions(`use the layout '${name}'`, options, {
    onRelease: (action, option, value) => {
      if (value === "delete" || value === "keep") return;
      refuse(TypeError, action, option, "'delete' or 'keep'", value);
    },
  });
  const keeps = (set.onRelease ?? onRelease) === "keep";
  const format: VersionedFormat = {
    name,
    attributes: {
      owner: "ownerName",
      lease: "leaseDuration",
      version: "recordVersionNumber",
      data: "data",
      released: "isReleased",
    },
    version: TEXT_VERSIONS,
    // Its presence counts, whatever its value.
    isReleased: (item) => "isReleased" in item,
    ...codec,
    ...(keeps && {
      markReleased: MARK,
      revoked: {
        // Another version: a live holder of theirs looks for its own alone, and not for the mark.
        change: `${MARK.change},#version=:nobody`,
        known: { ...MARK.known, ":nobody": "0" },
      },
    }),
  };
  return choose(name, { partitionKey: "key" }, (place) => new VersionedLayout(format, place));
}

/** Milliseconds, in digits alone. */
function decodeLease(lease: AttributeValue | undefined): number | undefined {
  const text = (lease as { S?: string } | undefined)?.S ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/**
 * The record format of the AWS Java lock client, `com.amazonaws:dynamodb-lock-client` 1.x: to share its
 * table while services move over one by one. The client has no table name of its own; its partition key
 * is `key`. Where its callers pass a sort key, say the same `sortKey` and `sortValue` in `table`; a lock
 * with another value of it is another lock.
 *
 * What remains of that format:
 *
 * - There are no fencing tokens.
 * - One of its holders is told from a dead one by watching it for its whole lease, so a caller that asks
 *   only once never takes a crashed one's lock. Ours say when their leases end.
 * - A grant writes the whole item, without the data and the other attributes of who held it before.
 * - Where items are deleted, by us or by them, a request of ours that comes more than five seconds after
 *   its caller has gone, or after the release of a lease that another attempt of it got, can take a lock
 *   for nobody, for one lease.
 * - A holder of theirs with `holdLockOnServiceUnavailable` goes on believing while DynamoDB answers 503,
 *   and may then be two. What their own client does to locks is theirs: it forgets one after an answer
 *   to a heartbeat that was lost.
 *
 * @throws {TypeError} When an option has the wrong type, or does not exist.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { javaLockClient } from "@x/dynamo-lock/layouts";
 *
 * await using locks = new LockManager({ layout: javaLockClient({ onRelease: "keep" }) });
 * await using lease = await locks.acquire("java/report");
 * console.log(lease.held); // true
 * ```
 */
export function javaLockClient(options: ReleaseOptions = {}): LayoutChoice {
  return releasedItems("javaLockClient", options, "delete", {
    encodeLease: (ms) => ({ S: `${ms}` }),
    decodeLease,
  });
}
