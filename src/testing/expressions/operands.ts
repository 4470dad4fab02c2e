/**
 * What conditions and updates have in common when their placeholders are filled in.
 *
 * @module
 */

import type { CallNode, OperandNode } from "./ast.ts";
import { type Path, samePath, showPath } from "./paths.ts";
import type { Placeholders } from "./placeholders.ts";
import { ExpressionError } from "./tokens.ts";

/** How many operands each function takes. */
const OPERANDS: ReadonlyMap<string, number> = new Map([
  ["attribute_exists", 1],
  ["attribute_not_exists", 1],
  ["attribute_type", 2],
  ["begins_with", 2],
  ["contains", 2],
  ["size", 1],
  ["if_not_exists", 2],
  ["list_append", 2],
]);
/** The functions whose first operand must be a path. */
const NEED_PATH: ReadonlySet<string> = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "if_not_exists",
]);

/** Refuses placeholders of names that are not defined. */
export function resolveNames(nodes: readonly OperandNode[], placeholders: Placeholders): void {
  for (const node of nodes) {
    if (node.kind === "call") resolveNames(node.operands, placeholders);
    if (node.kind !== "path") continue;
    for (const step of node.steps) if (step.kind === "nameRef") placeholders.name(step.ref);
  }
}

/** Refuses placeholders of values that are not defined. */
export function resolveValues(nodes: readonly OperandNode[], placeholders: Placeholders): void {
  for (const node of nodes) {
    if (node.kind === "call") resolveValues(node.operands, placeholders);
    if (node.kind === "value") placeholders.value(node.ref);
  }
}

/** Checks the number of a function's operands, its inner functions first. */
export function checkOperandCounts(nodes: readonly OperandNode[]): void {
  for (const node of nodes) {
    if (node.kind !== "call") continue;
    checkOperandCounts(node.operands);
    const { name, operands } = node;
    if (operands.length !== OPERANDS.get(name)) throw wrongCount(name, operands.length);
  }
}

/** Checks that a function that needs a path has one. */
export function checkNeedsPath({ name, operands }: CallNode): void {
  if (!NEED_PATH.has(name) || operands[0]?.kind === "path") return;
  throw new ExpressionError(
    `Operator or function requires a document path; operator or function: ${name}`,
  );
}

/** Checks that an operator's first operand is none of the others. */
export function checkDistinctPaths(operator: string, first: Path, others: readonly Path[]): void {
  if (!others.some((other) => samePath(first, other))) return;
  throw new ExpressionError(
    "The first operand must be distinct from the remaining operands for this operator or " +
      `function; operator: ${operator}, first operand: ${showPath(first)}`,
  );
}

function wrongCount(name: string, count: number): ExpressionError {
  return new ExpressionError(
    "Incorrect number of operands for operator or function; " +
      `operator or function: ${name}, number of operands: ${count}`,
  );
}

/** The error of an operand of a wrong type. */
export function wrongType(name: string, type: string): ExpressionError {
  return new ExpressionError(
    "Incorrect operand type for operator or function; " +
      `operator or function: ${name}, operand type: ${type}`,
  );
}
