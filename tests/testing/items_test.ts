import { assertEquals } from "@std/assert";
import { utf8Length } from "../../src/testing/values.ts";
import { Memory, ONE } from "./memory.ts";

const INVALID = "ValidationException: One or more parameter values were invalid: ";

Deno.test("PutItem, GetItem and DeleteItem keep, give and forget an item", async () => {
  const memory = await Memory.withTables();
  const item = {
    ...ONE,
    s: { S: "é😀" },
    n: { N: "1.50" },
    b: { B: "AAF=" },
    l: { L: [{ M: { x: { NULL: true } } }] },
    ns: { NS: ["1e1", "2"] },
  };
  const stored = { ...item, n: { N: "1.5" }, b: { B: "AAE=" }, ns: { NS: ["10", "2"] } };
  assertEquals(await memory.ok("PutItem", { TableName: "plain", Item: item }), {});
  assertEquals(await memory.ok("GetItem", { TableName: "plain", Key: ONE }), { Item: stored });
  assertEquals(
    await memory.ok("PutItem", { TableName: "plain", Item: ONE, ReturnValues: "ALL_OLD" }),
    { Attributes: stored },
  );
  const remove = { TableName: "plain", Key: ONE, ReturnValues: "ALL_OLD" };
  assertEquals(await memory.ok("DeleteItem", remove), { Attributes: ONE });
  assertEquals(await memory.ok("DeleteItem", remove), {});
  assertEquals(await memory.ok("GetItem", { TableName: "plain", Key: ONE }), {});
});

Deno.test("an attribute may have any name, also one of Object.prototype", async () => {
  const memory = await Memory.withTables();
  const item = JSON.parse('{"k":{"S":"one"},"__proto__":{"S":"a"},"constructor":{"N":"1"}}');
  await memory.ok("PutItem", { TableName: "plain", Item: item });
  const { Item } = await memory.ok("GetItem", { TableName: "plain", Key: ONE });
  assertEquals(JSON.stringify(Item), JSON.stringify(item));
  const condition = {
    TableName: "plain",
    Item: ONE,
    ConditionExpression: "attribute_not_exists(#p) AND attribute_not_exists(toString)",
    ExpressionAttributeNames: { "#p": "__proto__" },
  };
  assertEquals(
    await memory.refusal("PutItem", condition),
    "ConditionalCheckFailedException: The conditional request failed",
  );
});

Deno.test("a failed condition brings the item along where it is asked for", async () => {
  const memory = await Memory.withTables();
  const write = async (operation: string, more: object) => {
    const { status, body } = await memory.send(operation, { TableName: "plain", ...more });
    assertEquals(status, 400);
    return body;
  };
  const failed = {
    __type: "com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException",
    message: "The conditional request failed",
  };
  const old = { ReturnValuesOnConditionCheckFailure: "ALL_OLD" };
  const exists = { ConditionExpression: "attribute_exists(k)" };
  const absent = { ConditionExpression: "attribute_not_exists(k)" };
  assertEquals(await write("PutItem", { Item: ONE, ...exists, ...old }), failed);
  await memory.put({ n: { N: "1" } });
  const Item = { ...ONE, n: { N: "1" } };
  assertEquals(await write("PutItem", { Item: ONE, ...absent }), failed);
  assertEquals(await write("PutItem", { Item: ONE, ...absent, ...old }), { ...failed, Item });
  assertEquals(await write("UpdateItem", { Key: ONE, ...absent, ...old }), { ...failed, Item });
  assertEquals(await write("DeleteItem", { Key: ONE, ...absent, ...old }), { ...failed, Item });
  assertEquals(await memory.get(), { n: { N: "1" } });
});

Deno.test("a condition is judged before the update is tried", async () => {
  const memory = await Memory.withTables();
  const update = {
    TableName: "plain",
    Key: ONE,
    UpdateExpression: "SET m.x = :a",
    ExpressionAttributeValues: { ":a": { N: "1" } },
  };
  assertEquals(
    await memory.refusal("UpdateItem", { ...update, ConditionExpression: "attribute_exists(m)" }),
    "ConditionalCheckFailedException: The conditional request failed",
  );
  assertEquals(
    await memory.refusal("UpdateItem", update),
    "ValidationException: The document path provided in the update expression is invalid for update",
  );
});

Deno.test("a key must have the attributes, types and sizes of the table's key", async () => {
  const memory = await Memory.withTables();
  const mismatch = "ValidationException: The provided key element does not match the schema";
  const empty = "ValidationException: One or more parameter values are not valid. The " +
    "AttributeValue for a key attribute cannot contain an empty string value. Key: k";
  const get = (TableName: string, Key: unknown) => memory.refusal("GetItem", { TableName, Key });
  assertEquals(await get("plain", {}), mismatch);
  assertEquals(await get("plain", { k: { N: "1" } }), mismatch);
  assertEquals(await get("plain", { q: { S: "a" } }), mismatch);
  assertEquals(await get("plain", { ...ONE, q: { S: "a" } }), mismatch);
  assertEquals(await get("sorted", ONE), mismatch);
  assertEquals(await get("sorted", { ...ONE, s: { S: "1" } }), mismatch);
  assertEquals(await get("plain", { k: { S: "" } }), empty);
  assertEquals(
    await get("plain", { k: { S: "é".repeat(1025) } }),
    `${INVALID}Size of hashkey has exceeded the maximum size limit of2048 bytes`,
  );
  assertEquals(
    (await memory.send("GetItem", { TableName: "plain", Key: { k: { S: "é".repeat(1024) } } }))
      .status,
    200,
  );
  const put = (Item: unknown) => memory.refusal("PutItem", { TableName: "sorted", Item });
  assertEquals(await put({ s: { N: "1" } }), `${INVALID}Missing the key k in the item`);
  assertEquals(await put(ONE), `${INVALID}Missing the key s in the item`);
  assertEquals(
    await put({ ...ONE, s: { S: "1" } }),
    `${INVALID}Type mismatch for key s expected: N actual: S`,
  );
});

Deno.test("a sort key has at most 1024 bytes, and may be binary", async () => {
  const memory = new Memory();
  await memory.ok("CreateTable", {
    TableName: "binary",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "k", KeyType: "HASH" }, { AttributeName: "s", KeyType: "RANGE" }],
    AttributeDefinitions: [
      { AttributeName: "k", AttributeType: "B" },
      { AttributeName: "s", AttributeType: "S" },
    ],
  });
  const put = (k: string, s: string) => ({
    TableName: "binary",
    Item: { k: { B: k }, s: { S: s } },
  });
  await memory.ok("PutItem", put("AA==", "x".repeat(1024)));
  assertEquals(
    await memory.refusal("PutItem", put("AA==", "x".repeat(1025))),
    `${INVALID}Aggregated size of all range keys has exceeded the size limit of 1024 bytes`,
  );
  assertEquals(
    await memory.refusal("PutItem", put("", "x")),
    "ValidationException: One or more parameter values are not valid. The AttributeValue for a " +
      "key attribute cannot contain an empty binary value. Key: k",
  );
});

Deno.test("PutItem refuses values that are not valid", async () => {
  const memory = await Memory.withTables();
  const nested = (depth: number): unknown => depth === 0 ? { S: "x" } : { L: [nested(depth - 1)] };
  const cases: [unknown, string][] = [
    [{}, "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"],
    [
      { S: "a", N: "1" },
      "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the " +
      "supported datatypes",
    ],
    [{ SS: [] }, "One or more parameter values were invalid: An string set  may not be empty"],
    [
      { SS: ["a", "a"] },
      "One or more parameter values were invalid: Input collection [a, a] contains duplicates",
    ],
    [{ NS: ["1", "1.0"] }, "Input collection contains duplicates"],
    [
      { NULL: false },
      "One or more parameter values were invalid: Null attribute value types must have the value " +
      "of true",
    ],
    [{ M: { x: { N: "x" } } }, "The parameter cannot be converted to a numeric value: x"],
    [
      nested(32),
      "Nesting Levels have exceeded supported limits: Attributes in the item have nested levels " +
      "beyond supported limit",
    ],
  ];
  for (const [v, message] of cases) {
    const input = { TableName: "plain", Item: { ...ONE, v } };
    assertEquals(await memory.refusal("PutItem", input), `ValidationException: ${message}`);
  }
  await memory.put({ v: nested(31), e: { S: "" }, b: { B: "" } });
  assertEquals(
    await memory.refusal("PutItem", { TableName: "plain", Item: { ...ONE, "": { S: "x" } } }),
    `${INVALID}Empty attribute name`,
  );
});

Deno.test("an item has at most 400 KB, names included", async () => {
  const memory = await Memory.withTables();
  const room = 400 * 1024 - "k".length - "one".length - "v".length;
  await memory.put({ v: { S: "x".repeat(room) } });
  assertEquals(
    await memory.refusal("PutItem", {
      TableName: "plain",
      Item: { ...ONE, v: { S: "x".repeat(room + 1) } },
    }),
    "ValidationException: Item size has exceeded the maximum allowed size",
  );
  assertEquals(
    await memory.refusal("UpdateItem", {
      TableName: "plain",
      Key: ONE,
      UpdateExpression: "SET w = :w",
      ExpressionAttributeValues: { ":w": { S: "" } },
    }),
    "ValidationException: Item size to update has exceeded the maximum allowed size",
  );
});

Deno.test("utf8Length() counts the bytes of every kind of character", () => {
  const lengths: Record<string, number> = { "": 0, abc: 3, "é": 2, "€": 3, "\uffee": 3, "😀": 4 };
  for (const [text, bytes] of Object.entries(lengths)) {
    assertEquals(utf8Length(text), bytes, text);
    assertEquals(new TextEncoder().encode(text).length, bytes);
  }
});

Deno.test("ReturnConsumedCapacity counts KB written and 4 KB read", async () => {
  const memory = await Memory.withTables();
  const units = async (operation: string, more: object) => {
    const body = await memory.ok(operation, {
      TableName: "plain",
      ReturnConsumedCapacity: "TOTAL",
      ...more,
    });
    assertEquals(body.ConsumedCapacity.TableName, "plain");
    return body.ConsumedCapacity.CapacityUnits;
  };
  const filled = (bytes: number) => ({ ...ONE, v: { S: "x".repeat(bytes - 5) } });
  assertEquals(await units("GetItem", { Key: ONE }), 0.5);
  assertEquals(await units("PutItem", { Item: filled(1024) }), 1);
  assertEquals(await units("PutItem", { Item: filled(1025) }), 2);
  assertEquals(await units("PutItem", { Item: ONE }), 2);
  assertEquals(await units("PutItem", { Item: filled(4097) }), 5);
  assertEquals(await units("GetItem", { Key: ONE }), 1);
  assertEquals(await units("GetItem", { Key: ONE, ConsistentRead: true }), 2);
  assertEquals(await units("DeleteItem", { Key: ONE }), 5);
  assertEquals(
    await memory.ok("PutItem", {
      TableName: "plain",
      Item: ONE,
      ReturnConsumedCapacity: "INDEXES",
    }),
    { ConsumedCapacity: { TableName: "plain", CapacityUnits: 1, Table: { CapacityUnits: 1 } } },
  );
});

Deno.test("ProjectionExpression gives the named parts", async () => {
  const memory = await Memory.withTables();
  await memory.put({
    n: { N: "1" },
    m: { M: { x: { N: "1" }, y: { N: "2" } } },
    l: { L: [{ N: "0" }, { N: "1" }, { N: "2" }] },
  });
  const get = async (ProjectionExpression: string, more: object = {}) =>
    (await memory.ok("GetItem", { TableName: "plain", Key: ONE, ProjectionExpression, ...more }))
      .Item;
  assertEquals(await get("n, m.x, l[1], l[9], q"), {
    n: { N: "1" },
    m: { M: { x: { N: "1" } } },
    l: { L: [{ N: "1" }] },
  });
  assertEquals(await get("l[2], l[0]"), { l: { L: [{ N: "0" }, { N: "2" }] } });
  assertEquals(await get("#x", { ExpressionAttributeNames: { "#x": "q" } }), {});
  assertEquals(
    await memory.refusal("GetItem", {
      TableName: "plain",
      Key: ONE,
      ProjectionExpression: "m, m.x",
    }),
    "ValidationException: Invalid ProjectionExpression: Two document paths overlap with each " +
      "other; must remove or rewrite one of these paths; path one: [m], path two: [m, x]",
  );
});

Deno.test("table() looks at items and changes them behind the wire", async () => {
  const memory = await Memory.withTables();
  const table = memory.dynamo.table("plain");
  table.put({ ...ONE, n: { N: "1.0" } });
  assertEquals(await memory.get(), { n: { N: "1" } });
  const item = table.get(ONE) as Record<string, { N: string }>;
  (item["n"] as { N: string }).N = "2";
  assertEquals(table.items(), [{ ...ONE, n: { N: "1" } }], "what is handed out is a copy");
  assertEquals(table.delete(ONE), true);
  assertEquals(table.delete(ONE), false);
  assertEquals(table.get(ONE), undefined);
  table.put(ONE);
  assertEquals(table.size, 1);
  table.clear();
  assertEquals([table.size, table.name], [0, "plain"]);
});
