/**
 * Says what an item that is not ours looks like, so that the error helps.
 *
 * @module
 */

import type { Item } from "./record.ts";

/** The attributes by which the items of other lock clients are told; the first match names it. */
const SIGNATURES: readonly (readonly [who: string, attributes: readonly string[]])[] = [
  ["python_dynamodb_lock", ["lock_key", "record_version_number", "owner_name"]],
  ["dynamo-dlm", ["resource_id", "concurrency_id", "release_code"]],
  ["DynaLock", ["LockId", "TTL"]],
  ["Terraform's state lock", ["LockID", "Info"]],
  ["Terraform's state lock", ["LockID", "Digest"]],
  ["the npm dynamodb-lock-client", ["owner", "guid"]],
];

/** What the item seems to be, in words, without any value of it. */
export function describeForeign(item: Item): string {
  const has = (attribute: string) => attribute in item;
  if (has("recordVersionNumber") && has("ownerName") && has("leaseDuration")) {
    const lease = (item.leaseDuration as { S?: string }).S ?? "";
    const client = /^\d+$/.test(lease) ? "the AWS Java lock client" : "Go dynamolock";
    return `a lock of ${client}, not of this package`;
  }
  for (const [who, attributes] of SIGNATURES) {
    if (attributes.every(has)) return `a lock of ${who}, not of this package`;
  }
  if (has("format") && has("fence") && has("holders")) {
    return "a lock record of another format than 1";
  }
  // Names of attributes tell enough; values may be anybody's secret.
  const shown = Object.keys(item).sort().slice(0, 5).map((name) => name.slice(0, 40)).join(", ");
  return `not a lock: it has the attributes ${shown}`;
}
