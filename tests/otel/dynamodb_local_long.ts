/** Spans and metrics of locks on DynamoDB Local: what OpenTelemetry's SDK records of real requests. */

import { assert, assertEquals } from "@std/assert";
import { SpanStatusCode } from "@opentelemetry/api";
import { traceLocks } from "../../src/otel.ts";
import { LocalTable, sleep, SURELY_DEAD_MS } from "../support/local_peer.ts";
import { Telemetry } from "./telemetry.ts";

const outcomes = ({ spans }: Telemetry) =>
  spans.map(({ name, attributes }) => [name, attributes["lock.outcome"]]);

Deno.test("locks are traced on DynamoDB Local", async (t) => {
  await using local = await LocalTable.start();
  const traced = () => {
    const telemetry = new Telemetry();
    const { tracer, meter } = telemetry;
    return { telemetry, peer: local.peer({ onEvent: traceLocks({ tracer, meter }) }) };
  };

  await t.step("a wait, a hold with its renewals, and as many requests as were sent", async () => {
    await using holder = local.peer();
    const { telemetry, peer } = traced();
    const held = await holder.manager.acquire("job");
    const waiting = peer.manager.acquire("job", { leaseMs: 2_000 });
    await sleep(1_500);
    await held.release();
    const lease = await waiting;
    await sleep(1_500);
    await lease.release();
    const [acquire, ...others] = outcomes(telemetry);
    assertEquals(acquire, ["lock acquire", "granted"]);
    assertEquals(others.pop(), ["lock hold", "released"]);
    assertEquals(others, others.map(() => ["lock renew", undefined]));
    assert(others.length >= 1);
    const { attributes } = telemetry.only("lock acquire");
    assert(Number(attributes["lock.waited_ms"]) >= 1_500);
    assertEquals(telemetry.only("lock hold").attributes["lock.fencing_token"], lease.fencingToken);
    const requests = (await telemetry.points("lock.requests")).map(({ value }) => value);
    assertEquals(requests.reduce((sum, value) => sum + value), peer.sent().length);
    await peer.manager.close();
  });

  await t.step("a takeover, and a loss to an operator", async () => {
    const crashed = local.peer();
    await using operator = local.peer();
    const { telemetry, peer } = traced();
    await crashed.manager.acquire("taken", { leaseMs: 2_000, renew: false });
    crashed.cutOff = true;
    await sleep(SURELY_DEAD_MS);
    const lease = await peer.manager.acquire("taken", { leaseMs: 2_000 });
    assertEquals(telemetry.only("lock acquire").attributes["lock.takeover"], true);
    await operator.manager.breakLock("taken", { token: lease.fencingToken });
    await new Promise((resolve) => lease.signal.addEventListener("abort", resolve));
    const { status, attributes } = telemetry.only("lock hold");
    assertEquals(status.code, SpanStatusCode.ERROR);
    assertEquals(attributes["error.type"], "LEASE_STOLEN");
    const [{ value } = { value: 0 }] = await telemetry.points("lock.lost");
    assertEquals(value, 1);
    await peer.manager.close();
    await crashed.manager.close();
  });
});
