/** What is refused before any request. */

import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { CredentialsError } from "../../src/credentials/mod.ts";
import {
  DynamoClient,
  type DynamoClientOptions,
  type SendOptions,
} from "../../src/dynamodb/mod.ts";
import { WireRuntime } from "../support/wire_runtime.ts";
import { KEYS, ok, WireServer } from "../support/wire_server.ts";

// deno-lint-ignore no-explicit-any -- what JavaScript may pass
type Anything = any;

const BAD_CLIENT: readonly [Anything, typeof TypeError | typeof RangeError, string][] = [
  [null, TypeError, "'options'"],
  [7, TypeError, "'options'"],
  [{ reigon: "eu-west-1" }, TypeError, "'reigon'"],
  [{ toString: 1 }, TypeError, "'toString'"],
  [JSON.parse('{"__proto__": 1}'), TypeError, "'__proto__'"],
  [{ region: 7 }, TypeError, "'region'"],
  [{ region: null }, TypeError, "'region'"],
  [{ endpoint: 7 }, RangeError, "'endpoint'"],
  [{ endpoint: {} }, RangeError, "'endpoint'"],
  [{ allowInsecureEndpoint: "yes" }, TypeError, "'allowInsecureEndpoint'"],
  [{ useDualstackEndpoint: 1 }, TypeError, "'useDualstackEndpoint'"],
  [{ useFipsEndpoint: "true" }, TypeError, "'useFipsEndpoint'"],
  [{ accountIdEndpointMode: "always" }, RangeError, "'accountIdEndpointMode'"],
  [{ accountIdEndpointMode: true }, RangeError, "'accountIdEndpointMode'"],
  [{ maxAttempts: 0 }, RangeError, "'maxAttempts'"],
  [{ maxAttempts: 101 }, RangeError, "'maxAttempts'"],
  [{ maxAttempts: NaN }, RangeError, "'maxAttempts'"],
  [{ maxAttempts: "4" }, TypeError, "'maxAttempts'"],
  [{ attemptTimeoutMs: 0 }, RangeError, "'attemptTimeoutMs'"],
  [{ attemptTimeoutMs: Infinity }, RangeError, "'attemptTimeoutMs'"],
  [{ attemptTimeoutMs: 2_000_000_001 }, RangeError, "'attemptTimeoutMs'"],
  [{ env: "x" }, TypeError, "'env'"],
  [{ fetch: {} }, TypeError, "'fetch'"],
  [{ signer: () => {} }, TypeError, "'signer'"],
  [{ runtime: 1 }, TypeError, "'runtime'"],
  [{ onRetry: {} }, TypeError, "'onRetry'"],
];

for (const [options, type, includes] of BAD_CLIENT) {
  Deno.test(`DynamoClient() throws when its options are ${Deno.inspect(options)}`, () => {
    const error = assertThrows(() => new DynamoClient(options), type, includes);
    assertEquals(error.constructor, type);
  });
}

const BAD_CREDENTIALS: readonly [Anything, string][] = [
  ["x", "'accessKeyId'"],
  [null, "'accessKeyId'"],
  [{}, "'accessKeyId'"],
  [{ accessKeyId: "a" }, "'secretAccessKey'"],
  [{ accessKeyId: "", secretAccessKey: "b" }, "'accessKeyId'"],
  [{ accessKeyId: "ASIA1", secretAccessKey: "b" }, "'sessionToken'"],
  [{ ...KEYS, sessionToken: "" }, "'sessionToken'"],
  [{ ...KEYS, secretAccessKey: "a b" }, "'secretAccessKey'"],
];

for (const [credentials, includes] of BAD_CREDENTIALS) {
  Deno.test(`DynamoClient() throws when its credentials are ${Deno.inspect(credentials)}`, () => {
    assertThrows(() => new DynamoClient({ credentials }), CredentialsError, includes);
  });
}

const BAD_SEND: readonly [Anything, Anything, Anything, typeof TypeError, string][] = [
  [undefined, {}, {}, TypeError, "'operation'"],
  [7, {}, {}, TypeError, "'operation'"],
  ["UpdateItem", undefined, {}, TypeError, "'input'"],
  ["UpdateItem", null, {}, TypeError, "'input'"],
  ["UpdateItem", "{}", {}, TypeError, "'input'"],
  ["UpdateItem", {}, null, TypeError, "'options'"],
  ["UpdateItem", {}, { timeout: 1 }, TypeError, "'timeout'"],
  ["UpdateItem", {}, { signal: true }, TypeError, "'signal'"],
  ["UpdateItem", {}, { signal: null }, TypeError, "'signal'"],
  ["UpdateItem", {}, { maxAttempts: 0 }, RangeError, "'maxAttempts'"],
  ["UpdateItem", {}, { attemptTimeoutMs: -1 }, RangeError, "'attemptTimeoutMs'"],
  ["UpdateItem", {}, { deadlineMs: -1 }, RangeError, "'deadlineMs'"],
  ["UpdateItem", {}, { deadlineMs: NaN }, RangeError, "'deadlineMs'"],
  ["UpdateItem", {}, { deadlineMs: Infinity }, RangeError, "'deadlineMs'"],
  ["UpdateItem", {}, { deadlineMs: "5" }, TypeError, "'deadlineMs'"],
  ["UpdateItem", {}, { onAnswer: 1 }, TypeError, "'onAnswer'"],
  ["UpdateItem", {}, { time: "now" }, TypeError, "'time'"],
  ["UpdateItem", {}, { time: NaN }, RangeError, "'time'"],
];

for (const [operation, input, options, type, includes] of BAD_SEND) {
  const shown = Deno.inspect([operation, input, options], { breakLength: Infinity });
  Deno.test(`send() rejects before any request when it is given ${shown}`, async () => {
    const server = new WireServer([ok()]);
    const error = await assertRejects(
      () => server.client.send(operation, input, options),
      type,
      includes,
    );
    assertEquals(error.constructor, type);
    assertEquals(server.requests, []);
  });
}

Deno.test("DynamoClient() and send() take undefined for what is not given", async () => {
  const none = {
    region: "eu-west-1",
    endpoint: undefined,
    credentials: KEYS,
    maxAttempts: undefined,
    signer: undefined,
    onRetry: undefined,
  } as unknown as DynamoClientOptions;
  const { fetch } = new WireServer([ok()]);
  const client = new DynamoClient({ ...none, fetch });
  const options = { signal: undefined, deadlineMs: undefined } as unknown as SendOptions;
  assertEquals(await client.send("ListTables", {}, options), {});
});

Deno.test("DynamoClient() reads no variable, and send() reads only named ones, once", async () => {
  const server = new WireServer([ok()]);
  const { runtime, fetch } = server;
  const client = new DynamoClient({ runtime, fetch });
  assertEquals(runtime.read, []);
  Object.assign(runtime.variables, {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "a",
    AWS_SECRET_ACCESS_KEY: "b",
  });
  await client.send("ListTables", {});
  const { length } = runtime.read;
  assertEquals(runtime.read.every((name) => name.startsWith("AWS_")), true);
  await client.send("ListTables", {});
  assertEquals(runtime.read.length, length);
});

Deno.test("send() reads the option env instead of the environment", async () => {
  const runtime = new WireRuntime();
  const server = new WireServer([ok()]);
  const env = {
    AWS_REGION: "eu-west-1",
    AWS_ACCESS_KEY_ID: "fromenv",
    AWS_SECRET_ACCESS_KEY: "b",
    BINDING: { get() {} }, // a Worker's env holds more than text
    AWS_ENDPOINT_URL: { toString: () => "https://evil.test" },
  };
  const { fetch } = server;
  await new DynamoClient({ env, runtime, fetch }).send("ListTables", {});
  assertEquals(runtime.read, []);
  const [{ url, headers }] = server.requests as [typeof server.requests[0]];
  assertEquals(url, "https://dynamodb.eu-west-1.amazonaws.com/");
  assertStringIncludes(headers.authorization!, "Credential=fromenv/");
});

Deno.test("DynamoClient() is not changed by a later change of its options", async () => {
  const { fetch, requests, runtime } = new WireServer([ok()]);
  const options = { region: "eu-west-1", credentials: { ...KEYS }, fetch, runtime };
  const client = new DynamoClient(options);
  options.region = "us-east-1";
  (options.credentials as { accessKeyId: string }).accessKeyId = "CHANGED";
  await client.send("ListTables", {});
  assertEquals(requests[0]!.url, "https://dynamodb.eu-west-1.amazonaws.com/");
  assertStringIncludes(requests[0]!.headers.authorization!, KEYS.accessKeyId);
});
