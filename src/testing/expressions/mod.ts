/**
 * The expressions of a request: parsed once for each text, then filled in with its placeholders.
 *
 * @module
 */

import { validation } from "../errors.ts";
import { utf8Length } from "../values.ts";
import type { ActionNode, ConditionNode, PathNode } from "./ast.ts";
import { checkCondition, checkProjection, checkUpdate } from "./check.ts";
import { bindCondition, type Condition } from "./condition.ts";
import { parseCondition, parseProjection, parseUpdate } from "./parse.ts";
import { bindPath, checkOverlaps, type Path } from "./paths.ts";
import type { Placeholders } from "./placeholders.ts";
import { ExpressionError } from "./tokens.ts";
import { bindUpdate, type Update } from "./update.ts";

/** The members of a request that hold an expression. */
export type ExpressionName =
  | "ConditionExpression"
  | "FilterExpression"
  | "KeyConditionExpression"
  | "ProjectionExpression"
  | "UpdateExpression";

/** An expression's text has at most this many bytes. */
const MAX_BYTES = 4096;
/** Texts remembered for each kind of expression; the oldest one makes room. */
const MAX_CACHED = 500;

const conditions = new Map<string, ConditionNode>();
const updates = new Map<string, readonly ActionNode[]>();
const projections = new Map<string, readonly PathNode[]>();

/** A condition, key condition or filter, ready to be asked. */
export function condition(
  name: ExpressionName,
  text: string,
  placeholders: Placeholders,
): Condition {
  return named(name, text, () => {
    const node = cached(conditions, text, () => {
      const parsed = parseCondition(text);
      checkCondition(parsed);
      return parsed;
    });
    return bindCondition(node, placeholders);
  });
}

/** An update, ready to be applied. */
export function update(text: string, placeholders: Placeholders): Update {
  return named("UpdateExpression", text, () => {
    const nodes = cached(updates, text, () => {
      const { actions, repeated } = parseUpdate(text);
      checkUpdate(actions, repeated);
      return actions;
    });
    return bindUpdate(nodes, placeholders);
  });
}

/** The paths of a projection. */
export function projection(text: string, placeholders: Placeholders): Path[] {
  return named("ProjectionExpression", text, () => {
    const nodes = cached(projections, text, () => {
      const parsed = parseProjection(text);
      checkProjection(parsed);
      return parsed;
    });
    const paths = nodes.map((node) => bindPath(node, placeholders));
    checkOverlaps(paths);
    return paths;
  });
}

function named<T>(name: ExpressionName, text: string, make: () => T): T {
  try {
    if (text === "") throw new ExpressionError("The expression can not be empty;");
    // A text is at least as many bytes as units, so most need no counting.
    if (text.length * 3 > MAX_BYTES && utf8Length(text) > MAX_BYTES) {
      throw new ExpressionError(
        "Expression size has exceeded the maximum allowed size; " +
          `expression size: ${utf8Length(text)}`,
      );
    }
    return make();
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    throw validation(`Invalid ${name}: ${error.message}`);
  }
}

function cached<T>(cache: Map<string, T>, text: string, parse: () => T): T {
  let parsed = cache.get(text);
  if (parsed === undefined) {
    parsed = parse();
    if (cache.size >= MAX_CACHED) cache.delete(cache.keys().next().value as string);
    cache.set(text, parsed);
  }
  return parsed;
}
