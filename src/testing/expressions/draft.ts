/**
 * An item being changed: containers are copied once, when something inside them changes first.
 *
 * @module
 */

import { type ServiceError, validation } from "../errors.ts";
import { type AttributeMap, type AttributeValue, define, member } from "../values.ts";
import { child, type Path } from "./paths.ts";

type Container = { M: Record<string, AttributeValue> } | { L: AttributeValue[] };

/** A changed copy of an item that shares what did not change with the original. */
export class Draft {
  /** The item with the changes so far. */
  readonly item: Record<string, AttributeValue>;
  readonly #copied = new Set<AttributeValue>();

  constructor(original: AttributeMap) {
    this.item = { ...original };
  }

  /** Puts a value at a path whose parent must exist; past the end of a list it is appended. */
  set(path: Path, value: AttributeValue): void {
    const last = path.at(-1) as string | number;
    if (path.length === 1) {
      define(this.item, last as string, value);
      return;
    }
    const parent = this.#parent(path);
    if ("L" in parent) parent.L[Math.min(last as number, parent.L.length)] = value;
    else define(parent.M, last as string, value);
  }

  /** Removes what a path leads to, if anything; its parent must exist. */
  remove(path: Path): void {
    const last = path.at(-1) as string | number;
    if (path.length === 1) {
      delete this.item[last];
      return;
    }
    const parent = this.#parent(path);
    if ("L" in parent) parent.L.splice(last as number, 1);
    else delete parent.M[last];
  }

  /** Refuses a path whose parent does not exist. */
  checkParent(path: Path): void {
    if (path.length > 1) this.#parent(path);
  }

  /** The container that the last step of a path is in, as a copy of its own. */
  #parent(path: Path): Container {
    const name = path[0] as string;
    let container = this.#own(member(this.item, name), path[1] as string | number);
    define(this.item, name, container as AttributeValue);
    for (let i = 1; i < path.length - 1; i++) {
      const step = path[i] as string | number;
      const inner = this.#own(
        child(container as AttributeValue, step),
        path[i + 1] as string | number,
      );
      if ("L" in container) container.L[step as number] = inner as AttributeValue;
      else define(container.M, step as string, inner as AttributeValue);
      container = inner;
    }
    return container;
  }

  /** A container that may be changed, and that takes such a step. */
  #own(value: AttributeValue | undefined, step: string | number): Container {
    if (value === undefined || !((typeof step === "number" ? "L" : "M") in value)) {
      throw invalidPath();
    }
    if (this.#copied.has(value)) return value as Container;
    const copy = "L" in value
      ? { L: [...value.L] }
      : { M: { ...(value as { M: AttributeMap }).M } };
    this.#copied.add(copy);
    return copy;
  }
}

function invalidPath(): ServiceError {
  return validation("The document path provided in the update expression is invalid for update");
}
