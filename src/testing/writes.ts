/**
 * One write or check of one item, whether it comes alone or in a transaction: read from the
 * request first, then judged and applied without anything in between.
 *
 * @module
 */

import { ServiceError, validation } from "./errors.ts";
import { condition, update } from "./expressions/mod.ts";
import { type Condition, pathsOf } from "./expressions/condition.ts";
import { meets } from "./expressions/evaluate.ts";
import { Placeholders } from "./expressions/placeholders.ts";
import { applyUpdate, readPathsOf, type Update } from "./expressions/update.ts";
import { type Input, optionalString, readChoice, readTableName } from "./input.ts";
import { checkItemKey, checkPathsBelowKey, type ItemKey, itemKey, readKey } from "./keys.ts";
import type { Table, Tables } from "./tables.ts";
import { type AttributeMap, itemSize, normalizeItem } from "./values.ts";

/** What a write does with its item. */
export type WriteKind = "Put" | "Update" | "Delete" | "ConditionCheck";

/** A write or check that was read from a request. */
export interface Write {
  readonly kind: WriteKind;
  readonly table: Table;
  readonly key: ItemKey;
  /** The key's attributes, or the whole item of a `Put`. */
  readonly given: AttributeMap;
  readonly condition: Condition | undefined;
  readonly update: Update;
  /** Whether a failed condition brings the item along. */
  readonly returnOld: boolean;
}

/** An item has at most this many bytes, names included. */
const MAX_ITEM_BYTES = 400 * 1024;
const EMPTY: AttributeMap = {};

/** The parameters that a write of a kind has, alone or in a transaction. */
export const WRITE_PARAMETERS: Readonly<Record<WriteKind, readonly string[]>> = {
  Put: ["TableName", "Item", ...conditionParameters()],
  Update: ["TableName", "Key", "UpdateExpression", ...conditionParameters()],
  Delete: ["TableName", "Key", ...conditionParameters()],
  ConditionCheck: ["TableName", "Key", ...conditionParameters()],
};

function conditionParameters(): string[] {
  return [
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
    "ReturnValuesOnConditionCheckFailure",
  ];
}

/** Reads a write and checks all that can be checked without looking at the stored item. */
export function readWrite(kind: WriteKind, input: Input, tables: Tables): Write {
  const name = readTableName(input);
  const returnOld =
    readChoice(input, "ReturnValuesOnConditionCheckFailure", ["NONE", "ALL_OLD"]) === "ALL_OLD";
  const item = kind === "Put" ? normalizeItem(input["Item"], "item") : undefined;
  const expressions = readExpressions(kind, input);
  if (item !== undefined && itemSize(item) > MAX_ITEM_BYTES) {
    throw validation("Item size has exceeded the maximum allowed size");
  }
  const table = tables.get(name);
  if (item !== undefined) checkItemKey(table.schema, item);
  const given = item ?? readKey(table.schema, input["Key"]);
  // A check alone may name such paths, as in DynamoDB Local.
  if (expressions.condition !== undefined && kind !== "ConditionCheck") {
    checkPathsBelowKey(table.schema, pathsOf(expressions.condition));
  }
  checkKeyUntouched(table, expressions.update);
  checkPathsBelowKey(table.schema, readPathsOf(expressions.update));
  return { kind, table, key: itemKey(table.schema, given), given, ...expressions, returnOld };
}

function readExpressions(kind: WriteKind, input: Input): Pick<Write, "condition" | "update"> {
  const conditionText = optionalString(input, "ConditionExpression");
  const updateText = optionalString(input, "UpdateExpression");
  const placeholders = new Placeholders(
    input["ExpressionAttributeNames"],
    input["ExpressionAttributeValues"],
  );
  const bound = {
    update: updateText === undefined ? [] : update(updateText, placeholders),
    condition: conditionText === undefined
      ? undefined
      : condition("ConditionExpression", conditionText, placeholders),
  };
  placeholders.checkAllUsed(
    conditionText !== undefined || updateText !== undefined,
    kind === "Update" ? ["UpdateExpression", "ConditionExpression"] : ["ConditionExpression"],
  );
  return bound;
}

function checkKeyUntouched(table: Table, actions: Update): void {
  const { partition, sort } = table.schema;
  for (const { path } of actions) {
    const name = path[0] as string;
    if (name === partition.name || name === sort?.name) {
      throw validation(
        `One or more parameter values were invalid: Cannot update attribute ${name}. ` +
          "This attribute is part of the key",
      );
    }
  }
}

/** Whether the stored item meets the condition of a write. */
export function allows(write: Write, old: AttributeMap | undefined): boolean {
  return write.condition === undefined || meets(old ?? EMPTY, write.condition);
}

/**
 * The item after a write, or `undefined` where there is none.
 *
 * @throws `ValidationException` where an update does not fit the stored item.
 */
export function outcome(write: Write, old: AttributeMap | undefined): AttributeMap | undefined {
  switch (write.kind) {
    case "Put":
      return write.given;
    case "Delete":
      return undefined;
    case "ConditionCheck":
      return old;
    case "Update": {
      const item = applyUpdate(old ?? write.given, write.update);
      if (itemSize(item) > MAX_ITEM_BYTES) {
        throw validation("Item size to update has exceeded the maximum allowed size");
      }
      return item;
    }
  }
}

/** Stores the outcome of a write. */
export function store(write: Write, item: AttributeMap | undefined): void {
  if (write.kind === "ConditionCheck") return;
  if (item === undefined) write.table.delete(write.key);
  else write.table.put(item);
}

/** The error of a condition that was not met, with the item where the request asked for it. */
export function conditionFailed(write: Write, old: AttributeMap | undefined): ServiceError {
  return new ServiceError(
    "ConditionalCheckFailedException",
    "The conditional request failed",
    write.returnOld && old !== undefined ? { Item: old } : {},
  );
}
