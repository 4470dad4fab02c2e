/**
 * The operations on one item.
 *
 * @module
 */

import { Consumed, readUnits, writeUnits } from "./capacity.ts";
import type { Database, Operation } from "./database.ts";
import { validation } from "./errors.ts";
import { projection } from "./expressions/mod.ts";
import { type Path, project } from "./expressions/paths.ts";
import { Placeholders } from "./expressions/placeholders.ts";
import {
  type Input,
  optionalString,
  readChoice,
  readFlag,
  readInput,
  readTableName,
} from "./input.ts";
import { checkPathsBelowKey, itemKey, readKey } from "./keys.ts";
import { type AttributeMap, itemSize } from "./values.ts";
import {
  allows,
  conditionFailed,
  outcome,
  readWrite,
  store,
  type Write,
  WRITE_PARAMETERS,
  type WriteKind,
} from "./writes.ts";

const GET_PARAMETERS: ReadonlySet<string> = new Set([
  "TableName",
  "Key",
  "ConsistentRead",
  "ExpressionAttributeNames",
  "ProjectionExpression",
  "ReturnConsumedCapacity",
]);

/** `GetItem` */
export function getItem(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "GetItem", GET_PARAMETERS);
  const name = readTableName(input);
  const consistent = readFlag(input, "ConsistentRead");
  const consumed = new Consumed(input);
  const paths = readProjection(input);
  const table = database.tables.get(name);
  checkPathsBelowKey(table.schema, paths ?? []);
  const item = table.get(itemKey(table.schema, readKey(table.schema, input["Key"])));
  if (consumed.wanted) {
    consumed.add(name, { read: readUnits(item === undefined ? 0 : itemSize(item), consistent) });
  }
  return { ...(item === undefined ? {} : { Item: projected(item, paths) }), ...consumed.single() };
}

/** The paths of a request's projection, or `undefined` where it has none. */
export function readProjection(input: Input): Path[] | undefined {
  const text = optionalString(input, "ProjectionExpression");
  const placeholders = new Placeholders(input["ExpressionAttributeNames"], undefined);
  const paths = text === undefined ? undefined : projection(text, placeholders);
  placeholders.checkAllUsed(text !== undefined, []);
  return paths;
}

/** The projected part of an item; all of it where there is no projection. */
export function projected(item: AttributeMap, paths: readonly Path[] | undefined): AttributeMap {
  return paths === undefined ? item : project(item, paths);
}

/** `PutItem` */
export const putItem: Operation = single("Put");
/** `UpdateItem` */
export const updateItem: Operation = single("Update");
/** `DeleteItem` */
export const deleteItem: Operation = single("Delete");

const RETURN_VALUES = ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"] as const;

function single(kind: WriteKind): Operation {
  const known = new Set([
    ...WRITE_PARAMETERS[kind],
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ReturnValues",
  ]);
  return (database, body) => {
    const input = readInput(body, `${kind}Item`, known);
    const returnValues = readChoice(input, "ReturnValues", RETURN_VALUES);
    if (kind !== "Update" && returnValues !== "NONE" && returnValues !== "ALL_OLD") {
      throw validation("ReturnValues can only be ALL_OLD or NONE");
    }
    readChoice(input, "ReturnItemCollectionMetrics", ["NONE", "SIZE"]);
    const consumed = new Consumed(input);
    const write = readWrite(kind, input, database.tables);
    const old = write.table.get(write.key);
    if (!allows(write, old)) throw conditionFailed(write, old);
    const item = outcome(write, old);
    store(write, item);
    if (consumed.wanted) {
      consumed.add(write.table.settings.name, { write: writeUnits(old, item) });
    }
    const returned = attributes(write, returnValues, old, item);
    return { ...(returned === undefined ? {} : { Attributes: returned }), ...consumed.single() };
  };
}

/** What `ReturnValues` asks for; an answer never has an empty `Attributes`. */
function attributes(
  write: Write,
  returnValues: typeof RETURN_VALUES[number],
  old: AttributeMap | undefined,
  item: AttributeMap | undefined,
): AttributeMap | undefined {
  if (returnValues === "NONE") return undefined;
  const from = returnValues.endsWith("OLD") ? old : item;
  if (from === undefined || returnValues.startsWith("ALL")) return from;
  const part = project(from, write.update.map((action) => action.path));
  return Object.keys(part).length === 0 ? undefined : part;
}
