/**
 * A table as a test sees it.
 *
 * @module
 */

import { checkItemKey, itemKey, readKey } from "./keys.ts";
import type { Tables } from "./tables.ts";
import { type AttributeMap, normalizeItem } from "./values.ts";

/**
 * Looks at a table's items and changes them without a request. Items are plain attribute maps, as
 * on the wire; what is given and what is handed out are copies.
 */
export interface MemoryTable {
  /** The table's name. */
  readonly name: string;
  /** How many items there are. */
  readonly size: number;
  /** Every item, in the order of a scan. */
  items(): AttributeMap[];
  /** The item under a key, or `undefined`. */
  get(key: AttributeMap): AttributeMap | undefined;
  /** Puts an item, under the checks of `PutItem`. */
  put(item: AttributeMap): void;
  /** Deletes the item under a key; answers whether there was one. */
  delete(key: AttributeMap): boolean;
  /** Deletes every item. */
  clear(): void;
}

/** The table of that name, looked up each time: it may be deleted and made again. */
export function memoryTable(tables: Tables, name: string): MemoryTable {
  const find = () => tables.get(name);
  find(); // refused at once where there is none
  const locate = (key: AttributeMap) => {
    const { schema } = find();
    return itemKey(schema, readKey(schema, key));
  };
  return {
    name,
    get size() {
      return find().items().length;
    },
    items: () => structuredClone(find().items()),
    get: (key) => structuredClone(find().get(locate(key))),
    put(item) {
      const normal = normalizeItem(item, "item");
      checkItemKey(find().schema, normal);
      find().put(normal);
    },
    delete(key) {
      const existed = find().get(locate(key)) !== undefined;
      find().delete(locate(key));
      return existed;
    },
    clear() {
      for (const item of find().items()) find().delete(itemKey(find().schema, item));
    },
  };
}
