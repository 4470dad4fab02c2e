/**
 * Document paths whose placeholders are filled in, and how to follow one into an item.
 *
 * @module
 */

import { type AttributeMap, type AttributeValue, define, member } from "../values.ts";
import type { PathNode } from "./ast.ts";
import type { Placeholders } from "./placeholders.ts";
import { ExpressionError } from "./tokens.ts";

/** The names and list indexes of a path, the first one always a name. */
export type Path = readonly (string | number)[];

/** Fills in the placeholders of a path. */
export function bindPath(node: PathNode, placeholders: Placeholders): Path {
  return node.steps.map((step) =>
    step.kind === "name"
      ? step.name
      : step.kind === "index"
      ? step.index
      : placeholders.name(step.ref)
  );
}

/** How a path is quoted in errors. */
export function showPath(path: Path): string {
  return `[${path.map((step) => typeof step === "number" ? `[${step}]` : step).join(", ")}]`;
}

/** The value a path leads to, or `undefined` where there is none. */
export function follow(item: AttributeMap, path: Path): AttributeValue | undefined {
  let value = member(item, path[0] as string);
  for (let i = 1; i < path.length && value !== undefined; i++) {
    value = child(value, path[i] as string | number);
  }
  return value;
}

/** The child of a map or list, or `undefined` where there is none. */
export function child(
  parent: AttributeValue,
  step: string | number,
): AttributeValue | undefined {
  if (typeof step === "number") return "L" in parent ? parent.L[step] : undefined;
  return "M" in parent ? member(parent.M, step) : undefined;
}

/** Whether both paths go the same way. */
export function samePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i]);
}

/**
 * Refuses paths of one expression of which one is inside the other, or which take one value for a
 * list and for a map.
 */
export function checkOverlaps(paths: readonly Path[]): void {
  for (const how of ["overlap", "conflict"] as const) {
    for (let i = 1; i < paths.length; i++) {
      for (let j = 0; j < i; j++) checkPair(how, paths[j] as Path, paths[i] as Path);
    }
  }
}

function checkPair(how: "overlap" | "conflict", one: Path, two: Path): void {
  const shared = Math.min(one.length, two.length);
  let same = 0;
  while (same < shared && one[same] === two[same]) same++;
  const found = same === shared
    ? "overlap"
    : typeof one[same] === typeof two[same]
    ? undefined
    : "conflict";
  if (found !== how) return;
  throw new ExpressionError(
    `Two document paths ${how} with each other; must remove or rewrite one of these paths; ` +
      `path one: ${showPath(one)}, path two: ${showPath(two)}`,
  );
}

/** The part of an item that the paths name; list elements move together. */
export function project(item: AttributeMap, paths: readonly Path[]): AttributeMap {
  const result: Record<string, AttributeValue> = {};
  const byName = new Map<string, Path[]>();
  for (const path of paths) {
    const name = path[0] as string;
    byName.set(name, [...(byName.get(name) ?? []), path.slice(1)]);
  }
  for (const [name, rests] of byName) {
    const value = member(item, name);
    const part = value === undefined ? undefined : projectValue(value, rests);
    if (part !== undefined) define(result, name, part);
  }
  return result;
}

function projectValue(value: AttributeValue, rests: readonly Path[]): AttributeValue | undefined {
  if (rests.some((rest) => rest.length === 0)) return value;
  if ("M" in value) {
    const names = rests.filter((rest) => typeof rest[0] === "string");
    const part = project(value.M, names);
    return Object.keys(part).length === 0 ? undefined : { M: part };
  }
  if (!("L" in value)) return undefined;
  const elements: AttributeValue[] = [];
  value.L.forEach((element, index) => {
    const inside = rests.filter((rest) => rest[0] === index).map((rest) => rest.slice(1));
    const part = inside.length === 0 ? undefined : projectValue(element, inside);
    if (part !== undefined) elements.push(part);
  });
  return elements.length === 0 ? undefined : { L: elements };
}
