import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Fault, FaultOptions } from "../../src/testing/mod.ts";
import { crc32 } from "../../src/testing/checksum.ts";
import { Memory, ONE } from "./memory.ts";

const PUT = { TableName: "plain", Item: { ...ONE, n: { N: "1" } } };
const TIME = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

/** Meets a fault with a put, and says what came of it and whether it was applied. */
async function meet(fault: Fault) {
  const memory = await Memory.withTables({ now: () => TIME });
  memory.dynamo.failNext(fault);
  const outcome = await memory.send("PutItem", PUT)
    .catch((error: unknown) => error as Error);
  return { memory, outcome, applied: memory.dynamo.table("plain").size === 1 };
}

Deno.test("failNext() drops a request before and an answer after the operation", async () => {
  for (const [kind, expected] of [["drop-request", false], ["drop-answer", true]] as const) {
    const { outcome, applied, memory } = await meet({ kind });
    assert(outcome instanceof TypeError);
    assertEquals(applied, expected);
    assertEquals(memory.dynamo.requests, [{ operation: "PutItem", input: PUT }]);
  }
});

Deno.test("failNext() hangs until the request's signal aborts", async () => {
  for (const applied of [false, true]) {
    const memory = await Memory.withTables();
    memory.dynamo.failNext(applied ? { kind: "hang", applied } : { kind: "hang" });
    const abort = new AbortController();
    const answer = memory.send("PutItem", PUT, { signal: abort.signal });
    while (memory.dynamo.requests.length === 0) await Promise.resolve();
    abort.abort(new Error("enough"));
    await assertRejects(() => answer, Error, "enough");
    assertEquals(memory.dynamo.table("plain").size, applied ? 1 : 0);
  }
});

/** Waits that a test ends by hand. */
function manualDelay() {
  const waits: { ms: number; end: () => void }[] = [];
  const delay = (ms: number) => new Promise<void>((end) => waits.push({ ms, end }));
  return { waits, delay };
}

Deno.test("failNext() answers late, with the operation applied before or after", async () => {
  for (const apply of ["at-once", "late"] as const) {
    const { waits, delay } = manualDelay();
    const memory = await Memory.withTables({ delay });
    const table = memory.dynamo.table("plain");
    memory.dynamo.failNext({ kind: "late", ms: 700, apply });
    const answer = memory.send("PutItem", PUT);
    while (waits.length === 0) await Promise.resolve();
    assertEquals(waits[0]?.ms, 700);
    assertEquals(table.size, apply === "at-once" ? 1 : 0);
    waits[0]?.end();
    assertEquals((await answer).status, 200);
    assertEquals(table.size, 1);
  }
});

Deno.test("failNext() applies a late request though its signal has aborted", async () => {
  const { waits, delay } = manualDelay();
  const memory = await Memory.withTables({ delay });
  memory.dynamo.failNext({ kind: "late", ms: 700, apply: "late" });
  const abort = new AbortController();
  const answer = memory.send("PutItem", PUT, { signal: abort.signal });
  while (waits.length === 0) await Promise.resolve();
  abort.abort(new Error("gone"));
  await assertRejects(() => answer, Error, "gone");
  assertEquals(memory.dynamo.table("plain").size, 0);
  waits[0]?.end();
  for (let i = 0; i < 10; i++) await Promise.resolve();
  assertEquals(memory.dynamo.table("plain").size, 1);
});

Deno.test("failNext() answers an error with its type, headers and members", async () => {
  const { outcome, applied } = await meet({
    kind: "error",
    status: 400,
    type: "ProvisionedThroughputExceededException",
    message: "slow down",
    headers: { "X-Amz-Retry-After": "250" },
    extra: { ThrottlingReasons: [{ reason: "KeyRange" }] },
  });
  assert(!(outcome instanceof Error));
  assertEquals(outcome.status, 400);
  assertEquals(outcome.body, {
    __type: "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException",
    message: "slow down",
    ThrottlingReasons: [{ reason: "KeyRange" }],
  });
  assertEquals(outcome.headers.get("x-amz-retry-after"), "250");
  assertEquals(applied, false);
});

Deno.test("failNext() prefixes an error's type as the service does", async () => {
  const types = [
    ["ExpiredTokenException", "com.amazon.coral.service#ExpiredTokenException"],
    ["ValidationException", "com.amazon.coral.validate#ValidationException"],
    ["InternalServerError", "com.amazonaws.dynamodb.v20120810#InternalServerError"],
    ["aws.other#Thing", "aws.other#Thing"],
  ];
  for (const [type, full] of types) {
    const { outcome } = await meet({ kind: "error", status: 500, type: type as string });
    assert(!(outcome instanceof Error));
    assertEquals(outcome.body.__type, full);
  }
});

Deno.test("failNext() answers an error of an operation that was applied", async () => {
  const met = await meet({
    kind: "error",
    status: 500,
    type: "InternalServerError",
    applied: true,
  });
  assert(!(met.outcome instanceof Error));
  assertEquals([met.outcome.status, met.applied], [500, true]);
});

Deno.test("failNext() spoils a body under its status", async () => {
  const spoil = async (how: Extract<Fault, { kind: "body" }>["how"]) => {
    const { outcome, applied } = await meet({ kind: "body", how });
    assert(!(outcome instanceof Error));
    assertEquals([outcome.status, applied], [200, true], how);
    return outcome;
  };
  const cut = await spoil("truncated");
  assertEquals([cut.body, cut.headers.get("content-length")], ["{", "2"]);
  const empty = await spoil("empty");
  assertEquals([empty.body, empty.headers.get("x-amz-crc32")], ["", null]);
  const page = await spoil("html");
  assert(page.body.startsWith("<html>"));
  const wrong = await spoil("wrong-crc");
  assertEquals(wrong.body, {});
  assert(wrong.headers.get("x-amz-crc32") !== String(crc32(new TextEncoder().encode("{}"))));
});

Deno.test("failNext() spoils the body of an operation that was not applied", async () => {
  const { applied } = await meet({ kind: "body", how: "html", applied: false });
  assertEquals(applied, false);
});

Deno.test("failNext() redirects", async () => {
  const location = "https://elsewhere.example/";
  for (const applied of [false, true]) {
    const met = await meet({ kind: "redirect", location, applied });
    assert(!(met.outcome instanceof Error));
    assertEquals([met.outcome.status, met.outcome.headers.get("location")], [307, location]);
    assertEquals(met.applied, applied);
  }
});

Deno.test("failNext() changes the Date of a right answer", async () => {
  const dates = async (fault: Fault) => {
    const { outcome, applied } = await meet(fault);
    assert(!(outcome instanceof Error));
    assertEquals([outcome.status, applied], [200, true]);
    return [outcome.headers.get("date"), outcome.headers.get("age")];
  };
  const value = "Thu, 01 Jan 1970 00:00:00 GMT";
  assertEquals(await dates({ kind: "no-date" }), [null, null]);
  assertEquals(await dates({ kind: "date", value }), [value, null]);
  assertEquals(await dates({ kind: "date", value, age: "7" }), [value, "7"]);
});

Deno.test("failNext() picks requests by operation, condition, count and order", async () => {
  const fails = async (options: FaultOptions, count = 6) => {
    const memory = await Memory.withTables();
    memory.dynamo.failNext({ kind: "error", status: 500, type: "X" }, options);
    const results: boolean[] = [];
    for (let i = 0; i < count; i++) {
      const [operation, input] = i % 2 === 0
        ? ["PutItem", { TableName: "plain", Item: { k: { S: `k${i}` } } }] as const
        : ["GetItem", { TableName: "plain", Key: { k: { S: `k${i}` } } }] as const;
      results.push((await memory.send(operation, input)).status === 500);
    }
    return results.map((failed) => failed ? "x" : ".").join("");
  };
  assertEquals(await fails({}), "x.....");
  assertEquals(await fails({ times: 3 }), "xxx...");
  assertEquals(await fails({ times: Infinity }), "xxxxxx");
  assertEquals(await fails({ after: 2 }), "..x...");
  assertEquals(await fails({ operation: "GetItem", times: 2 }), ".x.x..");
  assertEquals(await fails({ operation: "PutItem", after: 1 }), "..x...");
  assertEquals(await fails({ when: ({ input }) => input.Key?.k.S === "k3" }), "...x..");
});

Deno.test("failNext() gives a request the first of several faults that match", async () => {
  const memory = await Memory.withTables();
  memory.dynamo.failNext({ kind: "error", status: 500, type: "First" });
  memory.dynamo.failNext({ kind: "error", status: 500, type: "Second" }, { operation: "PutItem" });
  assertEquals(await memory.refusal("PutItem", PUT), "First: ");
  assertEquals(await memory.refusal("PutItem", PUT), "Second: ");
  assertEquals((await memory.send("PutItem", PUT)).status, 200);
});

Deno.test("failNext() refuses faults and options that do not exist", () => {
  const { dynamo } = new Memory();
  const refuse = (fault: unknown, options: unknown, message: string) =>
    assertThrows(() => dynamo.failNext(fault as Fault, options as FaultOptions), Error, message);
  refuse({ kind: "explode" }, {}, "current value is explode");
  refuse({ kind: "late", ms: 5 }, {}, "'apply' must be one of 'at-once', 'late'");
  refuse({ kind: "error", status: 500 }, {}, "'type' must be given");
  refuse({ kind: "body", how: "odd" }, {}, "'how' must be one of");
  refuse({ kind: "late", ms: 5, apply: "never" }, {}, "'apply' must be");
  refuse({ kind: "no-date" }, { time: 1 }, "'time'");
  refuse({ kind: "no-date" }, { times: 0 }, "'times' must be a whole number of at least 1");
  refuse({ kind: "no-date" }, { after: 0.5 }, "'after' must be a whole number of at least 0");
});
