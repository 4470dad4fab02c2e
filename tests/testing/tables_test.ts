import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { Memory, ONE, tableInput } from "./memory.ts";

const NOW = Date.UTC(2026, 0, 1);

Deno.test("CreateTable, DescribeTable, ListTables and DeleteTable keep the tables", async () => {
  const memory = new Memory({ now: () => NOW });
  const { TableDescription } = await memory.ok(
    "CreateTable",
    tableInput("locks", { k: "S", s: "B" }),
  );
  assertEquals(TableDescription, {
    AttributeDefinitions: [
      { AttributeName: "k", AttributeType: "S" },
      { AttributeName: "s", AttributeType: "B" },
    ],
    TableName: "locks",
    KeySchema: [
      { AttributeName: "k", KeyType: "HASH" },
      { AttributeName: "s", KeyType: "RANGE" },
    ],
    TableStatus: "ACTIVE",
    CreationDateTime: NOW / 1000,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: 0,
      WriteCapacityUnits: 0,
    },
    TableSizeBytes: 0,
    ItemCount: 0,
    TableArn: "arn:aws:dynamodb:us-east-1:000000000000:table/locks",
    BillingModeSummary: {
      BillingMode: "PAY_PER_REQUEST",
      LastUpdateToPayPerRequestDateTime: NOW / 1000,
    },
    DeletionProtectionEnabled: false,
  });
  await memory.ok("PutItem", { TableName: "locks", Item: { ...ONE, s: { B: "AA==" } } });
  const { Table } = await memory.ok("DescribeTable", { TableName: "locks" });
  assertEquals([Table.ItemCount, Table.TableSizeBytes], [1, 6]);
  await memory.ok("CreateTable", tableInput("abc", { k: "S" }));
  assertEquals(await memory.ok("ListTables", {}), { TableNames: ["abc", "locks"] });
  assertEquals(await memory.ok("ListTables", { Limit: 1 }), {
    TableNames: ["abc"],
    LastEvaluatedTableName: "abc",
  });
  assertEquals(await memory.ok("ListTables", { ExclusiveStartTableName: "abc" }), {
    TableNames: ["locks"],
  });
  const gone = await memory.ok("DeleteTable", { TableName: "locks" });
  assertEquals(gone.TableDescription.TableStatus, "DELETING");
  assertEquals(
    await memory.refusal("DescribeTable", { TableName: "locks" }),
    "ResourceNotFoundException: Requested resource not found: Table: locks not found",
  );
  assertEquals(
    await memory.refusal("GetItem", { TableName: "locks", Key: ONE }),
    "ResourceNotFoundException: Requested resource not found",
  );
  assertThrows(() => memory.dynamo.table("locks"), Error, "Requested resource not found");
});

Deno.test("CreateTable refuses tables that cannot be", async () => {
  const memory = await Memory.withTables();
  const base = tableInput("new", { k: "S" });
  const invalid = "ValidationException: One or more parameter values were invalid: ";
  const cases: [object, string][] = [
    [{ TableName: "plain" }, "ResourceInUseException: Table already exists: plain"],
    [
      { TableName: "ab" },
      "ValidationException: Invalid table/index name.  Table/index names must be " +
      "between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, " +
      "'_', '-', and '.'",
    ],
    [
      { BillingMode: "PROVISIONED" },
      `${invalid}ReadCapacityUnits and WriteCapacityUnits must ` +
      "both be specified when BillingMode is PROVISIONED",
    ],
    [
      { ProvisionedThroughput: { ReadCapacityUnits: 1, WriteCapacityUnits: 1 } },
      `${invalid}Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when ` +
      "BillingMode is PAY_PER_REQUEST",
    ],
    [
      { KeySchema: [] },
      "ValidationException: 1 validation error detected: Value '[]' at " +
      "'keySchema' failed to satisfy constraint: Member must have length greater than or equal to 1",
    ],
    [
      { KeySchema: [{ AttributeName: "k", KeyType: "RANGE" }] },
      "ValidationException: Invalid KeySchema: The first KeySchemaElement is not a HASH key type",
    ],
    [
      { KeySchema: [{ AttributeName: "q", KeyType: "HASH" }] },
      `${invalid}Some index key attributes are not defined in AttributeDefinitions. Keys: [q], ` +
      "AttributeDefinitions: [k]",
    ],
    [
      {
        AttributeDefinitions: ["k", "q"].map((AttributeName) => ({
          AttributeName,
          AttributeType: "S",
        })),
      },
      `${invalid}Number of attributes in KeySchema does not exactly match number of attributes ` +
      "defined in AttributeDefinitions",
    ],
    [
      { AttributeDefinitions: [{ AttributeName: "k", AttributeType: "BOOL" }] },
      "ValidationException: 1 validation error detected: Value 'BOOL' at 'attributeType' failed " +
      "to satisfy constraint: Member must satisfy enum value set: [S, N, B]",
    ],
  ];
  for (const [more, message] of cases) {
    assertEquals(await memory.refusal("CreateTable", { ...base, ...more }), message);
  }
});

Deno.test("CreateTable takes provisioned throughput", async () => {
  const memory = new Memory();
  const { BillingMode: _, ...base } = tableInput("plain", { k: "S" }) as Record<string, unknown>;
  const { TableDescription } = await memory.ok("CreateTable", {
    ...base,
    ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 7 },
    TableClass: "STANDARD_INFREQUENT_ACCESS",
  });
  assertEquals(TableDescription.ProvisionedThroughput.ReadCapacityUnits, 5);
  assertEquals(TableDescription.ProvisionedThroughput.WriteCapacityUnits, 7);
  assertEquals(TableDescription.TableClassSummary, { TableClass: "STANDARD_INFREQUENT_ACCESS" });
  assertEquals(TableDescription.BillingModeSummary, undefined);
});

Deno.test("CreateTable keeps tags, ListTagsOfResource lists them", async () => {
  const memory = new Memory();
  const create = (TableName: string, Tags: object[]) => ({
    ...tableInput(TableName, { k: "S" }),
    Tags,
  });
  const tags = [{ Key: "team", Value: "locks" }, { Key: "empty", Value: "" }];
  const { TableDescription } = await memory.ok("CreateTable", create("tagged", tags));
  const ResourceArn = TableDescription.TableArn;
  assertEquals(await memory.ok("ListTagsOfResource", { ResourceArn }), { Tags: tags });
  const refusals: [object[], RegExp][] = [
    [[{ Key: "", Value: "" }], /'tags.1.member.key' .* greater than or equal to 1$/],
    [[{ Key: "a" }], /'tags.1.member.value' .* not be null$/],
    [[tags[0] as object, { Key: "x".repeat(129), Value: "" }], /'tags.2.member.key' .* 128$/],
    [[{ Key: "a", Value: "x".repeat(257) }], /'tags.1.member.value' .* 256$/],
    [[tags[0] as object, tags[0] as object], /must be unique$/],
    [Array.from({ length: 51 }, (_, i) => ({ Key: `${i}`, Value: "" })), /'tags' .* 50$/],
  ];
  for (const [given, message] of refusals) {
    assertMatch(await memory.refusal("CreateTable", create("other", given)), message);
  }
  assertMatch(
    await memory.refusal("ListTagsOfResource", { ResourceArn: `${ResourceArn}x` }),
    /^ResourceNotFoundException/,
  );
  assertMatch(await memory.refusal("ListTagsOfResource", { ResourceArn: "x" }), /Invalid TableArn/);
});

Deno.test("DeleteTable is refused while the table is protected", async () => {
  const memory = new Memory();
  await memory.ok("CreateTable", {
    ...tableInput("plain", { k: "S" }),
    DeletionProtectionEnabled: true,
  });
  assertEquals(
    await memory.refusal("DeleteTable", { TableName: "plain" }),
    "ValidationException: Resource cannot be deleted as it is currently protected against " +
      "deletion. Disable deletion protection first.",
  );
  await memory.ok("UpdateTable", { TableName: "plain", DeletionProtectionEnabled: false });
  await memory.ok("DeleteTable", { TableName: "plain" });
});

function ttl(AttributeName: string, Enabled: boolean): object {
  return { TableName: "plain", TimeToLiveSpecification: { AttributeName, Enabled } };
}

Deno.test("UpdateTimeToLive turns it on and off, DescribeTimeToLive tells", async () => {
  const memory = await Memory.withTables();
  const described = async () =>
    (await memory.ok("DescribeTimeToLive", { TableName: "plain" })).TimeToLiveDescription;
  const invalid = "ValidationException: TimeToLive is ";
  assertEquals(await described(), { TimeToLiveStatus: "DISABLED" });
  assertEquals(
    await memory.refusal("UpdateTimeToLive", ttl("p", false)),
    `${invalid}already disabled`,
  );
  assertEquals(await memory.ok("UpdateTimeToLive", ttl("p", true)), {
    TimeToLiveSpecification: { AttributeName: "p", Enabled: true },
  });
  assertEquals(await described(), { TimeToLiveStatus: "ENABLED", AttributeName: "p" });
  assertEquals(
    await memory.refusal("UpdateTimeToLive", ttl("p", true)),
    `${invalid}already enabled`,
  );
  for (const enabled of [true, false]) {
    assertEquals(
      await memory.refusal("UpdateTimeToLive", ttl("q", enabled)),
      `${invalid}active on a different AttributeName: current AttributeName is p`,
    );
  }
  await memory.ok("UpdateTimeToLive", ttl("p", false));
  assertEquals(await described(), { TimeToLiveStatus: "DISABLED" });
});

Deno.test("purgeExpired() deletes items whose time has passed, and no others", async () => {
  let now = NOW;
  const memory = await Memory.withTables({ now: () => now });
  const table = memory.dynamo.table("plain");
  const seconds = NOW / 1000;
  const put = (S: string, p: unknown) => table.put({ k: { S }, ...(p as object) });
  put("due", { p: { N: String(seconds) } });
  put("past", { p: { N: String(seconds - 0.5) } });
  put("soon", { p: { N: String(seconds + 10) } });
  put("five years old", { p: { N: String(seconds - 6 * 366 * 86_400) } });
  put("text", { p: { S: String(seconds - 5) } });
  put("none", {});
  assertEquals(memory.dynamo.purgeExpired(), 0, "time to live is off");
  await memory.ok("UpdateTimeToLive", ttl("p", true));
  assertEquals(table.size, 6, "nothing is deleted but by the call");
  assertEquals(memory.dynamo.purgeExpired(), 2);
  const left = () => table.items().map((item) => (item["k"] as { S: string }).S).sort();
  assertEquals(left(), ["five years old", "none", "soon", "text"]);
  now += 10_000;
  assertEquals(memory.dynamo.purgeExpired(), 1);
  assertEquals(left(), ["five years old", "none", "text"]);
});
