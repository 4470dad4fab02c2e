/**
 * Says what an item that is not ours looks like, so that the error helps.
 *
 * @module
 */

import type { Item } from "./record.ts";

/** The attributes by which the items of other lock clients are told; the first match names it. */
const SIGNATURES: readonly (readonly [who: string, attributes: string])[] = [
  ["python_dynamodb_lock", "lock_key record_version_number"],
  ["dynamo-dlm", "resource_id release_code"],
  ["DynaLock", "LockId TTL"],
  ["Terraform", "LockID"],
  ["the npm dynamodb-lock-client", "owner guid"],
  ["Go dynamolock", "leaseDuration recordVersionNumber"],
];

/** What the item seems to be, in words, without any value of it. */
export function describeForeign(item: Item): string {
  // Java and Go use the same names; Java's lease is a bare number of milliseconds.
  if (/^\d+$/.test((item.leaseDuration as { S?: string })?.S ?? "")) {
    return "a lock of the AWS Java lock client";
  }
  for (const [who, attributes] of SIGNATURES) {
    if (attributes.split(" ").every((name) => name in item)) return `a lock of ${who}`;
  }
  // Names of attributes tell enough; values may be anybody's secret.
  return `no lock, with the attributes ${Object.keys(item).sort().join(", ").slice(0, 99)}`;
}
