/**
 * From errors of the wire to errors of the lock. The text that DynamoDB sends can name principals and
 * resources, so it stays in `cause`.
 *
 * @module
 */

import type { DynamoError } from "../dynamodb/errors.ts";
import { LockError, LockServiceError, LockTableError } from "../errors.ts";

const CREDENTIAL_CODES = new Set([
  "CredentialsMissing",
  "CredentialsFailed",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidClientTokenId",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "SignatureDoesNotMatch",
  "UnrecognizedClientException",
]);

const REFUSED_CODES = new Set(["ValidationException", "SerializationException"]);

/** Whether an error may pass by itself, so that a waiter goes on waiting. */
export function isPassing(error: unknown): boolean {
  return error instanceof LockError && error.code === "UNAVAILABLE";
}

/** The error that the caller of a lock sees. */
export function translate(cause: DynamoError, name: string): LockError {
  const lockName = name;
  const options = { lockName, cause };
  const start = `Cannot use lock '${name}' as`;
  if (cause.code === "ResourceNotFoundException") {
    return new LockTableError(`${start} its table does not exist in this Region and account`, {
      ...options,
      code: "TABLE_NOT_FOUND",
    });
  }
  if (cause.code === "ResourceInUseException") {
    return new LockTableError(`${start} its table is not active yet`, {
      ...options,
      code: "TABLE_MISMATCH",
    });
  }
  // DynamoDB has no code of its own for a key that does not fit; its text is the only sign.
  if (cause.code === "ValidationException" && /\bkey/i.test(cause.message)) {
    return new LockTableError(
      `${start} its table has another key than the one configured in 'table'`,
      { ...options, code: "TABLE_MISMATCH" },
    );
  }
  if (REFUSED_CODES.has(cause.code)) {
    return new LockServiceError(`${start} DynamoDB refused the request: ${cause.code}`, {
      ...options,
      code: "REFUSED",
    });
  }
  if (cause.code === "AccessDeniedException") {
    return new LockServiceError(`${start} its credentials lack a permission on the table`, {
      ...options,
      code: "ACCESS_DENIED",
    });
  }
  if (cause.code === "RegionMissing") {
    return new LockServiceError(cause.message, { ...options, code: "REGION" });
  }
  if (CREDENTIAL_CODES.has(cause.code)) {
    const known = cause.code === "CredentialsMissing" ? cause.message : undefined;
    return new LockServiceError(
      known ?? `${start} DynamoDB does not accept its credentials: ${cause.code}`,
      { ...options, code: "CREDENTIALS" },
    );
  }
  return new LockServiceError(
    `${start} DynamoDB gave no answer in ${cause.attempts} attempts: ${cause.code}`,
    { ...options, code: "UNAVAILABLE" },
  );
}
