/**
 * How a lock looks on the table: turns an intention into a request, and an item into a record.
 *
 * @module
 */

import type { Grant, Holder, Item, LockRecord } from "./record.ts";

/** Where the records live. */
export interface TablePlace {
  /** The table's name or ARN. */
  readonly name: string;
  /** The name of the partition key, a string. */
  readonly partitionKey: string;
  /** The name of the sort key, a string, where the table has one. */
  readonly sortKey?: string;
  /** The value of the sort key in every lock's item. */
  readonly sortValue?: string;
  /** What is put before a lock's name to make its key. */
  readonly prefix: string;
}

/** The input of a conditional write. */
export interface WriteInput {
  /** What it is, where it is no `UpdateItem`. */
  readonly operation?: "PutItem" | "DeleteItem";
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly UpdateExpression?: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
  readonly ReturnValues?: "ALL_NEW";
  readonly ReturnValuesOnConditionCheckFailure: "ALL_OLD";
}

/** How one record is read. */
export interface ReadInput {
  /** A `GetItem`, or a `Query` where a record is several items. */
  readonly operation?: "Query";
  readonly TableName: string;
  readonly Key?: Item;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
  readonly ConsistentRead: true;
}

/** A check of an item in somebody's transaction. */
export interface CheckInput {
  readonly TableName: string;
  readonly Key: Item;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** The input of a `Scan`. */
export interface ScanInput {
  readonly TableName: string;
  readonly ConsistentRead: true;
  readonly FilterExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Item;
}

/** What tells a grant of a lock from others. */
export type GrantKey = Pick<Grant, "grantId" | "mode">;

/** What a record format can do. What it cannot is refused with an error that says so. */
export interface LayoutAbilities {
  /**
   * Whether a grant has a fencing token, greater than every earlier one of its lock: a time of the
   * server, or a count.
   */
  readonly fencing: "time" | "count" | false;
  /** Whether several may share a lock. */
  readonly shared: boolean;
  /** Whether a lock can be a semaphore. */
  readonly permits: boolean;
  /** Whether a record says when a lease ends, by which a dead holder is told without watching it. */
  readonly serverClock: boolean;
  /** Whether a transaction can check that a grant is there. */
  readonly guard: boolean;
  /** Whether a holder can store data beside the lock. */
  readonly data: boolean;
}

/**
 * One record format. Every write of it carries a condition and asks for the record back when the
 * condition fails, so that a lost answer can be told from a lost lock without another request.
 */
export interface Layout {
  /** What it is called in errors. */
  readonly name: string;
  /** What it can do. */
  readonly abilities: LayoutAbilities;
  /** Whether a lock is held for ever that nobody gives back. */
  readonly endless?: true;
  /** Takes a lock that is absent, or that nobody is in: `seen` is its record, where one was seen. */
  acquire(name: string, grant: Grant, seen?: LockRecord): WriteInput;
  /** Takes a lock that others share already. */
  join(name: string, grant: Grant, seen?: LockRecord): WriteInput;
  /** Takes a lock and removes dead holders, exactly as they were read. */
  takeOver(name: string, grant: Grant, seen: LockRecord, dead: readonly Holder[]): WriteInput;
  /** Replaces one grant of this process by another like it, without setting the lock free between. */
  handOver(name: string, from: GrantKey, grant: Grant): WriteInput;
  /** Moves the end of a grant, and with `data` replaces (`string`) or removes (`null`) its data. */
  renew(name: string, grant: Grant, expires: number, data?: string | null): WriteInput;
  /** Gives a grant back. */
  release(name: string, grant: GrantKey): WriteInput;
  /**
   * Makes sure that a grant with this token, or a lower one, can never be made any more; `undefined`
   * where the format has no means for that.
   */
  close(name: string, grant: Grant): WriteInput | undefined;
  /** Asks new shared holders to stand back until a time of the server, in milliseconds. */
  mark(name: string, until: number): WriteInput;
  /** Removes dead holders, exactly as they were read, from among others. */
  sweep(name: string, dead: readonly Holder[]): WriteInput;
  /** Takes a grant away from its holder, who is told at the next renewal. */
  revoke(name: string, grant: Holder): WriteInput;
  /** Checks that a grant is there, in somebody's transaction. */
  guard(name: string, grant: GrantKey): CheckInput;
  /** Reads a record. */
  read(name: string): ReadInput;
  /** Reads the records whose names begin with `prefix`. */
  scan(prefix: string): ScanInput;
  /** The name of a record that was found so. */
  nameOf(item: Item): string;
  /**
   * Understands an item; or several, where a record is made of them.
   *
   * @throws {LockTableError} When the item is not one of this layout, or is damaged.
   */
  parse(name: string, item: Item | undefined, others?: readonly Item[]): LockRecord | undefined;
}

/** A record format to be chosen for a manager. */
export interface LayoutChoice {
  /** What it is called in errors. */
  readonly name: string;
  /** What it can do. */
  readonly abilities: LayoutAbilities;
  /**
   * What its own client calls the table and the keys, where that is known.
   *
   * @internal
   */
  readonly table: Partial<TablePlace>;
  /**
   * Makes the layout for a place.
   *
   * @internal
   */
  at(place: TablePlace): Layout;
}

/** Makes a choice of a layout, of what its own client calls the table and the keys. */
export function choose(
  name: string,
  table: Partial<TablePlace>,
  at: (place: TablePlace) => Layout,
): LayoutChoice {
  // What it can do is the same everywhere.
  const { abilities } = at({ name: "", partitionKey: "", prefix: "", ...table });
  return { name, abilities, table, at };
}
