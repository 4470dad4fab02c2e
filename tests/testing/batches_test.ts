import { assertEquals } from "@std/assert";
import { Memory } from "./memory.ts";

Deno.test("BatchWriteItem and BatchGetItem work on up to 25 and 100 items", async () => {
  const memory = await Memory.withTables();
  const puts = (count: number) => ({
    RequestItems: {
      plain: Array.from({ length: count }, (_, i) => ({
        PutRequest: { Item: { k: { S: `k${i}` }, n: { N: String(i) } } },
      })),
    },
    ReturnConsumedCapacity: "TOTAL",
  });
  assertEquals(await memory.ok("BatchWriteItem", puts(25)), {
    UnprocessedItems: {},
    ConsumedCapacity: [{ TableName: "plain", CapacityUnits: 25 }],
  });
  assertEquals(
    await memory.refusal("BatchWriteItem", puts(26)),
    "ValidationException: Too many items requested for the BatchWriteItem call",
  );
  await memory.ok("BatchWriteItem", {
    RequestItems: { plain: [{ DeleteRequest: { Key: { k: { S: "k0" } } } }] },
  });
  const keys = (...names: string[]) => ({
    RequestItems: {
      plain: { Keys: names.map((S) => ({ k: { S } })), ProjectionExpression: "n" },
    },
  });
  assertEquals(await memory.ok("BatchGetItem", keys("k0", "k1", "k2")), {
    Responses: { plain: [{ n: { N: "1" } }, { n: { N: "2" } }] },
    UnprocessedKeys: {},
  });
  assertEquals(
    await memory.refusal("BatchGetItem", keys("k1", "k1")),
    "ValidationException: Provided list of item keys contains duplicates",
  );
  assertEquals(
    await memory.refusal("BatchGetItem", keys(...Array.from({ length: 101 }, (_, i) => `k${i}`))),
    "ValidationException: Too many items requested for the BatchGetItem call",
  );
});

Deno.test("BatchGetItem leaves what is beyond 16 MB unprocessed", async () => {
  const memory = await Memory.withTables();
  const table = memory.dynamo.table("plain");
  const keys = Array.from({ length: 50 }, (_, i) => ({ k: { S: `k${i}` } }));
  for (const key of keys) table.put({ ...key, v: { S: "x".repeat(400_000) } });
  const { Responses, UnprocessedKeys } = await memory.ok("BatchGetItem", {
    RequestItems: { plain: { Keys: keys, ProjectionExpression: "k" } },
  });
  assertEquals(Responses.plain.length, 42);
  assertEquals(UnprocessedKeys, {
    plain: { Keys: keys.slice(42), ProjectionExpression: "k" },
  });
});
