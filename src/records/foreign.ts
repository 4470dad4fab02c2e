/**
 * Says what an item that is not ours looks like, and how to read it, so that the error helps.
 *
 * @module
 */

import { LockTableError } from "../errors.ts";
import { damagedRecord, type Item } from "./record.ts";

/**
 * The attributes by which the items of other lock clients are told, and the layout that reads them; the
 * first match names it.
 */
const SIGNATURES: readonly (readonly [who: string, layout: string, attributes: string])[] = [
  ["python_dynamodb_lock", "pythonDynamodbLock()", "lock_key record_version_number"],
  ["dynamo-dlm", "dynamoDlm()", "resource_id release_code"],
  ["DynaLock", "dynaLock()", "LockId TTL"],
  ["Terraform", "terraform()", "LockID Info"],
  ...["leaseDurationMs", ""].map((also) => {
    const mode = also ? "open" : "closed";
    const who = `the npm dynamodb-lock-client, fail-${mode}`;
    return [who, `npmLockClient({ mode: "fail-${mode}" })`, `guid owner ${also}`.trim()] as const;
  }),
  ["Go dynamolock", "goDynamolock()", "leaseDuration recordVersionNumber"],
];

/** Which client an item seems to be of, and the layout that reads it. */
function clientOf(item: Item): readonly [who: string, layout: string] | undefined {
  // Java and Go use the same names; Java's lease is a bare number of milliseconds.
  if (/^\d+$/.test((item.leaseDuration as { S?: string })?.S ?? "")) {
    return ["the AWS Java lock client", "javaLockClient()"];
  }
  const [who, layout] =
    SIGNATURES.find(([, , names]) => names.split(" ").every((name) => name in item)) ?? [];
  return layout ? [who!, layout] : undefined;
}

/** What the item seems to be, in words, without any value of it. */
export function describeForeign(item: Item): string {
  const [who, layout] = clientOf(item) ?? [];
  if (who) return `a lock of ${who}: use the layout ${layout} of ./layouts`;
  if ("LockID" in item && "Digest" in item) return "a digest of Terraform, which is no lock";
  if ("fence" in item && "holders" in item) return "a lock in a format of this package";
  // Names of attributes tell enough; values may be anybody's secret.
  return `no lock, with the attributes ${Object.keys(item).sort().join(", ").slice(0, 99)}`;
}

/** The error of an item that a layout cannot read: another's, or one of its own that is damaged. */
export function unreadable(name: string, item: Item, layout?: string): LockTableError {
  if (layout && clientOf(item)?.[1].startsWith(layout)) return damagedRecord(name);
  const how = layout ? ` by the layout ${layout}` : "";
  const what = `the item under its key is ${describeForeign(item)}`;
  return new LockTableError("RECORD_FOREIGN", `Cannot use lock '${name}'${how} as ${what}`, name);
}
