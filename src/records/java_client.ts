/**
 * The record format of the AWS Java lock client, `com.amazonaws:dynamodb-lock-client`.
 *
 * @module
 */

import type { LayoutChoice } from "./layout.ts";
import { TEXT_VERSIONS, type VersionedFormat, VersionedLayout } from "./versioned.ts";

/** How a lock is given back in the formats of the Java client and of Go dynamolock. */
export interface ReleaseOptions {
  /**
   * `"delete"` deletes the item, which is the Java client's default; `"keep"` marks it with
   * `isReleased`, which is Go dynamolock's. The clients of a table understand both.
   */
  readonly onRelease?: "delete" | "keep";
}

/** What the Java client and Go dynamolock have in common. */
export const COMMON: Pick<VersionedFormat, "attributes" | "version" | "isReleased"> = {
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
};

/** How an item is kept and marked. */
export const MARK: NonNullable<VersionedFormat["markReleased"]> = {
  change: "SET #released=:released",
  known: { ":released": "1" },
};

/**
 * The record format of the AWS Java lock client: to share its table while services move over one by
 * one.
 *
 * What remains of that format: there are no fencing tokens; a holder is told from a dead one by watching
 * it for its whole lease, so a caller that asks only once never takes a crashed Java holder's lock; and
 * with `"delete"` a request that is delayed for long can take a lock for nobody, for one lease.
 */
export function javaLockClient({ onRelease = "delete" }: ReleaseOptions = {}): LayoutChoice {
  const name = "javaLockClient";
  const format: VersionedFormat = {
    ...COMMON,
    name,
    encodeLease: (ms) => ({ S: `${ms}` }),
    decodeLease: (lease) => {
      const text = (lease as { S?: string } | undefined)?.S ?? "";
      return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
    },
    ...(onRelease === "keep" && { markReleased: MARK }),
  };
  return {
    name,
    table: { partitionKey: "key" },
    at: (place) => new VersionedLayout(format, place),
  };
}
