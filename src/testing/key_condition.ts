/**
 * Key conditions: the partition to query, and which sort keys of it.
 *
 * @module
 */

import { type ServiceError, validation } from "./errors.ts";
import type { Condition, Operand } from "./expressions/condition.ts";
import { belowKey, checkKeySize, type KeyAttribute, type KeySchema } from "./keys.ts";
import { type AttributeValue, contentOf, typeOf } from "./values.ts";

/** What a key condition asks for. */
export interface KeyQuery {
  readonly partition: string;
  /** The condition on the sort key, if any. */
  readonly sort: Condition | undefined;
}

/** One comparison of a key condition. */
interface KeyTerm {
  readonly name: string;
  readonly operator: string;
  readonly values: readonly AttributeValue[];
  readonly condition: Condition;
}

const OPERATORS: ReadonlySet<string> = new Set([
  "=",
  "<",
  "<=",
  ">",
  ">=",
  "BETWEEN",
  "begins_with",
]);

/** Takes a key condition apart for a table. */
export function readKeyCondition(condition: Condition, schema: KeySchema): KeyQuery {
  const terms = termsOf(condition).map(readTerm);
  if (new Set(terms.map(({ name }) => name)).size < terms.length) {
    throw validation("KeyConditionExpressions must only contain one condition per key");
  }
  const partition = terms.find(({ name }) => name === schema.partition.name);
  if (partition === undefined) throw missed(schema.partition);
  const others = terms.filter((term) => term !== partition);
  const sort = others.find(({ name }) => name === schema.sort?.name);
  if (others.length > (sort === undefined ? 0 : 1)) {
    if (schema.sort === undefined) throw validation("Query key condition not supported");
    throw missed(schema.sort);
  }
  if (partition.operator !== "=") throw validation("Query key condition not supported");
  checkTypes(partition, schema.partition, false);
  if (sort !== undefined && schema.sort !== undefined) checkTypes(sort, schema.sort, true);
  const [value] = partition.values as [AttributeValue];
  return { partition: contentOf(value) as string, sort: sort?.condition };
}

function missed({ name }: KeyAttribute): ServiceError {
  return validation(`Query condition missed key schema element: ${name}`);
}

/** The comparisons that `AND` joins. */
function termsOf(condition: Condition): Condition[] {
  if (condition.kind === "and") return [...termsOf(condition.left), ...termsOf(condition.right)];
  if (condition.kind === "or" || condition.kind === "not") {
    throw unsupported(condition.kind.toUpperCase());
  }
  return [condition];
}

function readTerm(condition: Condition): KeyTerm {
  const [operator, operands] = partsOf(condition);
  if (!OPERATORS.has(operator)) throw unsupported(operator);
  if (operands.some((operand) => operand.kind === "size")) {
    throw validation("KeyConditionExpressions cannot contain nested operations");
  }
  const paths = operands.flatMap((operand) => operand.kind === "path" ? [operand.path] : []);
  const [path] = paths;
  if (path === undefined) {
    throw validation("Invalid condition in KeyConditionExpression: No key attribute specified");
  }
  if (paths.length > 1) {
    throw validation(
      "Invalid condition in KeyConditionExpression: " +
        "Multiple attribute names used in one condition",
    );
  }
  if (path.length > 1) throw belowKey(path[0] as string);
  const values = operands.flatMap((operand) => operand.kind === "value" ? [operand.value] : []);
  return { name: path[0] as string, operator, values, condition };
}

function partsOf(condition: Condition): [string, readonly Operand[]] {
  switch (condition.kind) {
    case "compare":
      return [condition.operator, [condition.left, condition.right]];
    case "between":
      return ["BETWEEN", condition.operands];
    case "in":
      return ["IN", [condition.operand, ...condition.candidates]];
    case "call":
      return [condition.name, condition.operands];
    default:
      return [condition.kind.toUpperCase(), []];
  }
}

function checkTypes({ values }: KeyTerm, { name, type }: KeyAttribute, isSort: boolean): void {
  for (const value of values) {
    if (typeOf(value) !== type) {
      throw validation(
        "One or more parameter values were invalid: " +
          "Condition parameter type does not match schema type",
      );
    }
    const content = String(contentOf(value));
    if (content === "") {
      throw validation(
        "One or more parameter values are not valid. The AttributeValue for a key attribute " +
          `cannot contain an empty ${type === "S" ? "string" : "binary"} value. Key: ${name}`,
      );
    }
    checkKeySize(content, type, isSort);
  }
}

function unsupported(operator: string): ServiceError {
  return validation(`Invalid operator used in KeyConditionExpression: ${operator}`);
}
