/** Every error that a caller can meet, provoked on the wire: its class, its code and what it says. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  isLockError,
  LeaseLostError,
  LockError,
  type LockErrorCode,
  LockManager,
  type LockManagerOptions,
  LockServiceError,
  LockTableError,
} from "../mod.ts";
import { CredentialsError } from "../src/credentials/mod.ts";
import { DynamoClient, DynamoError } from "../src/dynamodb/mod.ts";
import type { Fault } from "../src/testing/mod.ts";
import { quickSigner, World } from "./support/world.ts";

type LockErrorClass = typeof LockServiceError | typeof LockTableError;

/** A manager that makes its own client, from these options and nothing of the process. */
function unprepared(world: World, options: LockManagerOptions): LockManager {
  const runtime = world.time.node().runtime(world.dynamo.fetch);
  return new LockManager({ env: {}, fetch: world.dynamo.fetch, runtime, ...options });
}

/** Calls every verb, and checks the error of each. */
async function everyVerb(
  world: World,
  manager: LockManager,
  type: LockErrorClass,
  code: LockErrorCode,
): Promise<LockError> {
  let last: LockError | undefined;
  for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
    const error = await assertRejects(
      () => world.until<unknown>(manager[verb]("job")),
      type as typeof LockError,
    );
    assertEquals([error.code, error.lockName, isLockError(error)], [code, "job", true]);
    assertEquals(error.name, type.name);
    assertMatch(error.message, /^Cannot [a-z].*'job'/);
    assert(!/\.$/.test(error.message), error.message);
    last = error;
  }
  return last!;
}

Deno.test("every verb rejects with TABLE_NOT_FOUND when the table does not exist", async () => {
  const world = await World.create();
  const process = world.process({ table: "nowhere" });
  const error = await everyVerb(world, process.manager, LockTableError, "TABLE_NOT_FOUND");
  assertInstanceOf(error.cause, DynamoError);
  await world.pass(60_000);
  assertEquals(world.sent(), ["UpdateItem", "UpdateItem", "GetItem"]);
  await world.end(process);
});

Deno.test("every verb rejects with TABLE_MISMATCH when the partition key has another name", async () => {
  const world = await World.create();
  await world.createTable("theirs", "id");
  const process = world.process({ table: "theirs" });
  await everyVerb(world, process.manager, LockTableError, "TABLE_MISMATCH");
  assertEquals(world.dynamo.table("theirs").size, 0);
  await world.end(process);
});

Deno.test("every verb rejects with TABLE_MISMATCH when the table has a sort key that nobody named", async () => {
  const world = await World.create();
  await world.createTable("theirs", "key", "sk");
  const process = world.process({ table: "theirs" });
  await everyVerb(world, process.manager, LockTableError, "TABLE_MISMATCH");
  assertEquals(world.dynamo.table("theirs").size, 0);
  await world.end(process);
});

Deno.test("every verb rejects with TABLE_MISMATCH when a sort key is named that the table lacks", async () => {
  const world = await World.create();
  const process = world.process({ table: { name: "dynamo-lock", sortKey: "sk" } });
  await everyVerb(world, process.manager, LockTableError, "TABLE_MISMATCH");
  assertEquals(world.dynamo.table("dynamo-lock").size, 0);
  await world.end(process);
});

Deno.test("every verb rejects with TABLE_MISMATCH when the key is no text", async () => {
  const world = await World.create();
  await world.until(
    world.client(world.time.node()).send("CreateTable", {
      TableName: "numbers",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "N" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
    }),
  );
  const process = world.process({ table: "numbers" });
  await everyVerb(world, process.manager, LockTableError, "TABLE_MISMATCH");
  await world.end(process);
});

Deno.test("every verb rejects with REGION when there is none, and sends nothing", async () => {
  const world = await World.create();
  const manager = unprepared(world, {
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
  });
  const error = await everyVerb(world, manager, LockServiceError, "REGION");
  assertStringIncludes(error.message, "AWS_REGION");
  assertEquals(world.sent(), []);
  await world.until(manager.close());
});

Deno.test("every verb rejects with CREDENTIALS when there are none, and sends nothing", async () => {
  const world = await World.create();
  for (const env of [{}, { AWS_ACCESS_KEY_ID: "only-half" }, { AWS_ACCESS_KEY_ID: "" }]) {
    const manager = unprepared(world, { region: "eu-west-1", env });
    const error = await everyVerb(world, manager, LockServiceError, "CREDENTIALS");
    assertStringIncludes(error.message, "AWS_ACCESS_KEY_ID");
    assertEquals(world.sent(), []);
    await world.until(manager.close());
  }
});

Deno.test("every verb rejects with UNAVAILABLE when their source fails, and sends nothing", async () => {
  const world = await World.create();
  const cause = new Error("the vault is shut");
  const manager = unprepared(world, {
    region: "eu-west-1",
    credentials: () => Promise.reject(cause),
  });
  const error = await everyVerb(world, manager, LockServiceError, "UNAVAILABLE");
  assertInstanceOf(error.cause, DynamoError);
  assertEquals(error.cause.cause, cause);
  assertEquals(world.sent(), []);
  await world.until(manager.close());
});

Deno.test("the words of a source of credentials stay in the cause", async () => {
  const world = await World.create();
  const secret = "no keys for arn:aws:iam::123456789012:role/x";
  const manager = unprepared(world, {
    region: "eu-west-1",
    credentials: () => Promise.reject(new CredentialsError("CredentialsMissing", secret)),
  });
  const error = await everyVerb(world, manager, LockServiceError, "CREDENTIALS");
  assert(!error.message.includes("arn"), error.message);
  await world.until(manager.close());
});

Deno.test("a client that answers nothing is an error, not a lock that is held", async () => {
  const world = await World.create();
  let mute = false;
  class Odd extends DynamoClient {
    override async send<T>(...of: Parameters<DynamoClient["send"]>): Promise<T> {
      return mute ? undefined as T : await super.send<T>(...of);
    }
  }
  const { node } = world.process();
  const runtime = node.runtime(world.dynamo.fetch);
  const client = new Odd({
    region: "local",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    signer: quickSigner,
    runtime,
  });
  const manager = new LockManager({ client, runtime });
  const lease = await world.until(manager.acquire("job"));
  mute = true;
  for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
    await assertRejects(() => world.until<unknown>(manager[verb]("other")), TypeError);
  }
  await assertRejects(() => world.until(lease.renew()), TypeError);
  assertEquals(lease.held, true);
  mute = false;
  await world.until(lease.renew());
  assertEquals(await world.until(lease.release()), true);
  await world.until(manager.close());
});

const REFUSALS: readonly (readonly [type: string, code: LockErrorCode, message?: string])[] = [
  ["AccessDeniedException", "ACCESS_DENIED", "User: arn:aws:iam::123456789012:user/x is not..."],
  ["UnrecognizedClientException", "CREDENTIALS", "The security token is invalid"],
  ["InvalidSignatureException", "CREDENTIALS", "The signature does not match"],
  ["MissingAuthenticationTokenException", "CREDENTIALS"],
  ["IncompleteSignatureException", "CREDENTIALS"],
  ["ExpiredTokenException", "CREDENTIALS", "The security token has expired"],
  ["CredentialsMissingException", "CREDENTIALS", "User: arn:aws:iam::123456789012:user/me"],
  ["RegionMismatchException", "REFUSED", "arn:aws:iam::123456789012:user/me"],
  ["ValidationException", "REFUSED", "Something else is wrong"],
  ["SerializationException", "REFUSED"],
  ["ItemCollectionSizeLimitExceededException", "REFUSED"],
];

for (const [type, code, message = ""] of REFUSALS) {
  Deno.test(`every verb rejects with ${code} when DynamoDB answers ${type}, which is not repeated`, async () => {
    const world = await World.create();
    const process = world.process();
    world.fail({ kind: "error", status: 400, type, message }, { times: 100 });
    const error = await everyVerb(world, process.manager, LockServiceError, code);
    assertInstanceOf(error.cause, DynamoError);
    assertEquals(error.cause.code, type);
    if (message !== "") assert(!error.message.includes(message), "its words stay in the cause");
    assertEquals(world.sent().length, 3, "one request a call");
    await world.end(process);
  });
}

const OUTAGES: readonly (readonly [string, Fault])[] = [
  ["requests are lost", { kind: "drop-request" }],
  ["answers are lost", { kind: "drop-answer" }],
  ["it answers 500", { kind: "error", status: 500, type: "InternalServerError" }],
  ["it throttles", { kind: "error", status: 400, type: "ThrottlingException" }],
  ["a web page answers", { kind: "body", how: "html", applied: false }],
  ["it redirects", { kind: "redirect", location: "https://elsewhere.example/" }],
  ["conflicts do not end", { kind: "error", status: 400, type: "TransactionConflictException" }],
];

for (const [what, fault] of OUTAGES) {
  Deno.test(`every verb rejects with UNAVAILABLE when ${what}`, async () => {
    const world = await World.create();
    const process = world.process();
    world.fail(fault, { times: 1_000_000 });
    const error = await everyVerb(world, process.manager, LockServiceError, "UNAVAILABLE");
    assertInstanceOf(error.cause, DynamoError);
    await world.pass(120_000); // the clean-up gives up too
    await world.end(process);
  });
}

Deno.test("acquire() rejects with TABLE_MISMATCH when the table is being made", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "error", status: 400, type: "ResourceInUseException" }, { times: 100 });
  await everyVerb(world, process.manager, LockTableError, "TABLE_MISMATCH");
  await world.end(process);
});

Deno.test("acquire() rejects with LEASE_TOO_SHORT when answers are slower than half a lease", async () => {
  const world = await World.create();
  const process = world.process({ latencyMs: 700, leaseMs: 2_000 });
  const error = await assertRejects(
    () => world.until(process.manager.acquire("job")),
    LockServiceError,
  );
  assertEquals([error.code, error.lockName], ["LEASE_TOO_SHORT", "job"]);
  assertStringIncludes(error.message, "'leaseMs'");
  await world.pass(10_000);
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("isLockError() knows the errors of this package, and of another copy of it", async () => {
  const other: typeof import("../src/errors.ts") = await import("../src/errors.ts?copy");
  const world = await World.create();
  const process = world.process({ table: "nowhere" });
  const error = await assertRejects(() => world.until(process.manager.acquire("job")), LockError);
  assert(!(error instanceof other.LockError), "another copy has classes of its own");
  assertEquals([isLockError(error), other.isLockError(error)], [true, true]);
  await world.end(process);
});

Deno.test("isLockError() knows every other value for what it is", () => {
  for (
    const value of [
      ...[undefined, null, 0, "", "LEASE_STOLEN", true, Symbol("x")],
      ...[new Error("x"), { code: "LEASE_STOLEN" }, [], () => {}, new DOMException("x")],
    ]
  ) assertEquals(isLockError(value), false);
});

Deno.test("a LockError prints as its class, its message and its code", async () => {
  const world = await World.create();
  const process = world.process({ table: "nowhere" });
  const error = await assertRejects(() => world.until(process.manager.acquire("job")), LockError);
  assertEquals(String(error), `LockTableError: ${error.message}`);
  assertStringIncludes(Deno.inspect(error), "TABLE_NOT_FOUND");
  assertInstanceOf(error, Error);
  await world.end(process);
});

Deno.test("a LeaseLostError is a LockError with the lock's name", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  await world.until(lease.release());
  const { reason } = lease.signal;
  assertInstanceOf(reason, LeaseLostError);
  assertInstanceOf(reason, LockError);
  assertEquals([reason.name, reason.lockName, isLockError(reason)], [
    "LeaseLostError",
    "job",
    true,
  ]);
  assertStringIncludes(reason.message, "'job'");
  await world.end(process);
});
