/**
 * Fixed sequences: what generated ones meet too rarely, with the texts compared word by word.
 *
 * @module
 */

import type { Call } from "./compare.ts";
import type { Value } from "./expressions.ts";
import { lockSequences } from "./lock_cases.ts";
import { recordSequences } from "./record_cases.ts";
import { refusedConditions, refusedUpdates, refusedValues } from "./refused_cases.ts";

const PLAIN = "plain-table";
const SORTED = "sorted-table";
const KEY = { k: { S: "one" } };

/** Every fixed sequence by its name. */
export function fixedSequences(): Record<string, Call[]> {
  return {
    ...lockSequences(),
    ...recordSequences(),
    "refused conditions": refusedConditions(),
    "refused updates": refusedUpdates(),
    "refused values": refusedValues(),
    "spelling of numbers": numbers(),
    "sums of numbers": sums(),
    "sizes of items": sizes(),
    "time to live": timeToLive(),
    "pages of a query": pages(),
    "tokens of transactions": tokens(),
    "limits of batches": batches(),
    "order in lists": lists(),
  };
}

function put(item: Record<string, Value>, more: object = {}): Call {
  return { operation: "PutItem", input: { TableName: PLAIN, Item: { ...KEY, ...item }, ...more } };
}

function get(more: object = {}): Call {
  return { operation: "GetItem", input: { TableName: PLAIN, Key: KEY, ...more } };
}

function update(text: string, values: Record<string, Value> = {}): Call {
  return {
    operation: "UpdateItem",
    input: {
      TableName: PLAIN,
      Key: KEY,
      UpdateExpression: text,
      ReturnValues: "ALL_NEW",
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    },
  };
}

function numbers(): Call[] {
  const texts = [
    ...["0", "-0", "1", "-1", "+5", "00012", "1.50", ".5", "5.", "1e5", "1E5", "1e-10", "1.23e20"],
    ...["1e125", "-1e125", "1e-130", "9.9999999999999999999999999999999999999e125"],
    ...["12345678901234567890123456789012345678", "0.00000000001234", "100000000000000000000"],
    ...[
      "9007199254740993",
      "-9007199254740993.5",
      "1e38",
      "123456789012345678901234567890.12345678",
    ],
  ];
  return texts.flatMap((N) => [put({ x: { N } }), get(), put({ x: { NS: [N] } }), get()]);
}

function sums(): Call[] {
  const pairs = [
    ["1e37", "1e-37"],
    ["99999999999999999999999999999999999999", "1"],
    ["0.1", "0.2"],
    ["9.9e125", "9e125"],
    ["99999999999999999999999999999999999999", "0.4"],
    ["1e38", "1"],
    ["1.5e-130", "1e-130"],
    ["-5", "5"],
    ["9007199254740993", "1"],
    ["123456789.123456789", "-0.000000002"],
  ];
  return pairs.flatMap(([x, y]) =>
    ["SET x = x + :y", "SET x = x - :y", "SET x = :y - x", "ADD x :y"].flatMap((text) => [
      put({ x: { N: x as string } }),
      update(text, { ":y": { N: y as string } }),
      get(),
    ])
  );
}

/** The sizes of values show at the edges of capacity units. */
function sizes(): Call[] {
  const values: Value[] = [
    { S: "abc" },
    { S: "é😀" },
    ...["0", "1", "12", "123", "-123", "1.5", "0.001", "100", "1000", "1795300818581", "0.1e-3"]
      .map((N) => ({ N })),
    { N: "12345678901234567890123456789012345678" },
    { N: "-1234567890123456789012345678901234567.8" },
    { BOOL: true },
    { NULL: true },
    { B: "AAEC" },
    { B: "AAE=" },
    { L: [] },
    { L: [{ S: "a" }, { N: "1" }] },
    { M: {} },
    { M: { a: { S: "b" }, c: { L: [{ BOOL: true }] } } },
    { SS: ["a", "bc"] },
    { NS: ["1", "22"] },
    { BS: ["AAE="] },
  ];
  return values.flatMap((value) =>
    // The item is 1024 bytes with some filler of these lengths.
    Array.from({ length: 30 }, (_, i) =>
      put({ v: value, p: { S: "x".repeat(990 + i) } }, { ReturnConsumedCapacity: "TOTAL" }))
  ).concat([
    put({ p: { S: "x".repeat(409_600 - 5) } }),
    put({ p: { S: "x".repeat(409_600 - 4) } }),
    update("SET q = :q", { ":q": { S: "x".repeat(409_600) } }),
    get({ ReturnConsumedCapacity: "TOTAL", ConsistentRead: true, ProjectionExpression: "k" }),
    get({ ReturnConsumedCapacity: "INDEXES", ProjectionExpression: "k" }),
  ]);
}

function timeToLive(): Call[] {
  const set = (AttributeName: string, Enabled: boolean): Call => ({
    operation: "UpdateTimeToLive",
    input: { TableName: PLAIN, TimeToLiveSpecification: { AttributeName, Enabled } },
  });
  const describe: Call = { operation: "DescribeTimeToLive", input: { TableName: PLAIN } };
  return [
    describe,
    set("p", false),
    set("p", true),
    describe,
    set("p", true),
    set("q", true),
    set("q", false),
    set("p", false),
    describe,
    { operation: "DescribeTimeToLive", input: { TableName: "no-such-table" } },
  ];
}

function pages(): Call[] {
  const fill = ["-3", "0.5", "1", "2", "10", "100"].map((s): Call => ({
    operation: "PutItem",
    input: { TableName: SORTED, Item: { ...KEY, s: { N: s }, v: { N: s } } },
  }));
  const conditions = [
    ...["k = :k", "s > :s AND k = :k", "k = :k AND :s < s", "(k = :k) AND (s <= :s)", ":k = k"],
    ...["k = :k AND s BETWEEN :s AND :t", "k = :k OR s = :s", "NOT k = :k", "k = :k AND s <> :s"],
    ...[
      "k < :k",
      "s = :s",
      "v = :s",
      "k = :k AND v = :s",
      "k = :k AND s = :s AND s = :t",
      "k = :s",
    ],
    ...["k = :k AND begins_with(s, :s)", "k = :k AND begins_with(s, :k)", "k = :k AND s = k"],
    ...["k = :k AND size(s) = :s", "k.x = :k", "k = :k AND s[0] = :s", "k = :k AND s IN (:s)"],
    ...["contains(k, :k)", "begins_with(k, :k)", "attribute_exists(k)"],
  ];
  const values: Record<string, Value> = { ":k": KEY.k, ":s": { N: "1" }, ":t": { N: "9" } };
  const query = (text: string, more: object = {}): Call => {
    const used = Object.fromEntries(
      Object.entries(values).filter(([ref]) => text.includes(ref)),
    );
    return {
      operation: "Query",
      input: {
        TableName: SORTED,
        KeyConditionExpression: text,
        ...(Object.keys(used).length > 0 ? { ExpressionAttributeValues: used } : {}),
        ...more,
      },
    };
  };
  const options: object[] = [
    ...[1, 2, 5, 6, 7, 0].map((Limit) => ({ Limit })),
    ...["1", "3", "100", "-3"].flatMap((s) =>
      [true, false].map((ScanIndexForward) => ({
        ScanIndexForward,
        Limit: 2,
        ExclusiveStartKey: { ...KEY, s: { N: s } },
      }))
    ),
    ...["COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES", "SPECIFIC_ATTRIBUTES"]
      .flatMap((Select) => [{ Select }, { Select, ProjectionExpression: "v" }]),
    { IndexName: "idx" },
    { ExclusiveStartKey: KEY },
    { ExclusiveStartKey: { ...KEY, s: { S: "1" } } },
    { ExclusiveStartKey: { k: { S: "two" }, s: { N: "1" } } },
    { FilterExpression: "s > v" },
    { ReturnConsumedCapacity: "TOTAL", ConsistentRead: true },
  ];
  return [
    ...fill,
    ...conditions.map((text) => query(text)),
    ...options.map((more) => query("k = :k", more)),
    { operation: "Query", input: { TableName: SORTED } },
    ...[{ Segment: 0 }, { TotalSegments: 2 }, { Segment: 2, TotalSegments: 2 }, { Limit: 0 }]
      .map((more): Call => ({ operation: "Scan", input: { TableName: SORTED, ...more } })),
  ];
}

function tokens(): Call[] {
  const write = (value: string, token: string): Call => ({
    operation: "TransactWriteItems",
    input: {
      TransactItems: [{
        Update: {
          TableName: PLAIN,
          Key: KEY,
          UpdateExpression: "ADD n :n",
          ExpressionAttributeValues: { ":n": { N: value } },
        },
      }],
      ClientRequestToken: token,
      ReturnConsumedCapacity: "TOTAL",
    },
  });
  const token = crypto.randomUUID().slice(0, 20);
  return [
    write("1", token),
    write("1", token),
    get(),
    write("2", token),
    get(),
    write("2", `${token}2`),
    get(),
    write("1", "x".repeat(36)),
    write("1", "x".repeat(37)),
    { operation: "TransactWriteItems", input: { TransactItems: [] } },
    { operation: "TransactWriteItems", input: {} },
    { operation: "TransactWriteItems", input: { TransactItems: [{}] } },
    {
      operation: "TransactWriteItems",
      input: { TransactItems: [{ ConditionCheck: { TableName: PLAIN, Key: KEY } }] },
    },
    {
      operation: "TransactWriteItems",
      input: {
        TransactItems: [1, 2].map(() => ({ Put: { TableName: PLAIN, Item: KEY } })),
      },
    },
    {
      operation: "TransactWriteItems",
      input: {
        TransactItems: Array.from({ length: 101 }, (_, i) => ({
          Put: { TableName: PLAIN, Item: { k: { S: `k${i}` } } },
        })),
      },
    },
  ];
}

function batches(): Call[] {
  const writes = (count: number): Call => ({
    operation: "BatchWriteItem",
    input: {
      RequestItems: {
        [PLAIN]: Array.from({ length: count }, (_, i) => ({
          PutRequest: { Item: { k: { S: `k${i}` } } },
        })),
      },
    },
  });
  const reads = (count: number): Call => ({
    operation: "BatchGetItem",
    input: {
      RequestItems: {
        [PLAIN]: { Keys: Array.from({ length: count }, (_, i) => ({ k: { S: `k${i}` } })) },
      },
      ReturnConsumedCapacity: "TOTAL",
    },
  });
  return [
    ...[25, 26, 0].map(writes),
    ...[100, 101, 0].map(reads),
    { operation: "BatchGetItem", input: { RequestItems: {} } },
    { operation: "BatchWriteItem", input: { RequestItems: {} } },
    {
      operation: "BatchGetItem",
      input: { RequestItems: { [PLAIN]: { Keys: [KEY, KEY] } } },
    },
  ];
}

function lists(): Call[] {
  const before = put({
    l: { L: ["1", "2", "3", "4"].map((N) => ({ N })) },
    m: { M: { l: { L: [{ L: [{ N: "1" }, { N: "2" }] }, { M: { x: { N: "3" } } }] } } },
  });
  const values: Record<string, Value> = { ":a": { S: "a" }, ":b": { S: "b" } };
  const texts = [
    ...["REMOVE l[0], l[2]", "REMOVE l[3], l[0], l[1]", "REMOVE l[9]", "SET l[9] = :a, l[7] = :b"],
    ...["SET l[4] = :a REMOVE l[0]", "REMOVE l[1] SET l[1] = :a", "SET l[1] = l[0], l[0] = l[1]"],
    ...["REMOVE m.l[0][0], m.l[1]", "REMOVE m.l[0], m.l[1].x", "SET m.l[0][5] = :a, m.l[2] = :b"],
    ...["SET m.l[1].y = m.l REMOVE m.l[0]", "SET l = list_append(l, l)", "REMOVE m.l[1].x.y"],
  ];
  return texts.flatMap((text) => [
    before,
    update(
      text,
      Object.fromEntries(Object.entries(values).filter(([ref]) => text.includes(ref))),
    ),
    get(),
  ]);
}
