/** Which failures are sent again, when and how often, through the wire. */

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { DynamoError, type RetryEvent } from "../../src/dynamodb/mod.ts";
import { answer, type Handler, lose, ok, refuse, WireServer } from "../support/wire_server.ts";

/** Runs one call into its error. */
async function failure(
  server: WireServer,
  options?: Parameters<WireServer["send"]>[0],
): Promise<DynamoError> {
  const error = await assertRejects(() => server.send(options));
  assertInstanceOf(error, DynamoError);
  assertEquals(server.runtime.pending, 0, "timers left");
  return error;
}

/** With `random()` at one half: half of 25, 50, 100 and of 1000, 2000, 4000. */
const TRANSIENT_PAUSES = [12.5, 25, 50];
const THROTTLING_PAUSES = [500, 1000, 2000];

const html = "<html><body>Bad gateway</body></html>";

/** Name, handler, pauses, mayHaveApplied, code. */
const RETRIED: readonly [string, Handler, number[], boolean, string][] = [
  ["a lost answer", lose(), TRANSIENT_PAUSES, true, "NetworkError"],
  ...[500, 502, 503, 504, 507, 599].map((status) =>
    [
      `a readable ${status}`,
      refuse(status, "InternalServerError"),
      TRANSIENT_PAUSES,
      true,
      "InternalServerError",
    ] as [string, Handler, number[], boolean, string]
  ),
  ["an HTML 503", () => answer(503, html), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["an HTML 200", () => answer(200, html), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["an HTML 403", () => answer(403, html), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["an empty 200", () => answer(200, ""), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a 200 cut short", () => answer(200, '{"Item":{"a"'), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a 200 with a list", () => answer(200, []), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a 200 with null", () => answer(200, "null"), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a 400 cut short", () => answer(400, '{"__type":"x#Con'), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a 400 without a type", () => answer(400, {}), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a wrong checksum", ok({}, { "x-amz-crc32": "1" }), TRANSIENT_PAUSES, true, "BadAnswer"],
  [
    "a wrong checksum on a refusal",
    refuse(400, "ValidationException", {}, { "x-amz-crc32": "1" }),
    TRANSIENT_PAUSES,
    true,
    "BadAnswer",
  ],
  [
    "bytes that are no UTF-8",
    () => new Response(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])),
    TRANSIENT_PAUSES,
    true,
    "BadAnswer",
  ],
  ["an HTML 429", () => answer(429, html), THROTTLING_PAUSES, true, "BadAnswer"],
  ["an HTML 413", () => answer(413, html), TRANSIENT_PAUSES, true, "BadAnswer"],
  ["a readable 429", refuse(429, "Whatever"), THROTTLING_PAUSES, false, "Whatever"],
  [
    "a request time-out",
    refuse(408, "RequestTimeoutException"),
    TRANSIENT_PAUSES,
    true,
    "RequestTimeoutException",
  ],
  ...[
    "BandwidthLimitExceeded",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
  ].map((code) =>
    [code, refuse(400, code), THROTTLING_PAUSES, false, code] as [
      string,
      Handler,
      number[],
      boolean,
      string,
    ]
  ),
  [
    "a transaction under way",
    refuse(400, "TransactionInProgressException"),
    THROTTLING_PAUSES,
    true,
    "TransactionInProgressException",
  ],
];

for (const [name, handler, pauses, mayHaveApplied, code] of RETRIED) {
  Deno.test(`send() retries with growing pauses when it meets ${name}`, async () => {
    const server = new WireServer([handler]);
    const error = await failure(server);
    assertEquals(server.pauses, pauses);
    assertEquals([error.code, error.attempts, error.mayHaveApplied], [code, 4, mayHaveApplied]);
    assertStringIncludes(error.message, `Cannot complete 'UpdateItem': ${code}`);
  });

  Deno.test(`send() succeeds when ${name} is over`, async () => {
    const server = new WireServer([handler, handler, ok({ Attributes: {} })]);
    assertEquals(await server.send(), { Attributes: {} });
    assertEquals(server.requests.length, 3);
    assertEquals(server.runtime.pending, 0);
  });
}

const FATAL = [
  "AccessDeniedException",
  "ConditionalCheckFailedException",
  "IdempotentParameterMismatchException",
  "InvalidSignatureException",
  "ItemCollectionSizeLimitExceededException",
  "MissingAuthenticationTokenException",
  "ResourceInUseException",
  "ResourceNotFoundException",
  "SerializationException",
  "TransactionCanceledException",
  "UnknownOperationException",
  "UnrecognizedClientException",
  "ValidationException",
];

for (const code of FATAL) {
  Deno.test(`send() rejects at once when it meets ${code}`, async () => {
    const server = new WireServer([refuse(400, code)]);
    const error = await failure(server);
    assertEquals(server.requests.length, 1);
    assertEquals(
      [error.name, error.code, error.statusCode, error.requestId, error.attempts],
      ["DynamoError", code, 400, "REQUEST1", 1],
    );
    assertEquals(error.mayHaveApplied, false);
  });
}

for (const code of ["TransactionConflictException", "ReplicatedWriteConflictException"]) {
  Deno.test(`send() retries shortly within a budget of its own when it meets ${code}`, async () => {
    const server = new WireServer([refuse(400, code)]);
    const error = await failure(server);
    assertEquals(server.pauses, [5, 10, 20, 40, 80, 100, 100, 100]);
    assertEquals([error.code, error.attempts, error.mayHaveApplied], [code, 9, false]);
  });

  Deno.test(`send() leaves its attempts to other failures when it meets ${code}`, async () => {
    const conflict = refuse(400, code);
    const server = new WireServer([conflict, conflict, conflict, conflict, conflict, lose()]);
    const error = await failure(server);
    assertEquals([error.code, error.attempts], ["NetworkError", 9]);
  });
}

Deno.test("send() sends once when maxAttempts is 1, whatever it meets", async () => {
  const handlers = [
    lose(),
    refuse(400, "ThrottlingException"),
    refuse(400, "TransactionConflictException"),
    refuse(400, "RequestTimeTooSkewed"),
    refuse(400, "ExpiredTokenException"),
  ];
  for (const handler of handlers) {
    const server = new WireServer([handler]);
    assertEquals((await failure(server, { maxAttempts: 1 })).attempts, 1);
    assertEquals(server.requests.length, 1);
  }
});

Deno.test("send() keeps to maxAttempts of the call, then of the client, then 4", async () => {
  const server = new WireServer([lose()], { maxAttempts: 2 });
  assertEquals((await failure(server)).attempts, 2);
  assertEquals((await failure(server, { maxAttempts: 3 })).attempts, 3);
  assertEquals((await failure(new WireServer([lose()]))).attempts, 4);
});

Deno.test("send() repeats the body and signs anew when it retries", async () => {
  const server = new WireServer([lose(), ok()]);
  await server.send();
  const [first, second] = server.requests;
  assertEquals(second!.input, first!.input);
  assertEquals(first!.headers["x-signed-at"], "1767225600000");
  assertEquals(second!.headers["x-signed-at"], "1767225600012.5");
});

Deno.test("send() tells that a write may have been applied when an earlier attempt was lost", async () => {
  for (const unknown of [lose(), refuse(500, "InternalServerError"), () => answer(200, html)]) {
    const condition = refuse(400, "ConditionalCheckFailedException");
    const error = await failure(new WireServer([unknown, condition]));
    assertEquals(error.code, "ConditionalCheckFailedException");
    assertEquals([error.attempts, error.mayHaveApplied], [2, true]);
  }
  const throttled = refuse(400, "ThrottlingException");
  const known = await failure(new WireServer([throttled, refuse(400, "ValidationException")]));
  assertEquals([known.attempts, known.mayHaveApplied], [2, false]);
});

Deno.test("send() waits as long as the server asks, within 5 seconds of its own pause", async () => {
  const ask = async (hint: string) => {
    const server = new WireServer([
      refuse(400, "ThrottlingException", {}, { "x-amz-retry-after": hint }),
      ok(),
    ]);
    await server.send();
    return server.pauses;
  };
  assertEquals(await ask("1500"), [1500]);
  assertEquals(await ask("100"), [500]); // never less than our own
  for (const long of ["60000", "1e9", "Infinity"]) assertEquals(await ask(long), [5500]);
  for (const bad of ["", "-1", "soon", "NaN"]) {
    assertEquals(await ask(bad), [500], bad);
  }
});

Deno.test("send() spreads its pauses over the whole of their range", async () => {
  const server = new WireServer([lose(), lose(), ok()]);
  server.runtime.randomValue = 0;
  await server.send();
  assertEquals(server.pauses, [0, 0]);
});

Deno.test("send() pauses for 20 seconds at most", async () => {
  const server = new WireServer([refuse(400, "ThrottlingException")]);
  server.runtime.randomValue = 0.999;
  await failure(server, { maxAttempts: 8 });
  assertEquals(server.pauses.map(Math.round), [999, 1998, 3996, 7992, 15984, 19980, 19980]);
});

Deno.test("send() stops retrying when the client's quota is used up, and begins again", async () => {
  let healthy = false;
  const fail = lose();
  const server = new WireServer([
    (seen, signal) => healthy ? ok()(seen, signal) : fail(seen, signal),
  ]);
  const attempts: number[] = [];
  // 500 tokens at 14 each are 35 retries: 11 calls with three, one with two.
  for (let call = 0; call < 14; call++) attempts.push((await failure(server)).attempts);
  assertEquals(attempts, [4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 1, 1]);
  healthy = true;
  for (let call = 0; call < 4; call++) await server.send();
  healthy = false;
  // 10 tokens were left; four successes give one each.
  assertEquals((await failure(server)).attempts, 2);
  assertEquals((await failure(server)).attempts, 1);
});

Deno.test("send() gives the price of its last retry back to the quota when it succeeds", async () => {
  let lost = true;
  const flaky = new WireServer([(seen, signal) => {
    lost = !lost;
    return lost ? ok()(seen, signal) : lose()(seen, signal);
  }]);
  for (let call = 0; call < 200; call++) await flaky.send(); // 200 retries cost 2800 tokens
  assertEquals(flaky.requests.length, 400);
});

Deno.test("send() charges a throttled retry 5 of 500 tokens", async () => {
  const server = new WireServer([refuse(400, "ThrottlingException")]);
  const error = await failure(server, { maxAttempts: 100 });
  assertEquals(error.attempts, 100);
  assertEquals((await failure(server)).attempts, 2); // 99 * 5 = 495
  assertEquals((await failure(server)).attempts, 1);
});

Deno.test("send() tells onRetry of each retry, and ignores what that throws", async () => {
  const events: RetryEvent[] = [];
  const server = new WireServer([refuse(400, "ThrottlingException"), lose(), ok()], {
    onRetry(event) {
      events.push(event);
      throw new Error("of the listener");
    },
  });
  await server.send();
  assertEquals(events, [
    { operation: "UpdateItem", attempt: 1, code: "ThrottlingException", delayMs: 500 },
    { operation: "UpdateItem", attempt: 2, code: "NetworkError", delayMs: 25 },
  ]);
  assert(server.runtime.pending === 0);
});

Deno.test("send() ignores what async listeners reject with: unheard, it would end the process", async () => {
  const reject = () => Promise.reject(new Error("a listener's own"));
  const server = new WireServer([lose(), ok()], { onRetry: reject });
  assertEquals(
    await server.runtime.run(server.client.send("ListTables", {}, { onAnswer: reject })),
    {},
  );
});
