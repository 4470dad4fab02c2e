/** The spans that `traceLocks` makes of events, on the SDK of OpenTelemetry. */

import { assert, assertEquals } from "@std/assert";
import {
  context,
  createContextKey,
  type Link,
  SpanKind,
  SpanStatusCode,
  trace,
} from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { traceLocks } from "../../src/otel.ts";
import {
  ABORTED,
  GRANT,
  happen,
  LOST,
  MISS,
  RELEASE,
  RENEW,
  REQUEST,
  Telemetry,
} from "./telemetry.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

function traced(options: { lockName?: (name: string) => string | undefined } = {}) {
  const telemetry = new Telemetry();
  return { telemetry, listener: traceLocks({ tracer: telemetry.tracer, ...options }) };
}

const eventsOf = (span: ReadableSpan) =>
  span.events.map(({ name, attributes }) => ({ name, attributes }));
const idOf = (span: ReadableSpan) => span.spanContext().spanId;
const linked = (links: Link[]) => links.map((link) => link.context.spanId);
const UNSET = { code: SpanStatusCode.UNSET };

Deno.test("a lock that is granted and given back has two spans", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST);
  assertEquals(telemetry.spans, []);
  happen(listener, {}, GRANT);
  const acquire = telemetry.only("lock acquire");
  assertEquals(acquire.attributes, {
    "lock.name": "job",
    "lock.mode": "exclusive",
    "lock.blocking": true,
    "lock.outcome": "granted",
    "lock.waited_ms": 2_500,
    "lock.takeover": false,
    "lock.fencing_token": 7,
    "lock.requests": 3,
  });
  happen(listener, {}, RELEASE);
  const hold = telemetry.only("lock hold");
  assertEquals(hold.attributes, {
    "lock.name": "job",
    "lock.mode": "exclusive",
    "lock.fencing_token": 7,
    "lock.outcome": "released",
    "lock.held_ms": 10_000,
    "lock.requests": 1,
    "lock.renewals": 0,
  });
  for (const span of [acquire, hold]) {
    assertEquals([span.kind, span.status, eventsOf(span)], [SpanKind.INTERNAL, UNSET, []]);
  }
  assertEquals(linked(hold.links), [idOf(acquire)]);
  assertEquals(telemetry.spans.length, 2);
});

Deno.test("a take-over is an event of the acquisition", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST, { ...GRANT, takeover: true } as typeof GRANT);
  const acquire = telemetry.only("lock acquire");
  assertEquals(acquire.attributes["lock.takeover"], true);
  assertEquals(eventsOf(acquire), [{
    name: "lock.takeover",
    attributes: { "lock.fencing_token": 7 },
  }]);
});

Deno.test("a miss and a caller's own abort are no errors, and nothing is held", () => {
  for (
    const [event, outcome, waitedMs] of [[MISS, "missed", 500], [
      ABORTED,
      "aborted",
      1_500,
    ]] as const
  ) {
    const { telemetry, listener } = traced();
    happen(listener, {}, { type: "request", wait: false, mode: "shared" }, event, RELEASE);
    const [acquire, ...more] = telemetry.spans;
    assert(acquire !== undefined && "requests" in event);
    assertEquals([acquire.name, acquire.status, more], ["lock acquire", UNSET, []]);
    assertEquals(acquire.attributes, {
      "lock.name": "job",
      "lock.mode": "shared",
      "lock.blocking": false,
      "lock.outcome": outcome,
      "lock.waited_ms": waitedMs,
      "lock.requests": event.requests,
    });
  }
});

Deno.test("an acquisition that failed says why", () => {
  const { telemetry, listener } = traced();
  happen(
    listener,
    {},
    REQUEST,
    { type: "trouble", step: "wait", code: "UNAVAILABLE" },
    { type: "fail", code: "ACCESS_DENIED", waitedMs: 9, requests: 1 },
  );
  const acquire = telemetry.only("lock acquire");
  assertEquals(acquire.status, { code: SpanStatusCode.ERROR, message: "ACCESS_DENIED" });
  assertEquals(acquire.attributes["error.type"], "ACCESS_DENIED");
  assertEquals(acquire.attributes["lock.outcome"], "failed");
  assertEquals(eventsOf(acquire), [
    { name: "lock.trouble", attributes: { "lock.step": "wait", "error.type": "UNAVAILABLE" } },
  ]);
  assertEquals(telemetry.spans.length, 1);
});

Deno.test("a lease that is endangered and lost says so", () => {
  const { telemetry, listener } = traced();
  happen(
    listener,
    {},
    REQUEST,
    GRANT,
    { type: "trouble", step: "renew", code: "UNAVAILABLE" },
    { type: "endangered", fencingToken: 7, remainingMs: 9_000 },
    LOST,
    RELEASE, // whatever comes later, it is over
  );
  const hold = telemetry.only("lock hold");
  assertEquals(hold.status, { code: SpanStatusCode.ERROR, message: "LEASE_STOLEN" });
  assertEquals(hold.attributes["error.type"], "LEASE_STOLEN");
  assertEquals(hold.attributes["lock.outcome"], "lost");
  assertEquals(hold.attributes["lock.held_ms"], 10_000);
  assertEquals(eventsOf(hold), [
    { name: "lock.trouble", attributes: { "lock.step": "renew", "error.type": "UNAVAILABLE" } },
    { name: "lock.endangered", attributes: { "lock.remaining_ms": 9_000 } },
    { name: "lock.lost", attributes: { "lock.name": "job", "error.type": "LEASE_STOLEN" } },
  ]);
  assertEquals(telemetry.spans.length, 2);
});

Deno.test("a lease that its release finds gone is lost", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST, GRANT, { ...RELEASE, held: false } as typeof RELEASE);
  const hold = telemetry.only("lock hold");
  assertEquals(hold.status, { code: SpanStatusCode.ERROR, message: "UNKNOWN" });
  assertEquals(hold.attributes["lock.outcome"], "lost");
  assertEquals(eventsOf(hold).map(({ name }) => name), ["lock.lost"]);
});

Deno.test("a release that fails ends the span", () => {
  const { telemetry, listener } = traced();
  const trouble = { type: "trouble", step: "release", code: "UNAVAILABLE" } as const;
  happen(listener, {}, REQUEST, GRANT, trouble, { ...RELEASE, held: undefined } as typeof RELEASE);
  const hold = telemetry.only("lock hold");
  assertEquals(hold.status, { code: SpanStatusCode.ERROR, message: "UNKNOWN" });
  assertEquals(hold.attributes["lock.outcome"], "abandoned");
  assertEquals(eventsOf(hold).map(({ attributes }) => attributes?.["error.type"]), ["UNAVAILABLE"]);
});

Deno.test("a renewal is a span below the lease, as long as it took", () => {
  const { telemetry, listener } = traced();
  const before = Date.now();
  happen(listener, {}, REQUEST, GRANT, RENEW, RENEW, RELEASE);
  const hold = telemetry.only("lock hold");
  const renewals = telemetry.named("lock renew");
  assertEquals(renewals.length, 2);
  for (const renewal of renewals) {
    assertEquals(renewal.parentSpanContext?.spanId, idOf(hold));
    assertEquals(renewal.spanContext().traceId, hold.spanContext().traceId);
    assertEquals([renewal.kind, renewal.status], [SpanKind.INTERNAL, UNSET]);
    assertEquals(Math.round(renewal.duration[0] * 1e3 + renewal.duration[1] / 1e6), 40);
    const endMs = renewal.endTime[0] * 1e3 + renewal.endTime[1] / 1e6;
    assert(endMs >= before - 1 && endMs <= Date.now() + 1, `ended at ${endMs}`);
    assertEquals(renewal.attributes, {
      "lock.name": "job",
      "lock.mode": "exclusive",
      "lock.fencing_token": 7,
      "lock.remaining_ms": 19_000,
      "lock.requests": 1,
    });
  }
  assertEquals(hold.attributes["lock.renewals"], 2);
  assertEquals(hold.attributes["lock.requests"], 3);
});

Deno.test("spans of a lock stand below the caller's", () => {
  const { telemetry, listener } = traced();
  const caller = telemetry.tracer.startSpan("caller");
  context.with(trace.setSpan(context.active(), caller), () => {
    happen(listener, {}, REQUEST, GRANT);
  });
  happen(listener, {}, RENEW, RELEASE); // by a timer, in no context
  const parent = (name: string) => telemetry.only(name).parentSpanContext?.spanId;
  assertEquals(parent("lock acquire"), caller.spanContext().spanId);
  assertEquals(parent("lock hold"), caller.spanContext().spanId);
  assertEquals(parent("lock renew"), idOf(telemetry.only("lock hold")));
  assertEquals(telemetry.only("lock renew").spanContext().traceId, caller.spanContext().traceId);
});

Deno.test("a lease that is not traced makes no trace of its own by a renewal", () => {
  const unseen = { traceId: "1".repeat(32), spanId: "2".repeat(16), traceFlags: 0 };
  const suppressed = createContextKey("OpenTelemetry SDK Context Key SUPPRESS_TRACING");
  for (
    const inside of [
      trace.setSpanContext(context.active(), unseen),
      context.active().setValue(suppressed, true),
    ]
  ) {
    const { telemetry, listener } = traced();
    context.with(inside, () => happen(listener, {}, REQUEST, GRANT));
    happen(listener, {}, RENEW, RELEASE);
    assertEquals(telemetry.spans, []);
  }
});

Deno.test("acquisitions at the same time keep apart", () => {
  const { telemetry, listener } = traced();
  happen(listener, { ticket: 1, name: "a" }, REQUEST);
  happen(listener, { ticket: 2, name: "b" }, REQUEST);
  happen(listener, { ticket: 2, name: "b" }, GRANT, RENEW);
  happen(listener, { ticket: 1, name: "a" }, GRANT);
  happen(listener, { ticket: 2, name: "b" }, LOST);
  happen(listener, { ticket: 1, name: "a" }, RELEASE);
  const told = telemetry.spans.map(({ name, attributes }) =>
    [name, attributes["lock.name"], attributes["lock.outcome"]].join(" ")
  );
  assertEquals(told, [
    "lock acquire b granted",
    "lock renew b ",
    "lock acquire a granted",
    "lock hold b lost",
    "lock hold a released",
  ]);
  const [acquireB, , acquireA, holdB, holdA] = telemetry.spans;
  assertEquals(linked(holdA!.links), [idOf(acquireA!)]);
  assertEquals(linked(holdB!.links), [idOf(acquireB!)]);
});

Deno.test("of several locks all names are told, and the one that was lost", () => {
  const { telemetry, listener } = traced();
  const names = ["a", "b"];
  happen(listener, { name: "a", names }, REQUEST, GRANT, RENEW);
  happen(listener, { name: "b", names }, LOST);
  for (const { attributes } of telemetry.spans) {
    assertEquals([attributes["lock.name"], attributes["lock.names"]], ["a", names]);
  }
  const [lost] = eventsOf(telemetry.only("lock hold"));
  assertEquals(lost?.attributes, { "lock.name": "b", "error.type": "LEASE_STOLEN" });
});

Deno.test("names are mapped or left out", () => {
  const mapped = traced({ lockName: (name) => name.split("/")[0] });
  const dropped = traced({ lockName: () => undefined });
  const broken = traced({
    lockName: () => {
      throw new Error("no");
    },
  });
  for (const { listener } of [mapped, dropped, broken]) {
    happen(listener, { name: "a/1", names: ["a/1", "b/2"] }, REQUEST, GRANT, RENEW, LOST);
  }
  for (const { attributes } of mapped.telemetry.spans) {
    assertEquals([attributes["lock.name"], attributes["lock.names"]], ["a", ["a", "b"]]);
  }
  for (const { telemetry } of [dropped, broken]) {
    assertEquals(telemetry.spans.length, 3);
    const shown = telemetry.spans.map((
      { attributes, events },
    ) => [attributes, eventsOf({ events } as ReadableSpan)]);
    assertEquals(/lock\.names?\b|a\/1/.test(JSON.stringify(shown)), false);
  }
});

Deno.test("retries, which belong to no acquisition, make nothing", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST);
  listener({
    type: "retry",
    operation: "UpdateItem",
    attempt: 1,
    code: "UNAVAILABLE",
    delayMs: 50,
  });
  happen(listener, {}, GRANT);
  assertEquals(eventsOf(telemetry.only("lock acquire")), []);
});

Deno.test("nothing is kept of what is over", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST, GRANT, RELEASE);
  happen(listener, { ticket: 2 }, REQUEST, MISS);
  happen(listener, { ticket: 3 }, REQUEST, ABORTED);
  happen(listener, { ticket: 4 }, REQUEST, GRANT, LOST);
  const { length } = telemetry.spans;
  for (const ticket of [1, 2, 3, 4]) happen(listener, { ticket }, RENEW, LOST, RELEASE, MISS);
  assertEquals(telemetry.spans.length, length);
});

Deno.test("what nobody ends does not pile up", () => {
  const { telemetry, listener } = traced();
  happen(listener, { ticket: 1 }, REQUEST, GRANT);
  for (let ticket = 2; ticket <= 10_000; ticket++) happen(listener, { ticket }, REQUEST);
  assertEquals(telemetry.named("lock hold"), []);
  happen(listener, { ticket: 10_001 }, REQUEST);
  const hold = telemetry.only("lock hold");
  assertEquals([hold.status, "lock.outcome" in hold.attributes], [UNSET, false]);
  happen(listener, { ticket: 10_001 }, GRANT, RELEASE);
  assertEquals(telemetry.named("lock hold").length, 2);
});

Deno.test("a ticket that comes again ends the span of the one before", () => {
  const { telemetry, listener } = traced();
  happen(listener, {}, REQUEST, REQUEST, GRANT, RELEASE);
  assertEquals(telemetry.named("lock acquire").length, 2);
  assertEquals(telemetry.named("lock hold").length, 1);
});
