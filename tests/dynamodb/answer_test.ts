/** What is read of answers, through the wire. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type AnswerTiming, DynamoError, isDynamoError } from "../../src/dynamodb/mod.ts";
import { START } from "../support/wire_runtime.ts";
import { answer, type Handler, lose, ok, refuse, WireServer } from "../support/wire_server.ts";

async function failure(...handlers: Handler[]): Promise<DynamoError> {
  const error = await assertRejects(() => new WireServer(handlers).send());
  assertInstanceOf(error, DynamoError);
  return error;
}

Deno.test("send() returns the output as it came", async () => {
  const output = { Attributes: { fence: { N: "1.50" }, data: { S: "é€😀" } }, Unknown: [1] };
  assertEquals(await new WireServer([ok(output)]).send(), output);
});

Deno.test("send() accepts an answer without a checksum, and one that was packed", async () => {
  const plain = () => new Response("{}");
  assertEquals(await new WireServer([plain]).send(), {});
  const packed = ok({}, { "x-amz-crc32": "1", "content-encoding": "gzip" });
  assertEquals(await new WireServer([packed]).send(), {});
});

Deno.test("send() reads the code from every form that DynamoDB and its emulators use", async () => {
  const codeOf = async (body: unknown) => (await failure(() => answer(400, body))).code;
  for (
    const type of [
      "com.amazonaws.dynamodb.v20120810#ValidationException",
      "com.amazon.coral.validate#ValidationException",
      "ValidationException",
      "ValidationException:http://internal.amazon.com/",
      "aws#ValidationException:x",
    ]
  ) {
    assertEquals(await codeOf({ __type: type }), "ValidationException");
  }
  for (const type of ["", "#", "x#<script>", 7, null, undefined]) {
    assertEquals(await codeOf({ __type: type }), "BadAnswer", String(type));
  }
});

Deno.test("send() reads the text from 'message' and from 'Message'", async () => {
  const textOf = async (body: Record<string, unknown>) =>
    (await failure(() => answer(400, { __type: "ValidationException", ...body }))).message;
  const start = "Cannot complete 'UpdateItem': ValidationException";
  assertEquals(await textOf({ message: "small" }), `${start}: small`);
  assertEquals(await textOf({ Message: "large" }), `${start}: large`);
  assertEquals(await textOf({}), start);
});

Deno.test("send() hands over the item of a failed condition", async () => {
  const item = { key: { S: "a" }, fence: { N: "7" } };
  const error = await failure(refuse(400, "ConditionalCheckFailedException", { Item: item }));
  assertEquals(error.item, item);
  const without = await failure(refuse(400, "ConditionalCheckFailedException"));
  assertEquals("item" in without, false);
});

Deno.test("send() hands over the reasons of a cancelled transaction in their order", async () => {
  const error = await failure(refuse(400, "TransactionCanceledException", {
    CancellationReasons: [
      { Code: "None" },
      { Code: "ConditionalCheckFailed", Message: "words", Item: { a: { S: "b" } } },
      null,
      {},
    ],
  }));
  const none = { code: "None", message: undefined, item: undefined };
  assertEquals(error.cancellationReasons, [
    none,
    { code: "ConditionalCheckFailed", message: "words", item: { a: { S: "b" } } },
    none,
    none,
  ]);
  assertEquals(error.attempts, 1);
});

Deno.test("send() hands over what was throttled, without the resource", async () => {
  const throttled = refuse(400, "ProvisionedThroughputExceededException", {
    ThrottlingReasons: [
      {
        reason: "TableWriteKeyRangeThroughputExceeded",
        resource: "arn:aws:dynamodb:r:123:table/t",
      },
      {},
      null,
    ],
  });
  const error = await failure(throttled);
  assertEquals(error.throttlingReasons, ["TableWriteKeyRangeThroughputExceeded"]);
  assertEquals(Deno.inspect(error).includes("arn:"), false);
});

Deno.test("isDynamoError() knows errors of every copy of the package, and no others", async () => {
  const error = await failure(lose());
  assertEquals(isDynamoError(error), true);
  const copy = await import("../../src/dynamodb/errors.ts?copy");
  const other = new copy.DynamoError("X", "words", { attempts: 1, mayHaveApplied: false });
  assertEquals([other instanceof DynamoError, isDynamoError(other)], [false, true]);
  for (const no of [undefined, null, "x", new Error("x"), { name: "DynamoError", code: "X" }]) {
    assertEquals(isDynamoError(no), false);
  }
});

Deno.test("send() keeps the error of fetch as the cause of a NetworkError", async () => {
  const cause = (await failure(lose())).cause;
  assertInstanceOf(cause, TypeError);
  assertEquals(cause.message, "connection reset");
});

// Timing

const DATE = "Thu, 01 Jan 2026 00:00:07 GMT";

async function timings(handler: Handler): Promise<AnswerTiming[]> {
  const seen: AnswerTiming[] = [];
  const server = new WireServer([handler]);
  const onAnswer = (timing: AnswerTiming) => void seen.push(timing);
  await server.send({ onAnswer, maxAttempts: 1 }).catch(() => {});
  return seen;
}

Deno.test("send() tells onAnswer when the request left and when the headers came", async () => {
  const server = new WireServer([async () => {
    await new Promise<void>((resolve) => server.runtime.setTimer(resolve, 40));
    const body = new ReadableStream({
      async start(controller) {
        await new Promise<void>((resolve) => server.runtime.setTimer(resolve, 700));
        controller.enqueue(new TextEncoder().encode("{}"));
        controller.close();
      },
    });
    return new Response(body, { headers: { date: DATE } });
  }], {
    signer: {
      async sign({ headers }) {
        await new Promise<void>((resolve) => server.runtime.setTimer(resolve, 3));
        return new Headers(headers);
      },
    },
  });
  const seen: AnswerTiming[] = [];
  await server.send({ onAnswer: (timing) => void seen.push(timing) });
  assertEquals(seen, [{
    attempt: 1,
    sentAt: { wall: START + 3, mono: 1003 },
    receivedAt: { wall: START + 43, mono: 1043 },
    signedAt: START,
    date: Date.UTC(2026, 0, 1, 0, 0, 7),
    age: false,
    kind: "accepted",
  }]);
});

Deno.test("send() tells onAnswer what an answer says about the signing time", async () => {
  const kindOf = async (handler: Handler) => (await timings(handler)).map(({ kind }) => kind);
  assertEquals(await kindOf(ok()), ["accepted"]);
  for (
    const code of [
      "ConditionalCheckFailedException",
      "ProvisionedThroughputExceededException",
      "ReplicatedWriteConflictException",
      "ResourceNotFoundException",
      "ThrottlingException",
      "TransactionCanceledException",
      "TransactionConflictException",
      "ValidationException",
    ]
  ) {
    assertEquals(await kindOf(refuse(400, code)), ["accepted"], code);
  }
  assertEquals(await kindOf(refuse(400, "RequestTimeTooSkewed")), ["skewed"]);
  for (
    const handler of [
      refuse(500, "InternalServerError"),
      refuse(400, "AccessDeniedException"),
      refuse(400, "InvalidSignatureException"),
      refuse(400, "ExpiredTokenException"),
      refuse(400, "UnrecognizedClientException"),
      () => answer(200, "<html>"),
      () => answer(307, "", { location: "https://evil.test" }),
      ok({}, { "x-amz-crc32": "1" }),
    ]
  ) {
    assertEquals(await kindOf(handler), ["other"]);
  }
  assertEquals(await kindOf(lose()), []);
});

Deno.test("send() tells onAnswer whether there was a date, and an age", async () => {
  const read = async (headers: Record<string, string>) => {
    const [timing] = await timings(ok({}, headers));
    return [timing!.date, timing!.age];
  };
  assertEquals(await read({}), [undefined, false]);
  assertEquals(await read({ date: "yesterday" }), [undefined, false]);
  assertEquals(await read({ date: DATE, age: "0" }), [START + 7000, true]);
});

Deno.test("send() ignores what onAnswer throws", async () => {
  const onAnswer = () => {
    throw new Error("of the listener");
  };
  assertEquals(await new WireServer([ok({ a: 1 })]).send({ onAnswer }), { a: 1 });
});

Deno.test("send() takes an empty answer for a success only of operations that have no output", async () => {
  const empty = () => new Response("", { headers: { "content-length": "0" } });
  for (const operation of ["TagResource", "UntagResource"]) {
    const server = new WireServer([empty]);
    assertEquals(await server.runtime.run(server.client.send(operation, {})), {});
    assertEquals(server.requests.length, 1);
  }
  const error = await failure(empty, empty, empty, empty);
  assertEquals([error.code, error.mayHaveApplied], ["BadAnswer", true]);
});
