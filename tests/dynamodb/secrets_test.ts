/** No secret, no header and no request is in anything that a caller can print. */

import { assert, assertEquals } from "@std/assert";
import { inspect } from "node:util";
import { DynamoClient, type DynamoClientOptions, type RetryEvent } from "../../src/dynamodb/mod.ts";
import {
  answer,
  type Handler,
  hang,
  KEYS,
  lose,
  ok,
  refuse,
  stall,
  WireServer,
} from "../support/wire_server.ts";

/** What must show nowhere: the keys, and what only the request has. */
const NEEDLES = [...Object.values(KEYS), "AWS4-HMAC", "x-amz-target", "VALUENEEDLE"];

/** Everything that a logger could make of a value, with what is not enumerable and all causes. */
function printed(value: unknown): string {
  const texts = [
    String(value),
    JSON.stringify(value) ?? "",
    Deno.inspect(value, { depth: 50, showHidden: true, getters: true }),
    inspect(value, { depth: 50, showHidden: true, getters: true }),
  ];
  if (typeof value === "object" && value !== null) {
    for (const key of Reflect.ownKeys(value)) {
      const member = Reflect.get(value, key);
      texts.push(String(key), String(member), JSON.stringify(member) ?? "");
    }
  }
  if (value instanceof Error && value.cause !== undefined) texts.push(printed(value.cause));
  return texts.join("\n");
}

function assertSecretFree(value: unknown, what: string): void {
  const text = printed(value);
  for (const needle of NEEDLES) {
    assert(!text.includes(needle), `${what} shows ${needle}:\n${text}`);
  }
}

/** What DynamoDB answers to a wrong signature: it repeats the request as it was signed. */
const CANONICAL =
  "The request signature we calculated does not match.\n\nThe Canonical String for " +
  `this request should have been\n'POST\n/\n\nx-amz-security-token:${KEYS.sessionToken}\n` +
  `x-amz-target:DynamoDB_20120810.UpdateItem\n\nThe String-to-Sign should have been\nAWS4-HMAC-SHA256`;

/** A proxy's page that repeats the request. */
const echo: Handler = (seen) => answer(502, `<pre>${JSON.stringify(seen)}</pre>`);

const HANDLERS: Record<string, Handler> = {
  "a lost answer": lose(),
  "silence": hang(),
  "a stalled body": stall(),
  "a refused signature": refuse(403, "InvalidSignatureException", { message: CANONICAL }),
  "a page that repeats the request": echo,
  "a redirect": () => answer(307, "", { location: "https://evil.test" }),
  "a refusal": refuse(400, "ValidationException"),
  "a throttle": refuse(400, "ThrottlingException"),
  "expired credentials": refuse(400, "ExpiredTokenException"),
  "a skew": refuse(400, "RequestTimeTooSkewed", {}, { date: new Date(0).toUTCString() }),
};

for (const [name, handler] of Object.entries(HANDLERS)) {
  Deno.test(`send() shows no secret in its error or events when it meets ${name}`, async () => {
    const events: RetryEvent[] = [];
    const { runtime, fetch } = new WireServer([handler]);
    const client = new DynamoClient({
      region: "eu-west-1",
      credentials: KEYS,
      attemptTimeoutMs: 2000,
      fetch,
      ...(name === "silence" || name === "a stalled body" ? { attemptTimeoutMs: 20 } : {}),
      onRetry: (event) => void events.push(event),
      runtime: {
        ...{ randomId: () => "", env: () => undefined, isolatesRequests: false },
        fetch: () => runtime.fetch(),
        now: () => runtime.now(),
        random: () => 0,
        // The default signer needs real time, so the timers are real, too.
        setTimer: (ring, ms) => setTimeout(ring, ms),
        clearTimer: (timer) => clearTimeout(timer as number),
      },
    });
    const input = { ExpressionAttributeValues: { ":a": { S: "VALUENEEDLE" } } };
    const error = await client.send("UpdateItem", input).then(() => undefined, (it) => it);
    assert(error instanceof Error);
    assertSecretFree(error, "the error");
    assertSecretFree(events, "an event");
    assertSecretFree(client, "the client");
  });
}

Deno.test("send() shows no secret when the source of credentials gives broken ones", async () => {
  const broken: unknown[] = [
    { ...KEYS, secretAccessKey: "SECRETNEEDLE\n" },
    { ...KEYS, sessionToken: "TOKENNEEDLE é" },
    { ...KEYS, accessKeyId: "AKIDNEEDLE\r\nx-amz-evil: 1" },
    { ...KEYS, accessKeyId: { value: "AKIDNEEDLE" } },
    { accessKeyId: "ASIAAKIDNEEDLE", secretAccessKey: KEYS.secretAccessKey },
    "SECRETNEEDLE",
    null,
  ];
  for (const identity of broken) {
    const credentials = () => Promise.resolve(identity as typeof KEYS);
    const server = new WireServer([ok()], { credentials });
    const error = await server.send().then(() => undefined, (it) => it);
    assertEquals(error?.code, "CredentialsFailed");
    assertSecretFree(error, "the error");
    assertEquals(server.requests, []);
  }
});

Deno.test("send() does not quote the error of a foreign source of credentials", async () => {
  const credentials = () => Promise.reject(new Error("cannot parse SECRETNEEDLE"));
  const error = await new WireServer([ok()], { credentials }).send().catch((it) => it);
  assertEquals(
    error.message,
    "Cannot complete 'UpdateItem': CredentialsFailed: no credentials, as their source failed",
  );
});

Deno.test("DynamoClient() shows no secret when it refuses its options", () => {
  const cases: DynamoClientOptions[] = [
    { credentials: { ...KEYS, sessionToken: "TOKENNEEDLE\n" } },
    { credentials: "SECRETNEEDLE" as unknown as typeof KEYS },
    { endpoint: "https://AKIDNEEDLE:SECRETNEEDLE@host.test" },
    { endpoint: "https://host.test/SECRETNEEDLE?token=SECRETNEEDLE#SECRETNEEDLE" },
  ];
  for (const options of cases) {
    let error: unknown;
    try {
      new DynamoClient(options);
    } catch (thrown) {
      error = thrown;
    }
    assert(error instanceof Error, Deno.inspect(options));
    assertSecretFree(error, "the error");
  }
});

Deno.test("DynamoClient shows no secret after it has signed", async () => {
  const client = new DynamoClient({
    region: "eu-west-1",
    credentials: () => Promise.resolve(KEYS),
    fetch: () => Promise.resolve(new Response("{}")),
  });
  await client.send("UpdateItem", {});
  assertSecretFree(client, "the client");
  assertEquals(JSON.stringify(client), "{}");
});
