/**
 * The requests about a table, and their errors.
 *
 * @module
 */

import type { SendOptions } from "../dynamodb/options.ts";
import { type DynamoError, isDynamoError } from "../dynamodb/errors.ts";
import {
  type LockError,
  type LockServiceCode,
  LockServiceError,
  LockTableError,
} from "../errors.ts";
import { translate } from "../lease/translate.ts";
import type { OpenTable } from "./options.ts";
import type { Finding, TableDescription, TimeToLive } from "./problems.ts";

/** Sends one request. A `DynamoError` of it goes through {@linkcode tableError} before it is thrown. */
export function send<T>(
  table: OpenTable,
  operation: string,
  input: object,
  limits: SendOptions = {},
): Promise<T> {
  const { client, place, signal } = table;
  return client.send<T>(operation, { TableName: place.name, ...input }, {
    ...limits,
    ...(signal !== undefined && { signal }),
  });
}

/**
 * Asks what a table is like; `undefined` where there is none.
 *
 * @throws {DynamoError} When DynamoDB says something else.
 */
export async function describeTable(
  table: OpenTable,
  limits?: SendOptions,
): Promise<TableDescription | undefined> {
  try {
    const answer: { Table?: TableDescription } = await send(table, "DescribeTable", {}, limits);
    return answer.Table ?? {};
  } catch (error) {
    if (codeOf(error) === "ResourceNotFoundException") return undefined;
    throw error;
  }
}

/** Asks how a table's TTL is set. */
export async function describeTimeToLive(
  table: OpenTable,
  limits?: SendOptions,
): Promise<TimeToLive> {
  const answer: { TimeToLiveDescription?: TimeToLive } = await send(
    table,
    "DescribeTimeToLive",
    {},
    limits,
  );
  return answer.TimeToLiveDescription ?? {};
}

/** DynamoDB's name for an error, or `undefined` where it is not one of its client. */
export function codeOf(error: unknown): string | undefined {
  return isDynamoError(error) ? error.code : undefined;
}

/** Turns an error of the client into one that callers know; any other stays as it is. */
export function tableError(table: OpenTable, operation: string, error: unknown): unknown {
  return isDynamoError(error) ? serviceError(table, operation, error) : error;
}

function serviceError(table: OpenTable, operation: string, cause: DynamoError): LockError {
  const fail = (code: LockServiceCode, why: string) =>
    new LockServiceError(code, `Cannot ${table.action} as ${why}`, undefined, cause);
  const name = `'${table.place.name}'`;
  // A refusal of such a request never speaks of a lock's key, as that of an item's may.
  const code = cause.code === "ValidationException" ? "REFUSED" : translate(cause, "").code;
  switch (code) {
    case "TABLE_NOT_FOUND":
    case "TABLE_MISMATCH": {
      const why = code === "TABLE_NOT_FOUND" ? "does not exist" : "is being changed";
      const message = `Cannot ${table.action} as table ${name} ${why}`;
      return new LockTableError(code, message, undefined, cause);
    }
    case "ACCESS_DENIED":
      return fail(code, `the credentials lack 'dynamodb:${operation}' on table ${name}`);
    case "REGION":
    case "CREDENTIALS":
      // What our own client says tells what to do, and holds no text of DynamoDB's.
      if (cause.attempts === 0) return new LockServiceError(code, cause.message, undefined, cause);
      return fail("CREDENTIALS", `DynamoDB does not accept the credentials: ${cause.code}`);
    case "REFUSED":
      return fail(code, `DynamoDB refused '${operation}': ${cause.code}`);
    default: {
      const why = `DynamoDB gave no answer to '${operation}' in ${cause.attempts} attempts`;
      return fail("UNAVAILABLE", `${why}: ${cause.code}`);
    }
  }
}

/** The error of a table that is not as it must be. */
export function mismatch(table: OpenTable, findings: readonly Finding[]): LockTableError {
  const texts = findings.map(({ text }) => text).join(", and ");
  const message = `Cannot ${table.action} as table '${table.place.name}' ${texts}`;
  return new LockTableError("TABLE_MISMATCH", message);
}
