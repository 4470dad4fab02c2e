/** Cancellation, time-outs and deadlines: at every step, with nothing left over. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DynamoClient, DynamoError, type SendOptions } from "../../src/dynamodb/mod.ts";
import { CountedAbort, settle } from "../support/wire_runtime.ts";
import { answer, hang, KEYS, lose, ok, refuse, stall, WireServer } from "../support/wire_server.ts";

const REASON = { why: "the caller's own reason, untouched" };

const never = () => new Promise<never>(() => {});

/** Rejects with anything, also what is no Error. */
async function reasonOf(work: Promise<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (reason) {
    return reason;
  }
  throw new Error("Expected a rejection");
}

async function failure(work: Promise<unknown>): Promise<DynamoError> {
  const error = await assertRejects(() => work);
  assertInstanceOf(error, DynamoError);
  return error;
}

/** Begins a call, lets it come as far as it can, aborts it, and looks for what is left. */
async function abortAfter(
  server: WireServer,
  ms: number,
  options: SendOptions = {},
): Promise<void> {
  const abort = new CountedAbort();
  const { signal } = abort;
  const work = reasonOf(server.client.send("UpdateItem", {}, { ...options, signal }));
  await server.runtime.advance(ms);
  abort.abort(REASON);
  assert(await work === REASON);
  assertEquals([server.runtime.pending, abort.listeners], [0, 0], "timers and listeners left");
}

Deno.test("send() sends nothing when its signal has aborted before", async () => {
  let asked = 0;
  const credentials = () => {
    asked++;
    return Promise.resolve(KEYS);
  };
  const server = new WireServer([ok()], { credentials });
  const signal = AbortSignal.abort(REASON);
  assert(await reasonOf(server.client.send("UpdateItem", {}, { signal })) === REASON);
  assertEquals([server.requests, asked, server.runtime.pending], [[], 0, 0]);
});

Deno.test("send() rethrows the signal's reason rather than what else is wrong", async () => {
  const { runtime, fetch } = new WireServer([ok()]);
  const client = new DynamoClient({ runtime, fetch });
  const signal = AbortSignal.abort(REASON);
  assert(await reasonOf(client.send("UpdateItem", {}, { signal, deadlineMs: 0 })) === REASON);
});

Deno.test("send() sends nothing more when a listener aborts its signal", async () => {
  for (const code of ["RequestTimeTooSkewed", "ThrottlingException"]) {
    const abort = new CountedAbort();
    const onRetry = () => abort.abort(REASON);
    const server = new WireServer([refuse(400, code)], { onRetry });
    assert(await reasonOf(server.send({ signal: abort.signal })) === REASON);
    assertEquals([server.requests.length, server.runtime.pending], [1, 0]);
  }
});

Deno.test("send() rethrows the signal's reason while it waits for credentials", async () => {
  const server = new WireServer([ok()], { credentials: never });
  await abortAfter(server, 10);
  assertEquals(server.requests, []);
});

Deno.test("send() rethrows the signal's reason while it signs, and sends nothing later", async () => {
  let release = () => {};
  const server = new WireServer([ok()], {
    signer: {
      async sign({ headers }) {
        await new Promise<void>((resolve) => release = resolve);
        return new Headers(headers);
      },
    },
  });
  await abortAfter(server, 10);
  release();
  await settle();
  assertEquals(server.requests, []);
});

Deno.test("send() rethrows the signal's reason while it waits for the answer", async () => {
  const server = new WireServer([hang()]);
  await abortAfter(server, 10);
  assertEquals(server.requests.length, 1);
});

Deno.test("send() rethrows the signal's reason when fetch does not listen to signals", async () => {
  let release = (_: Response) => {};
  let cancelled = false;
  const server = new WireServer([() => new Promise<Response>((resolve) => release = resolve)]);
  await abortAfter(server, 10);
  release(new Response(new ReadableStream({ cancel: () => void (cancelled = true) })));
  await settle();
  assertEquals(cancelled, true, "the body of an answer that came too late is let go");
});

Deno.test("send() rethrows the signal's reason while it reads the body", async () => {
  let cancelled = false;
  const server = new WireServer([stall(() => cancelled = true)]);
  await abortAfter(server, 10);
  assertEquals([server.requests.length, cancelled], [1, true]);
});

Deno.test("send() rethrows the signal's reason while it pauses", async () => {
  const server = new WireServer([refuse(400, "ThrottlingException")]);
  await abortAfter(server, 100);
  assertEquals(server.requests.length, 1);
});

Deno.test("send() rethrows the signal's reason while it asks for fresh credentials", async () => {
  let asked = 0;
  const credentials = () => ++asked === 1 ? Promise.resolve(KEYS) : never();
  const server = new WireServer([refuse(400, "ExpiredTokenException")], { credentials });
  await abortAfter(server, 10);
  assertEquals([server.requests.length, asked], [1, 2]);
});

Deno.test("send() rethrows a reason that is no Error, also undefined and null", async () => {
  for (const reason of [null, 0, "", "text", false]) {
    const controller = new AbortController();
    const server = new WireServer([hang()]);
    const { signal } = controller;
    const work = reasonOf(server.client.send("UpdateItem", {}, { signal }));
    await server.runtime.advance(10);
    controller.abort(reason);
    assert(await work === reason);
  }
});

Deno.test("send() leaves nothing at its signal when it succeeds or fails", async () => {
  for (const handler of [ok(), lose(), refuse(400, "ValidationException"), stall()]) {
    const abort = new CountedAbort();
    const server = new WireServer([handler]);
    await server.send({ signal: abort.signal }).catch(() => {});
    assertEquals([server.runtime.pending, abort.listeners], [0, 0]);
  }
});

// Time limits

Deno.test("send() gives up an attempt that is not answered within attemptTimeoutMs", async () => {
  for (const handler of [hang(), stall(), () => never()]) {
    const server = new WireServer([handler, ok({ a: 1 })]);
    assertEquals(await server.send({ attemptTimeoutMs: 700 }), { a: 1 });
    assertEquals(server.pauses, [712.5]);
    assertEquals(server.runtime.pending, 0);
  }
});

Deno.test("send() rejects with TimeoutError when no attempt is answered", async () => {
  const server = new WireServer([hang()]);
  const error = await failure(server.send());
  assertEquals([error.code, error.attempts, error.mayHaveApplied], ["TimeoutError", 4, true]);
  assertEquals(server.pauses, [5012.5, 5025, 5050]);
  assertEquals(
    error.message,
    "Cannot complete 'UpdateItem': TimeoutError: no answer",
  );
});

Deno.test("send() does not call a request applied that it could not sign in time", async () => {
  const server = new WireServer([ok()], { signer: { sign: never } });
  const error = await failure(server.send());
  assertEquals([error.code, error.attempts, error.mayHaveApplied], ["TimeoutError", 0, false]);
});

Deno.test("send() ends an attempt at the deadline", async () => {
  const server = new WireServer([hang()]);
  const error = await failure(server.send({ deadlineMs: 1200 }));
  assertEquals(server.runtime.mono, 1000 + 1200);
  assertEquals([error.code, error.attempts, error.mayHaveApplied], ["TimeoutError", 1, true]);
  assertEquals(server.runtime.pending, 0);
});

Deno.test("send() does not begin a pause that goes past the deadline", async () => {
  const server = new WireServer([refuse(400, "ThrottlingException")]);
  const error = await failure(server.send({ deadlineMs: 500 }));
  assertEquals([error.code, error.attempts], ["ThrottlingException", 1]);
  assertEquals(server.runtime.mono, 1000, "it rejects at once");
  const longer = new WireServer([refuse(400, "ThrottlingException"), hang()]);
  assertEquals((await failure(longer.send({ deadlineMs: 501 }))).attempts, 2);
  assertEquals(longer.runtime.mono, 1501);
});

Deno.test("send() does not pay the quota for a retry that the deadline forbids", async () => {
  const server = new WireServer([lose()]);
  for (let call = 0; call < 100; call++) await failure(server.send({ deadlineMs: 10 }));
  assertEquals((await failure(server.send())).attempts, 4);
});

Deno.test("send() keeps conflicts within the deadline", async () => {
  const server = new WireServer([refuse(400, "TransactionConflictException")]);
  const error = await failure(server.send({ deadlineMs: 30 }));
  assertEquals([error.code, server.pauses], ["TransactionConflictException", [5, 10]]);
  assertEquals(server.runtime.mono, 1015, "it rejects at once");
});

Deno.test("send() sends nothing when the deadline is now", async () => {
  const server = new WireServer([ok()]);
  const error = await failure(server.send({ deadlineMs: 0 }));
  assertEquals([error.code, error.attempts, error.mayHaveApplied], ["TimeoutError", 0, false]);
  assertEquals(server.requests, []);
});

Deno.test("send() reports the answer that came, also when the deadline has passed meanwhile", async () => {
  for (const code of ["ConditionalCheckFailedException", "ThrottlingException"]) {
    const server = new WireServer([(seen, signal) => {
      server.runtime.mono += 5000; // as in a process that was stopped
      return refuse(400, code)(seen, signal);
    }]);
    const error = await failure(server.send({ deadlineMs: 1000 }));
    assertEquals([error.code, error.attempts], [code, 1]);
  }
});

Deno.test("send() measures the deadline on the monotonic clock", async () => {
  const server = new WireServer([refuse(500, "InternalServerError"), ok()]);
  server.runtime.wallOffset += 3_600_000;
  const work = server.client.send("UpdateItem", {}, { deadlineMs: 1000 });
  server.runtime.wallOffset += 3_600_000;
  await server.runtime.run(work);
  assertEquals(server.requests.length, 2);
});

Deno.test("send() waits for credentials until the deadline, or for 30 seconds", async () => {
  for (const [options, ms] of [[{ deadlineMs: 800 }, 800], [{}, 30_000]] as const) {
    const server = new WireServer([ok()], { credentials: never });
    const error = await failure(server.send(options));
    assertEquals(server.runtime.mono, 1000 + ms);
    assertEquals([error.code, error.attempts, error.mayHaveApplied], ["TimeoutError", 0, false]);
    assertEquals([server.requests, server.runtime.pending], [[], 0]);
  }
});

// Redirects

Deno.test("send() never follows a redirect, and lets its body go", async () => {
  for (const status of [300, 301, 302, 303, 307, 308]) {
    let cancelled = false;
    const server = new WireServer([() => {
      const body = new ReadableStream({ cancel: () => void (cancelled = true) });
      return new Response(body, { status, headers: { location: "https://evil.test/" } });
    }]);
    const error = await failure(server.send());
    assertEquals([error.code, error.statusCode, error.attempts], ["Redirected", status, 1]);
    assertEquals([error.mayHaveApplied, cancelled], [true, true]);
    assertEquals(server.requests[0]!.redirect, "manual");
  }
});

Deno.test("send() reads an opaque redirect of a browser as a redirect", async () => {
  const server = new WireServer([() => Response.error()]);
  assertEquals((await failure(server.send())).code, "Redirected");
});

Deno.test("send() asks for bytes as they are, outside of the signature", async () => {
  const server = new WireServer([() => answer(200, {})]);
  await server.send();
  assertEquals(server.requests[0]!.headers["accept-encoding"], "identity");
});
