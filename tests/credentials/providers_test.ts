import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { chain, CredentialsError, fromEnv } from "../../src/credentials/mod.ts";
import { DynamoClient, DynamoError } from "../../src/dynamodb/mod.ts";
import { KEYS, ok, WireServer } from "../support/wire_server.ts";

async function failure(work: Promise<unknown>): Promise<CredentialsError> {
  const error = await assertRejects(() => work);
  assertInstanceOf(error, CredentialsError);
  return error;
}

Deno.test("fromEnv() reads the names of the AWS SDKs", async () => {
  const env = {
    AWS_ACCESS_KEY_ID: "ASIAX",
    AWS_SECRET_ACCESS_KEY: "s",
    AWS_SESSION_TOKEN: "t",
    AWS_ACCOUNT_ID: "123456789012",
  };
  assertEquals(await fromEnv(env)(), {
    accessKeyId: "ASIAX",
    secretAccessKey: "s",
    sessionToken: "t",
    accountId: "123456789012",
  });
});

Deno.test("fromEnv() reads anew each time", async () => {
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" };
  const provider = fromEnv(env);
  assertEquals((await provider()).accessKeyId, "a");
  env.AWS_ACCESS_KEY_ID = "b";
  assertEquals((await provider()).accessKeyId, "b");
});

Deno.test("fromEnv() rejects with what to set when a key is missing or empty", async () => {
  for (
    const env of [
      {},
      { AWS_ACCESS_KEY_ID: "a" },
      { AWS_SECRET_ACCESS_KEY: "s" },
      { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "s" },
      { AWS_ACCESS_KEY_ID: 7, AWS_SECRET_ACCESS_KEY: "s" },
    ]
  ) {
    const error = await failure(fromEnv(env)());
    assertEquals(error.code, "CredentialsMissing");
    assertEquals(
      error.message,
      "Cannot find credentials as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or 'credentials', must be set",
    );
  }
});

Deno.test("fromEnv() rejects when what is set cannot be right", async () => {
  const env = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "s" };
  const cases: [Record<string, string>, string][] = [
    [{ AWS_ACCESS_KEY_ID: "ASIAX" }, "'sessionToken'"],
    [{ AWS_ACCESS_KEY_ID: "a b" }, "'accessKeyId'"],
    [{ AWS_SECRET_ACCESS_KEY: "s\n" }, "'secretAccessKey'"],
    [{ AWS_SESSION_TOKEN: "t é" }, "'sessionToken'"],
  ];
  for (const [change, includes] of cases) {
    const error = await failure(fromEnv({ ...env, ...change })());
    assertEquals(error.code, "CredentialsInvalid");
    assertEquals(error.message.includes(includes), true, error.message);
  }
});

const missing = fromEnv({});
const found = fromEnv({ AWS_ACCESS_KEY_ID: "found", AWS_SECRET_ACCESS_KEY: "s" });

Deno.test("chain() gives the first answer, and asks no further", async () => {
  let asked = 0;
  const last = () => {
    asked++;
    return Promise.resolve(KEYS);
  };
  assertEquals((await chain(missing, found, last)()).accessKeyId, "found");
  assertEquals(asked, 0);
});

Deno.test("chain() goes on when a provider of the AWS SDK has nothing", async () => {
  const sdk = () => Promise.reject(Object.assign(new Error("none"), { tryNextLink: true }));
  assertEquals((await chain(sdk, found)()).accessKeyId, "found");
});

Deno.test("chain() rejects with the error of a broken provider, and asks no further", async () => {
  for (
    const broken of [
      new Error("network down"),
      new CredentialsError("CredentialsInvalid", "half set"),
      Object.assign(new Error("expired"), { tryNextLink: false }),
    ]
  ) {
    const error = await assertRejects(() => chain(() => Promise.reject(broken), found)());
    assertStrictEquals(error, broken);
  }
});

Deno.test("chain() rejects with what to set when no provider has anything", async () => {
  const error = await failure(chain(missing, missing)());
  assertEquals(error.code, "CredentialsMissing");
  assertEquals(error.message.startsWith("Cannot find credentials as AWS_ACCESS_KEY_ID"), true);
});

Deno.test("chain() passes its options on", async () => {
  const seen: unknown[] = [];
  const spy = (options?: Record<string, unknown>) => {
    seen.push(options);
    return Promise.resolve(KEYS);
  };
  await chain(spy)({ forceRefresh: true });
  assertEquals(seen, [{ forceRefresh: true }]);
});

Deno.test("chain() throws when it is given no provider, or no function", () => {
  assertThrows(() => chain(), TypeError, "'providers'");
  assertThrows(() => chain(KEYS as unknown as typeof found), TypeError, "'providers'");
});

Deno.test("send() rejects with CredentialsMissing when none are set, also for a local endpoint", async () => {
  for (const endpoint of ["http://localhost:8000", "https://dynamodb.test"]) {
    const { runtime, fetch, requests } = new WireServer([ok()]);
    const client = new DynamoClient({ region: "local", endpoint, runtime, fetch });
    const error = await assertRejects(() => client.send("ListTables", {}));
    assertInstanceOf(error, DynamoError);
    assertEquals([error.code, error.attempts], ["CredentialsMissing", 0]);
    for (const text of ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "'credentials'"]) {
      assertEquals(error.message.includes(text), true, text);
    }
    assertEquals([requests, runtime.pending], [[], 0]);
  }
});
