import { assertEquals } from "@std/assert";
import { Memory, ONE } from "./memory.ts";

const TWO = { k: { S: "two" } };

function put(key: object, attributes: object = {}, more: object = {}): object {
  return { Put: { TableName: "plain", Item: { ...key, ...attributes }, ...more } };
}

function write(memory: Memory, ...TransactItems: object[]) {
  return memory.send("TransactWriteItems", { TransactItems });
}

Deno.test("TransactWriteItems applies all of its actions", async () => {
  const memory = await Memory.withTables();
  await memory.put({ n: { N: "1" } });
  const { status } = await write(
    memory,
    {
      Update: {
        TableName: "plain",
        Key: ONE,
        UpdateExpression: "ADD n :a",
        ConditionExpression: "n = :a",
        ExpressionAttributeValues: { ":a": { N: "1" } },
      },
    },
    put(TWO),
    { Delete: { TableName: "sorted", Key: { ...ONE, s: { N: "1" } } } },
    {
      ConditionCheck: {
        TableName: "plain",
        Key: { k: { S: "three" } },
        ConditionExpression: "attribute_not_exists(k)",
      },
    },
  );
  assertEquals(status, 200);
  assertEquals(await memory.get(), { n: { N: "2" } });
  assertEquals(memory.dynamo.table("plain").size, 2);
});

Deno.test("TransactWriteItems applies none where a condition fails, and says why for each", async () => {
  const memory = await Memory.withTables();
  await memory.put({ n: { N: "1" } });
  const absent = { ConditionExpression: "attribute_not_exists(k)" };
  const { status, body } = await write(
    memory,
    put(TWO),
    put(ONE, {}, { ...absent, ReturnValuesOnConditionCheckFailure: "ALL_OLD" }),
    {
      ConditionCheck: {
        TableName: "plain",
        Key: { k: { S: "three" } },
        ConditionExpression: "attribute_exists(k)",
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    },
  );
  assertEquals(status, 400);
  assertEquals(body, {
    __type: "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    CancellationReasons: [
      { Code: "None" },
      {
        Code: "ConditionalCheckFailed",
        Item: { ...ONE, n: { N: "1" } },
        Message: "The conditional request failed",
      },
      { Code: "ConditionalCheckFailed", Message: "The conditional request failed" },
    ],
    Message: "Transaction cancelled, please refer cancellation reasons for specific reasons " +
      "[None, ConditionalCheckFailed, ConditionalCheckFailed]",
  });
  assertEquals(memory.dynamo.table("plain").items(), [{ ...ONE, n: { N: "1" } }]);
});

Deno.test("TransactWriteItems gives what does not fit an item or key as a reason", async () => {
  const memory = await Memory.withTables();
  const reasons = async (...actions: object[]) => {
    const { body } = await write(memory, ...actions);
    return body.CancellationReasons;
  };
  const update = (UpdateExpression: string, Key: object = ONE) => ({
    Update: {
      TableName: "plain",
      Key,
      UpdateExpression,
      ExpressionAttributeValues: { ":a": { N: "1" } },
    },
  });
  const none = { Code: "None" };
  const invalid = (Message: string) => ({ Code: "ValidationError", Message });
  assertEquals(await reasons(put(TWO), update("SET m.x = :a")), [
    none,
    invalid("The document path provided in the update expression is invalid for update"),
  ]);
  assertEquals(await reasons(update("SET n = :a", { k: { N: "1" } }), put(TWO)), [
    invalid("The provided key element does not match the schema"),
    none,
  ]);
  assertEquals(await reasons(put({}, { q: { S: "x" } })), [
    invalid("One or more parameter values were invalid: Missing the key k in the item"),
  ]);
  assertEquals(memory.dynamo.table("plain").size, 0);
});

Deno.test("TransactWriteItems refuses transactions that are not sound", async () => {
  const memory = await Memory.withTables();
  const refusal = (input: object) => memory.refusal("TransactWriteItems", input);
  const invalid = "ValidationException: 1 validation error detected: Value ";
  const cases: [object, string][] = [
    [{}, `${invalid}null at 'transactItems' failed to satisfy constraint: Member must not be null`],
    [
      { TransactItems: [] },
      `${invalid}'[]' at 'transactItems' failed to satisfy constraint: ` +
      "Member must have length greater than or equal to 1",
    ],
    [
      { TransactItems: [{}] },
      "ValidationException: Invalid Request: TransactWriteRequest should contain Delete or Put " +
      "or Update request",
    ],
    [
      { TransactItems: [{ ...put(ONE), Delete: { TableName: "plain", Key: ONE } }] },
      "ValidationException: TransactItems can only contain one of Check, Put, Update or Delete",
    ],
    [
      { TransactItems: [put(ONE), put(ONE)] },
      "ValidationException: Transaction request cannot include multiple operations on one item",
    ],
    [
      { TransactItems: [{ ConditionCheck: { TableName: "plain", Key: ONE } }] },
      `${invalid}null at 'transactItems.1.member.conditionCheck.conditionExpression' failed to ` +
      "satisfy constraint: Member must not be null",
    ],
    [
      { TransactItems: [put(TWO), { Update: { TableName: "plain", Key: ONE } }] },
      `${invalid}null at 'transactItems.2.member.update.updateExpression' failed to ` +
      "satisfy constraint: Member must not be null",
    ],
    [
      { TransactItems: [put(ONE)], ClientRequestToken: "x".repeat(37) },
      `${invalid}'${"x".repeat(37)}' at 'clientRequestToken' failed to satisfy constraint: ` +
      "Member must have length less than or equal to 36",
    ],
    [
      { TransactItems: [{ Put: { TableName: "no-such-table", Item: ONE } }] },
      "ResourceNotFoundException: Requested resource not found",
    ],
    [
      { TransactItems: Array.from({ length: 101 }, (_, i) => put({ k: { S: `k${i}` } })) },
      `${invalid}'[101 actions]' at 'transactItems' failed to satisfy constraint: ` +
      "Member must have length less than or equal to 100",
    ],
  ];
  for (const [input, message] of cases) assertEquals(await refusal(input), message);
  const big = Array.from(
    { length: 11 },
    (_, i) => put({ k: { S: `k${i}` } }, { v: { S: "x".repeat(400_000) } }),
  );
  assertEquals(
    await refusal({ TransactItems: big }),
    "ValidationException: Transaction request size has exceeded the maximum allowed size of 4 MB",
  );
});

Deno.test("ClientRequestToken applies a transaction once in ten minutes", async () => {
  let now = 1_000_000;
  const memory = await Memory.withTables({ now: () => now });
  const add = (amount: string, ClientRequestToken: string) => ({
    TransactItems: [{
      Update: {
        TableName: "plain",
        Key: ONE,
        UpdateExpression: "ADD n :a",
        ExpressionAttributeValues: { ":a": { N: amount } },
      },
    }],
    ClientRequestToken,
    ReturnConsumedCapacity: "TOTAL",
  });
  const consumed = (figures: object) => ({
    ConsumedCapacity: [{ TableName: "plain", CapacityUnits: 2, ...figures }],
  });
  assertEquals(
    await memory.ok("TransactWriteItems", add("1", "a")),
    consumed({ WriteCapacityUnits: 2 }),
  );
  assertEquals(await memory.ok("TransactWriteItems", add("1", "a")), {
    ConsumedCapacity: [{ TableName: "plain", CapacityUnits: 1, ReadCapacityUnits: 1 }],
  });
  assertEquals(await memory.get(), { n: { N: "1" } });
  assertEquals(
    await memory.refusal("TransactWriteItems", add("2", "a")),
    "IdempotentParameterMismatchException: ",
  );
  await memory.ok("TransactWriteItems", add("1", "b"));
  assertEquals(await memory.get(), { n: { N: "2" } });
  now += 10 * 60_000;
  await memory.ok("TransactWriteItems", add("1", "a"));
  assertEquals(await memory.get(), { n: { N: "3" } });
});

Deno.test("ClientRequestToken does not remember a transaction that was cancelled", async () => {
  const memory = await Memory.withTables();
  const input = {
    TransactItems: [put(TWO, {}, {
      ConditionExpression: "attribute_exists(k)",
    })],
    ClientRequestToken: "a",
  };
  assertEquals((await memory.send("TransactWriteItems", input)).status, 400);
  await memory.ok("PutItem", { TableName: "plain", Item: TWO });
  assertEquals((await memory.send("TransactWriteItems", input)).status, 200);
});

Deno.test("TransactGetItems reads items and the holes between them", async () => {
  const memory = await Memory.withTables();
  await memory.put({ n: { N: "1" }, q: { N: "2" } });
  const get = (Key: object, more: object = {}) => ({ Get: { TableName: "plain", Key, ...more } });
  assertEquals(
    await memory.ok("TransactGetItems", {
      TransactItems: [get(TWO), get(ONE, { ProjectionExpression: "n" })],
      ReturnConsumedCapacity: "TOTAL",
    }),
    {
      ConsumedCapacity: [{ TableName: "plain", CapacityUnits: 4, ReadCapacityUnits: 4 }],
      Responses: [{}, { Item: { n: { N: "1" } } }],
    },
  );
  const { body } = await memory.send("TransactGetItems", { TransactItems: [get({}), get(ONE)] });
  assertEquals(body.CancellationReasons, [
    { Code: "ValidationError", Message: "The provided key element does not match the schema" },
    { Code: "None" },
  ]);
  assertEquals(
    await memory.refusal("TransactGetItems", { TransactItems: [get(ONE), get(ONE)] }),
    "ValidationException: Transaction request cannot include multiple operations on one item",
  );
});
