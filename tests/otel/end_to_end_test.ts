/** Locks as OpenTelemetry sees them: managers on a table in memory, traced by the SDK. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { context, SpanStatusCode, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { traceLocks } from "../../src/otel.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";
import { Telemetry } from "./telemetry.ts";

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());

/** A process whose locks are traced. */
function traced(
  world: World,
  options: LockManagerOptions & Surroundings = {},
): { telemetry: Telemetry; process: Process } {
  const telemetry = new Telemetry();
  const { tracer, meter } = telemetry;
  const process = world.process({ ...options, onEvent: traceLocks({ tracer, meter }) });
  return { telemetry, process };
}

/** Runs as a caller with a span of its own, and answers that span's id. */
async function calling(telemetry: Telemetry, work: () => Promise<unknown>): Promise<string> {
  const span = telemetry.tracer.startSpan("caller");
  await context.with(trace.setSpan(context.active(), span), work);
  return span.spanContext().spanId;
}

const parentOf = (telemetry: Telemetry, name: string) =>
  telemetry.only(name).parentSpanContext?.spanId;

const outcomes = (telemetry: Telemetry) =>
  telemetry.spans.map(({ name, attributes }) => [name, attributes["lock.outcome"]]);

Deno.test("a lock that is taken, renewed and given back", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  const caller = await calling(telemetry, async () => {
    const lease = await world.until(process.manager.acquire("job"));
    await world.pass(7_000);
    await world.until(lease.release());
  });
  assertEquals(outcomes(telemetry), [
    ["lock acquire", "granted"],
    ["lock renew", undefined],
    ["lock hold", "released"],
  ]);
  assertEquals(parentOf(telemetry, "lock acquire"), caller);
  const hold = telemetry.only("lock hold");
  assertEquals(hold.parentSpanContext?.spanId, caller);
  assertEquals(parentOf(telemetry, "lock renew"), hold.spanContext().spanId);
  const acquire = telemetry.only("lock acquire");
  assertEquals(hold.links.map((link) => link.context.spanId), [acquire.spanContext().spanId]);
  const { attributes } = hold;
  assertEquals([attributes["lock.renewals"], attributes["lock.requests"]], [1, 2]);
  const held = attributes["lock.held_ms"];
  assert(typeof held === "number" && held >= 7_000 && held < 7_010, `held for ${held} ms`);
  const requests = (await telemetry.points("lock.requests")).map(({ value }) => value);
  assertEquals(requests, [1, 1, 1]);
  assertEquals(requests.length, world.sent().length);
  const [{ value, count } = { value: NaN, count: 0 }] = await telemetry.points(
    "lock.hold.duration",
  );
  assertEquals([count, Math.round(value)], [1, 7]);
  await world.end(process);
});

Deno.test("a renewal is as long as its request", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world, { latencyMs: 50 });
  const lease = await world.until(process.manager.acquire("job"));
  await world.until(lease.renew());
  const [seconds, nanos] = telemetry.only("lock renew").duration;
  assertEquals(Math.round(seconds * 1e3 + nanos / 1e6), 100);
  await world.end(process);
});

Deno.test("a lock that is held by others, and a caller that does not wait for it any longer", async () => {
  const world = await World.create();
  const holder = world.process();
  const { telemetry, process } = traced(world);
  await world.until(holder.manager.acquire("job"));
  assertEquals(await world.until(process.manager.tryAcquire("job")), null);
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(3_000);
  stop.abort(new Error("enough"));
  await assertRejects(() => world.until(waiting), Error, "enough");
  assertEquals(outcomes(telemetry), [["lock acquire", "missed"], ["lock acquire", "aborted"]]);
  for (const { status } of telemetry.spans) assertEquals(status.code, SpanStatusCode.UNSET);
  const [missed, aborted] = await telemetry.points("lock.wait.duration");
  assertEquals([missed?.count, aborted?.count], [1, 1]);
  assertEquals(Math.round(aborted?.value ?? 0), 3);
  assertEquals(await telemetry.points("lock.held"), []);
  await world.end(holder, process);
});

Deno.test("an acquisition that DynamoDB refuses", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  await world.deleteTable();
  await assertRejects(() => world.until(process.manager.acquire("job")));
  const { status, attributes } = telemetry.only("lock acquire");
  assertEquals(status, { code: SpanStatusCode.ERROR, message: "TABLE_NOT_FOUND" });
  assertEquals(attributes["error.type"], "TABLE_NOT_FOUND");
  await world.end(process);
});

Deno.test("a dead holder's lock is taken over", async () => {
  const world = await World.create();
  const crashed = world.process();
  const { telemetry, process } = traced(world);
  await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
  crashed.node.pause();
  await world.until(process.manager.acquire("job"));
  const acquire = telemetry.only("lock acquire");
  assertEquals(acquire.attributes["lock.takeover"], true);
  assertEquals(acquire.events.map(({ name }) => name), ["lock.takeover"]);
  const [wait] = await telemetry.points("lock.wait.duration");
  assertEquals(wait?.attributes["lock.takeover"], true);
  assertGreater(wait?.value ?? 0, 1.5);
  crashed.node.resume();
  await world.end(crashed, process);
});

Deno.test("a lease is endangered, and lost", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  await world.until(process.manager.acquire("job"));
  let away = true;
  world.fail({ kind: "drop-request" }, { times: Infinity, when: () => away });
  await world.pass(25_000);
  const hold = telemetry.only("lock hold");
  assertEquals(hold.status, { code: SpanStatusCode.ERROR, message: "LEASE_EXPIRED" });
  const names = hold.events.map(({ name }) => name);
  assert(names.includes("lock.endangered"), `no danger in ${names}`);
  assertEquals(names.at(-1), "lock.lost");
  const [lost] = await telemetry.points("lock.lost");
  assertEquals(lost?.value, 1);
  assertEquals(lost?.attributes["error.type"], "LEASE_EXPIRED");
  assertEquals((await telemetry.points("lock.held")).map(({ value }) => value), [0]);
  away = false;
  await world.end(process);
});

Deno.test("a lock that goes from caller to caller stays below the caller that has it", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  const first = await world.until(process.manager.acquire("job"));
  let waiting: Promise<unknown> | undefined;
  const caller = await calling(telemetry, () => {
    waiting = process.manager.acquire("job").then((lease) => lease.release());
    return Promise.resolve();
  });
  await world.pass(10);
  await world.until(first.release());
  await world.until(waiting!);
  const [own, other] = telemetry.named("lock hold").map((span) => span.parentSpanContext?.spanId);
  assertEquals([own, other], [undefined, caller]);
  assertEquals((await telemetry.points("lock.held")).map(({ value }) => value), [0]);
  await world.end(process);
});

Deno.test("several locks are one lease, and the one that was stolen is told", async () => {
  const world = await World.create();
  const operator = world.process();
  const { telemetry, process } = traced(world);
  const { fencingToken: token } = await world.until(process.manager.acquire(["a", "b"]));
  assertEquals(await world.until(operator.manager.breakLock("b", { token })), true);
  await world.pass(10_000);
  const { attributes, events, status } = telemetry.only("lock hold");
  assertEquals([attributes["lock.name"], attributes["lock.names"]], ["a", ["a", "b"]]);
  assertEquals(status.message, "LEASE_STOLEN");
  const lost = events.find(({ name }) => name === "lock.lost");
  assertEquals(lost?.attributes, { "lock.name": "b", "error.type": "LEASE_STOLEN" });
  await world.end(operator, process);
});

Deno.test("each caller that enters a lock again has spans of its own", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  const outer = await world.until(process.manager.acquire("job", { reentrant: true }));
  const inner = await world.until(process.manager.acquire("job", { reentrant: true }));
  assertEquals((await telemetry.points("lock.held"))[0]?.value, 2);
  await world.until(inner.release());
  await world.until(outer.release());
  assertEquals(outcomes(telemetry), [
    ["lock acquire", "granted"],
    ["lock acquire", "granted"],
    ["lock hold", "released"],
    ["lock hold", "released"],
  ]);
  assertEquals((await telemetry.points("lock.held"))[0]?.value, 0);
  assertEquals((await telemetry.points("lock.lost")).length, 0);
  await world.end(process);
});

Deno.test("a release that DynamoDB does not answer ends the span", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world);
  const lease = await world.until(process.manager.acquire("job"));
  let away = true;
  world.fail({ kind: "drop-request" }, { times: Infinity, when: () => away });
  await assertRejects(() => world.until(lease.release()));
  const { status, attributes } = telemetry.only("lock hold");
  assertEquals(status, { code: SpanStatusCode.ERROR, message: "UNKNOWN" });
  assertEquals(attributes["lock.outcome"], "abandoned");
  assertEquals((await telemetry.points("lock.held"))[0]?.value, 0);
  away = false;
  await world.end(process);
  assertEquals(telemetry.spans.length, 2);
});

Deno.test("spans and metrics hold no owner, data or credential", async () => {
  const world = await World.create();
  const { telemetry, process } = traced(world, { owner: "own-owner" });
  const lease = await world.until(process.manager.acquire("job", { data: "own-data" }));
  await world.until(lease.update("new-data"));
  await world.until(lease.release());
  const spans = telemetry.spans.map(({ attributes, events }) => [attributes, events]);
  const text = JSON.stringify([spans, [...await telemetry.metrics()]]);
  assertEquals(/own-owner|own-data|new-data|secret|Credential/.exec(text), null);
  await world.end(process);
});
