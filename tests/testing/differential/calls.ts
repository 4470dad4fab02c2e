/**
 * Generated requests: items, conditions, updates, transactions, queries and scans on a few keys of
 * two tables, sound ones and bad ones.
 *
 * @module
 */

import fc from "fast-check";
import type { Call } from "./compare.ts";
import {
  attributes,
  conditions,
  type Expression,
  projections,
  topUpdates,
  updates,
  type Value,
  values,
} from "./expressions.ts";

/** The tables' names: one with a partition key `k` of S, one with a sort key `s` of N besides. */
export interface TableNames {
  readonly plain: string;
  readonly sorted: string;
}

// deno-lint-ignore no-explicit-any
type Input = Record<string, any>;

const partitionKeys = fc.constantFrom("one", "two", "three");
const sortKeys = fc.constantFrom("1", "2", "10", "-3", "0.5");
const returnValues = fc.constantFrom("NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW");

/** Puts expressions and their placeholders into an input. */
function withExpressions(input: Input, given: Record<string, Expression | undefined>): Input {
  const names: Record<string, string> = {};
  const placed: Record<string, Value> = {};
  const result = { ...input };
  for (const [member, expression] of Object.entries(given)) {
    if (expression === undefined) continue;
    result[member] = expression.text;
    Object.assign(names, expression.names);
    Object.assign(placed, expression.values);
  }
  if (Object.keys(names).length > 0) result["ExpressionAttributeNames"] = names;
  if (Object.keys(placed).length > 0) result["ExpressionAttributeValues"] = placed;
  return result;
}

function maybe<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(arbitrary, { nil: undefined });
}

const extras: fc.Arbitrary<Input> = fc.record({
  ReturnConsumedCapacity: fc.constantFrom("TOTAL", "INDEXES", "NONE"),
  ReturnValuesOnConditionCheckFailure: fc.constantFrom("ALL_OLD", "NONE"),
}, { requiredKeys: [] });

/** Where an item is: a table and a key. Now and then a key that does not fit. */
function places(tables: TableNames): fc.Arbitrary<{ TableName: string; Key: Input }> {
  const plain = partitionKeys.map((k) => ({ TableName: tables.plain, Key: { k: { S: k } } }));
  const sorted = fc.tuple(partitionKeys, sortKeys).map(([k, s]) => ({
    TableName: tables.sorted,
    Key: { k: { S: k }, s: { N: s } },
  }));
  const wrong = fc.constantFrom<Input[]>(
    {},
    { k: { S: "" } },
    { k: { N: "1" } },
    { q: { S: "one" } },
    { k: { S: "one" }, q: { S: "x" } },
    { k: { S: "x".repeat(2049) } },
  ).map((Key) => ({ TableName: tables.plain, Key }));
  const missing = fc.constant({ TableName: "no-such-table", Key: { k: { S: "one" } } });
  return fc.oneof(
    { weight: 20, arbitrary: plain },
    { weight: 10, arbitrary: sorted },
    { weight: 2, arbitrary: wrong },
    { weight: 1, arbitrary: missing },
  );
}

const badAttributes: fc.Arbitrary<Record<string, Value>> = fc.constantFrom<Record<string, Value>[]>(
  { a: {} },
  { a: { S: "x", N: "1" } },
  { a: { N: "abc" } },
  { a: { N: "" } },
  { a: { N: "1".repeat(39) } },
  { a: { N: "1e126" } },
  { a: { N: "1e-131" } },
  { a: { SS: [] } },
  { a: { SS: ["a", "a"] } },
  { a: { NS: ["1", "1.0"] } },
  { a: { NULL: false } },
  { a: { L: [{ M: { x: { N: "x" } } }] } },
);

function items(tables: TableNames): fc.Arbitrary<Input> {
  const rest = fc.oneof({ weight: 15, arbitrary: attributes }, {
    weight: 1,
    arbitrary: badAttributes,
  });
  return fc.tuple(places(tables), rest).map(([{ TableName, Key }, others]) => ({
    TableName,
    Item: { ...others, ...Key },
  }));
}

/** Writes of one item. */
function writes(tables: TableNames): fc.Arbitrary<Call> {
  const put = fc.tuple(items(tables), extras, maybe(conditions), returnValues)
    .map(([item, extra, condition, returned]) => ({
      operation: "PutItem",
      input: withExpressions({ ...item, ...extra, ReturnValues: returned }, {
        ConditionExpression: condition,
      }),
    }));
  const remove = fc.tuple(
    places(tables),
    extras,
    maybe(conditions),
    fc.constantFrom("NONE", "ALL_NEW"),
  ).map(([place, extra, condition, returned]) => ({
    operation: "DeleteItem",
    input: withExpressions({ ...place, ...extra, ReturnValues: returned }, {
      ConditionExpression: condition,
    }),
  }));
  const update = fc.oneof(
    fc.tuple(updates, fc.constantFrom("NONE", "ALL_OLD", "ALL_NEW")),
    fc.tuple(topUpdates, returnValues),
  ).chain(([changes, returned]) =>
    fc.tuple(places(tables), extras, maybe(conditions)).map(([place, extra, condition]) => ({
      operation: "UpdateItem",
      input: withExpressions({ ...place, ...extra, ReturnValues: returned }, {
        UpdateExpression: changes,
        ConditionExpression: condition,
      }),
    }))
  );
  return fc.oneof(
    { weight: 3, arbitrary: put },
    { weight: 1, arbitrary: remove },
    { weight: 4, arbitrary: update },
  );
}

/** Reads of one item. */
function gets(tables: TableNames): fc.Arbitrary<Call> {
  return fc.tuple(places(tables), maybe(projections), fc.boolean())
    .map(([place, projection, ConsistentRead]) => ({
      operation: "GetItem",
      input: withExpressions({ ...place, ConsistentRead, ReturnConsumedCapacity: "TOTAL" }, {
        ProjectionExpression: projection,
      }),
    }));
}

/** Transactions. Their updates fit any item: what Local answers to others is not the service's. */
function transactions(tables: TableNames): fc.Arbitrary<Call> {
  const condition = maybe(conditions);
  const fitting: fc.Arbitrary<Expression> = values.map((one) => ({
    text: "SET q = :q REMOVE a",
    names: {},
    values: { ":q": one },
  }));
  const sound = places(tables);
  const returnOld = fc.constantFrom("ALL_OLD", "NONE")
    .map((ReturnValuesOnConditionCheckFailure) => ({ ReturnValuesOnConditionCheckFailure }));
  const action = fc.oneof(
    fc.tuple(items(tables), returnOld, condition).map(([item, old, ConditionExpression]) => ({
      Put: withExpressions({ ...item, ...old }, { ConditionExpression }),
    })),
    fc.tuple(sound, returnOld, condition).map(([place, old, ConditionExpression]) => ({
      Delete: withExpressions({ ...place, ...old }, { ConditionExpression }),
    })),
    fc.tuple(sound, returnOld, conditions).map(([place, old, ConditionExpression]) => ({
      ConditionCheck: withExpressions({ ...place, ...old }, { ConditionExpression }),
    })),
    fc.tuple(sound, returnOld, condition, fitting).map(([place, old, one, UpdateExpression]) => ({
      Update: withExpressions({ ...place, ...old }, { UpdateExpression, ConditionExpression: one }),
    })),
  );
  const token = fc.constantFrom(undefined, undefined, "t1", "t2", "x".repeat(37));
  return fc.tuple(fc.array(action, { minLength: 1, maxLength: 4 }), token)
    .map(([TransactItems, ClientRequestToken]) => ({
      operation: "TransactWriteItems",
      input: {
        TransactItems,
        ...(ClientRequestToken === undefined
          ? {}
          : { ClientRequestToken: tables.plain.slice(-12) + ClientRequestToken }),
      },
    }));
}

function transactionReads(tables: TableNames): fc.Arbitrary<Call> {
  return fc.array(fc.tuple(places(tables), maybe(projections)), { minLength: 1, maxLength: 3 })
    .map((list) => ({
      operation: "TransactGetItems",
      input: {
        TransactItems: list.map(([place, ProjectionExpression]) => ({
          Get: withExpressions(place, { ProjectionExpression }),
        })),
      },
    }));
}

/** Queries of the sorted table. */
function queries(tables: TableNames): fc.Arbitrary<Call> {
  const sort = fc.oneof(
    fc.constantFrom("=", "<", "<=", ">", ">=", "<>").map((operator) => `s ${operator} :s`),
    fc.constantFrom("s BETWEEN :s AND :s2", "begins_with(s, :s)", "attribute_exists(s)", "a = :s"),
  );
  return fc.record({
    partition: partitionKeys,
    sort: maybe(sort),
    bounds: fc.tuple(sortKeys, sortKeys),
    forward: fc.boolean(),
    limit: maybe(fc.integer({ min: 0, max: 4 })),
    filter: maybe(conditions),
    projection: maybe(projections),
    start: maybe(fc.tuple(partitionKeys, sortKeys)),
    swap: fc.boolean(),
  }).map((given) => {
    const [first, second] = given.bounds;
    const terms = ["k = :k", ...(given.sort === undefined ? [] : [given.sort])];
    const text = (given.swap ? terms.reverse() : terms).join(" AND ");
    const bounds: Record<string, Value> = { ":k": { S: given.partition } };
    if (/:s\b/.test(text)) bounds[":s"] = { N: first };
    if (/:s2\b/.test(text)) bounds[":s2"] = { N: second };
    return {
      operation: "Query",
      input: withExpressions({
        TableName: tables.sorted,
        ScanIndexForward: given.forward,
        ...(given.limit === undefined ? {} : { Limit: given.limit }),
        ...(given.start === undefined
          ? {}
          : { ExclusiveStartKey: { k: { S: given.start[0] }, s: { N: given.start[1] } } }),
        ReturnConsumedCapacity: "TOTAL",
      }, {
        KeyConditionExpression: { text, names: {}, values: bounds },
        FilterExpression: given.filter,
        ProjectionExpression: given.projection,
      }),
    };
  });
}

function scans(tables: TableNames): fc.Arbitrary<Call> {
  return fc.tuple(
    fc.constantFrom(tables.plain, tables.sorted),
    maybe(conditions),
    maybe(projections),
  ).map(([TableName, filter, projection]) => ({
    operation: "Scan",
    input: withExpressions({ TableName }, {
      FilterExpression: filter,
      ProjectionExpression: projection,
    }),
  }));
}

function batches(tables: TableNames): fc.Arbitrary<Call> {
  const read = fc.array(fc.tuple(partitionKeys, sortKeys), { minLength: 1, maxLength: 4 })
    .map((keys) => ({
      operation: "BatchGetItem",
      input: {
        RequestItems: {
          [tables.sorted]: { Keys: keys.map(([k, s]) => ({ k: { S: k }, s: { N: s } })) },
        },
      },
    }));
  const write = fc.array(fc.tuple(partitionKeys, sortKeys, attributes, fc.boolean()), {
    minLength: 1,
    maxLength: 4,
  }).map((list) => ({
    operation: "BatchWriteItem",
    input: {
      RequestItems: {
        [tables.sorted]: list.map(([k, s, others, put]) => {
          const Key = { k: { S: k }, s: { N: s } };
          return put ? { PutRequest: { Item: { ...others, ...Key } } } : { DeleteRequest: { Key } };
        }),
      },
    },
  }));
  return fc.oneof(read, write);
}

/** A sequence of requests on two tables. */
export function sequences(tables: TableNames): fc.Arbitrary<Call[]> {
  return fc.array(
    fc.oneof(
      { weight: 12, arbitrary: writes(tables) },
      { weight: 3, arbitrary: gets(tables) },
      { weight: 4, arbitrary: transactions(tables) },
      { weight: 1, arbitrary: transactionReads(tables) },
      { weight: 3, arbitrary: queries(tables) },
      { weight: 1, arbitrary: scans(tables) },
      { weight: 1, arbitrary: batches(tables) },
    ),
    { minLength: 5, maxLength: 40 },
  );
}
