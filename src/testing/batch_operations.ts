/**
 * `BatchGetItem` and `BatchWriteItem`. Only reads of more than 16 MB are left unprocessed.
 *
 * @module
 */

import { Consumed, readUnits, writeUnits } from "./capacity.ts";
import type { Database } from "./database.ts";
import { validation } from "./errors.ts";
import { type Input, readChoice, readFlag, readInput, readTableName } from "./input.ts";
import { projected, readProjection } from "./item_operations.ts";
import { checkPathsBelowKey, type ItemKey, itemKey, readKey } from "./keys.ts";
import { type AttributeMap, itemSize, list, record } from "./values.ts";
import { outcome, readWrite, store, type Write } from "./writes.ts";

const MAX_GETS = 100;
const MAX_WRITES = 25;
/** An answer ends with the item that brings it to this many bytes; the rest is unprocessed. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

const GET_INPUT: ReadonlySet<string> = new Set(["RequestItems", "ReturnConsumedCapacity"]);
const GET_TABLE: ReadonlySet<string> = new Set([
  "Keys",
  "ConsistentRead",
  "ExpressionAttributeNames",
  "ProjectionExpression",
]);
const WRITE_INPUT: ReadonlySet<string> = new Set([
  "RequestItems",
  "ReturnConsumedCapacity",
  "ReturnItemCollectionMetrics",
]);
const WRITE_REQUEST: ReadonlySet<string> = new Set(["PutRequest", "DeleteRequest"]);
const PUT_REQUEST: ReadonlySet<string> = new Set(["Item"]);
const DELETE_REQUEST: ReadonlySet<string> = new Set(["Key"]);

/** `BatchGetItem` */
export function batchGetItem(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "BatchGetItem", GET_INPUT);
  const tables = Object.entries(record(input["RequestItems"] ?? {}));
  if (tables.length === 0) throw validation("BatchGetItem must have some requests set");
  const consumed = new Consumed(input);
  const requests = tables.map(([name, request]) => {
    const fields = readInput(request, "a table of BatchGetItem", GET_TABLE);
    const keys = list(fields["Keys"] ?? []);
    if (keys.length === 0) {
      throw validation(
        `The list of keys in RequestItems for BatchGetItem is required: ${name} has empty list`,
      );
    }
    return { name: readTableName({ TableName: name }), fields, keys };
  });
  if (requests.reduce((count, { keys }) => count + keys.length, 0) > MAX_GETS) {
    throw validation("Too many items requested for the BatchGetItem call");
  }
  const responses: Record<string, AttributeMap[]> = {};
  const unprocessed: Record<string, Input> = {};
  let bytes = 0;
  for (const { name, fields, keys } of requests) {
    const paths = readProjection(fields);
    const consistent = readFlag(fields, "ConsistentRead");
    const table = database.tables.get(name);
    const wanted = keys.map((key) => itemKey(table.schema, readKey(table.schema, key)));
    checkPathsBelowKey(table.schema, paths ?? []);
    checkDistinct(wanted);
    const found: AttributeMap[] = [];
    const left: unknown[] = [];
    wanted.forEach((key, i) => {
      if (bytes >= MAX_ANSWER_BYTES) {
        left.push(keys[i]);
        return;
      }
      const item = table.get(key);
      const size = item === undefined ? 0 : itemSize(item);
      bytes += size;
      consumed.add(name, { read: readUnits(size, consistent) });
      if (item !== undefined) found.push(projected(item, paths));
    });
    responses[name] = found;
    if (left.length > 0) unprocessed[name] = { ...fields, Keys: left };
  }
  return { Responses: responses, UnprocessedKeys: unprocessed, ...consumed.several(false) };
}

/** `BatchWriteItem` */
export function batchWriteItem(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "BatchWriteItem", WRITE_INPUT);
  const tables = Object.entries(record(input["RequestItems"] ?? {}));
  if (tables.length === 0) throw validation("BatchWriteItem cannot have a null or no requests set");
  readChoice(input, "ReturnItemCollectionMetrics", ["NONE", "SIZE"]);
  const consumed = new Consumed(input);
  const requests = tables.flatMap(([name, given]) => {
    const writes = list(given);
    if (writes.length === 0) {
      throw validation(
        `The batch write request list for a table cannot be null or empty: ${name}`,
      );
    }
    return writes.map((request) => ({ name, request }));
  });
  if (requests.length > MAX_WRITES) {
    throw validation("Too many items requested for the BatchWriteItem call");
  }
  const writes = requests.map(({ name, request }) => readRequest(name, request, database));
  for (const [name] of tables) {
    checkDistinct(
      writes.filter(({ table }) => table.settings.name === name).map(({ key }) => key),
    );
  }
  for (const write of writes) {
    const old = write.table.get(write.key);
    const item = outcome(write, old);
    store(write, item);
    consumed.add(write.table.settings.name, { write: writeUnits(old, item) });
  }
  return { UnprocessedItems: {}, ...consumed.several(false) };
}

function readRequest(name: string, request: unknown, database: Database): Write {
  const fields = readInput(request, "a request of BatchWriteItem", WRITE_REQUEST);
  const put = fields["PutRequest"] ?? undefined;
  const remove = fields["DeleteRequest"] ?? undefined;
  if ((put === undefined) === (remove === undefined)) {
    throw validation(
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " +
        "supported datatypes",
    );
  }
  const input: Input = put === undefined
    ? readInput(remove, "a DeleteRequest", DELETE_REQUEST)
    : readInput(put, "a PutRequest", PUT_REQUEST);
  const kind = put === undefined ? "Delete" : "Put";
  return readWrite(kind, { ...input, TableName: name }, database.tables);
}

function checkDistinct(keys: readonly ItemKey[]): void {
  const seen = new Set(keys.map(({ partition, sort }) => JSON.stringify([partition, sort])));
  if (seen.size < keys.length) {
    throw validation("Provided list of item keys contains duplicates");
  }
}
