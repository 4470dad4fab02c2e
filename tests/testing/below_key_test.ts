import { assertEquals } from "@std/assert";
import { Memory, ONE } from "./memory.ts";

const BELOW =
  "ValidationException: Key attributes must be scalars; list random access '[]' and map " +
  "lookup '.' are not allowed: Key: ";

const PLAIN = { TableName: "plain", Key: ONE };
const SORTED = { TableName: "sorted", Key: { ...ONE, s: { N: "1" } } };
const QUERY = {
  TableName: "plain",
  KeyConditionExpression: "k = :k",
  ExpressionAttributeValues: { ":k": ONE.k },
};
const PUT = { TableName: "plain", Item: ONE };

/** Requests with a path below a key, and which key. */
const CASES: readonly [operation: string, input: object, key: string][] = [
  ["GetItem", { ...PLAIN, ProjectionExpression: "k.x" }, "k"],
  ["GetItem", { ...PLAIN, ProjectionExpression: "n, k[0]" }, "k"],
  [
    "GetItem",
    { ...PLAIN, ProjectionExpression: "#k.x", ExpressionAttributeNames: { "#k": "k" } },
    "k",
  ],
  ["GetItem", { ...SORTED, ProjectionExpression: "s.x" }, "s"],
  ["GetItem", { ...SORTED, ProjectionExpression: "s.x, k.x" }, "k"],
  ["GetItem", { ...PLAIN, Key: {}, ProjectionExpression: "k.x" }, "k"],
  ["Scan", { TableName: "plain", ProjectionExpression: "k[0]" }, "k"],
  ["Scan", { TableName: "plain", FilterExpression: "attribute_exists(k.x)" }, "k"],
  ["Query", { ...QUERY, ProjectionExpression: "k.x" }, "k"],
  ["Query", { ...QUERY, FilterExpression: "NOT attribute_exists(k.x)" }, "k"],
  ["BatchGetItem", { RequestItems: { plain: { Keys: [ONE], ProjectionExpression: "k.x" } } }, "k"],
  [
    "TransactGetItems",
    { TransactItems: [{ Get: { ...PLAIN, ProjectionExpression: "k.x" } }] },
    "k",
  ],
  ["PutItem", { ...PUT, ConditionExpression: "attribute_not_exists(k.x)" }, "k"],
  ["DeleteItem", { ...PLAIN, ConditionExpression: "size(k.x) = k OR n IN (z, k)" }, "k"],
  ["DeleteItem", { ...SORTED, ConditionExpression: "n BETWEEN s.x AND s" }, "s"],
  ["UpdateItem", { ...PLAIN, UpdateExpression: "SET z = k.x" }, "k"],
  ["UpdateItem", { ...PLAIN, UpdateExpression: "SET z = if_not_exists(k.x, k)" }, "k"],
  ["UpdateItem", { ...PLAIN, UpdateExpression: "SET z = if_not_exists(k, k.x)" }, "k"],
  ["UpdateItem", { ...PLAIN, UpdateExpression: "SET z = list_append(n, k[1])" }, "k"],
  ["UpdateItem", { ...PLAIN, UpdateExpression: "SET z = n - k[1]" }, "k"],
  [
    "UpdateItem",
    { ...PLAIN, UpdateExpression: "REMOVE k", ConditionExpression: "attribute_exists(k.x)" },
    "k",
  ],
  [
    "TransactWriteItems",
    { TransactItems: [{ Put: { ...PUT, ConditionExpression: "attribute_not_exists(k.x)" } }] },
    "k",
  ],
  [
    "TransactWriteItems",
    { TransactItems: [{ Update: { ...PLAIN, UpdateExpression: "SET z = k.x" } }] },
    "k",
  ],
];

for (const [operation, input, key] of CASES) {
  Deno.test(`${operation} refuses a path below a key: ${JSON.stringify(input)}`, async () => {
    const memory = await Memory.withTables();
    await memory.put({});
    assertEquals(await memory.refusal(operation, input), BELOW + key);
    assertEquals(await memory.get(), {});
  });
}

Deno.test("UpdateItem refuses an action on a key before what it reads below one", async () => {
  const memory = await Memory.withTables();
  for (const UpdateExpression of ["REMOVE k.x", "SET z = k.x REMOVE k"]) {
    assertEquals(
      await memory.refusal("UpdateItem", { ...PLAIN, UpdateExpression }),
      "ValidationException: One or more parameter values were invalid: Cannot update attribute k. " +
        "This attribute is part of the key",
    );
  }
});

Deno.test("operations take a key itself, and paths below other attributes", async () => {
  const memory = await Memory.withTables();
  await memory.put({ m: { M: { k: { S: "in" } } } });
  await memory.ok("UpdateItem", { ...PLAIN, UpdateExpression: "SET z = k, y = m.k" });
  const { Item } = await memory.ok("GetItem", { ...PLAIN, ProjectionExpression: "k, m.k, z, y" });
  assertEquals(Item, { ...ONE, m: { M: { k: { S: "in" } } }, z: ONE.k, y: { S: "in" } });
});
