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

/** Codes of the wire, what the lock calls them, and why. The first that fits counts. */
const TABLE_RULES: readonly (readonly [RegExp, LockTableCode, string])[] = [
  [/^ResourceNotFound/, "TABLE_NOT_FOUND", "its table does not exist in this Region and account"],
  [/^ResourceInUse/, "TABLE_MISMATCH", "its table is not active yet"],
  // DynamoDB has no code of its own for a key that does not fit; its text is the only sign.
  [/^Validation.* key/is, "TABLE_MISMATCH", "its table has another key than 'table' says"],
];

const SERVICE_RULES: readonly (readonly [RegExp, LockServiceCode, string])[] = [
  [/^(Validation|Serialization)/, "REFUSED", "DynamoDB refused the request"],
  [/^AccessDenied/, "ACCESS_DENIED", "its credentials lack a permission on the table"],
  [/^Region/, "REGION", "no Region is set"],
  [
    /^(Credentials|ExpiredToken|IncompleteSig|InvalidClient|InvalidSig|MissingAuth|Signature|UnrecognizedClient)/,
    "CREDENTIALS",
    "there are no credentials that DynamoDB accepts",
  ],
  [/^/, "UNAVAILABLE", "DynamoDB gave no answer"],
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
  const evidence = `${cause.code} ${cause.message}`;
  const message = (why: string) => `Cannot use lock '${name}' as ${why}: ${cause.code}`;
  for (const [pattern, code, why] of TABLE_RULES) {
    if (pattern.test(evidence)) return new LockTableError(code, message(why), name, cause);
  }
  const [, code, why] = SERVICE_RULES.find(([pattern]) => pattern.test(evidence))!;
  return new LockServiceError(code, message(why), name, cause);
}
