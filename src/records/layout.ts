/**
 * How a lock looks on the table: turns an intention into a request, and an item into a record.
 *
 * @module
 */

import type { AttributeValue } from "../dynamodb/values.ts";
import type { Grant, Item, LockRecord } from "./record.ts";

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

/** What tells a grant of a lock from others. */
export type GrantKey = Pick<Grant, "name" | "grantId">;

/**
 * One record format. Every write of it carries a condition and asks for the record back when the
 * condition fails, so that a lost answer can be told from a lost lock without another request.
 */
export interface Layout {
  /** Takes a lock that is absent or free. */
  acquire(grant: Grant): UpdateInput;
  /** Takes a lock from holders that are all dead, exactly as they were read. */
  takeOver(grant: Grant, seen: LockRecord): UpdateInput;
  /** Replaces one grant of this process by another, without setting the lock free between them. */
  handOver(fromGrantId: string, grant: Grant): UpdateInput;
  /** Moves the end of a grant, and with `data` replaces (`string`) or removes (`null`) its data. */
  renew(grant: GrantKey, expires: number, data?: string | null): UpdateInput;
  /** Gives a grant back. */
  release(grant: GrantKey): UpdateInput;
  /** Makes sure that a grant with this token, or a lower one, can never be made any more. */
  close(grant: Grant): UpdateInput;
  /** Reads a record. */
  read(name: string): ReadInput;
  /**
   * Understands an item.
   *
   * @throws {LockTableError} When the item is not one of this layout, or is damaged.
   */
  parse(name: string, item: Item | undefined): LockRecord | undefined;
}
