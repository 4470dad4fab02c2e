/**
 * Whether an item meets a condition.
 *
 * @module
 */

import { validation } from "../errors.ts";
import { compareValues, equalValues } from "../value_order.ts";
import { type AttributeMap, type AttributeValue, binaryLength, typeOf } from "../values.ts";
import type { Comparator } from "./ast.ts";
import type { Condition, Operand } from "./condition.ts";
import { follow } from "./paths.ts";

/** Whether an item meets a condition. An absent item is an empty one. */
export function meets(item: AttributeMap, condition: Condition): boolean {
  switch (condition.kind) {
    case "and":
      return meets(item, condition.left) && meets(item, condition.right);
    case "or":
      return meets(item, condition.left) || meets(item, condition.right);
    case "not":
      return !meets(item, condition.condition);
    case "compare":
      return compare(
        condition.operator,
        evaluate(item, condition.left),
        evaluate(item, condition.right),
      );
    case "between": {
      const [value, low, high] = condition.operands.map((operand) => evaluate(item, operand));
      return compare(">=", value, low) && compare("<=", value, high);
    }
    case "in": {
      const value = evaluate(item, condition.operand);
      return condition.candidates.some((one) => compare("=", value, evaluate(item, one)));
    }
    case "call":
      return call(item, condition.name, condition.operands);
  }
}

function evaluate(item: AttributeMap, operand: Operand): AttributeValue | undefined {
  if (operand.kind === "path") return follow(item, operand.path);
  if (operand.kind === "value") return operand.value;
  const value = evaluate(item, operand.operand);
  const size = value === undefined ? undefined : sizeOf(value);
  return size === undefined ? undefined : { N: String(size) };
}

/** A comparison with something that is not there is false, but for `<>`. */
function compare(
  operator: Comparator,
  left: AttributeValue | undefined,
  right: AttributeValue | undefined,
): boolean {
  if (operator === "<>") return !compare("=", left, right);
  if (left === undefined || right === undefined) return false;
  if (operator === "=") return equalValues(left, right);
  const order = compareValues(left, right);
  if (order === undefined) return false;
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

function call(item: AttributeMap, name: string, operands: readonly Operand[]): boolean {
  const value = evaluate(item, operands[0] as Operand);
  if (name === "attribute_exists") return value !== undefined;
  if (name === "attribute_not_exists") return value === undefined;
  const second = evaluate(item, operands[1] as Operand);
  if (value === undefined || second === undefined) return false;
  switch (name) {
    case "attribute_type":
      return "S" in second && typeOf(value) === second.S;
    case "begins_with":
      return beginsWith(value, second);
    case "contains":
      return contains(value, second);
    default:
      throw validation(`MemoryDynamo does not know the function '${name}'`);
  }
}

/** Whether a text or binary starts with another of its type. */
export function beginsWith(value: AttributeValue, start: AttributeValue): boolean {
  if ("S" in value && "S" in start) return value.S.startsWith(start.S);
  return "B" in value && "B" in start && atob(value.B).startsWith(atob(start.B));
}

function contains(value: AttributeValue, part: AttributeValue): boolean {
  if ("S" in value) return "S" in part && value.S.includes(part.S);
  if ("B" in value) return "B" in part && atob(value.B).includes(atob(part.B));
  if ("L" in value) return value.L.some((element) => equalValues(element, part));
  if ("SS" in value) return "S" in part && value.SS.includes(part.S);
  if ("NS" in value) return "N" in part && value.NS.includes(part.N);
  return "BS" in value && "B" in part && value.BS.includes(part.B);
}

/** The size of a value as `size` tells it, or `undefined` for a type that has none. */
function sizeOf(value: AttributeValue): number | undefined {
  if ("S" in value) return value.S.length;
  if ("B" in value) return binaryLength(value.B);
  if ("SS" in value) return value.SS.length;
  if ("NS" in value) return value.NS.length;
  if ("BS" in value) return value.BS.length;
  if ("L" in value) return value.L.length;
  if ("M" in value) return Object.keys(value.M).length;
  return undefined;
}
