/**
 * What MemoryDynamo does not know, it refuses by name: a parameter that it ignored would let a test
 * pass that fails on the service.
 */

import { assertEquals } from "@std/assert";
import { Memory, ONE, tableInput } from "./memory.ts";

Deno.test("fetch() refuses operations that it does not know by their names", async () => {
  const memory = new Memory();
  const operations = [
    ...["BatchExecuteStatement", "CreateBackup", "CreateGlobalTable", "DescribeLimits"],
    ...["DescribeEndpoints", "ExecuteStatement", "ExecuteTransaction", "ListBackups"],
    ...["TagResource", "UpdateContinuousBackups", "Nope", "toString", "constructor"],
  ];
  for (const operation of operations) {
    assertEquals(
      await memory.refusal(operation, {}),
      `UnknownOperationException: MemoryDynamo does not know the operation '${operation}'`,
    );
  }
});

Deno.test("fetch() refuses targets and methods that are not DynamoDB's", async () => {
  const memory = new Memory();
  const { body } = await memory.send("ListTables", {}, {
    headers: { "x-amz-target": "DynamoDBStreams_20120810.ListStreams" },
  });
  assertEquals(body, {
    __type: "com.amazon.coral.service#UnknownOperationException",
    message: "MemoryDynamo does not know the target 'DynamoDBStreams_20120810.ListStreams'",
  });
  const got = await memory.dynamo.fetch("http://memory/");
  assertEquals(got.status, 404);
  assertEquals(
    (await got.json()).message,
    "MemoryDynamo does not know the method 'GET'",
  );
});

Deno.test("operations refuse parameters that they do not know by their names", async () => {
  const memory = await Memory.withTables();
  const plain = { TableName: "plain" };
  const put = { ...plain, Item: ONE };
  const key = { ...plain, Key: ONE };
  const query = {
    ...plain,
    KeyConditionExpression: "k = :k",
    ExpressionAttributeValues: { ":k": { S: "one" } },
  };
  const cases: [operation: string, input: object, unknown: string][] = [
    ["PutItem", put, "Expected"],
    ["PutItem", put, "ConditionalOperator"],
    ["PutItem", put, "returnValues"],
    ["GetItem", key, "AttributesToGet"],
    ["UpdateItem", key, "AttributeUpdates"],
    ["DeleteItem", key, "Expected"],
    ["Query", query, "KeyConditions"],
    ["Query", query, "QueryFilter"],
    ["Scan", plain, "ScanFilter"],
    ["CreateTable", tableInput("new", { k: "S" }), "GlobalSecondaryIndexes"],
    ["CreateTable", tableInput("new", { k: "S" }), "LocalSecondaryIndexes"],
    ["CreateTable", tableInput("new", { k: "S" }), "StreamSpecification"],
    ["CreateTable", tableInput("new", { k: "S" }), "SSESpecification"],
    ["UpdateTable", { ...plain, DeletionProtectionEnabled: true }, "BillingMode"],
    ["DescribeTable", plain, "Foo"],
    ["DeleteTable", plain, "Foo"],
    ["ListTables", {}, "Foo"],
    ["ListTagsOfResource", { ResourceArn: "x" }, "NextToken"],
    ["UpdateTimeToLive", plain, "Foo"],
    ["DescribeTimeToLive", plain, "Foo"],
    ["TransactWriteItems", { TransactItems: [{ Put: put }] }, "Foo"],
    ["TransactGetItems", { TransactItems: [{ Get: key }] }, "Foo"],
    ["BatchGetItem", { RequestItems: { plain: { Keys: [ONE] } } }, "Foo"],
    ["BatchWriteItem", { RequestItems: { plain: [{ PutRequest: { Item: ONE } }] } }, "Foo"],
  ];
  for (const [operation, input, unknown] of cases) {
    assertEquals(
      await memory.refusal(operation, { ...input, [unknown]: {} }),
      `ValidationException: MemoryDynamo does not know the parameter '${unknown}' of ${operation}`,
    );
  }
  assertEquals(memory.dynamo.table("plain").size, 0);
});

Deno.test("operations refuse parameters inside of theirs that they do not know", async () => {
  const memory = await Memory.withTables();
  const put = { TableName: "plain", Item: ONE };
  const key = { TableName: "plain", Key: ONE };
  const cases: [operation: string, input: object, unknown: string][] = [
    ["TransactWriteItems", { TransactItems: [{ Get: key }] }, "'Get' of a transaction's action"],
    [
      "TransactWriteItems",
      { TransactItems: [{ Put: { ...put, ReturnValues: "NONE" } }] },
      "'ReturnValues' of a transaction's Put",
    ],
    [
      "TransactGetItems",
      { TransactItems: [{ Get: { ...key, ConsistentRead: true } }] },
      "'ConsistentRead' of a transaction's Get",
    ],
    [
      "BatchGetItem",
      { RequestItems: { plain: { Keys: [ONE], AttributesToGet: ["k"] } } },
      "'AttributesToGet' of a table of BatchGetItem",
    ],
    [
      "BatchWriteItem",
      { RequestItems: { plain: [{ PutRequest: { ...put } }] } },
      "'TableName' of a PutRequest",
    ],
    [
      "UpdateTimeToLive",
      { TableName: "plain", TimeToLiveSpecification: { AttributeName: "p", Enabled: true, X: 1 } },
      "'X' of TimeToLiveSpecification",
    ],
  ];
  for (const [operation, input, unknown] of cases) {
    assertEquals(
      await memory.refusal(operation, input),
      `ValidationException: MemoryDynamo does not know the parameter ${unknown}`,
    );
  }
});

Deno.test("operations refuse values of parameters and types that they do not know", async () => {
  const memory = await Memory.withTables();
  const put = { TableName: "plain", Item: ONE };
  assertEquals(
    await memory.refusal("PutItem", { ...put, ReturnValues: "ALL_NEW" }),
    "ValidationException: ReturnValues can only be ALL_OLD or NONE",
  );
  const members = [
    ["ReturnValues", "returnValues"],
    ["ReturnConsumedCapacity", "returnConsumedCapacity"],
    ["ReturnItemCollectionMetrics", "returnItemCollectionMetrics"],
    ["ReturnValuesOnConditionCheckFailure", "returnValuesOnConditionCheckFailure"],
  ];
  for (const [name, member] of members) {
    const refusal = await memory.refusal("PutItem", { ...put, [name as string]: "BOGUS" });
    assertEquals(
      refusal.split(" failed")[0],
      `ValidationException: 1 validation error detected: Value 'BOGUS' at '${member}'`,
    );
  }
  assertEquals(
    await memory.refusal("PutItem", { ...put, Item: { ...ONE, v: { XX: "1" } } }),
    "ValidationException: MemoryDynamo does not know the attribute type 'XX'",
  );
});
