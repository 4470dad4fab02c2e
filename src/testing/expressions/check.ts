/**
 * What can be said against an expression from its text alone: functions that do not exist or may
 * not stand there, reserved words, sections that come twice. The order of the checks is the
 * service's: a test may see which of several faults is reported.
 *
 * @module
 */

import type {
  ActionNode,
  AssignedNode,
  CallNode,
  ConditionNode,
  OperandNode,
  PathNode,
} from "./ast.ts";
import { isReserved } from "./reserved.ts";
import { ExpressionError } from "./tokens.ts";

/**
 * Where a function may stand: as a condition, as an operand of one, as all that `SET` assigns, or
 * as an operand of that.
 */
type Place = "condition" | "operand" | "assigned" | "addend";

const FUNCTIONS: ReadonlyMap<string, readonly Place[]> = new Map<string, readonly Place[]>([
  ["attribute_exists", ["condition"]],
  ["attribute_not_exists", ["condition"]],
  ["attribute_type", ["condition"]],
  ["begins_with", ["condition"]],
  ["contains", ["condition"]],
  ["size", ["operand"]],
  ["if_not_exists", ["assigned", "addend"]],
  ["list_append", ["assigned"]],
]);

/** A function where it stands. */
interface PlacedCall {
  readonly call: CallNode;
  readonly place: Place;
}

/** The functions and paths of an expression, in the order of the text. */
interface Contents {
  readonly calls: PlacedCall[];
  readonly paths: PathNode[];
}

/** Checks the functions and names of a condition. */
export function checkCondition(node: ConditionNode): void {
  const contents: Contents = { calls: [], paths: [] };
  collectCondition(node, contents);
  contents.calls.forEach(checkKnown);
  contents.calls.forEach(checkPlace);
  contents.paths.forEach(checkReserved);
}

/** Checks the functions, names and sections of an update. */
export function checkUpdate(actions: readonly ActionNode[], repeated: string | undefined): void {
  const contents: Contents = { calls: [], paths: [] };
  for (const action of actions) {
    contents.paths.push(action.path);
    if (action.kind === "SET") collectAssigned(action.value, contents);
  }
  contents.paths.forEach(checkReserved);
  contents.calls.forEach(checkKnown);
  contents.calls.forEach(checkPlace);
  if (repeated !== undefined) {
    throw new ExpressionError(
      `The "${repeated}" section can only be used once in an update expression;`,
    );
  }
}

/** Checks the names of a projection. */
export function checkProjection(paths: readonly PathNode[]): void {
  paths.forEach(checkReserved);
}

function collectCondition(node: ConditionNode, contents: Contents): void {
  switch (node.kind) {
    case "and":
    case "or":
      collectCondition(node.left, contents);
      collectCondition(node.right, contents);
      break;
    case "not":
      collectCondition(node.condition, contents);
      break;
    case "compare":
      collectOperands([node.left, node.right], "operand", contents);
      break;
    case "between":
      collectOperands([node.operand, node.low, node.high], "operand", contents);
      break;
    case "in":
      collectOperands([node.operand, ...node.candidates], "operand", contents);
      break;
    case "call":
      contents.calls.push({ call: node, place: "condition" });
      collectOperands(node.operands, "operand", contents);
  }
}

function collectAssigned(node: AssignedNode, contents: Contents): void {
  if (node.kind === "sum") collectOperands([node.left, node.right], "addend", contents);
  else collectOperands([node], "assigned", contents);
}

function collectOperands(nodes: readonly OperandNode[], place: Place, contents: Contents): void {
  for (const node of nodes) {
    if (node.kind === "path") contents.paths.push(node);
    if (node.kind !== "call") continue;
    contents.calls.push({ call: node, place });
    collectOperands(node.operands, place === "assigned" ? "addend" : place, contents);
  }
}

function checkKnown({ call }: PlacedCall): void {
  if (!FUNCTIONS.has(call.name)) {
    throw new ExpressionError(`Invalid function name; function: ${call.name}`);
  }
}

function checkPlace({ call, place }: PlacedCall): void {
  const allowed = FUNCTIONS.get(call.name) ?? [];
  if (allowed.includes(place)) return;
  if (allowed.some(inUpdate) !== inUpdate(place)) {
    const where = inUpdate(place) ? "an update expression" : "a condition expression";
    throw new ExpressionError(`The function is not allowed in ${where}; function: ${call.name}`);
  }
  throw new ExpressionError(
    `The function is not allowed to be used this way in an expression; function: ${call.name}`,
  );
}

function inUpdate(place: Place): boolean {
  return place === "assigned" || place === "addend";
}

function checkReserved({ steps }: PathNode): void {
  for (const step of steps) {
    if (step.kind === "name" && isReserved(step.name)) {
      throw new ExpressionError(
        `Attribute name is a reserved keyword; reserved keyword: ${step.name}`,
      );
    }
  }
}
