import { assert, assertEquals } from "@std/assert";
import { Memory } from "./memory.ts";

/** The sorted table with these sort keys under `one` and `two`; `v` is the sort key again. */
async function filled(sortKeys: readonly string[] = ["10", "-3", "2", "0.5"]): Promise<Memory> {
  const memory = await Memory.withTables();
  for (const k of ["one", "two"]) {
    for (const N of sortKeys) {
      await memory.ok("PutItem", {
        TableName: "sorted",
        Item: { k: { S: k }, s: { N }, v: { N } },
      });
    }
  }
  return memory;
}

const VALUES: Record<string, unknown> = {
  ":k": { S: "one" },
  ":two": { N: "2" },
  ":ten": { N: "10" },
};

function queryInput(KeyConditionExpression: string, more: Record<string, unknown> = {}): object {
  const text = `${KeyConditionExpression} ${more["FilterExpression"] ?? ""}`;
  const values = Object.entries(VALUES).filter(([ref]) => new RegExp(`${ref}\\b`).test(text));
  return {
    TableName: "sorted",
    KeyConditionExpression,
    ExpressionAttributeValues: Object.fromEntries(values),
    ...more,
  };
}

// deno-lint-ignore no-explicit-any
function sortKeysOf(body: any): string[] {
  return body.Items.map((item: { s: { N: string } }) => item.s.N);
}

Deno.test("Query gives a partition by its sort key", async () => {
  const memory = await filled();
  const keys = async (condition: string, more?: Record<string, unknown>) =>
    sortKeysOf(await memory.ok("Query", queryInput(condition, more))).join(" ");
  assertEquals(await keys("k = :k"), "-3 0.5 2 10");
  assertEquals(await keys("k = :k", { ScanIndexForward: false }), "10 2 0.5 -3");
  assertEquals(await keys("k = :k AND s = :two"), "2");
  assertEquals(await keys("s < :two AND k = :k"), "-3 0.5");
  assertEquals(await keys("k = :k AND s <= :two"), "-3 0.5 2");
  assertEquals(await keys("k = :k AND s > :two"), "10");
  assertEquals(await keys("(k = :k) AND (s >= :two)"), "2 10");
  assertEquals(await keys("k = :k AND :two < s"), "10");
  assertEquals(await keys("k = :k AND s BETWEEN :two AND :ten"), "2 10");
  assertEquals(await keys("k = :k", { FilterExpression: "v <> :two" }), "-3 0.5 10");
});

Deno.test("Query finds sort keys of text by their start", async () => {
  const memory = new Memory();
  await memory.ok("CreateTable", {
    TableName: "texts",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "k", KeyType: "HASH" }, { AttributeName: "s", KeyType: "RANGE" }],
    AttributeDefinitions: ["k", "s"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S",
    })),
  });
  // In UTF-8 U+FFEE comes before U+1F600, in UTF-16 after it.
  for (const S of ["b", "a\u{1f600}", "a\uffee", "a"]) {
    await memory.ok("PutItem", { TableName: "texts", Item: { k: { S: "one" }, s: { S } } });
  }
  const { Items } = await memory.ok("Query", {
    TableName: "texts",
    KeyConditionExpression: "k = :k AND begins_with(s, :a)",
    ExpressionAttributeValues: { ":k": { S: "one" }, ":a": { S: "a" } },
  });
  assertEquals(
    Items.map((item: { s: { S: string } }) => item.s.S),
    ["a", "a\uffee", "a\u{1f600}"],
  );
});

Deno.test("Query pages by Limit, forwards and backwards", async () => {
  const memory = await filled(["1", "2", "3", "4", "5"]);
  for (const ScanIndexForward of [true, false]) {
    const seen: string[] = [];
    const counts: number[] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const more = ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey };
      const page = await memory.ok(
        "Query",
        queryInput("k = :k", { Limit: 2, ScanIndexForward, ...more }),
      );
      seen.push(...sortKeysOf(page));
      counts.push(page.Count);
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    assertEquals(seen.join(""), ScanIndexForward ? "12345" : "54321");
    assertEquals(counts, [2, 2, 1]);
  }
  const full = await memory.ok("Query", queryInput("k = :k", { Limit: 5 }));
  assertEquals(full.LastEvaluatedKey, { k: { S: "one" }, s: { N: "5" } });
  const start = { ExclusiveStartKey: full.LastEvaluatedKey };
  assertEquals(await memory.ok("Query", queryInput("k = :k", start)), {
    Items: [],
    Count: 0,
    ScannedCount: 0,
  });
});

Deno.test("Query goes on after a key whose item was deleted meanwhile", async () => {
  const memory = await filled(["1", "2", "3"]);
  const Key = { k: { S: "one" }, s: { N: "2" } };
  await memory.ok("DeleteItem", { TableName: "sorted", Key });
  const page = await memory.ok("Query", queryInput("k = :k", { ExclusiveStartKey: Key }));
  assertEquals(sortKeysOf(page), ["3"]);
});

Deno.test("Query counts what a filter leaves out", async () => {
  const memory = await filled();
  assertEquals(
    await memory.ok(
      "Query",
      queryInput("k = :k", { FilterExpression: "v > :two", Select: "COUNT", Limit: 3 }),
    ),
    { Count: 0, ScannedCount: 3, LastEvaluatedKey: { k: { S: "one" }, s: { N: "2" } } },
  );
  const { Items } = await memory.ok(
    "Query",
    queryInput("k = :k AND s = :two", { ProjectionExpression: "v" }),
  );
  assertEquals(Items, [{ v: { N: "2" } }]);
});

Deno.test("Query and Scan end a page at 1 MB", async () => {
  const memory = await Memory.withTables();
  for (let i = 0; i < 6; i++) {
    await memory.ok("PutItem", {
      TableName: "sorted",
      Item: { k: { S: "one" }, s: { N: String(i) }, v: { S: "x".repeat(300_000) } },
    });
  }
  const page = await memory.ok(
    "Query",
    queryInput("k = :k", { ProjectionExpression: "s", ReturnConsumedCapacity: "TOTAL" }),
  );
  assertEquals([page.Count, page.LastEvaluatedKey.s.N], [4, "3"]);
  assertEquals(page.ConsumedCapacity.CapacityUnits, 146.5);
  const scanned = await memory.ok("Scan", { TableName: "sorted", Select: "COUNT" });
  assertEquals(scanned.Count, 4);
});

Deno.test("Query refuses key conditions that are not one partition and a range", async () => {
  const memory = await filled();
  const unsupported = "Invalid operator used in KeyConditionExpression: ";
  const cases: Record<string, string> = {
    "s = :two": "Query condition missed key schema element: k",
    "k = :k AND v = :two": "Query condition missed key schema element: s",
    "k < :k": "Query key condition not supported",
    "begins_with(k, :k)": "Query key condition not supported",
    "k = :k OR s = :two": `${unsupported}OR`,
    "NOT k = :k": `${unsupported}NOT`,
    "k = :k AND s <> :two": `${unsupported}<>`,
    "k = :k AND s IN (:two)": `${unsupported}IN`,
    "k = :k AND attribute_exists(s)": `${unsupported}attribute_exists`,
    "k = :k AND k = :k": "KeyConditionExpressions must only contain one condition per key",
    "k = :k AND size(s) = :two": "KeyConditionExpressions cannot contain nested operations",
    "k = :k AND s = v":
      "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
    "k.x = :k": "Key attributes must be scalars; list random access '[]' and map lookup '.' are " +
      "not allowed: Key: k",
    "k = :two": "One or more parameter values were invalid: Condition parameter type does not " +
      "match schema type",
    "k = :k AND begins_with(s, :two)":
      "Invalid KeyConditionExpression: Incorrect operand type for operator or function; " +
      "operator or function: begins_with, operand type: N",
  };
  for (const [condition, message] of Object.entries(cases)) {
    assertEquals(
      await memory.refusal("Query", queryInput(condition)),
      `ValidationException: ${message}`,
    );
  }
});

Deno.test("Query refuses options that do not fit", async () => {
  const memory = await filled();
  const start = "The provided starting key ";
  const cases: [Record<string, unknown>, string][] = [
    [
      { FilterExpression: "s > :two" },
      "Filter Expression can only contain non-primary key " +
      "attributes: Primary key attribute: s",
    ],
    [{ IndexName: "idx" }, "The table does not have the specified index: idx"],
    [{ ExclusiveStartKey: { k: { S: "one" } } }, `${start}is invalid`],
    [{ ExclusiveStartKey: { k: { S: "one" }, s: { S: "1" } } }, `${start}is invalid`],
    [
      { ExclusiveStartKey: { k: { S: "two" }, s: { N: "1" } } },
      `${start}is outside query boundaries based on provided conditions`,
    ],
    [
      { Select: "SPECIFIC_ATTRIBUTES" },
      "Must specify the AttributesToGet or " +
      "ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
    ],
    [
      { Select: "ALL_PROJECTED_ATTRIBUTES" },
      "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
    ],
    [
      { Select: "COUNT", ProjectionExpression: "v" },
      "Cannot specify the ProjectionExpression when choosing to get only the Count",
    ],
    [
      { Limit: 0 },
      "1 validation error detected: Value '0' at 'limit' failed to satisfy " +
      "constraint: Member must have value greater than or equal to 1",
    ],
  ];
  for (const [more, message] of cases) {
    assertEquals(
      await memory.refusal("Query", queryInput("k = :k", more)),
      `ValidationException: ${message}`,
    );
  }
  assertEquals(
    await memory.refusal(
      "Query",
      queryInput("k = :k AND s > :two", { ExclusiveStartKey: { k: { S: "one" }, s: { N: "1" } } }),
    ),
    `ValidationException: ${start}does not match the range key predicate`,
  );
  assertEquals(
    await memory.refusal("Query", { TableName: "sorted" }),
    "ValidationException: Either the KeyConditions or KeyConditionExpression parameter must be " +
      "specified in the request.",
  );
});

Deno.test("Scan meets every item once, in pages and in segments", async () => {
  const memory = await Memory.withTables();
  const names = Array.from({ length: 30 }, (_, i) => `item ${i}`);
  for (const S of names) await memory.ok("PutItem", { TableName: "plain", Item: { k: { S } } });
  const scan = async (more: object) => {
    const seen: string[] = [];
    let ExclusiveStartKey: object | undefined;
    do {
      const start = ExclusiveStartKey === undefined ? {} : { ExclusiveStartKey };
      const page = await memory.ok("Scan", { TableName: "plain", Limit: 7, ...more, ...start });
      seen.push(...page.Items.map((item: { k: { S: string } }) => item.k.S));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return seen;
  };
  assertEquals((await scan({})).sort(), [...names].sort());
  const segments = await Promise.all(
    [0, 1, 2].map((Segment) => scan({ Segment, TotalSegments: 3 })),
  );
  assertEquals(segments.flat().sort(), [...names].sort());
  assert(segments.every((segment) => segment.length > 0));
});

Deno.test("Scan filters by any attribute and refuses segments that do not fit", async () => {
  const memory = await filled();
  const { Count, ScannedCount } = await memory.ok("Scan", {
    TableName: "sorted",
    FilterExpression: "k = :k AND s > :two",
    ExpressionAttributeValues: { ":k": { S: "one" }, ":two": { N: "2" } },
  });
  assertEquals([Count, ScannedCount], [1, 8]);
  for (const more of [{ Segment: 0 }, { TotalSegments: 2 }, { Segment: 2, TotalSegments: 2 }]) {
    const refusal = await memory.refusal("Scan", { TableName: "sorted", ...more });
    assert(refusal.startsWith("ValidationException: The "), refusal);
  }
});
