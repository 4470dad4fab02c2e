/**
 * Signatures against AWS's published vectors, and against a second implementation that shares no
 * code with the first. No emulator of DynamoDB checks signatures, so this is what proves them.
 */

import { createHash, createHmac } from "node:crypto";
import {
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import {
  DynamoClient,
  DynamoError,
  type Signer,
  type SigningRequest,
  SigV4Signer,
} from "../../src/dynamodb/mod.ts";
import { DefaultSigner } from "../../src/dynamodb/default_signer.ts";
import { KEYS, ok, WireServer } from "../support/wire_server.ts";

const DATE = "20150830T123600Z";

const EXAMPLE: Omit<SigningRequest, "method" | "url" | "headers" | "body"> = {
  region: "us-east-1",
  service: "service",
  time: Date.UTC(2015, 7, 30, 12, 36),
  identity: {
    accessKeyId: "AKIDEXAMPLE",
    secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  },
};

const TOKEN =
  "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

const FORM = "application/x-www-form-urlencoded";

interface Vector {
  readonly name: string;
  readonly request: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly token?: string;
  readonly signed: string;
  readonly signature: string;
}

/**
 * From AWS's Signature Version 4 test suite (`aws-sig-v4-test-suite`, its `.req` and `.authz` files,
 * as kept in github.com/mhart/aws4fetch under `test/`). Left out are the vectors of paths, as
 * DynamoDB's is always "/", and those of headers that `fetch` cannot send.
 */
const VECTORS: readonly Vector[] = [
  {
    name: "get-vanilla",
    request: "GET /",
    signed: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "get-vanilla-query-order-key-case",
    request: "GET /?Param2=value2&Param1=value1",
    signed: "host;x-amz-date",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "get-vanilla-query-order-key",
    request: "GET /?Param1=value2&Param1=Value1",
    signed: "host;x-amz-date",
    signature: "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1",
  },
  {
    name: "get-vanilla-query-order-value",
    request: "GET /?Param1=value2&Param1=value1",
    signed: "host;x-amz-date",
    signature: "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694",
  },
  {
    name: "get-vanilla-empty-query-key",
    request: "GET /?Param1=value1",
    signed: "host;x-amz-date",
    signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
  },
  {
    name: "get-vanilla-utf8-query",
    request: "GET /?ሴ=bar",
    signed: "host;x-amz-date",
    signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
  },
  {
    name: "get-header-value-order",
    request: "GET /",
    headers: { "My-Header1": "value4,value1,value3,value2" },
    signed: "host;my-header1;x-amz-date",
    signature: "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01",
  },
  {
    name: "get-header-key-duplicate",
    request: "GET /",
    headers: { "My-Header1": "value2,value2,value1" },
    signed: "host;my-header1;x-amz-date",
    signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
  },
  {
    name: "get-header-value-trim",
    request: "GET /",
    headers: { "My-Header1": " value1", "My-Header2": ' "a   b   c"' },
    signed: "host;my-header1;my-header2;x-amz-date",
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
  },
  {
    name: "post-vanilla",
    request: "POST /",
    signed: "host;x-amz-date",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-vanilla-query",
    request: "POST /?Param1=value1",
    signed: "host;x-amz-date",
    signature: "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
  },
  {
    name: "post-header-key-case",
    request: "POST /",
    headers: { "X-AMZ-DATE": DATE },
    signed: "host;x-amz-date",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-header-key-sort",
    request: "POST /",
    headers: { "My-Header1": "value1" },
    signed: "host;my-header1;x-amz-date",
    signature: "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
  },
  {
    name: "post-header-value-case",
    request: "POST /",
    headers: { "My-Header1": "VALUE1" },
    signed: "host;my-header1;x-amz-date",
    signature: "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
  },
  {
    name: "post-sts-header-before",
    request: "POST /",
    token: TOKEN,
    signed: "host;x-amz-date;x-amz-security-token",
    signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
  },
  {
    name: "post-x-www-form-urlencoded",
    request: "POST /",
    headers: { "Content-Type": FORM },
    body: "Param1=value1",
    signed: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "post-x-www-form-urlencoded-parameters",
    request: "POST /",
    headers: { "Content-Type": `${FORM}; charset=utf8` },
    body: "Param1=value1",
    signed: "content-type;host;x-amz-date",
    signature: "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe",
  },
];

/** The signer of the documentation's example, with hashing that is not WebCrypto's. */
class NodeSigner extends SigV4Signer {
  override hash(text: string): Uint8Array {
    return new Uint8Array(createHash("sha256").update(text).digest());
  }

  override hmac(key: Uint8Array, text: string): Uint8Array {
    return new Uint8Array(createHmac("sha256", key).update(text).digest());
  }
}

function signingRequest({ request, headers = {}, body = "", token }: Vector): SigningRequest {
  const [method, path] = request.split(" ") as [string, string];
  const { identity } = EXAMPLE;
  return {
    ...EXAMPLE,
    method,
    url: `https://example.amazonaws.com${path}`,
    headers,
    body,
    identity: token === undefined ? identity : { ...identity, sessionToken: token },
  };
}

for (const vector of VECTORS) {
  Deno.test(`SigV4Signer and the default sign AWS's vector ${vector.name}`, async () => {
    for (const signer of [new DefaultSigner(), new SigV4Signer(), new NodeSigner()]) {
      const headers = await signer.sign(signingRequest(vector));
      assertEquals(
        headers.get("authorization"),
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, " +
          `SignedHeaders=${vector.signed}, Signature=${vector.signature}`,
      );
      assertEquals(headers.get("x-amz-date"), DATE);
      assertEquals(headers.get("x-amz-security-token"), vector.token ?? null);
    }
  });
}

const [VANILLA] = VECTORS as [Vector];

for (const Class of [DefaultSigner, SigV4Signer]) {
  Deno.test(`${Class.name} signs right when keys, day and Region change back and forth`, () =>
    checkChanges(Class));
}

async function checkChanges(Class: new () => Signer): Promise<void> {
  const base = signingRequest(VANILLA);
  const others: Partial<SigningRequest>[] = [
    {},
    { identity: { accessKeyId: "AKIDOTHER", secretAccessKey: "other" } },
    { identity: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "rotated" } },
    { time: base.time + 86_400_000 },
    { region: "eu-west-1" },
    { service: "dynamodb" },
    {},
  ];
  const reused = new Class();
  const requests = others.map((other) => ({ ...base, ...other }));
  const fresh = requests.map((request) => new Class().sign(request));
  const expected = (await Promise.all(fresh)).map((headers) => headers.get("authorization"));
  assertEquals(new Set(expected).size, 6);
  const actual: (string | null)[] = [];
  for (const request of requests) {
    actual.push((await reused.sign(request)).get("authorization"));
  }
  assertEquals(actual, expected);
  const atOnce = await Promise.all(requests.map((request) => reused.sign(request)));
  assertEquals(atOnce.map((headers) => headers.get("authorization")), expected);
}

Deno.test("SigV4Signer derives its key once for many requests", async () => {
  let hmacs = 0;
  class Counting extends NodeSigner {
    override hmac(key: Uint8Array, text: string): Uint8Array {
      hmacs++;
      return super.hmac(key, text);
    }
  }
  const signer = new Counting();
  const base = signingRequest(VANILLA);
  await signer.sign(base);
  assertEquals(hmacs, 5);
  await signer.sign({ ...base, body: "other" });
  assertEquals(hmacs, 6);
  const identity = { ...base.identity }; // equal keys in another object
  await signer.sign({ ...base, identity });
  assertEquals(hmacs, 7);
  await signer.sign({ ...base, identity: { ...identity, secretAccessKey: "rotated" } });
  assertEquals(hmacs, 12);
});

for (const Class of [DefaultSigner, SigV4Signer]) {
  Deno.test(`${Class.name} covers every part of a request`, () => checkCoverage(Class));
}

async function checkCoverage(Class: new () => Signer): Promise<void> {
  const base = {
    ...signingRequest(VANILLA),
    headers: { "x-amz-target": "a", "content-type": "b" },
  };
  const changes: Partial<SigningRequest>[] = [
    { method: "POST" },
    { url: "https://other.amazonaws.com/" },
    { url: "https://example.amazonaws.com:8443/" },
    { body: "x" },
    { headers: { ...base.headers, "x-amz-target": "c" } },
    { headers: { ...base.headers, "content-type": "c" } },
    { identity: { ...base.identity, sessionToken: "t" } },
    { time: base.time + 1000 },
  ];
  const signatureOf = async (request: SigningRequest) =>
    (await new Class().sign(request)).get("authorization")!.split("Signature=")[1];
  const signature = await signatureOf(base);
  for (const change of changes) {
    assertNotEquals(await signatureOf({ ...base, ...change }), signature, Object.keys(change)[0]);
  }
}

Deno.test("send() signs for its own Region and service, whatever else comes with the keys", async () => {
  const more = { ...KEYS, region: "us-east-1", service: "s3", url: "https://evil.test" };
  const seen: Request[] = [];
  const client = new DynamoClient({
    region: "eu-west-1",
    credentials: () => Promise.resolve(more),
    fetch: (url, init) => {
      seen.push(new Request(url, init));
      return Promise.resolve(new Response("{}"));
    },
  });
  await client.send("ListTables", {});
  const { url, headers } = seen[0]!;
  assertEquals(url, "https://dynamodb.eu-west-1.amazonaws.com/");
  assertStringIncludes(headers.get("authorization")!, "/eu-west-1/dynamodb/aws4_request");
});

/** Signature Version 4 for a request to DynamoDB, written down from AWS's description alone. */
function secondOpinion(
  host: string,
  { headers, body, region }: { headers: Record<string, string>; body: string; region: string },
): string {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
  const hmac = (key: string | Uint8Array, text: string) =>
    createHmac("sha256", key).update(text).digest();
  const date = headers["x-amz-date"]!;
  const signed = /SignedHeaders=([^,]+)/.exec(headers.authorization!)![1]!;
  const lines = signed.split(";").map((name) =>
    `${name}:${name === "host" ? host : headers[name]!}\n`
  );
  const canonical = `POST\n/\n\n${lines.join("")}\n${signed}\n${sha256(body)}`;
  const scope = `${date.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const toSign = `AWS4-HMAC-SHA256\n${date}\n${scope}\n${sha256(canonical)}`;
  const day = hmac(`AWS4${KEYS.secretAccessKey}`, date.slice(0, 8));
  const key = hmac(hmac(hmac(day, region), "dynamodb"), "aws4_request");
  const signature = createHmac("sha256", key).update(toSign).digest("hex");
  return `AWS4-HMAC-SHA256 Credential=${KEYS.accessKeyId}/${scope}, SignedHeaders=${signed}, ` +
    `Signature=${signature}`;
}

/** Sends through the default signer and fetches what left. */
async function sent(endpoint: string | undefined, input: object): Promise<[Request, string]> {
  const requests: Request[] = [];
  const client = new DynamoClient({
    region: "eu-west-1",
    credentials: { ...KEYS, accountId: "123456789012" },
    ...(endpoint !== undefined && { endpoint }),
    fetch: (url, init) => {
      requests.push(new Request(url, init));
      return Promise.resolve(new Response("{}"));
    },
  });
  await client.send("UpdateItem", input);
  return [requests[0]!, await requests[0]!.text()];
}

for (const endpoint of [undefined, "http://localhost:8000", "https://dynamodb.eu-west-1.api.aws"]) {
  Deno.test(`send() signs as a second implementation does for ${endpoint ?? "an account"}`, async () => {
    const input = { TableName: "locks", Key: { key: { S: 'ü "😀" \\ \n' } } };
    const [request, body] = await sent(endpoint, input);
    assertEquals(JSON.parse(body), input);
    const headers = Object.fromEntries(request.headers);
    const { host } = new URL(request.url);
    const expected = secondOpinion(host, { headers, body, region: "eu-west-1" });
    assertEquals(headers.authorization, expected);
    assertEquals(
      /SignedHeaders=([^,]+)/.exec(expected)![1],
      "content-type;host;x-amz-date;x-amz-security-token;x-amz-target",
    );
  });
}

Deno.test("send() rejects with SigningFailed when the signer fails", async () => {
  const cause = new Error("no key");
  const server = new WireServer([ok()], { signer: { sign: () => Promise.reject(cause) } });
  const error = await assertRejects(() => server.send());
  assertInstanceOf(error, DynamoError);
  assertEquals(
    [error.code, error.attempts, error.mayHaveApplied, error.cause],
    ["SigningFailed", 0, false, cause],
  );
  assertEquals(server.requests, []);
});
