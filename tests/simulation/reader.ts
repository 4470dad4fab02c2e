/**
 * How the lock table of a run is read, whatever the record format: the checker knows one form of a record,
 * and the names of the steps.
 */

import type { MemoryDynamo } from "../../src/testing/mod.ts";
import {
  elementsOf,
  kindOf,
  lockElementsOf,
  type WireElement,
  type WireRequest,
} from "../support/requests.ts";
import type { RawRecord } from "./service.ts";

/** A table of the service. */
export type MemoryTable = ReturnType<MemoryDynamo["table"]>;

/** A reader of one record format. */
export interface Reader {
  /** The names and types of the table's keys. */
  readonly keys: Readonly<Record<string, "S" | "N">>;
  /** The time to live, where the table has one. */
  readonly timeToLive: string | undefined;
  /** The table of what locks guard, with the key `key`. */
  readonly guarded: string;
  /** The step that a request is. */
  stepOf(call: WireRequest): string;
  /** The grant that a request renews, gives back or checks. */
  grantOf(call: WireRequest): string;
  /** The keys of what a request writes. */
  writtenBy(call: WireRequest): string[];
  /** The record of a name. */
  recordOf(table: MemoryTable, name: string): RawRecord | undefined;
  /** An operator deletes a record, or puts something else in its place; absent where it is our own format. */
  tamper?(table: MemoryTable, name: string, how: "delete" | "empty" | "replace"): void;
}

/** The lock table. */
export const TABLE = "dynamo-lock";

/** The writes of a request. */
export function writesOf(elements: readonly WireElement[]): readonly WireElement[] {
  return elements.filter(({ action }) => action !== "ConditionCheck");
}

/** The reader of our own format. */
export const NATIVE: Reader = {
  keys: { key: "S" },
  timeToLive: "purge",
  guarded: TABLE,
  stepOf: kindOf,
  grantOf: (call) => lockElementsOf(call)[0]!.input.ExpressionAttributeNames["#g"]!,
  writtenBy: (call) =>
    writesOf(elementsOf(call)).map(({ input }) => (input.Item ?? input.Key).key!.S),
  recordOf: (table, name) => table.get({ key: { S: name } }) as unknown as RawRecord,
};
