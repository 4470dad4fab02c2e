/**
 * Makes the requests of a record format for the place where its records live.
 *
 * @module
 */

import type { CheckInput, ReadInput, ScanInput, TablePlace, WriteInput } from "./layout.ts";
import { encode, type Known } from "./native_expressions.ts";
import type { Item } from "./record.ts";

type Conditional = Omit<WriteInput, "TableName">;
type Placeholders = Pick<
  WriteInput,
  "ExpressionAttributeNames" | "ExpressionAttributeValues"
>;

/** The requests to one place. Their expressions speak in placeholders: `#fence` is `fence`. */
export class RequestMaker {
  readonly #place: TablePlace;
  readonly #names: Readonly<Record<string, string>>;

  /** `names` are attributes that are called otherwise than their placeholders. */
  constructor(place: TablePlace, names: Readonly<Record<string, string>> = {}) {
    this.#place = place;
    this.#names = { key: place.partitionKey, sort: place.sortKey ?? "", ...names };
  }

  /** Changes an item. */
  update(name: string, change: string, condition: string, known: Known): WriteInput {
    return {
      ...this.at(name),
      UpdateExpression: change,
      ...this.conditional(condition, known, change),
    };
  }

  /** Checks an item, in somebody's transaction. */
  check(name: string, condition: string, known: Known): CheckInput {
    return {
      ...this.at(name),
      ConditionExpression: condition,
      ...this.placeholders(condition, known),
    };
  }

  /** Reads an item. */
  read(name: string): ReadInput {
    return { ...this.at(name), ConsistentRead: true };
  }

  /** Reads the items that pass a filter and whose names begin with `prefix`. */
  scan(prefix: string, filter: string, known: Known = {}): ScanInput {
    const { sortKey, sortValue } = this.#place;
    const start = this.#place.prefix + prefix;
    // DynamoDB wants no empty text there, with which everything begins.
    const all = filter + (start && " AND begins_with(#key,:start)") +
      (sortKey ? " AND #sort=:sort" : "");
    return {
      TableName: this.#place.name,
      ConsistentRead: true,
      FilterExpression: all,
      ...this.placeholders(all, { ...known, ":start": start, ":sort": sortValue }),
    };
  }

  /** The name of the lock that an item is of. */
  nameOf(item: Item): string {
    const { partitionKey, prefix } = this.#place;
    return (item[partitionKey] as { S: string }).S.slice(prefix.length);
  }

  /** The item of a lock. */
  at(name: string): { TableName: string; Key: Item } {
    const { name: TableName, partitionKey, prefix, sortKey, sortValue } = this.#place;
    const Key = encode({ [partitionKey]: prefix + name, ...(sortKey && { [sortKey]: sortValue }) });
    return { TableName, Key };
  }

  /** What an attribute is called. */
  attribute(mark: string): string {
    return this.#names[mark] ?? mark;
  }

  /** What makes a write conditional. */
  conditional(condition: string, known: Known, change = ""): Conditional {
    return {
      ConditionExpression: condition,
      ...this.placeholders(`${change} ${condition}`, known),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    };
  }

  /** The names and values that expressions mention: DynamoDB wants no other, and no empty map of them. */
  placeholders(expressions: string, known: Known): Placeholders {
    const names: Record<string, string> = {};
    const values: Known = {};
    for (const [mark] of expressions.matchAll(/[#:]\w+/g)) {
      if (mark[0] === "#") names[mark] = (known[mark] ?? this.attribute(mark.slice(1))) as string;
      else values[mark] = known[mark];
    }
    return {
      ExpressionAttributeNames: names,
      ...(Object.keys(values).length > 0 && { ExpressionAttributeValues: encode(values) }),
    };
  }
}
