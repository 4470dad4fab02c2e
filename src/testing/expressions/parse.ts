/**
 * The grammar: condition, update and projection expressions to trees.
 *
 * @module
 */

import type {
  ActionNode,
  AssignedNode,
  CallNode,
  Comparator,
  ConditionNode,
  OperandNode,
  PathNode,
  PathStep,
  ValueNode,
} from "./ast.ts";
import { Reader } from "./reader.ts";
import { ExpressionError } from "./tokens.ts";

/** A list has at most this many elements that a path can name. */
const MAX_INDEX = 2 ** 31 - 1;
const COMPARATORS: ReadonlySet<string> = new Set<Comparator>(["=", "<>", "<", "<=", ">", ">="]);
const SECTIONS: ReadonlySet<string> = new Set(["SET", "REMOVE", "ADD", "DELETE"]);

/** Parses a `ConditionExpression`, `KeyConditionExpression` or `FilterExpression`. */
export function parseCondition(text: string): ConditionNode {
  const reader = new Reader(text);
  const condition = requireCondition(reader, or(reader));
  reader.end();
  return condition;
}

/** Parses an `UpdateExpression` into its actions, and says which section comes twice. */
export function parseUpdate(
  text: string,
): { readonly actions: readonly ActionNode[]; readonly repeated: string | undefined } {
  const reader = new Reader(text);
  const actions: ActionNode[] = [];
  const seen = new Set<string>();
  let repeated: string | undefined;
  do {
    const { kind, text: word } = reader.token;
    const section = word.toUpperCase();
    if (kind !== "name" || !SECTIONS.has(section)) throw reader.unexpected();
    reader.next();
    if (seen.has(section)) repeated ??= section;
    seen.add(section);
    do actions.push(action(reader, section)); while (reader.take(","));
  } while (!reader.atEnd);
  reader.end();
  return { actions, repeated };
}

/** Parses a `ProjectionExpression` into its paths. */
export function parseProjection(text: string): PathNode[] {
  const reader = new Reader(text);
  const paths: PathNode[] = [];
  do paths.push(path(reader)); while (reader.take(","));
  reader.end();
  return paths;
}

/** What stands where either a condition or an operand may: inside parentheses. */
type Parsed = ConditionNode | OperandNode;

function requireCondition(reader: Reader, parsed: Parsed): ConditionNode {
  if (parsed.kind === "path" || parsed.kind === "value") throw reader.unexpected();
  return parsed;
}

function or(reader: Reader): Parsed {
  let left = and(reader);
  while (reader.isNext("OR")) {
    left = requireCondition(reader, left);
    reader.next();
    reader.count();
    left = { kind: "or", left, right: requireCondition(reader, and(reader)) };
  }
  return left;
}

function and(reader: Reader): Parsed {
  let left = not(reader);
  while (reader.isNext("AND")) {
    left = requireCondition(reader, left);
    reader.next();
    reader.count();
    left = { kind: "and", left, right: requireCondition(reader, not(reader)) };
  }
  return left;
}

function not(reader: Reader): Parsed {
  if (!reader.take("NOT")) return comparison(reader);
  reader.count();
  return { kind: "not", condition: requireCondition(reader, not(reader)) };
}

function comparison(reader: Reader): Parsed {
  const left = reader.isNext("(") ? group(reader) : operand(reader);
  if (left.kind !== "path" && left.kind !== "value" && left.kind !== "call") return left;
  const { kind, text } = reader.token;
  if (kind === "symbol" && COMPARATORS.has(text)) {
    reader.next();
    reader.count();
    return { kind: "compare", operator: text as Comparator, left, right: operand(reader) };
  }
  if (reader.take("BETWEEN")) {
    reader.count();
    const low = operand(reader);
    reader.expect("AND");
    return { kind: "between", operand: left, low, high: operand(reader) };
  }
  if (reader.take("IN")) {
    reader.count();
    return { kind: "in", operand: left, candidates: operands(reader) };
  }
  return left;
}

/** `( ... )` around a condition or an operand. */
function group(reader: Reader): Parsed {
  const open = reader.open();
  const inner = or(reader);
  reader.close(open);
  return inner;
}

function operand(reader: Reader): OperandNode {
  const { kind } = reader.token;
  if (reader.isNext("(")) {
    const open = reader.open();
    const inner = operand(reader);
    reader.close(open);
    return inner;
  }
  if (kind === "valueRef") return value(reader);
  if (kind === "name" && reader.following?.text === "(") return call(reader);
  return path(reader);
}

function operands(reader: Reader): OperandNode[] {
  reader.expect("(");
  const list: OperandNode[] = [];
  do list.push(operand(reader)); while (reader.take(","));
  reader.expect(")");
  return list;
}

function call(reader: Reader): CallNode {
  if (reader.isKeyword()) throw reader.unexpected();
  const name = reader.next().text;
  reader.count();
  return { kind: "call", name, operands: operands(reader) };
}

function value(reader: Reader): ValueNode {
  if (reader.token.kind !== "valueRef") throw reader.unexpected();
  return { kind: "value", ref: reader.next().text };
}

function path(reader: Reader): PathNode {
  const steps: PathStep[] = [step(reader)];
  for (;;) {
    if (reader.take(".")) steps.push(step(reader));
    else if (reader.take("[")) {
      steps.push(index(reader));
      reader.expect("]");
    } else return { kind: "path", steps };
  }
}

function step(reader: Reader): PathStep {
  const { kind, text } = reader.token;
  if (kind === "nameRef") {
    reader.next();
    return { kind: "nameRef", ref: text };
  }
  if (kind !== "name" || reader.isKeyword()) throw reader.unexpected();
  reader.next();
  return { kind: "name", name: text };
}

function index(reader: Reader): PathStep {
  const { kind, text } = reader.token;
  if (kind !== "number") throw reader.unexpected();
  reader.next();
  if (Number(text) > MAX_INDEX) {
    throw new ExpressionError(
      `List index is not within the allowable range; index: [${text}]`,
    );
  }
  return { kind: "index", index: Number(text) };
}

function action(reader: Reader, section: string): ActionNode {
  const target = path(reader);
  if (section === "REMOVE") return { kind: "REMOVE", path: target };
  if (section === "SET") {
    reader.expect("=");
    return { kind: "SET", path: target, value: assigned(reader) };
  }
  return { kind: section as "ADD" | "DELETE", path: target, value: value(reader) };
}

/** The right side of `SET a = ...`. */
function assigned(reader: Reader): AssignedNode {
  const left = reader.isNext("(") ? assignedGroup(reader) : operand(reader);
  if (left.kind === "sum") return left;
  for (const operator of ["+", "-"] as const) {
    if (!reader.take(operator)) continue;
    reader.count();
    return { kind: "sum", operator, left, right: operand(reader) };
  }
  return left;
}

function assignedGroup(reader: Reader): AssignedNode {
  const open = reader.open();
  const inner = assigned(reader);
  reader.close(open);
  return inner;
}
