/** When a source of credentials is asked, and by whom, seen through the client. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import type { AwsCredentialIdentity } from "../../src/credentials/mod.ts";
import { DynamoError } from "../../src/dynamodb/mod.ts";
import { settle, START } from "../support/wire_runtime.ts";
import { type Handler, lose, ok, refuse, WireServer } from "../support/wire_server.ts";

const MINUTE_MS = 60_000;

/** A source whose answers the test makes. */
class Source {
  calls = 0;
  readonly options: unknown[] = [];
  answer: (call: number) => Promise<AwsCredentialIdentity>;

  constructor(answer: (call: number) => Promise<AwsCredentialIdentity>) {
    this.answer = answer;
  }

  readonly provider = (options?: Record<string, unknown>): Promise<AwsCredentialIdentity> => {
    this.options.push(options);
    return this.answer(++this.calls);
  };
}

function keys(call: number, lifeMs?: number, now: number = START): AwsCredentialIdentity {
  const identity = { accessKeyId: `K${call}`, secretAccessKey: "s" };
  return lifeMs === undefined ? identity : { ...identity, expiration: new Date(now + lifeMs) };
}

function serverOf(source: Source, handlers: Handler[] = [ok()]): WireServer {
  return new WireServer(handlers, { credentials: source.provider });
}

/** The key ids that requests were signed with. */
function used(server: WireServer): string[] {
  return server.requests.map(({ headers }) => headers.authorization!.split("/")[0]!);
}

async function failure(work: Promise<unknown>): Promise<DynamoError> {
  const error = await assertRejects(() => work);
  assertInstanceOf(error, DynamoError);
  return error;
}

Deno.test("send() asks a source once when its keys have no end", async () => {
  const source = new Source((call) => Promise.resolve(keys(call)));
  const server = serverOf(source);
  await server.send();
  await server.runtime.advance(365 * 24 * 60 * MINUTE_MS);
  await server.send();
  assertEquals(used(server), ["K1", "K1"]);
});

Deno.test("send() renews keys five minutes ahead, without waiting for the new ones", async () => {
  let release = () => {};
  const server: WireServer = serverOf(
    new Source(async (call) => {
      if (call === 2) await new Promise<void>((resolve) => release = resolve);
      return keys(call, 60 * MINUTE_MS, server.runtime.now().wall);
    }),
  );
  await server.send();
  await server.runtime.advance(55 * MINUTE_MS - 1);
  await server.send();
  assertEquals(used(server), ["K1", "K1"]);
  await server.runtime.advance(1);
  await server.send();
  release();
  await settle();
  await server.send();
  assertEquals(used(server), ["K1", "K1", "K1", "K2"]);
});

Deno.test("send() waits for the renewal of its own request when requests are isolated", async () => {
  const source = new Source((call) => Promise.resolve(keys(call, 60 * MINUTE_MS * call)));
  const server = serverOf(source);
  server.runtime.isolatesRequests = true;
  await server.send();
  await server.runtime.advance(56 * MINUTE_MS);
  await server.send();
  assertEquals(used(server), ["K1", "K2"]);
});

Deno.test("send() renews keys that live for a short time at half of their life", async () => {
  const source = new Source((call) =>
    Promise.resolve(keys(call, 4 * MINUTE_MS, server.runtime.now().wall))
  );
  const server: WireServer = serverOf(source);
  await server.send();
  await server.runtime.advance(2 * MINUTE_MS - 1);
  await server.send();
  assertEquals(source.calls, 1);
  await server.runtime.advance(1);
  await server.send();
  await settle();
  assertEquals(source.calls, 2);
  await server.send();
  assertEquals(used(server), ["K1", "K1", "K1", "K2"]);
});

Deno.test("send() waits for new keys when the old ones have ended", async () => {
  const source = new Source((call) =>
    Promise.resolve(keys(call, 60 * MINUTE_MS, server.runtime.now().wall))
  );
  const server: WireServer = serverOf(source);
  await server.send();
  await server.runtime.advance(60 * MINUTE_MS);
  await server.send();
  assertEquals(used(server), ["K1", "K2"]);
});

Deno.test("send() goes on with keys that still hold when renewing them fails", async () => {
  for (const isolated of [false, true]) {
    const source = new Source((call) =>
      call === 2 ? Promise.reject(new Error("down")) : Promise.resolve(keys(call, 60 * MINUTE_MS))
    );
    const server = serverOf(source);
    server.runtime.isolatesRequests = isolated;
    await server.send();
    await server.runtime.advance(56 * MINUTE_MS);
    await server.send();
    await server.send();
    assertEquals([used(server), source.calls], [["K1", "K1", "K1"], 2]);
    await server.runtime.advance(10_000); // the next attempt to renew them
    await server.send();
    await settle();
    assertEquals(source.calls, 3);
  }
});

Deno.test("send() rejects with CredentialsFailed when the source fails, and asks again later", async () => {
  const cause = new Error("down");
  const source = new Source((call) =>
    call === 1 ? Promise.reject(cause) : Promise.resolve(keys(call))
  );
  const server = serverOf(source);
  const error = await failure(server.send());
  assertEquals([error.code, error.cause, error.attempts], ["CredentialsFailed", cause, 0]);
  assertEquals(server.requests, []);
  await server.send();
  assertEquals(used(server), ["K2"]);
});

Deno.test("send() renews keys once when DynamoDB calls them expired", async () => {
  const source = new Source((call) => Promise.resolve(keys(call)));
  const server = serverOf(source, [refuse(400, "ExpiredTokenException"), ok()]);
  await server.send();
  assertEquals(used(server), ["K1", "K2"]);
  assertEquals(source.options, [{ forceRefresh: false }, { forceRefresh: true }]);
  assertEquals(server.pauses, [0]);
});

Deno.test("send() keeps keys that another call has renewed meanwhile", async () => {
  let release = () => {};
  const source = new Source((call) => Promise.resolve(keys(call)));
  const expired = refuse(400, "ExpiredTokenException");
  const late: Handler = async (seen, signal) => {
    await new Promise<void>((resolve) => release = resolve);
    return await expired(seen, signal);
  };
  const server = serverOf(source, [late, expired, ok()]);
  const first = server.client.send("ListTables", {});
  await settle();
  await server.send();
  release();
  await server.runtime.run(first);
  assertEquals([used(server), source.calls], [["K1", "K1", "K2", "K2"], 2]);
});

Deno.test("send() rejects when fresh keys are called expired, too", async () => {
  const source = new Source((call) => Promise.resolve(keys(call)));
  const server = serverOf(source, [refuse(400, "ExpiredTokenException")]);
  const error = await failure(server.send());
  assertEquals([error.code, error.attempts], ["ExpiredTokenException", 2]);
  assertEquals(source.calls, 2);
});

Deno.test("send() rejects at once when keys without a source are called expired", async () => {
  const server = new WireServer([refuse(400, "ExpiredTokenException")]);
  const error = await failure(server.send());
  assertEquals([error.code, error.attempts], ["ExpiredTokenException", 1]);
});

Deno.test("send() keeps a lost attempt in mind when renewing the keys fails", async () => {
  const source = new Source((call) =>
    call === 1 ? Promise.resolve(keys(call)) : Promise.reject(new Error("down"))
  );
  const server = serverOf(source, [lose(), refuse(400, "ExpiredTokenException")]);
  const error = await failure(server.send());
  assertEquals(
    [error.code, error.attempts, error.mayHaveApplied],
    ["CredentialsFailed", 2, true],
  );
});

Deno.test("send() shares one call of the source between callers", async () => {
  let release = () => {};
  const source = new Source(async (call) => {
    await new Promise<void>((resolve) => release = resolve);
    return keys(call);
  });
  const server = serverOf(source);
  const calls = [1, 2, 3].map(() => server.client.send("ListTables", {}));
  await settle();
  assertEquals(source.calls, 1);
  release();
  await Promise.all(calls);
  assertEquals(used(server), ["K1", "K1", "K1"]);
});

Deno.test("send() shares nothing that waits when requests are isolated", async () => {
  const releases: (() => void)[] = [];
  const source = new Source(async (call) => {
    await new Promise<void>((resolve) => releases.push(resolve));
    return keys(call);
  });
  const server = serverOf(source);
  server.runtime.isolatesRequests = true;
  const calls = [1, 2, 3].map(() => server.client.send("ListTables", {}));
  await settle();
  assertEquals(source.calls, 3);
  releases[1]!(); // the first and the third of them hang, as promises of ended requests do
  await calls[1];
  await server.send(); // and a later one has the answer, as data
  assertEquals(used(server), ["K2", "K2"]);
  releases.forEach((release) => release());
  await Promise.all(calls);
});

Deno.test("send() cancels its own wait only, not the call that others share", async () => {
  let release = () => {};
  const source = new Source(async (call) => {
    await new Promise<void>((resolve) => release = resolve);
    return keys(call);
  });
  const server = serverOf(source);
  const abort = new AbortController();
  const first = assertRejects(
    () => server.client.send("ListTables", {}, { signal: abort.signal }),
    Error,
    "enough",
  );
  const second = server.client.send("ListTables", {});
  await settle();
  abort.abort(new Error("enough"));
  await first;
  release();
  await second;
  assertEquals([used(server), source.calls], [["K1"], 1]);
});

Deno.test("send() asks a source anew when a shared call hangs for 30 seconds", async () => {
  const source = new Source((call) =>
    call === 1 ? new Promise(() => {}) : Promise.resolve(keys(call))
  );
  const server = serverOf(source);
  assertEquals((await failure(server.send())).code, "TimeoutError");
  await server.send();
  assertEquals(used(server), ["K2"]);
});

Deno.test("send() refuses a temporary key of a source without its session token", async () => {
  const server = serverOf(
    new Source(() => Promise.resolve({ accessKeyId: "ASIAX", secretAccessKey: "s" })),
  );
  const error = await failure(server.send());
  assertEquals(error.code, "CredentialsFailed");
  assertEquals(error.message.includes("'sessionToken'"), true);
  assertEquals(server.requests, []);
});

Deno.test("send() judges the end of keys by the server's clock, once that is known", async () => {
  const ahead = 50 * MINUTE_MS;
  const date = new Date(START + ahead).toUTCString();
  const source = new Source((call) => Promise.resolve(keys(call, 40 * MINUTE_MS * call)));
  const server = serverOf(source, [refuse(400, "RequestTimeTooSkewed", {}, { date }), ok()]);
  await server.send();
  assertEquals(used(server), ["K1", "K2"]);
});

Deno.test("send() asks a source anew that hung once, though no caller waited for 30 seconds", async () => {
  const source = new Source((call) =>
    call === 1 ? new Promise(() => {}) : Promise.resolve(keys(call))
  );
  const server = serverOf(source);
  const outcomes: string[] = [];
  for (let minute = 0; minute < 3; minute++) {
    const limit = new AbortController();
    server.runtime.setTimer(() => limit.abort(new Error("10 s are over")), 10_000);
    const call = server.client.send("ListTables", {}, { signal: limit.signal })
      .then(() => "answered", (error) => error.message);
    await server.runtime.advance(MINUTE_MS);
    outcomes.push(await call);
  }
  assertEquals(outcomes, ["10 s are over", "answered", "answered"]);
});

Deno.test("send() shares the call of a slow source between callers with less time than that takes", async () => {
  const source = new Source(async (call) => {
    await new Promise<void>((resolve) => server.runtime.setTimer(resolve, 3_000));
    return keys(call);
  });
  const server: WireServer = serverOf(source);
  const calls = Array.from({ length: 100 }, async (_, index) => {
    await new Promise<void>((resolve) => server.runtime.setTimer(resolve, index * 20));
    await server.client.send("ListTables", {}, { deadlineMs: 1_000 }).catch(() => {});
  });
  await server.runtime.run(Promise.all(calls));
  assertEquals(source.calls, 1);
});

Deno.test("send() rejects with CredentialsFailed when a source rejects with nothing", async () => {
  const server = serverOf(new Source(() => Promise.reject()));
  assertEquals((await failure(server.send())).code, "CredentialsFailed");
});

Deno.test("send() keeps newer keys when a call that was taken for dead answers", async () => {
  let answer = (_: AwsCredentialIdentity) => {};
  const source = new Source((call) =>
    call === 1
      ? new Promise<AwsCredentialIdentity>((resolve) => answer = resolve)
      : Promise.resolve(keys(call))
  );
  const server = serverOf(source);
  assertEquals((await failure(server.send())).code, "TimeoutError");
  await server.send();
  answer(keys(1));
  await settle();
  await server.send();
  assertEquals(used(server), ["K2", "K2"]);
});
