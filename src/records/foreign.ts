/**
 * Says what an item that is not ours looks like, and what reads it, so that the error helps.
 *
 * @module
 */

import { LockTableError } from "../errors.ts";
import { damagedRecord, type Item } from "./record.ts";

/** The attributes by which items are told; the first match names the client, and our layout for it. */
const SIGNATURES: readonly (readonly [who: string, layout: string, attributes: string])[] = [
  ["python_dynamodb_lock", "pythonDynamodbLock", "lock_key record_version_number"],
  ["dynamo-dlm", "dynamoDlm", "resource_id release_code"],
  ["DynaLock", "dynaLock", "LockId TTL"],
  ["Terraform", "terraform", "LockID Info"],
  [
    "the npm dynamodb-lock-client, fail-open",
    'npmLockClient({ mode: "fail-open" })',
    "owner guid leaseDurationMs",
  ],
  [
    "the npm dynamodb-lock-client, fail-closed",
    'npmLockClient({ mode: "fail-closed" })',
    "owner guid",
  ],
  ["the AWS Java lock client", "javaLockClient", "leaseDuration recordVersionNumber"],
];

const GO = ["Go dynamolock", "dynamolock"] as const;

/** Which client's lock an item seems to be, and the layout that reads it. */
function clientOf(item: Item): readonly [who?: string, layout?: string, attributes?: string] {
  // Go dynamolock has the names of Java, whose lease is a bare number of milliseconds.
  if (/^[-+]?[\d.]+[a-zµμ]/.test((item.leaseDuration as { S?: string })?.S ?? "")) return GO;
  return SIGNATURES.find(([, , names]) => names.split(" ").every((name) => name in item)) ?? [];
}

/** What the item seems to be, in words, without any value of it. */
export function describeForeign(item: Item): string {
  const [who, layout] = clientOf(item);
  if (who) return `a lock of ${who}: use the layout '${layout}' of ./layouts`;
  if ("LockID" in item && "Digest" in item) return "a digest of Terraform, and no lock";
  if ("fence" in item && "holders" in item) return "a lock in a format of this package";
  // Names of attributes tell enough; values may be anybody's secret.
  return `no lock, with the attributes ${Object.keys(item).sort().join(", ").slice(0, 99)}`;
}

/** The error of an item that is none of ours; `how` says what it was to be read by. */
export function foreignRecord(name: string, item: Item, how = ""): LockTableError {
  const what = `the item under its key is ${describeForeign(item)}`;
  return new LockTableError("RECORD_FOREIGN", `Cannot use lock '${name}'${how} as ${what}`, name);
}

/**
 * The error of an item that a layout cannot read: another's, or one of its own that is damaged in this
 * attribute.
 */
export function unreadable(
  name: string,
  item: Item,
  layout: string,
  attribute: string,
): LockTableError {
  return clientOf(item)[1] === layout
    ? damagedRecord(name, attribute)
    : foreignRecord(name, item, ` by the layout '${layout}'`);
}
