/**
 * What can be said against an expression from its text alone: reserved words and functions that do
 * not exist, or not there.
 *
 * @module
 */

import type { ActionNode, AssignedNode, CallNode, ConditionNode, OperandNode } from "./ast.ts";
import type { PathNode } from "./ast.ts";
import { isReserved } from "./reserved.ts";
import { ExpressionError } from "./tokens.ts";

/** How many operands a function takes, and where it may stand. */
interface FunctionRule {
  readonly operands: number;
  readonly place: "condition" | "operand" | "update";
  /** Whether its first operand must be a path. */
  readonly path?: boolean;
}

const FUNCTIONS: ReadonlyMap<string, FunctionRule> = new Map<string, FunctionRule>([
  ["attribute_exists", { operands: 1, place: "condition", path: true }],
  ["attribute_not_exists", { operands: 1, place: "condition", path: true }],
  ["attribute_type", { operands: 2, place: "condition" }],
  ["begins_with", { operands: 2, place: "condition" }],
  ["contains", { operands: 2, place: "condition" }],
  ["size", { operands: 1, place: "operand" }],
  ["if_not_exists", { operands: 2, place: "update", path: true }],
  ["list_append", { operands: 2, place: "update" }],
]);

/** Checks the names and functions of a condition. */
export function checkCondition(node: ConditionNode): void {
  switch (node.kind) {
    case "and":
    case "or":
      checkCondition(node.left);
      checkCondition(node.right);
      break;
    case "not":
      checkCondition(node.condition);
      break;
    case "compare":
      checkOperand(node.left, "operand");
      checkOperand(node.right, "operand");
      break;
    case "between":
      for (const operand of [node.operand, node.low, node.high]) checkOperand(operand, "operand");
      break;
    case "in":
      for (const operand of [node.operand, ...node.candidates]) checkOperand(operand, "operand");
      break;
    case "call":
      checkCall(node, "condition");
  }
}

/** Checks the names and functions of an update. */
export function checkUpdate(actions: readonly ActionNode[]): void {
  for (const action of actions) {
    checkPath(action.path);
    if (action.kind === "SET") checkAssigned(action.value);
  }
}

function checkAssigned(node: AssignedNode): void {
  if (node.kind !== "sum") checkOperand(node, "update");
  else {
    checkOperand(node.left, "update");
    checkOperand(node.right, "update");
  }
}

/** Checks the names of a path. */
export function checkPath(node: PathNode): void {
  for (const step of node.steps) {
    if (step.kind === "name" && isReserved(step.name)) {
      throw new ExpressionError(
        `Attribute name is a reserved keyword; reserved keyword: ${step.name}`,
      );
    }
  }
}

function checkOperand(node: OperandNode, place: FunctionRule["place"]): void {
  if (node.kind === "path") checkPath(node);
  else if (node.kind === "call") checkCall(node, place);
}

function checkCall(node: CallNode, place: FunctionRule["place"]): void {
  const rule = FUNCTIONS.get(node.name);
  if (rule === undefined) {
    throw new ExpressionError(`Invalid function name; function: ${node.name}`);
  }
  if ((rule.place === "update") !== (place === "update")) {
    const where = place === "update" ? "an update expression" : "a condition expression";
    throw new ExpressionError(
      `The function is not allowed in ${where}; function: ${node.name}`,
    );
  }
  if (rule.place !== place) {
    throw new ExpressionError(
      `The function is not allowed to be used this way in an expression; function: ${node.name}`,
    );
  }
  for (const operand of node.operands) {
    checkOperand(operand, place === "condition" ? "operand" : place);
  }
  if (node.operands.length !== rule.operands) {
    throw new ExpressionError(
      "Incorrect number of operands for operator or function; " +
        `operator or function: ${node.name}, number of operands: ${node.operands.length}`,
    );
  }
  if (rule.path && node.operands[0]?.kind !== "path") {
    throw new ExpressionError(
      `Operator or function requires a document path; operator or function: ${node.name}`,
    );
  }
}
