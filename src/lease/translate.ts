/**
 * From errors of the wire to errors of the lock. The text that DynamoDB sends can name principals and
 * resources, so it stays in `cause`.
 *
 * @module
 */

import type { DynamoError } from "../dynamodb/errors.ts";
import { classify } from "../dynamodb/retry.ts";
import {
  LockError,
  type LockErrorCode,
  type LockServiceCode,
  LockServiceError,
  type LockTableCode,
  LockTableError,
} from "../errors.ts";

type Rule = readonly [RegExp, LockTableCode | LockServiceCode, string];

/**
 * What the wire says (code and text), what the lock calls it, and why. The first that fits counts.
 */
const RULES: readonly Rule[] = [
  [/^ResourceNot/, "TABLE_NOT_FOUND", "its table does not exist"],
  [/^ResourceInUse/, "TABLE_MISMATCH", "its table is not ready"],
  // DynamoDB has no code of its own for a key that does not fit; its text is the only sign.
  [
    /^Validation.* key/is,
    "TABLE_MISMATCH",
    "its table has another key, or is one of another lock client and needs its 'layout'",
  ],
  [/^AccessDenied/, "ACCESS_DENIED", "a permission on its table is missing"],
  [/^RegionMissing /, "REGION", "no Region is set ('region', AWS_REGION, AWS_DEFAULT_REGION)"],
  [
    /^CredentialsMissing /,
    "CREDENTIALS",
    "no credentials are set ('credentials', AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
  ],
  // A service of its own, which can be away too.
  [/^CredentialsFailed .* source failed$/, "UNAVAILABLE", "the source of its credentials failed"],
  [
    /^(Cred|ExpiredT|Incomp|InvalidC|InvalidS|MissingA|Signature|Unrec)/,
    "CREDENTIALS",
    "its credentials are not accepted",
  ],
];

const AWAY: Rule = [/^/, "UNAVAILABLE", "its request was not served"];
const REFUSED: Rule = [/^/, "REFUSED", "its request was refused"];

/** Whether an error may pass by itself, so that a waiter goes on waiting. */
export function isPassing(error: unknown): boolean {
  return codeOf(error) === "UNAVAILABLE";
}

/** The code of an error, for an event. */
export function codeOf(error: unknown): LockErrorCode | "UNKNOWN" {
  return error instanceof LockError ? error.code : "UNKNOWN";
}

/** The error that the caller of a lock sees, or of a list, which is about none. */
export function translate(cause: DynamoError, name: string | undefined): LockError {
  const said = `${cause.code} ${cause.message}`;
  const [, code, why] = RULES.find(([pattern]) => pattern.test(said)) ??
    // What is worth another attempt may pass by itself; and some cannot be told from an outage.
    (cause.mayHaveApplied || classify(cause) ? AWAY : REFUSED);
  const lock = name ? `lock '${name}'` : "a lock";
  const message = `Cannot use ${lock} as ${why}: ${cause.code}`;
  return code.startsWith("TABLE")
    ? new LockTableError(code as LockTableCode, message, name, cause)
    : new LockServiceError(code as LockServiceCode, message, name, cause);
}
