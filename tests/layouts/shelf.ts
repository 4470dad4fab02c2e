/** A table as another lock client sees it: the items of locks by name. */

import type { Item } from "../../src/records/record.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import type { World } from "../support/world.ts";

/** The items of locks. */
export class Shelf {
  readonly #world: World;
  readonly #table: string;
  readonly #key: string;

  constructor(world: World, table = "dynamo-lock", key = "key") {
    this.#world = world;
    this.#table = table;
    this.#key = key;
  }

  /** The attributes of a lock besides its key; `undefined` where there is none. */
  get(name: string): Item | undefined {
    const item = this.#world.dynamo.table(this.#table).get(this.#keyOf(name));
    if (item === undefined) return undefined;
    const { [this.#key]: _, ...rest } = item;
    return rest as Item;
  }

  /** Writes an item, as another client does. */
  put(name: string, item: Item): void {
    const whole = { ...this.#keyOf(name), ...item } as AttributeMap;
    this.#world.dynamo.table(this.#table).put(whole);
  }

  /** Deletes an item. */
  delete(name: string): void {
    this.#world.dynamo.table(this.#table).delete(this.#keyOf(name));
  }

  #keyOf(name: string): AttributeMap {
    return { [this.#key]: { S: name } };
  }
}
