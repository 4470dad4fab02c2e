import {
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { crc32 } from "../../src/testing/checksum.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { Memory, ONE } from "./memory.ts";
import { errorMessage, errorType, signedHeaders } from "./send.ts";

const TIME = Date.UTC(2026, 0, 1, 0, 0, 5, 999);

Deno.test("fetch() answers with the headers of the service", async () => {
  const memory = new Memory({ now: () => TIME });
  const { headers, body } = await memory.send("ListTables", {});
  assertEquals(headers.get("date"), "Thu, 01 Jan 2026 00:00:05 GMT");
  assertEquals(headers.get("content-type"), "application/x-amz-json-1.0");
  assertMatch(headers.get("x-amzn-requestid") ?? "", /^[0-9A-Z]{52}$/);
  const text = new TextEncoder().encode(JSON.stringify(body));
  assertEquals(headers.get("content-length"), String(text.length));
  assertEquals(headers.get("x-amz-crc32"), String(crc32(text)));
  const again = await memory.send("ListTables", {});
  assertNotEquals(again.headers.get("x-amzn-requestid"), headers.get("x-amzn-requestid"));
});

Deno.test("crc32() is the checksum of the standard", () => {
  assertEquals(crc32(new TextEncoder().encode("123456789")), 0xcbf43926);
  assertEquals(crc32(new Uint8Array()), 0);
});

Deno.test("fetch() gives errors a checksum and a date too", async () => {
  const memory = new Memory({ now: () => TIME });
  const { status, headers, body } = await memory.send("DescribeTable", { TableName: "nope" });
  assertEquals(status, 400);
  assertEquals(headers.get("date"), "Thu, 01 Jan 2026 00:00:05 GMT");
  const text = new TextEncoder().encode(JSON.stringify(body));
  assertEquals(headers.get("x-amz-crc32"), String(crc32(text)));
  assertEquals(body, {
    __type: "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
    message: "Requested resource not found: Table: nope not found",
  });
});

Deno.test("fetch() leaves the date out when told so", async () => {
  const memory = new Memory({ date: "none" });
  assertEquals((await memory.send("ListTables", {})).headers.get("date"), null);
  assertEquals((await memory.send("Nope", {})).headers.get("date"), null);
});

Deno.test("fetch() refuses requests that are not signed", async () => {
  const memory = new Memory();
  const refusal = async (change: Record<string, string | undefined>) => {
    const headers = new Headers(signedHeaders("ListTables"));
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) headers.delete(name);
      else headers.set(name, value);
    }
    const answer = await memory.send("ListTables", {}, { headers });
    return `${errorType(answer)}: ${errorMessage(answer)}`;
  };
  assertEquals(
    await refusal({ authorization: undefined }),
    "MissingAuthenticationTokenException: Request is missing Authentication Token",
  );
  assertEquals(
    await refusal({ authorization: "Basic x" }),
    "IncompleteSignatureException: Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.",
  );
  assertEquals(
    await refusal({ authorization: "AWS4-HMAC-SHA256 Credential=a, SignedHeaders=b" }),
    "IncompleteSignatureException: Authorization header requires 'Signature' parameter.",
  );
  assertMatch(await refusal({ "x-amz-date": undefined }), /either a 'X-Amz-Date' or a 'Date'/);
  assertMatch(await refusal({ "x-amz-date": "yesterday" }), /Got 'yesterday'/);
  assertEquals(memory.dynamo.requests, []);
});

Deno.test("fetch() refuses a time of signing too far away when told to look at it", async () => {
  const signedAt = Date.UTC(2026, 0, 1);
  for (const [skew, expected] of [[-901_000, "not yet"], [0, ""], [901_000, "expired"]] as const) {
    const memory = new Memory({ now: () => signedAt + skew, maxSigningSkewMs: 900_000 });
    const answer = await memory.send("ListTables", {});
    if (expected === "") assertEquals(answer.status, 200);
    else {
      assertEquals(errorType(answer), "InvalidSignatureException");
      assertMatch(errorMessage(answer) ?? "", new RegExp(expected));
    }
  }
});

Deno.test("fetch() refuses bodies that are not what the service reads", async () => {
  const memory = await Memory.withTables();
  const put = (v: unknown) => ({ TableName: "plain", Item: { ...ONE, v } });
  const cases: [object | string, RegExp][] = [
    ["{bad", /not JSON/],
    ["", /not JSON/],
    ["[]", /Unexpected value type/],
    ["null", /Unexpected value type/],
    [{ TableName: 5, Item: ONE }, /NUMBER_VALUE can not be converted to a String/],
    [put({ S: 1 }), /NUMBER_VALUE can not be converted to a String/],
    [put({ S: true }), /TRUE_VALUE can not be converted to a String/],
    [put({ N: 1.5 }), /DECIMAL_VALUE can not be converted to a String/],
    [put({ BOOL: "true" }), /STRING_VALUE can not be converted to a Boolean/],
    [put({ B: "!!" }), /can not be converted to a Blob/],
    [put({ L: {} }), /Unexpected value type/],
    [put("text"), /Unexpected value type/],
    [{ TableName: "plain", Item: [] }, /Unexpected value type/],
  ];
  for (const [body, message] of cases) {
    const refusal = await memory.refusal("PutItem", body);
    assertMatch(refusal, /^SerializationException/);
    assertMatch(refusal, message);
  }
});

Deno.test("fetch() takes a Request, and rejects where the signal has aborted", async () => {
  const { dynamo } = new Memory();
  const request = () =>
    new Request("http://memory/", {
      method: "POST",
      headers: signedHeaders("ListTables"),
      body: "{}",
    });
  const response = await dynamo.fetch(request());
  assertEquals(await response.json(), { TableNames: [] });
  const reason = new Error("before");
  await assertRejects(
    () => dynamo.fetch(request(), { signal: AbortSignal.abort(reason) }),
    Error,
    "before",
  );
  assertEquals(dynamo.requests.length, 1);
});

Deno.test("requests keeps what reached the wire until it is cleared", async () => {
  const memory = new Memory({ maxRequests: 4 });
  for (let i = 0; i < 5; i++) await memory.send("DescribeTable", { TableName: `table-${i}` });
  assertEquals(memory.dynamo.requests.at(-1), {
    operation: "DescribeTable",
    input: { TableName: "table-4" },
  });
  await memory.send("DescribeTable", { TableName: "table-5" });
  assertEquals(memory.dynamo.requests.length, 4);
  memory.dynamo.clearRequests();
  assertEquals(memory.dynamo.requests, []);
});

Deno.test("new MemoryDynamo() refuses options that do not exist", () => {
  assertThrows(() => new MemoryDynamo({ clock: 5 } as never), TypeError, "'clock'");
  assertThrows(() => new MemoryDynamo({ date: "odd" } as never), TypeError, "'date' must be");
});
