/**
 * `Query` and `Scan`.
 *
 * @module
 */

import { Consumed, readUnits } from "./capacity.ts";
import type { Database } from "./database.ts";
import { validation } from "./errors.ts";
import { type Condition, pathsOf } from "./expressions/condition.ts";
import { meets } from "./expressions/evaluate.ts";
import { condition, projection } from "./expressions/mod.ts";
import type { Path } from "./expressions/paths.ts";
import { Placeholders } from "./expressions/placeholders.ts";
import {
  type Input,
  optionalString,
  readChoice,
  readFlag,
  readInput,
  readInteger,
  readTableName,
} from "./input.ts";
import { projected } from "./item_operations.ts";
import { readKeyCondition } from "./key_condition.ts";
import { checkPathsBelowKey, itemKey, keyAttributes, keyOf, type KeySchema } from "./keys.ts";
import { compareScanned, partitionHash, type Table } from "./tables.ts";
import { compareValues } from "./value_order.ts";
import {
  type AttributeMap,
  type AttributeValue,
  itemSize,
  member,
  normalizeItem,
  typeOf,
} from "./values.ts";

/** One page ends with the item that brings it to this many bytes. */
const PAGE_BYTES = 1024 * 1024;
const MAX_SEGMENTS = 1_000_000;

const SHARED = [
  "TableName",
  "IndexName",
  "ConsistentRead",
  "ExclusiveStartKey",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "FilterExpression",
  "Limit",
  "ProjectionExpression",
  "ReturnConsumedCapacity",
  "Select",
];
const QUERY_PARAMETERS = new Set([...SHARED, "KeyConditionExpression", "ScanIndexForward"]);
const SCAN_PARAMETERS = new Set([...SHARED, "Segment", "TotalSegments"]);

/** What `Query` and `Scan` have in common. */
interface Listing {
  readonly table: Table;
  readonly keyCondition: Condition | undefined;
  readonly filter: Condition | undefined;
  readonly paths: readonly Path[] | undefined;
  readonly countOnly: boolean;
  readonly limit: number;
  readonly start: AttributeMap | undefined;
  readonly consistent: boolean;
  readonly consumed: Consumed;
}

/** `Query` */
export function query(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "Query", QUERY_PARAMETERS);
  const forward = input["ScanIndexForward"] === undefined || readFlag(input, "ScanIndexForward");
  const listing = readListing(input, database, optionalString(input, "KeyConditionExpression"));
  const { table, start, keyCondition } = listing;
  if (keyCondition === undefined) {
    throw validation(
      "Either the KeyConditions or KeyConditionExpression parameter must be specified in the " +
        "request.",
    );
  }
  const { partition, sort } = readKeyCondition(keyCondition, table.schema);
  checkFilter(listing.filter, table.schema);
  if (start !== undefined) {
    if (itemKey(table.schema, start).partition !== partition) {
      throw validation(
        "The provided starting key is outside query boundaries based on provided conditions",
      );
    }
    if (sort !== undefined && !meets(start, sort)) {
      throw validation("The provided starting key does not match the range key predicate");
    }
  }
  const items = table.partition(partition).filter((item) =>
    sort === undefined || meets(item, sort)
  );
  if (!forward) items.reverse();
  const after = start === undefined
    ? items
    : items.filter((item) => compareSortKeys(table.schema, item, start) * (forward ? 1 : -1) > 0);
  return page(listing, after);
}

/** `Scan` */
export function scan(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "Scan", SCAN_PARAMETERS);
  const [segment, segments] = readSegment(input);
  const listing = readListing(input, database, undefined);
  const { table, start } = listing;
  const first = start === undefined ? undefined : itemKey(table.schema, start).partition;
  const after: AttributeMap[] = [];
  for (const partition of table.scanOrder()) {
    if (partitionHash(partition) % segments !== segment) continue;
    const order = first === undefined ? 1 : compareScanned(partition, first);
    if (order < 0) continue;
    for (const item of table.partition(partition)) {
      if (order === 0 && compareSortKeys(table.schema, item, start as AttributeMap) <= 0) continue;
      after.push(item);
    }
  }
  return page(listing, after);
}

function readListing(input: Input, database: Database, keyText: string | undefined): Listing {
  const name = readTableName(input);
  const limit = readInteger(input, "Limit", 1) ?? Infinity;
  const consistent = readFlag(input, "ConsistentRead");
  const consumed = new Consumed(input);
  const projectionText = optionalString(input, "ProjectionExpression");
  const countOnly = readSelect(input, projectionText !== undefined);
  const filterText = optionalString(input, "FilterExpression");
  const placeholders = new Placeholders(
    input["ExpressionAttributeNames"],
    input["ExpressionAttributeValues"],
  );
  const filter = filterText === undefined
    ? undefined
    : condition("FilterExpression", filterText, placeholders);
  const paths = projectionText === undefined ? undefined : projection(projectionText, placeholders);
  const keyCondition = keyText === undefined
    ? undefined
    : condition("KeyConditionExpression", keyText, placeholders);
  placeholders.checkAllUsed(
    [filterText, projectionText, keyText].some((text) => text !== undefined),
    ["FilterExpression", "KeyConditionExpression"],
  );
  const table = database.tables.get(name);
  const index = optionalString(input, "IndexName");
  if (index !== undefined) {
    throw validation(`The table does not have the specified index: ${index}`);
  }
  const start = readStart(input, table.schema);
  checkPathsBelowKey(table.schema, [...(filter ? pathsOf(filter) : []), ...(paths ?? [])]);
  return { table, keyCondition, filter, paths, countOnly, limit, start, consistent, consumed };
}

/** Whether only the count is wanted. */
function readSelect(input: Input, hasProjection: boolean): boolean {
  const select = readChoice(
    input,
    "Select",
    ["ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES", "COUNT"],
    hasProjection ? "SPECIFIC_ATTRIBUTES" : "ALL_ATTRIBUTES",
  );
  if (select === "SPECIFIC_ATTRIBUTES" && !hasProjection) {
    throw validation(
      "Must specify the AttributesToGet or ProjectionExpression when choosing to get " +
        "SPECIFIC_ATTRIBUTES",
    );
  }
  if (select !== "SPECIFIC_ATTRIBUTES" && hasProjection) {
    throw validation(
      "Cannot specify the ProjectionExpression when choosing to get " +
        (select === "COUNT" ? "only the Count" : select),
    );
  }
  if (select === "ALL_PROJECTED_ATTRIBUTES") {
    throw validation("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
  }
  return select === "COUNT";
}

function readStart(input: Input, schema: KeySchema): AttributeMap | undefined {
  const given = input["ExclusiveStartKey"];
  if (given === undefined || given === null) return undefined;
  const key = normalizeItem(given, "exclusiveStartKey");
  const attributes = keyAttributes(schema);
  const fits = Object.keys(key).length === attributes.length &&
    attributes.every(({ name, type }) => {
      const value = member(key, name);
      return value !== undefined && typeOf(value) === type;
    });
  if (!fits) throw validation("The provided starting key is invalid");
  return key;
}

function readSegment(input: Input): [segment: number, segments: number] {
  const segments = readInteger(input, "TotalSegments", 1, MAX_SEGMENTS);
  const segment = readInteger(input, "Segment", 0, MAX_SEGMENTS - 1);
  if (segment === undefined && segments === undefined) return [0, 1];
  if (segments === undefined) {
    throw validation(
      "The TotalSegments parameter is required but was not present in the request when Segment " +
        "parameter is present",
    );
  }
  if (segment === undefined) {
    throw validation(
      "The Segment parameter is required but was not present in the request when parameter " +
        "TotalSegments is present",
    );
  }
  if (segment >= segments) {
    throw validation(
      "The Segment parameter is zero-based and must be less than parameter TotalSegments: " +
        `Segment: ${segment} is not less than TotalSegments: ${segments}`,
    );
  }
  return [segment, segments];
}

function checkFilter(filter: Condition | undefined, schema: KeySchema): void {
  if (filter === undefined) return;
  const names = new Set(keyAttributes(schema).map(({ name }) => name));
  for (const path of pathsOf(filter)) {
    if (!names.has(path[0] as string)) continue;
    throw validation(
      "Filter Expression can only contain non-primary key attributes: " +
        `Primary key attribute: ${path[0]}`,
    );
  }
}

function compareSortKeys({ sort }: KeySchema, a: AttributeMap, b: AttributeMap): number {
  if (sort === undefined) return 0;
  return compareValues(a[sort.name] as AttributeValue, b[sort.name] as AttributeValue) ?? 0;
}

/** The first page of the items that are left, filtered. */
function page(listing: Listing, left: readonly AttributeMap[]): Record<string, unknown> {
  const { table, filter, limit, consumed, countOnly, paths } = listing;
  let bytes = 0;
  let scanned = 0;
  const found: AttributeMap[] = [];
  for (const item of left) {
    if (scanned >= limit || bytes >= PAGE_BYTES) break;
    scanned++;
    bytes += itemSize(item);
    if (filter === undefined || meets(item, filter)) found.push(item);
  }
  consumed.add(table.settings.name, { read: readUnits(bytes, listing.consistent) });
  const last = left[scanned - 1];
  // A page that is full names its last key, also where nothing comes after it.
  const full = scanned < left.length || scanned === limit || bytes >= PAGE_BYTES;
  return {
    ...(countOnly ? {} : { Items: found.map((item) => projected(item, paths)) }),
    Count: found.length,
    ScannedCount: scanned,
    ...(full && last !== undefined ? { LastEvaluatedKey: keyOf(table.schema, last) } : {}),
    ...consumed.single(),
  };
}
