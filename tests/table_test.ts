import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DynamoClient } from "../src/dynamodb/mod.ts";
import { LockServiceError, LockTableError } from "../src/errors.ts";
import { LockManager } from "../src/manager.ts";
import type { Runtime } from "../src/runtime.ts";
import {
  checkTable,
  createTable,
  type CreateTableOptions,
  ensureTable,
  tableDefinition,
} from "../src/table.ts";
import { MemoryDynamo } from "../src/testing/mod.ts";
import { VirtualTime } from "./support/virtual.ts";
import { quickSigner } from "./support/world.ts";

type Answer = Record<string, Record<string, unknown>>;

/** An empty DynamoDB in virtual time, whose answers about tables can be told to be other ones. */
class Account {
  readonly time: VirtualTime = new VirtualTime();
  readonly dynamo: MemoryDynamo = new MemoryDynamo({
    now: () => this.time.now,
    delay: (ms) => this.time.delay(ms),
  });
  readonly runtime: Runtime = this.time.node().runtime(
    (input, init) => this.#fetch(input, init),
    {},
  );
  readonly client: DynamoClient = this.#client();
  readonly #changes: { operation: string; change: (answer: Answer) => void }[] = [];

  /** Changes the next answer of an operation. */
  change(operation: string, change: (answer: Answer) => void): void {
    this.#changes.push({ operation, change });
  }

  /** Lets the next descriptions show this state. */
  status(...states: string[]): void {
    for (const state of states) {
      this.change("DescribeTable", ({ Table }) => Table!.TableStatus = state);
    }
  }

  /** Refuses the next request of an operation. */
  refuse(operation: string, type: string, times = 1): void {
    this.dynamo.failNext({ kind: "error", status: 400, type }, { operation, times });
  }

  /** Makes a table behind our back. */
  make(name: string, keys: [name: string, type: string][] = [["key", "S"]]): Promise<unknown> {
    return this.until(this.client.send("CreateTable", {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
      KeySchema: keys.map(([AttributeName], i) => ({
        AttributeName,
        KeyType: i === 0 ? "HASH" : "RANGE",
      })),
    }));
  }

  /** Turns TTL on behind our back. */
  turnOn(name: string, attribute: string): Promise<unknown> {
    const TimeToLiveSpecification = { AttributeName: attribute, Enabled: true };
    const input = { TableName: name, TimeToLiveSpecification };
    return this.until(this.client.send("UpdateTimeToLive", input));
  }

  /** The operations since the last call. */
  sent(): string[] {
    const operations = this.dynamo.requests.map(({ operation }) => operation);
    this.dynamo.clearRequests();
    return operations;
  }

  /** Lets time pass until `work` is done, and sees that no timer is left over. */
  async until<T>(work: Promise<T>): Promise<T> {
    work.catch(() => {});
    try {
      return await this.time.until(work);
    } finally {
      assertEquals(this.time.pending, 0);
    }
  }

  create(options: CreateTableOptions = {}): ReturnType<typeof createTable> {
    return this.until(createTable({ client: this.client, runtime: this.runtime, ...options }));
  }

  ensure(options: CreateTableOptions = {}): ReturnType<typeof ensureTable> {
    return this.until(ensureTable({ client: this.client, runtime: this.runtime, ...options }));
  }

  async problems(options: Parameters<typeof checkTable>[0] = {}): Promise<string[]> {
    const report = await this.until(
      checkTable({ client: this.client, runtime: this.runtime, ...options }),
    );
    assertEquals(report.ok, report.problems.length === 0);
    return report.problems.map(({ code }) => code);
  }

  #client(): DynamoClient {
    return new DynamoClient({
      region: "local",
      endpoint: "http://127.0.0.1:1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      signer: quickSigner,
      runtime: this.runtime,
    });
  }

  async #fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const response = await this.dynamo.fetch(input, init);
    const operation = new Headers(init?.headers).get("x-amz-target")?.split(".")[1];
    const index = this.#changes.findIndex((each) => each.operation === operation);
    if (index < 0 || !response.ok) return response;
    const [planned] = this.#changes.splice(index, 1);
    const answer = await response.json();
    planned!.change(answer);
    return Response.json(answer, { headers: { date: response.headers.get("date")! } });
  }
}

const DEFINITION = {
  TableName: "dynamo-lock",
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
};

Deno.test("createTable() makes an on-demand table with TTL that checkTable() finds nothing wrong with", async () => {
  const account = new Account();
  assertEquals(await account.create(), { created: true, timeToLiveTurnedOn: true });
  assertEquals(account.dynamo.requests.map(({ input }) => input), [
    DEFINITION,
    { TableName: "dynamo-lock" },
    { TableName: "dynamo-lock" },
    {
      TableName: "dynamo-lock",
      TimeToLiveSpecification: { AttributeName: "purge", Enabled: true },
    },
  ]);
  assertEquals(await account.problems(), []);
});

Deno.test("createTable() makes a table that locks work on, with any key", async () => {
  const account = new Account();
  const table = { name: "application", partitionKey: "pk", sortKey: "sk" };
  await account.create({ table });
  const { client, runtime } = account;
  const manager = new LockManager({ client, runtime, table });
  const lease = await account.time.until(manager.acquire("a"));
  assertEquals(lease.held, true);
  await account.until(manager.close());
  assertEquals(await account.problems({ table }), []);
});

Deno.test("createTable() sends deletion protection and tags where they are asked for", async () => {
  const account = new Account();
  await account.create({ deletionProtection: true, tags: { team: "payments" } });
  assertEquals(account.dynamo.requests[0]?.input, {
    ...DEFINITION,
    DeletionProtectionEnabled: true,
    Tags: [{ Key: "team", Value: "payments" }],
  });
});

Deno.test("createTable() does no harm to a table that exists, and turns its TTL on", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  account.sent();
  assertEquals(await account.create(), { created: false, timeToLiveTurnedOn: true });
  assertEquals(account.sent().slice(-1), ["UpdateTimeToLive"]);
  assertEquals(await account.create(), { created: false, timeToLiveTurnedOn: false });
  assertEquals(account.sent(), ["CreateTable", "DescribeTable", "DescribeTimeToLive"]);
});

Deno.test("createTable() knows that it made the table when the answer was lost", async () => {
  const account = new Account();
  account.dynamo.failNext({ kind: "drop-answer" }, { operation: "CreateTable" });
  assertEquals(await account.create(), { created: true, timeToLiveTurnedOn: true });
});

Deno.test("createTable() waits until the table is active", async () => {
  const account = new Account();
  account.status("CREATING", "CREATING", "CREATING");
  const start = account.time.now;
  await account.create();
  assertEquals(account.sent().filter((operation) => operation === "DescribeTable").length, 4);
  assertEquals(account.time.now - start > 500, true);
});

Deno.test("createTable() waits for a table that reads do not know yet", async () => {
  const account = new Account();
  account.refuse("DescribeTable", "ResourceNotFoundException", 2);
  assertEquals((await account.create()).created, true);
});

Deno.test("createTable() waits no longer than 'timeoutMs'", async () => {
  const account = new Account();
  account.status(...Array.from({ length: 100 }, () => "CREATING"));
  const start = account.time.now;
  const error = await assertRejects(() => account.create({ timeoutMs: 5_000 }), LockTableError);
  assertEquals(error.code, "TABLE_MISMATCH");
  assertStringIncludes(error.message, "timeoutMs");
  assertEquals(account.time.now - start <= 5_000, true);
});

Deno.test("createTable() gives up when DynamoDB is silent for 'timeoutMs'", async () => {
  const account = new Account();
  account.dynamo.failNext({ kind: "hang" }, { operation: "DescribeTable", times: 100 });
  const start = account.time.now;
  const error = await assertRejects(() => account.create({ timeoutMs: 8_000 }), LockServiceError);
  assertEquals(error.code, "UNAVAILABLE");
  assertEquals(account.time.now - start <= 8_000, true);
});

Deno.test("createTable() rethrows the reason of 'signal' while it waits", async () => {
  const account = new Account();
  account.status(...Array.from({ length: 100 }, () => "CREATING"));
  const controller = new AbortController();
  const reason = new Error("changed my mind");
  const abortAt = account.time.now + 3_000;
  account.time.at(abortAt, () => controller.abort(reason));
  const error = await assertRejects(() => account.create({ signal: controller.signal }));
  assertEquals(error, reason);
  assertEquals(account.time.now, abortAt);
});

Deno.test("createTable() refuses at once a table that is being deleted", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  account.status("DELETING");
  const error = await assertRejects(() => account.create(), LockTableError);
  assertStringIncludes(error.message, "DELETING");
});

Deno.test("createTable() refuses a table with another key, and leaves its TTL alone", async () => {
  const account = new Account();
  await account.make("dynamo-lock", [["id", "S"], ["range", "N"]]);
  account.sent();
  const error = await assertRejects(() => account.create(), LockTableError);
  assertEquals(error.code, "TABLE_MISMATCH");
  assertEquals(
    error.message,
    "Cannot create a lock table as table 'dynamo-lock' has the partition key 'id' instead of " +
      "'key': name it in 'table.partitionKey', and has the sort key 'range': name it in " +
      "'table.sortKey', and has the sort key 'range' of type a number, where a string is needed",
  );
  assertEquals(account.sent(), ["CreateTable", "DescribeTable"]);
});

Deno.test("createTable() refuses TTL on another attribute, unless 'timeToLive' is false", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  await account.turnOn("dynamo-lock", "expires");
  const error = await assertRejects(() => account.create(), LockTableError);
  assertStringIncludes(error.message, "TTL on 'expires' instead of 'purge'");
  account.sent();
  const outcome = await account.create({ timeToLive: false });
  assertEquals(outcome, { created: false, timeToLiveTurnedOn: false });
  assertEquals(account.sent(), ["CreateTable", "DescribeTable"]);
});

Deno.test("createTable() refuses TTL that is being turned off", async () => {
  const account = new Account();
  account.change("DescribeTimeToLive", (answer) => {
    answer.TimeToLiveDescription = { TimeToLiveStatus: "DISABLING", AttributeName: "purge" };
  });
  const error = await assertRejects(() => account.create(), LockTableError);
  assertStringIncludes(error.message, "up to an hour");
});

Deno.test("createTable() is content where another process turned TTL on in between", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  await account.turnOn("dynamo-lock", "purge");
  account.change("DescribeTimeToLive", (answer) => {
    answer.TimeToLiveDescription = { TimeToLiveStatus: "DISABLED" };
  });
  assertEquals(await account.create(), { created: false, timeToLiveTurnedOn: false });
});

Deno.test("createTable() tries TTL again while the table is being changed", async () => {
  const account = new Account();
  account.refuse("UpdateTimeToLive", "ResourceInUseException");
  assertEquals((await account.create()).timeToLiveTurnedOn, true);
});

Deno.test("createTable() says so where DynamoDB goes on refusing TTL", async () => {
  const account = new Account();
  account.refuse("UpdateTimeToLive", "ValidationException", 10);
  const error = await assertRejects(() => account.create(), LockServiceError);
  assertEquals(error.code, "REFUSED");
  assertStringIncludes(error.message, "'UpdateTimeToLive'");
});

Deno.test("createTable() says so where DynamoDB refuses the table", async () => {
  const account = new Account();
  const [type, message] = ["ValidationException", "The tag key aws:team is reserved"];
  account.dynamo.failNext({ kind: "error", status: 400, type, message });
  const error = await assertRejects(() => account.create(), LockServiceError);
  assertEquals(error.code, "REFUSED");
  assertStringIncludes(error.message, "'CreateTable'");
});

Deno.test("createTable() names the permission that is missing", async () => {
  for (
    const operation of ["CreateTable", "DescribeTable", "DescribeTimeToLive", "UpdateTimeToLive"]
  ) {
    const account = new Account();
    account.refuse(operation, "AccessDeniedException");
    const error = await assertRejects(() => account.create(), LockServiceError);
    assertEquals(error.code, "ACCESS_DENIED");
    assertStringIncludes(error.message, `'dynamodb:${operation}'`);
  }
});

Deno.test("ensureTable() makes a missing table", async () => {
  const account = new Account();
  assertEquals(await account.ensure(), { created: true, timeToLiveTurnedOn: true });
  assertEquals(account.sent().slice(0, 2), ["DescribeTable", "CreateTable"]);
  assertEquals(await account.problems(), []);
});

Deno.test("ensureTable() only looks where nothing is missing", async () => {
  const account = new Account();
  await account.create();
  account.sent();
  assertEquals(await account.ensure(), { created: false, timeToLiveTurnedOn: false });
  assertEquals(account.sent(), ["DescribeTable", "DescribeTimeToLive"]);
});

Deno.test("ensureTable() succeeds where another process makes the table at the same time", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  account.refuse("DescribeTable", "ResourceNotFoundException");
  account.status("CREATING", "ACTIVE");
  assertEquals((await account.ensure()).created, false);
});

Deno.test("ensureTable() uses a table that is being updated without waiting", async () => {
  const account = new Account();
  await account.create();
  account.status("UPDATING");
  const start = account.time.now;
  await account.ensure();
  assertEquals(account.time.now - start < 100, true); // two round trips
});

Deno.test("ensureTable() takes the table's name from the environment, as LockManager does", async () => {
  for (const env of [{ DYNAMO_LOCK_TABLE: "from-env" }, { DYNAMO_LOCK_TABLE: "" }, {}]) {
    const dynamo = new MemoryDynamo();
    const aws = { AWS_REGION: "local", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    await ensureTable({ env: { ...aws, ...env }, fetch: dynamo.fetch });
    const name = "DYNAMO_LOCK_TABLE" in env && env.DYNAMO_LOCK_TABLE || "dynamo-lock";
    assertEquals(dynamo.table(name) !== undefined, true);
  }
});

Deno.test("checkTable() finds that there is no table, in one request", async () => {
  const account = new Account();
  assertEquals(await account.problems(), ["NOT_FOUND"]);
  assertEquals(account.sent(), ["DescribeTable"]);
});

Deno.test("checkTable() finds a table that is not active", async () => {
  const account = new Account();
  await account.create();
  account.sent();
  account.status("CREATING");
  assertEquals(await account.problems(), ["NOT_ACTIVE"]);
  assertEquals(account.sent(), ["DescribeTable"]); // such a table has no TTL yet
  account.status("ARCHIVED");
  assertEquals(await account.problems(), ["NOT_ACTIVE"]);
});

Deno.test("checkTable() finds what is wrong with the key", async () => {
  const account = new Account();
  const sorted = { partitionKey: "pk", sortKey: "sk" };
  await account.make("number", [["key", "N"]]);
  await account.make("other", [["id", "S"]]);
  await account.make("sorted", [["pk", "S"], ["sk", "S"]]);
  await account.make("oddly-sorted", [["pk", "S"], ["range", "B"]]);
  const problems = (table: CreateTableOptions["table"] & object) =>
    account.problems({ table, timeToLive: false });
  assertEquals(await problems({ name: "number" }), ["PARTITION_KEY_TYPE"]);
  assertEquals(await problems({ name: "other" }), ["PARTITION_KEY_NAME"]);
  assertEquals(await problems({ name: "other", ...sorted, partitionKey: "id" }), [
    "SORT_KEY_MISSING",
  ]);
  assertEquals(await problems({ name: "sorted", ...sorted }), []);
  assertEquals(await problems({ name: "sorted", partitionKey: "pk" }), ["SORT_KEY_UNEXPECTED"]);
  assertEquals(await problems({ name: "oddly-sorted", ...sorted }), [
    "SORT_KEY_NAME",
    "SORT_KEY_TYPE",
  ]);
});

Deno.test("checkTable() finds TTL off, on its way off, and on another attribute", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  assertEquals(await account.problems(), ["TTL_OFF"]);
  await account.turnOn("dynamo-lock", "expires");
  assertEquals(await account.problems(), ["TTL_ATTRIBUTE"]);
  const duringChange = (status: string) => {
    account.change("DescribeTimeToLive", (answer) => {
      answer.TimeToLiveDescription = { TimeToLiveStatus: status, AttributeName: "purge" };
    });
    return account.problems();
  };
  assertEquals(await duringChange("DISABLING"), ["TTL_OFF"]);
  assertEquals(await duringChange("ENABLING"), []);
});

Deno.test("checkTable() does not ask about TTL where 'timeToLive' is false", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  account.sent();
  assertEquals(await account.problems({ timeToLive: false }), []);
  assertEquals(account.sent(), ["DescribeTable"]);
});

Deno.test("checkTable() reports missing permissions, and goes on with what it may", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  account.refuse("DescribeTable", "AccessDeniedException");
  assertEquals(await account.problems(), ["ACCESS_DENIED", "TTL_OFF"]);
  account.refuse("DescribeTimeToLive", "AccessDeniedException");
  assertEquals(await account.problems(), ["ACCESS_DENIED"]);
  account.refuse("DescribeTable", "AccessDeniedException");
  account.refuse("DescribeTimeToLive", "ResourceNotFoundException");
  assertEquals(await account.problems(), ["ACCESS_DENIED", "NOT_FOUND"]);
});

Deno.test("checkTable() tells in words what is wrong", async () => {
  const account = new Account();
  await account.make("dynamo-lock");
  const { client, runtime } = account;
  assertEquals(await account.until(checkTable({ client, runtime })), {
    ok: false,
    table: "dynamo-lock",
    problems: [{
      code: "TTL_OFF",
      message: "Table 'dynamo-lock' has TTL off: turn it on, on the attribute 'purge'",
    }],
  });
});

Deno.test("checkTable() throws where DynamoDB cannot be asked", async () => {
  const fetch = () => Promise.reject(new TypeError("no network"));
  const aws = { AWS_REGION: "local", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const codeFor = async (env: Record<string, string>, given: typeof globalThis.fetch = fetch) => {
    const client = new DynamoClient({ env, fetch: given, maxAttempts: 1 });
    return (await assertRejects(() => checkTable({ client }), LockServiceError)).code;
  };
  assertEquals(await codeFor(aws), "UNAVAILABLE");
  assertEquals(await codeFor({}), "REGION");
  assertEquals(await codeFor({ AWS_REGION: "local" }), "CREDENTIALS");
  const dynamo = new MemoryDynamo();
  dynamo.failNext({ kind: "error", status: 400, type: "UnrecognizedClientException" });
  assertEquals(await codeFor(aws, dynamo.fetch), "CREDENTIALS");
});

Deno.test("errors about tables show neither secrets nor the words of DynamoDB", async () => {
  const account = new Account();
  const message = "User: arn:aws:iam::123456789012:user/NEEDLE is not authorized";
  const type = "AccessDeniedException";
  account.dynamo.failNext({ kind: "error", status: 400, type, message });
  const error = await assertRejects(() => account.create(), LockServiceError);
  assertEquals(error.message.includes("NEEDLE"), false);
});

Deno.test("createTable(), ensureTable() and checkTable() refuse misuse before any request", async () => {
  const dynamo = new MemoryDynamo();
  const env = { AWS_REGION: "local", AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
  const client = new DynamoClient({ env, fetch: dynamo.fetch });
  const misuses: [options: unknown, type: typeof TypeError | typeof RangeError][] = [
    [client, TypeError],
    [null, TypeError],
    [{ client, tabel: "typo" }, TypeError],
    [{ client, leaseMs: 30_000 }, TypeError], // a manager's alone
    [{ client, table: "no" }, RangeError],
    [{ client, table: { name: "locks", partitionKey: "fence" } }, RangeError],
    [{ client, timeToLive: 1 }, TypeError],
    [{ client, signal: "stop" }, TypeError],
    [{ client, region: "eu-west-1" }, TypeError],
    [{ client: {} }, TypeError],
    [{ region: "a@evil.test#" }, RangeError],
  ];
  const onlyToCreate: typeof misuses = [
    [{ client, deletionProtection: "yes" }, TypeError],
    [{ client, timeoutMs: 1 }, RangeError],
    [{ client, timeoutMs: "1" }, TypeError],
    [{ client, tags: [] }, TypeError],
    [{ client, tags: { a: 1 } }, TypeError],
    [{ client, tags: { "": "x" } }, RangeError],
    [{ client, tags: { a: "x".repeat(257) } }, RangeError],
    [
      { client, tags: Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`t${i}`, ""])) },
      RangeError,
    ],
  ];
  for (const run of [createTable, ensureTable, checkTable]) {
    for (const [options, type] of run === checkTable ? misuses : [...misuses, ...onlyToCreate]) {
      const error = await assertRejects(() => run(options as CreateTableOptions));
      assertInstanceOf(error, type);
      assertStringIncludes(error.message, "Cannot ");
    }
  }
  await assertRejects(() => checkTable({ client, tags: {} } as object), TypeError, "'tags'");
  assertEquals(dynamo.requests.length, 0);
});

Deno.test("createTable() sends nothing once 'signal' has aborted", async () => {
  const account = new Account();
  const reason = new Error("too late");
  const error = await assertRejects(() => account.create({ signal: AbortSignal.abort(reason) }));
  assertEquals(error, reason);
  assertEquals(account.sent(), []);
});

Deno.test("tableDefinition() describes the table for CloudFormation", () => {
  assertEquals(tableDefinition() as unknown, {
    ...DEFINITION,
    TimeToLiveSpecification: { AttributeName: "purge", Enabled: true },
  });
  const table = { name: "application", partitionKey: "pk", sortKey: "sk" };
  const options = { table, deletionProtection: true, tags: { team: "payments" } };
  assertEquals(tableDefinition({ ...options, timeToLive: false }) as unknown, {
    TableName: "application",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [
      { AttributeName: "pk", AttributeType: "S" },
      { AttributeName: "sk", AttributeType: "S" },
    ],
    KeySchema: [
      { AttributeName: "pk", KeyType: "HASH" },
      { AttributeName: "sk", KeyType: "RANGE" },
    ],
    DeletionProtectionEnabled: true,
    Tags: [{ Key: "team", Value: "payments" }],
  });
});

Deno.test("tableDefinition() describes the table for Terraform", () => {
  assertEquals(tableDefinition({}, "terraform") as unknown, {
    name: "dynamo-lock",
    billing_mode: "PAY_PER_REQUEST",
    hash_key: "key",
    attribute: [{ name: "key", type: "S" }],
    ttl: { attribute_name: "purge", enabled: true },
  });
  const table = { name: "application", partitionKey: "pk", sortKey: "sk" };
  const options = { table, deletionProtection: true, tags: { team: "payments" } };
  assertEquals(tableDefinition({ ...options, timeToLive: false }, "terraform") as unknown, {
    name: "application",
    billing_mode: "PAY_PER_REQUEST",
    hash_key: "pk",
    range_key: "sk",
    attribute: [{ name: "pk", type: "S" }, { name: "sk", type: "S" }],
    deletion_protection_enabled: true,
    tags: { team: "payments" },
  });
});

Deno.test("tableDefinition() names the table of an ARN", () => {
  const table = "arn:aws:dynamodb:eu-west-1:123456789012:table/locks";
  assertEquals(tableDefinition({ table }).TableName, "locks");
  assertEquals(tableDefinition({ table }, "terraform").name, "locks");
});

Deno.test("tableDefinition() refuses misuse", () => {
  assertThrows(() => tableDefinition({ table: "x" }), RangeError);
  assertThrows(() => tableDefinition({ region: "eu-west-1" } as object), TypeError, "'region'");
  assertThrows(() => tableDefinition({ tags: { a: 1 } } as never), TypeError);
  assertThrows(() => tableDefinition({ deletionProtection: 1 } as never), TypeError);
  assertThrows(() => tableDefinition({}, "pulumi" as never), RangeError, "'pulumi'");
});
