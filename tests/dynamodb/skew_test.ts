/** A wrong local clock: what is learned from a refused signing time. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DynamoError } from "../../src/dynamodb/mod.ts";
import { START } from "../support/wire_runtime.ts";
import { type Handler, ok, refuse, WireServer } from "../support/wire_server.ts";

/** What the server's clock is ahead of ours. */
const AHEAD_MS = 3_600_000;

const date = (ms: number) => ({ date: new Date(START + ms).toUTCString() });

function skewed(
  code = "RequestTimeTooSkewed",
  message = "words",
  headers = date(AHEAD_MS),
): Handler {
  return refuse(400, code, { message }, headers);
}

function signedAt(server: WireServer): number[] {
  return server.requests.map(({ headers }) => Number(headers["x-signed-at"]) - START);
}

const REFUSALS: readonly [code: string, message: string][] = [
  ["RequestTimeTooSkewed", ""],
  ["RequestExpired", ""],
  ["RequestInTheFuture", ""],
  [
    "InvalidSignatureException",
    "Signature expired: 20260101T000000Z is now earlier than 20260101T005500Z " +
    "(20260101T010000Z - 5 min.)",
  ],
  [
    "InvalidSignatureException",
    "Signature not yet current: 20260101T000000Z is still later than 20251231T230500Z " +
    "(20251231T230000Z + 5 min.)",
  ],
  ["SignatureDoesNotMatch", "Signature expired: 20260101T000000Z is now earlier than ..."],
];

for (const [code, message] of REFUSALS) {
  Deno.test(`send() corrects the signing time once when it meets ${code} ${message}`, async () => {
    const server = new WireServer([skewed(code, message), ok()]);
    await server.send();
    await server.send();
    assertEquals(signedAt(server), [0, AHEAD_MS, AHEAD_MS]);
    assertEquals(server.pauses, [0, 0]);
  });
}

Deno.test("send() corrects a clock that is ahead, too", async () => {
  const server = new WireServer([skewed(undefined, "", date(-AHEAD_MS)), ok()]);
  await server.send();
  assertEquals(signedAt(server), [0, -AHEAD_MS]);
});

Deno.test("send() measures the offset when the answer's headers come", async () => {
  const server = new WireServer([async (seen, signal) => {
    await new Promise<void>((resolve) => server.runtime.setTimer(resolve, 3000));
    return await skewed()(seen, signal);
  }, ok()]);
  await server.send();
  assertEquals(signedAt(server), [0, AHEAD_MS]); // and not 3 seconds more
});

Deno.test("send() rejects when the corrected time is refused, too", async () => {
  const server = new WireServer([skewed()]);
  const error = await assertRejects(() => server.send());
  assertInstanceOf(error, DynamoError);
  assertEquals(
    [error.code, error.attempts, error.mayHaveApplied],
    ["RequestTimeTooSkewed", 2, false],
  );
});

Deno.test("send() learns the time and rejects when a given signing time is refused", async () => {
  const server = new WireServer([skewed(), ok()]);
  const error = await assertRejects(() => server.send({ time: START }));
  assertInstanceOf(error, DynamoError);
  assertEquals([error.code, error.attempts], ["RequestTimeTooSkewed", 1]);
  await server.send();
  assertEquals(signedAt(server), [0, AHEAD_MS]);
});

// What is in the body was made by that clock: a true signature would let its wrong times pass.
for (const what of ["the client's was corrected", "the wall clock was set"]) {
  Deno.test(`send() signs every attempt by the time that it was given, though ${what}`, async () => {
    const lost = refuse(500, "InternalServerError");
    const server = new WireServer([lost, skewed(), ok()]);
    const { runtime, client } = server;
    const given = START - 5_000;
    const write = client.send("UpdateItem", {}, { time: given });
    if (what === "the wall clock was set") runtime.wallOffset += 2 * AHEAD_MS;
    await runtime.run(Promise.all([write, client.send("GetItem", {})]));
    const writes = server.requests.filter(({ operation }) => operation === "UpdateItem");
    assertEquals(writes.length, 2);
    for (const { headers, at } of writes) {
      assertEquals(Number(headers["x-signed-at"]), given + at - writes[0]!.at);
    }
    await server.send();
    assertEquals(signedAt(server).at(-1)! >= AHEAD_MS, true);
  });
}

Deno.test("send() learns nothing from a date that a cache may have kept, or none", async () => {
  for (const headers of [{ ...date(AHEAD_MS), age: "0" }, {}, { date: "soon" }]) {
    const server = new WireServer([refuse(400, "RequestExpired", {}, headers), ok()]);
    await server.send(); // a request that was frozen on its way is fine when signed anew
    assertEquals(signedAt(server), [0, 0]);
  }
});

Deno.test("send() learns nothing from the dates of other answers", async () => {
  const server = new WireServer([
    ok({}, date(AHEAD_MS)),
    refuse(500, "InternalServerError", {}, date(AHEAD_MS)),
    ok(),
  ]);
  await server.send();
  await server.send();
  assertEquals(signedAt(server), [0, 0, 12.5]);
});

Deno.test("send() does not take a wrong key for a wrong clock", async () => {
  const server = new WireServer([skewed("InvalidSignatureException", "The request signature ...")]);
  const error = await assertRejects(() => server.send());
  assertInstanceOf(error, DynamoError);
  assertEquals([error.code, error.attempts], ["InvalidSignatureException", 1]);
});
