/**
 * Says what an item that is not ours looks like, so that the error helps.
 *
 * @module
 */

import type { Item } from "./record.ts";

/** The attributes by which items are told; the first match names the client, and our layout for it. */
const SIGNATURES: readonly (readonly [who: string, layout: string, attributes: string])[] = [
  ["python_dynamodb_lock", "pythonDynamodbLock", "lock_key record_version_number"],
  ["dynamo-dlm", "dynamoDlm", "resource_id release_code"],
  ["DynaLock", "dynaLock", "LockId TTL"],
  ["Terraform", "terraform", "LockID"],
  ["the npm dynamodb-lock-client", "npmLockClient", "owner guid"],
  ["the AWS Java lock client", "javaLockClient", "leaseDuration recordVersionNumber"],
];

/** What the item seems to be, in words, without any value of it. */
export function describeForeign(item: Item): string {
  // Go dynamolock has the names of Java, whose lease is a bare number of milliseconds.
  if (/^[\d.]+[a-zµμ]/.test((item.leaseDuration as { S?: string })?.S ?? "")) {
    return "a lock of Go dynamolock, whose layout is 'dynamolock'";
  }
  for (const [who, layout, attributes] of SIGNATURES) {
    if (!attributes.split(" ").every((name) => name in item)) continue;
    return `a lock of ${who}, whose layout is '${layout}'`;
  }
  // Names of attributes tell enough; values may be anybody's secret.
  return `no lock, with the attributes ${Object.keys(item).sort().join(", ").slice(0, 99)}`;
}
