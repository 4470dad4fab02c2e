/**
 * The requests that only the record formats of other lock clients need.
 *
 * @module
 */

import { refuse } from "../checks.ts";
import type { ReadInput, TablePlace, WriteInput } from "./layout.ts";
import { encode, type Known } from "./native_expressions.ts";
import { RequestMaker } from "./requests.ts";

/** Makes sure that no key of a place is called like an attribute of a format. */
export function checkKeys(place: TablePlace, format: string, attributes: readonly string[]): void {
  for (const option of ["partitionKey", "sortKey"] as const) {
    if (!attributes.includes(place[option] ?? "")) continue;
    refuse(RangeError, "use a lock table", option, `no attribute of ${format}`, place[option]);
  }
}

/** Writes and deletes whole items, too, and reads all that a lock is made of. */
export class WholeItemMaker extends RequestMaker {
  /** Writes a whole item, of these attributes besides its key. */
  put(name: string, attributes: Known, condition: string, known: Known = {}): WriteInput {
    const named = Object.entries(attributes).map(([mark, value]) => [this.attribute(mark), value]);
    const { TableName, Key } = this.at(name);
    return {
      operation: "PutItem",
      TableName,
      Item: { ...Key, ...encode(Object.fromEntries(named)) },
      ...this.conditional(condition, known),
    };
  }

  /** Deletes an item. */
  remove(name: string, condition: string, known: Known): WriteInput {
    return { operation: "DeleteItem", ...this.at(name), ...this.conditional(condition, known) };
  }

  /** Reads all items of a lock, where it is made of several. */
  query(name: string): ReadInput {
    const condition = "#key=:key";
    const { TableName, Key } = this.at(name);
    return {
      operation: "Query",
      TableName,
      KeyConditionExpression: condition,
      ...this.placeholders(condition, { ":key": Key[this.attribute("key")] }),
      ConsistentRead: true,
    };
  }
}
