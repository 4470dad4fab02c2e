/**
 * Update expressions: what each action makes of an item.
 *
 * All operands are read from the item as it was; then `SET`, `ADD` and `DELETE` are applied, and
 * what is removed goes last, so that list indexes mean what they meant before the update.
 *
 * @module
 */

import { type ServiceError, validation } from "../errors.ts";
import { addNumbers, subtractNumbers } from "../numbers.ts";
import { type AttributeMap, type AttributeValue, contentOf, typeOf } from "../values.ts";
import type { ActionNode, AssignedNode, OperandNode } from "./ast.ts";
import { Draft } from "./draft.ts";
import {
  checkDistinctPaths,
  checkNeedsPath,
  checkOperandCounts,
  resolveNames,
  resolveValues,
  wrongType,
} from "./operands.ts";
import { bindPath, checkOverlaps, follow, type Path } from "./paths.ts";
import type { Placeholders } from "./placeholders.ts";
import { ExpressionError } from "./tokens.ts";

/** What `SET` assigns, with its placeholders filled in. */
type Assigned =
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "if_not_exists"; readonly path: Path; readonly otherwise: Assigned }
  | { readonly kind: "+" | "-" | "list_append"; readonly left: Assigned; readonly right: Assigned };

type Action =
  | { readonly kind: "SET"; readonly path: Path; readonly value: Assigned }
  | { readonly kind: "REMOVE"; readonly path: Path }
  | { readonly kind: "ADD" | "DELETE"; readonly path: Path; readonly value: AttributeValue };

/** An update with its placeholders filled in. */
export type Update = readonly Action[];

const TYPE_WORDS: Readonly<Record<string, string>> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  BOOL: "BOOLEAN",
  NULL: "NULL",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
  L: "LIST",
  M: "MAP",
};

/** Fills in the placeholders of an update and checks what depends on them. */
export function bindUpdate(nodes: readonly ActionNode[], placeholders: Placeholders): Update {
  const operands = nodes.flatMap(operandsOf);
  resolveNames(operands, placeholders);
  resolveValues(operands, placeholders);
  checkOverlaps(nodes.map((node) => bindPath(node.path, placeholders)));
  for (const node of nodes) checkAddend(node, placeholders);
  return nodes.map((node) => bindAction(node, placeholders));
}

function operandsOf(node: ActionNode): OperandNode[] {
  if (node.kind === "REMOVE") return [node.path];
  const { value } = node;
  return [node.path, ...(value.kind === "sum" ? [value.left, value.right] : [value])];
}

/** Every path that an update reads a value from. */
export function readPathsOf(update: Update): Path[] {
  return update.flatMap((action) => action.kind === "SET" ? assignedPaths(action.value) : []);
}

function assignedPaths(value: Assigned): Path[] {
  if (value.kind === "value") return [];
  if (value.kind === "path") return [value.path];
  if (value.kind === "if_not_exists") return [value.path, ...assignedPaths(value.otherwise)];
  return [...assignedPaths(value.left), ...assignedPaths(value.right)];
}

/** `ADD` takes numbers and sets, `DELETE` sets. */
function checkAddend(node: ActionNode, placeholders: Placeholders): void {
  if (node.kind !== "ADD" && node.kind !== "DELETE") return;
  const type = typeOf(placeholders.value(node.value.ref));
  const isSet = type === "SS" || type === "NS" || type === "BS";
  if (isSet || (node.kind === "ADD" && type === "N")) return;
  throw new ExpressionError(
    "Incorrect operand type for operator or function; " +
      `operator: ${node.kind}, operand type: ${TYPE_WORDS[type]}, ` +
      `typeSet: ALLOWED_FOR_${node.kind}_OPERAND`,
  );
}

function bindAction(node: ActionNode, placeholders: Placeholders): Action {
  const path = bindPath(node.path, placeholders);
  if (node.kind === "REMOVE") return { kind: "REMOVE", path };
  if (node.kind === "SET") {
    return { kind: "SET", path, value: bindAssigned(node.value, placeholders) };
  }
  return { kind: node.kind, path, value: placeholders.value(node.value.ref) };
}

function bindAssigned(node: AssignedNode, placeholders: Placeholders): Assigned {
  if (node.kind !== "sum") return bindOperand(node, placeholders);
  const left = bindOperand(node.left, placeholders);
  const right = bindOperand(node.right, placeholders);
  for (const operand of [left, right]) checkType(node.operator, operand, "N");
  return { kind: node.operator, left, right };
}

function bindOperand(node: OperandNode, placeholders: Placeholders): Assigned {
  if (node.kind === "path") return { kind: "path", path: bindPath(node, placeholders) };
  if (node.kind === "value") return { kind: "value", value: placeholders.value(node.ref) };
  checkOperandCounts([node]);
  checkNeedsPath(node);
  const [first, second] = node.operands as [OperandNode, OperandNode];
  const left = bindOperand(first, placeholders);
  const right = bindOperand(second, placeholders);
  if (node.name === "if_not_exists" && left.kind === "path") {
    checkDistinctPaths(node.name, left.path, right.kind === "path" ? [right.path] : []);
    return { kind: "if_not_exists", path: left.path, otherwise: right };
  }
  for (const operand of [left, right]) checkType("list_append", operand, "L");
  return { kind: "list_append", left, right };
}

function checkType(operator: string, operand: Assigned, wanted: string): void {
  const type = operand.kind === "value"
    ? typeOf(operand.value)
    : operand.kind === "list_append"
    ? "L"
    : undefined;
  if (type !== undefined && type !== wanted) throw wrongType(operator, type);
}

/**
 * The item after an update. The old one stays as it is.
 *
 * @throws `ValidationException` where a path or an operand does not fit the item.
 */
export function applyUpdate(old: AttributeMap, update: Update): AttributeMap {
  const draft = new Draft(old);
  const sets: { path: Path; value: AttributeValue }[] = [];
  const removals: Path[] = [];
  for (const action of update) {
    if (action.kind === "SET") sets.push({ path: action.path, value: assigned(old, action.value) });
    else if (action.kind === "REMOVE") removals.push(action.path);
    else {
      const value = combined(old, action);
      if (value === "nothing") draft.checkParent(action.path);
      else if (value === "empty") removals.push(action.path);
      else sets.push({ path: action.path, value });
    }
  }
  for (const { path, value } of sets.sort((a, b) => comparePaths(a.path, b.path))) {
    draft.set(path, value);
  }
  for (const path of removals.sort((a, b) => comparePaths(b, a))) draft.remove(path);
  return draft.item;
}

/** What `ADD` or `DELETE` leaves: a value, an `empty` set, or `nothing` to do. */
function combined(
  old: AttributeMap,
  action: Extract<Action, { kind: "ADD" | "DELETE" }>,
): AttributeValue | "empty" | "nothing" {
  const present = follow(old, action.path);
  if (present === undefined) return action.kind === "ADD" ? action.value : "nothing";
  const type = typeOf(action.value);
  if (typeOf(present) !== type) throw unfitOperand();
  if ("N" in present) return { N: addNumbers(present.N, (action.value as { N: string }).N) };
  const had = contentOf(present) as readonly string[];
  const given = contentOf(action.value) as readonly string[];
  const left = action.kind === "ADD"
    ? [...had, ...given.filter((element) => !had.includes(element))]
    : had.filter((element) => !given.includes(element));
  return left.length === 0 ? "empty" : { [type]: left } as unknown as AttributeValue;
}

function assigned(old: AttributeMap, operand: Assigned): AttributeValue {
  switch (operand.kind) {
    case "value":
      return operand.value;
    case "path": {
      const value = follow(old, operand.path);
      if (value !== undefined) return value;
      throw validation(
        "The provided expression refers to an attribute that does not exist in the item",
      );
    }
    case "if_not_exists": {
      // Read in any case, as in DynamoDB Local: it may not be absent.
      const otherwise = assigned(old, operand.otherwise);
      return follow(old, operand.path) ?? otherwise;
    }
    case "list_append": {
      const left = assigned(old, operand.left);
      const right = assigned(old, operand.right);
      if (!("L" in left) || !("L" in right)) throw unfitOperand();
      return { L: [...left.L, ...right.L] };
    }
    case "+":
    case "-": {
      const left = assigned(old, operand.left);
      const right = assigned(old, operand.right);
      if (!("N" in left) || !("N" in right)) throw unfitOperand();
      const combine = operand.kind === "+" ? addNumbers : subtractNumbers;
      return { N: combine(left.N, right.N) };
    }
  }
}

function unfitOperand(): ServiceError {
  return validation("An operand in the update expression has an incorrect data type");
}

/** Orders list indexes by number; how names are ordered does not matter, as long as they are. */
function comparePaths(a: Path, b: Path): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] as string | number;
    const y = b[i] as string | number;
    if (x === y) continue;
    if (typeof x === "number" && typeof y === "number") return x - y;
    return String(x) < String(y) ? -1 : 1;
  }
  return a.length - b.length;
}
