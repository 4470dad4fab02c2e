/**
 * Makes the requests of a record format for the place where its records live.
 *
 * @module
 */

import { refuse } from "../checks.ts";
import type { CheckInput, ReadInput, ScanInput, TablePlace, WriteInput } from "./layout.ts";
import { encode, type Known } from "./native_expressions.ts";
import type { Item } from "./record.ts";

/** Makes sure that no key of a place is called like an attribute of a format. */
export function checkKeys(place: TablePlace, format: string, attributes: readonly string[]): void {
  for (const option of ["partitionKey", "sortKey"] as const) {
    if (!attributes.includes(place[option] ?? "")) continue;
    refuse(RangeError, "use a lock table", option, `no attribute of ${format}`, place[option]);
  }
}

/** The requests to one place. Their expressions speak in placeholders: `#fence` is `fence`. */
export class RequestMaker {
  readonly #place: TablePlace;
  readonly #names: Readonly<Record<string, string>>;

  /** `names` are attributes that are called otherwise than their placeholders. */
  constructor(place: TablePlace, names: Readonly<Record<string, string>> = {}) {
    this.#place = place;
    this.#names = { key: place.partitionKey, sort: place.sortKey ?? "", ...names };
  }

  /** The key of a lock's item. */
  key(name: string): Item {
    const { partitionKey, prefix, sortKey, sortValue } = this.#place;
    return encode({ [partitionKey]: prefix + name, ...(sortKey && { [sortKey]: sortValue }) });
  }

  /** Changes an item. */
  update(name: string, change: string, condition: string, known: Known): WriteInput {
    return {
      ...this.#at(name),
      UpdateExpression: change,
      ...this.#conditional(condition, known, change),
    };
  }

  /** Writes a whole item, of these attributes besides its key. */
  put(name: string, attributes: Known, condition: string, known: Known = {}): WriteInput {
    const named = Object.entries(attributes).map(([mark, value]) => [this.#nameOf(mark), value]);
    return {
      operation: "PutItem",
      TableName: this.#place.name,
      Item: { ...this.key(name), ...encode(Object.fromEntries(named)) },
      ...this.#conditional(condition, known),
    };
  }

  /** Deletes an item. */
  remove(name: string, condition: string, known: Known): WriteInput {
    return { operation: "DeleteItem", ...this.#at(name), ...this.#conditional(condition, known) };
  }

  /** Checks an item, in somebody's transaction. */
  check(name: string, condition: string, known: Known): CheckInput {
    return {
      ...this.#at(name),
      ConditionExpression: condition,
      ...this.#placeholders(condition, known),
    };
  }

  /** Reads an item. */
  read(name: string): ReadInput {
    return { ...this.#at(name), ConsistentRead: true };
  }

  /** Reads all items of a lock, where it is made of several. */
  query(name: string): ReadInput {
    const condition = "#key=:key";
    const { partitionKey } = this.#place;
    return {
      operation: "Query",
      TableName: this.#place.name,
      KeyConditionExpression: condition,
      ...this.#placeholders(condition, { ":key": this.key(name)[partitionKey] }),
      ConsistentRead: true,
    };
  }

  /** Reads the items that pass a filter and whose names begin with `prefix`. */
  scan(prefix: string, from: Item | undefined, filter: string, known: Known = {}): ScanInput {
    const { sortKey, sortValue } = this.#place;
    const start = this.#place.prefix + prefix;
    // DynamoDB wants no empty text there, with which everything begins.
    const all = filter + (start && " AND begins_with(#key,:start)") +
      (sortKey ? " AND #sort=:sort" : "");
    return {
      TableName: this.#place.name,
      ConsistentRead: true,
      FilterExpression: all,
      ...this.#placeholders(all, { ...known, ":start": start, ":sort": sortValue }),
      ...(from && { ExclusiveStartKey: from }),
    };
  }

  /** The name of the lock that an item is of. */
  nameOf(item: Item): string {
    const { partitionKey, prefix } = this.#place;
    return (item[partitionKey] as { S: string }).S.slice(prefix.length);
  }

  #at(name: string): { TableName: string; Key: Item } {
    return { TableName: this.#place.name, Key: this.key(name) };
  }

  #nameOf(mark: string): string {
    return this.#names[mark] ?? mark;
  }

  #conditional(condition: string, known: Known, change = "") {
    return {
      ConditionExpression: condition,
      ...this.#placeholders(`${change} ${condition}`, known),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    } as const;
  }

  /** The names and values that expressions mention: DynamoDB wants no other, and no empty map of them. */
  #placeholders(expressions: string, known: Known) {
    const names: Record<string, string> = {};
    const values: Known = {};
    for (const [mark] of expressions.matchAll(/[#:]\w+/g)) {
      if (mark[0] === "#") names[mark] = (known[mark] ?? this.#nameOf(mark.slice(1))) as string;
      else values[mark] = known[mark];
    }
    return {
      ExpressionAttributeNames: names,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: encode(values) }),
    };
  }
}
