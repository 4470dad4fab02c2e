/**
 * Tags of tables: given when a table is made, and listed. They have no effect here.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { constraint, ServiceError, validation } from "./errors.ts";
import { type Input, optionalString, readInput } from "./input.ts";
import { list } from "./values.ts";

/** A tag, as on the wire. */
export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

const MAX_TAGS = 50;
const MAX_KEY_LENGTH = 128;
const MAX_VALUE_LENGTH = 256;
const TAG: ReadonlySet<string> = new Set(["Key", "Value"]);
const LIST_PARAMETERS: ReadonlySet<string> = new Set(["ResourceArn"]);
const TABLE_ARN = /^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/([a-zA-Z0-9_.-]+)$/;

/** The tags of a request. */
export function readTags(input: Input): Tag[] {
  const tags = list(input["Tags"] ?? []).map(readTag);
  if (tags.length > MAX_TAGS) {
    throw constraint(
      `[${tags.length} tags]`,
      "tags",
      `have length less than or equal to ${MAX_TAGS}`,
    );
  }
  if (new Set(tags.map(({ Key }) => Key)).size < tags.length) {
    throw validation("One or more parameter values were invalid: Tag keys must be unique");
  }
  return tags;
}

function readTag(given: unknown, index: number): Tag {
  const fields = readInput(given, "a tag", TAG);
  const key = optionalString(fields, "Key");
  const value = optionalString(fields, "Value");
  const at = `tags.${index + 1}.member`;
  if (key === undefined) throw constraint(null, `${at}.key`, "not be null");
  if (value === undefined) throw constraint(null, `${at}.value`, "not be null");
  if (key === "") throw constraint(key, `${at}.key`, "have length greater than or equal to 1");
  if (key.length > MAX_KEY_LENGTH) {
    throw constraint(key, `${at}.key`, `have length less than or equal to ${MAX_KEY_LENGTH}`);
  }
  if (value.length > MAX_VALUE_LENGTH) {
    throw constraint(value, `${at}.value`, `have length less than or equal to ${MAX_VALUE_LENGTH}`);
  }
  return { Key: key, Value: value };
}

/** `ListTagsOfResource`: all of them at once. */
export function listTagsOfResource(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "ListTagsOfResource", LIST_PARAMETERS);
  const arn = optionalString(input, "ResourceArn");
  if (arn === undefined) throw constraint(null, "resourceArn", "not be null");
  const name = TABLE_ARN.exec(arn)?.[1];
  if (name === undefined) {
    throw validation(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  }
  const table = database.tables.find(name);
  if (table !== undefined) return { Tags: table.settings.tags };
  // The service's own spelling.
  throw new ServiceError(
    "ResourceNotFoundException",
    `Requested resource not found: ResourcArn: ${arn} not found`,
  );
}
