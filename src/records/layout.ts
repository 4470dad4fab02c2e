/**
 * How a lock looks on the table: turns an intention into a request, and an item into a record.
 *
 * @module
 */

import type { AttributeValue } from "../dynamodb/values.ts";
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

/** The input of an `UpdateItem`. */
export interface UpdateInput {
  readonly TableName: string;
  readonly Key: Item;
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, AttributeValue>;
  readonly ReturnValues?: "ALL_NEW";
  readonly ReturnValuesOnConditionCheckFailure: "ALL_OLD";
}

/** The input of a `GetItem`. */
export interface ReadInput {
  readonly TableName: string;
  readonly Key: Item;
  readonly ConsistentRead: true;
}

/** A check of an item in somebody's transaction. */
export type CheckInput = Pick<
  UpdateInput,
  "TableName" | "Key" | "ConditionExpression" | "ExpressionAttributeNames"
>;

/** The input of a `Scan`. */
export interface ScanInput {
  readonly TableName: string;
  readonly ConsistentRead: true;
  readonly FilterExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues: Record<string, AttributeValue>;
  readonly ExclusiveStartKey?: Item;
}

/** What tells a grant of a lock from others. */
export type GrantKey = Pick<Grant, "grantId" | "mode">;

/**
 * One record format. Every write of it carries a condition and asks for the record back when the
 * condition fails, so that a lost answer can be told from a lost lock without another request.
 */
export interface Layout {
  /** Takes a lock that is absent, or that nobody is in. */
  acquire(name: string, grant: Grant): UpdateInput;
  /** Takes a lock that others share already. */
  join(name: string, grant: Grant): UpdateInput;
  /** Takes a lock and removes dead holders, exactly as they were read. */
  takeOver(name: string, grant: Grant, seen: LockRecord, dead: readonly Holder[]): UpdateInput;
  /** Replaces one grant of this process by another like it, without setting the lock free between. */
  handOver(name: string, fromGrantId: string, grant: Grant): UpdateInput;
  /** Moves the end of a grant, and with `data` replaces (`string`) or removes (`null`) its data. */
  renew(name: string, grant: GrantKey, expires: number, data?: string | null): UpdateInput;
  /** Gives a grant back. */
  release(name: string, grant: GrantKey): UpdateInput;
  /** Makes sure that a grant with this token, or a lower one, can never be made any more. */
  close(name: string, grant: Grant): UpdateInput;
  /** Asks new shared holders to stand back until a time of the server, in milliseconds. */
  mark(name: string, until: number): UpdateInput;
  /** Removes dead holders, exactly as they were read, from among others. */
  sweep(name: string, dead: readonly Holder[]): UpdateInput;
  /** Takes a grant away from its holder, who is told at the next renewal. */
  revoke(name: string, grant: GrantKey): UpdateInput;
  /** Checks that a grant is there, in somebody's transaction. */
  guard(name: string, grant: GrantKey): CheckInput;
  /** Reads a record. */
  read(name: string): ReadInput;
  /** Reads the records whose names begin with `prefix`, from where the last page ended. */
  scan(prefix: string, from: Item | undefined): ScanInput;
  /** The name of a record that was found so. */
  nameOf(item: Item): string;
  /**
   * Understands an item.
   *
   * @throws {LockTableError} When the item is not one of this layout, or is damaged.
   */
  parse(name: string, item: Item | undefined): LockRecord | undefined;
}
