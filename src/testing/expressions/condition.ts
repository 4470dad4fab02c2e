/**
 * Conditions whose placeholders are filled in, and the checks that need the values.
 *
 * @module
 */

import { type AttributeValue, contentOf, typeOf } from "../values.ts";
import { compareValues } from "../value_order.ts";
import type { CallNode, Comparator, ConditionNode, OperandNode } from "./ast.ts";
import {
  checkDistinctPaths,
  checkNeedsPath,
  checkOperandCounts,
  resolveNames,
  resolveValues,
  wrongType,
} from "./operands.ts";
import { bindPath, type Path } from "./paths.ts";
import type { Placeholders } from "./placeholders.ts";
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
      const operands = bindOperands([node.left, node.right], placeholders);
      const [left, right] = operands as [Operand, Operand];
      checkDistinct(node.operator, left, [right]);
      checkSizes([left, right]);
      if (node.operator !== "=" && node.operator !== "<>") {
        checkOrdered(node.operator, [left, right]);
      }
      return { kind: "compare", operator: node.operator, left, right };
    }
    case "between": {
      const bound = bindOperands([node.operand, node.low, node.high], placeholders);
      const operands = bound as [Operand, Operand, Operand];
      const [operand, low, high] = operands;
      checkDistinct("BETWEEN", operand, [low, high]);
      checkSizes(operands);
      checkOrdered("BETWEEN", operands);
      checkBounds(low, high);
      return { kind: "between", operands };
    }
    case "in": {
      const operands = bindOperands([node.operand, ...node.candidates], placeholders);
      const [operand, ...candidates] = operands as [Operand, ...Operand[]];
      if (candidates.length > MAX_CANDIDATES) {
        throw new ExpressionError(
          "The IN operator is provided with too many operands; " +
            `number of operands: ${candidates.length}`,
        );
      }
      checkDistinct("IN", operand, candidates);
      checkSizes([operand, ...candidates]);
      return { kind: "in", operand, candidates };
    }
    case "call": {
      const operands = bindOperands(node.operands, placeholders, node);
      checkCallOperands(node.name, operands);
      return { kind: "call", name: node.name, operands };
    }
  }
}

/** The operands of one condition: all placeholders first, then the counts of operands. */
function bindOperands(
  nodes: readonly OperandNode[],
  placeholders: Placeholders,
  call?: CallNode,
): Operand[] {
  resolveNames(nodes, placeholders);
  resolveValues(nodes, placeholders);
  checkOperandCounts(call === undefined ? nodes : [call]);
  if (call !== undefined) checkNeedsPath(call);
  return nodes.map((node) => bindOperand(node, placeholders));
}

function bindOperand(node: OperandNode, placeholders: Placeholders): Operand {
  if (node.kind === "path") return { kind: "path", path: bindPath(node, placeholders) };
  if (node.kind === "value") return { kind: "value", value: placeholders.value(node.ref) };
  // The only function that makes an operand of a condition is `size`.
  return { kind: "size", operand: bindOperand(node.operands[0] as OperandNode, placeholders) };
}

function checkSizes(operands: readonly Operand[]): void {
  for (const operand of operands) {
    if (operand.kind !== "size") continue;
    checkSizes([operand.operand]);
    const type = staticType(operand.operand);
    if (type === "N" || type === "BOOL" || type === "NULL") throw wrongType("size", type);
  }
}

/** The type of an operand as far as the request tells. */
function staticType(operand: Operand): string | undefined {
  if (operand.kind === "value") return typeOf(operand.value);
  return operand.kind === "size" ? "N" : undefined;
}

function checkDistinct(operator: string, first: Operand, others: readonly Operand[]): void {
  if (first.kind !== "path") return;
  const paths = others.flatMap((other) => other.kind === "path" ? [other.path] : []);
  checkDistinctPaths(operator, first.path, paths);
}

function checkOrdered(operator: string, operands: readonly Operand[]): void {
  for (const operand of operands) {
    const type = staticType(operand);
    if (type !== undefined && !ORDERED.has(type)) throw wrongType(operator, type);
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
  checkSizes(operands);
  if (name === "begins_with") {
    for (const operand of operands) {
      const type = staticType(operand);
      if (type !== undefined && type !== "S" && type !== "B") throw wrongType(name, type);
    }
  }
  if (name === "attribute_type") checkTypeName(second);
}

function checkTypeName(operand: Operand): void {
  const type = staticType(operand);
  if (type !== undefined && type !== "S") throw wrongType("attribute_type", type);
  // No path: an item may not say what is asked of it.
  if (operand.kind !== "value") throw wrongType("attribute_type", `{${TYPE_NAMES.join(",")}}`);
  const named = String(contentOf(operand.value));
  if (!TYPE_NAMES.includes(named)) {
    throw new ExpressionError(
      `Invalid attribute type name found; type: ${named}, valid types: {${TYPE_NAMES.join(",")}}`,
    );
  }
}

function showValue(value: AttributeValue): string {
  return `{${typeOf(value)}:${String(contentOf(value))}}`;
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
