/**
 * From errors of the wire to errors of the lock. The text that DynamoDB sends can name principals and
 * resources, so it stays in `cause`.
 *
 * @module
 */

import type { DynamoError } from "../dynamodb/errors.ts";
import {
  LockError,
  type LockServiceCode,
  LockServiceError,
  type LockTableCode,
  LockTableError,
} from "../errors.ts";

/** What the wire says (code and text), what the lock calls it, and why. The first that fits counts. */
const RULES: readonly (readonly [RegExp, LockTableCode | LockServiceCode, string])[] = [
  [/^ResourceNot/, "TABLE_NOT_FOUND", "its table does not exist"],
  [/^ResourceInUse/, "TABLE_MISMATCH", "its table is not ready"],
  // DynamoDB has no code of its own for a key that does not fit; its text is the only sign.
  [/^Validation.* key/is, "TABLE_MISMATCH", "its table has another key"],
  [/^(Vali|Seri|ItemColl)/, "REFUSED", "its request was refused"],
  [/^AccessDenied/, "ACCESS_DENIED", "a permission on its table is missing"],
  // Nothing to hide in these two: they say what to set.
  [/^RegionMissing/, "REGION", ""],
  [/^CredentialsMissing/, "CREDENTIALS", ""],
  [
    /^(Cred|ExpiredT|Incomp|InvalidC|InvalidS|MissingA|Signature|Unrec)/,
    "CREDENTIALS",
    "its credentials are not accepted",
  ],
  [/^/, "UNAVAILABLE", "no answer came"],
];

/** Whether an error may pass by itself, so that a waiter goes on waiting. */
export function isPassing(error: unknown): boolean {
  return codeOf(error) === "UNAVAILABLE";
}

/** The code of an error, for an event. */
export function codeOf(error: unknown): string {
  return error instanceof LockError ? error.code : "UNKNOWN";
}

/** The error that the caller of a lock sees. */
export function translate(cause: DynamoError, name: string): LockError {
  const [, code, why] = RULES.find(([said]) => said.test(`${cause.code} ${cause.message}`))!;
  const message = `Cannot use lock '${name}' as ${why ? `${why}: ${cause.code}` : cause.message}`;
  return code.startsWith("TABLE")
    ? new LockTableError(code as LockTableCode, message, name, cause)
    : new LockServiceError(code as LockServiceCode, message, name, cause);
}
