/**
 * Conditions whose placeholders are filled in: the checks that need the values, then the answer for
 * an item.
 *
 * @module
 */

import { validation } from "../errors.ts";
import {
  type AttributeMap,
  type AttributeValue,
  compareValues,
  contentOf,
  equalValues,
  typeOf,
} from "../values.ts";
import type { Comparator, ConditionNode, OperandNode } from "./ast.ts";
import { bindPath, follow, type Path, samePath, showPath } from "./paths.ts";
import type { Placeholders } from "./placeholders.ts";
import { sizeOf } from "./size.ts";
import { ExpressionError } from "./tokens.ts";

/** An operand with its placeholders filled in. */
export type Operand =
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "size"; readonly operand: Operand };

/** A condition with its placeholders filled in. */
export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly condition: Condition }
  | {
    readonly kind: "compare";
    readonly operator: Comparator;
    readonly left: Operand;
    readonly right: Operand;
  }
  | { readonly kind: "between"; readonly operands: readonly [Operand, Operand, Operand] }
  | { readonly kind: "in"; readonly operand: Operand; readonly candidates: readonly Operand[] }
  | { readonly kind: "call"; readonly name: string; readonly operands: readonly Operand[] };

/** `IN` takes this many candidates. */
const MAX_CANDIDATES = 100;
const TYPE_NAMES = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
const ORDERED: ReadonlySet<string> = new Set(["S", "N", "B"]);

/** Fills in the placeholders and checks what depends on them. */
export function bindCondition(node: ConditionNode, placeholders: Placeholders): Condition {
  switch (node.kind) {
    case "and":
    case "or":
      return {
        kind: node.kind,
        left: bindCondition(node.left, placeholders),
        right: bindCondition(node.right, placeholders),
      };
    case "not":
      return { kind: "not", condition: bindCondition(node.condition, placeholders) };
    case "compare": {
      const left = bindOperand(node.left, placeholders);
      const right = bindOperand(node.right, placeholders);
      checkDistinct(node.operator, left, [right]);
      if (node.operator !== "=" && node.operator !== "<>") {
        checkOrdered(node.operator, [left, right]);
      }
      return { kind: "compare", operator: node.operator, left, right };
    }
    case "between": {
      const operands = [node.operand, node.low, node.high].map((o) => bindOperand(o, placeholders));
      const [operand, low, high] = operands as [Operand, Operand, Operand];
      checkDistinct("BETWEEN", operand, [low, high]);
      checkOrdered("BETWEEN", [operand, low, high]);
      checkBounds(low, high);
      return { kind: "between", operands: [operand, low, high] };
    }
    case "in": {
      const operand = bindOperand(node.operand, placeholders);
      const candidates = node.candidates.map((o) => bindOperand(o, placeholders));
      if (candidates.length > MAX_CANDIDATES) {
        throw operandCount("IN", candidates.length + 1);
      }
      checkDistinct("IN", operand, candidates);
      return { kind: "in", operand, candidates };
    }
    case "call": {
      const operands = node.operands.map((o) => bindOperand(o, placeholders));
      checkCallOperands(node.name, operands);
      return { kind: "call", name: node.name, operands };
    }
  }
}

function bindOperand(node: OperandNode, placeholders: Placeholders): Operand {
  if (node.kind === "path") return { kind: "path", path: bindPath(node, placeholders) };
  if (node.kind === "value") return { kind: "value", value: placeholders.value(node.ref) };
  // The only function that makes an operand of a condition is `size`.
  const operand = bindOperand(node.operands[0] as OperandNode, placeholders);
  const type = staticType(operand);
  if (type === "N" || type === "BOOL" || type === "NULL") throw operandType("size", type);
  return { kind: "size", operand };
}

/** The type of an operand as far as the request tells. */
function staticType(operand: Operand): string | undefined {
  if (operand.kind === "value") return typeOf(operand.value);
  return operand.kind === "size" ? "N" : undefined;
}

function checkDistinct(operator: string, first: Operand, others: readonly Operand[]): void {
  if (first.kind !== "path") return;
  const { path } = first;
  if (others.some((other) => other.kind === "path" && samePath(path, other.path))) {
    throw new ExpressionError(
      "The first operand must be distinct from the remaining operands for this operator or " +
        `function; operator: ${operator}, first operand: ${showPath(path)}`,
    );
  }
}

function checkOrdered(operator: string, operands: readonly Operand[]): void {
  for (const operand of operands) {
    const type = staticType(operand);
    if (type !== undefined && !ORDERED.has(type)) throw operandType(operator, type);
  }
}

function checkBounds(low: Operand, high: Operand): void {
  if (low.kind !== "value" || high.kind !== "value") return;
  const quoted = `lower bound operand: AttributeValue: ${showValue(low.value)}, ` +
    `upper bound operand: AttributeValue: ${showValue(high.value)}`;
  const order = compareValues(low.value, high.value);
  if (order === undefined) {
    throw new ExpressionError(
      `The BETWEEN operator requires same data type for lower and upper bounds; ${quoted}`,
    );
  }
  if (order > 0) {
    throw new ExpressionError(
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " +
        quoted,
    );
  }
}

function checkCallOperands(name: string, operands: readonly Operand[]): void {
  const [first, second] = operands as [Operand, Operand | undefined];
  if (second === undefined) return;
  checkDistinct(name, first, [second]);
  if (name === "begins_with") {
    for (const operand of operands) {
      const type = staticType(operand);
      if (type !== undefined && type !== "S" && type !== "B") throw operandType(name, type);
    }
  }
  if (name === "attribute_type") checkTypeName(second);
}

function checkTypeName(operand: Operand): void {
  const type = staticType(operand);
  if (type !== undefined && type !== "S") throw operandType("attribute_type", type);
  if (operand.kind !== "value") return;
  const named = String(contentOf(operand.value));
  if (!TYPE_NAMES.includes(named)) {
    throw new ExpressionError(
      `Invalid attribute type name found; type: ${named}, valid types: {${TYPE_NAMES.join(",")}}`,
    );
  }
}

function operandType(name: string, type: string): ExpressionError {
  return new ExpressionError(
    "Incorrect operand type for operator or function; " +
      `operator or function: ${name}, operand type: ${type}`,
  );
}

function operandCount(name: string, count: number): ExpressionError {
  return new ExpressionError(
    "Incorrect number of operands for operator or function; " +
      `operator or function: ${name}, number of operands: ${count}`,
  );
}

function showValue(value: AttributeValue): string {
  return `{${typeOf(value)}:${String(contentOf(value))}}`;
}

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

/** Every path that a condition reads. */
export function pathsOf(condition: Condition): Path[] {
  switch (condition.kind) {
    case "and":
    case "or":
      return [...pathsOf(condition.left), ...pathsOf(condition.right)];
    case "not":
      return pathsOf(condition.condition);
    case "compare":
      return [condition.left, condition.right].flatMap(operandPaths);
    case "between":
    case "call":
      return condition.operands.flatMap(operandPaths);
    case "in":
      return [condition.operand, ...condition.candidates].flatMap(operandPaths);
  }
}

function operandPaths(operand: Operand): Path[] {
  if (operand.kind === "path") return [operand.path];
  return operand.kind === "size" ? operandPaths(operand.operand) : [];
}
