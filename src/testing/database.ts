/**
 * The database behind the wire: one operation at a time, each in one synchronous step.
 *
 * @module
 */

import { batchGetItem, batchWriteItem } from "./batch_operations.ts";
import { ServiceError } from "./errors.ts";
import { deleteItem, getItem, putItem, updateItem } from "./item_operations.ts";
import { itemKey } from "./keys.ts";
import { query, scan } from "./query_operations.ts";
import {
  createTable,
  deleteTable,
  describeTable,
  describeTimeToLive,
  listTables,
  updateTable,
  updateTimeToLive,
} from "./table_operations.ts";
import { Tables } from "./tables.ts";
import { listTagsOfResource } from "./tags.ts";
import { TokenMemory, transactGetItems, transactWriteItems } from "./transact_operations.ts";
import { member } from "./values.ts";

/** An operation: the body of a request to the body of its answer. It throws `ServiceError`. */
export type Operation = (database: Database, body: unknown) => Record<string, unknown>;

const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["BatchGetItem", batchGetItem],
  ["BatchWriteItem", batchWriteItem],
  ["CreateTable", createTable],
  ["DeleteItem", deleteItem],
  ["DeleteTable", deleteTable],
  ["DescribeTable", describeTable],
  ["DescribeTimeToLive", describeTimeToLive],
  ["GetItem", getItem],
  ["ListTables", listTables],
  ["ListTagsOfResource", listTagsOfResource],
  ["PutItem", putItem],
  ["Query", query],
  ["Scan", scan],
  ["TransactGetItems", transactGetItems],
  ["TransactWriteItems", transactWriteItems],
  ["UpdateItem", updateItem],
  ["UpdateTable", updateTable],
  ["UpdateTimeToLive", updateTimeToLive],
]);

/** The service keeps an item whose time is this far past: it is taken for a mistake. */
const TTL_HORIZON_MS = 5 * 365.25 * 86_400_000;

/** All tables, and the clock they live by. */
export class Database {
  readonly tables: Tables = new Tables();
  readonly tokens: TokenMemory = new TokenMemory();
  /** The server's wall clock: milliseconds since 1970. */
  readonly now: () => number;

  constructor(now: () => number) {
    this.now = now;
  }

  /** Runs one operation. */
  run(operation: string, body: unknown): Record<string, unknown> {
    const run = OPERATIONS.get(operation);
    if (run === undefined) {
      throw new ServiceError(
        "UnknownOperationException",
        `MemoryDynamo does not know the operation '${operation}'`,
      );
    }
    return run(this, body);
  }

  /** Deletes the items whose time to live has passed; answers how many. */
  purgeExpired(): number {
    const now = this.now();
    let purged = 0;
    for (const table of this.tables.all()) {
      if (table.ttlAttribute === undefined) continue;
      for (const item of table.items()) {
        const value = member(item, table.ttlAttribute);
        if (value === undefined || !("N" in value)) continue;
        const expiry = Number(value.N) * 1000;
        if (expiry > now || expiry < now - TTL_HORIZON_MS) continue;
        table.delete(itemKey(table.schema, item));
        purged++;
      }
    }
    return purged;
  }
}
