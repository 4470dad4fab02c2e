/** The metrics that `traceLocks` makes of events, on the SDK of OpenTelemetry. */

import { assertEquals } from "@std/assert";
import { DataPointType } from "@opentelemetry/sdk-metrics";
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

function measured(options: { lockName?: (name: string) => string | undefined } = {}) {
  const telemetry = new Telemetry();
  return { telemetry, listener: traceLocks({ meter: telemetry.meter, ...options }) };
}

const EXCLUSIVE = { "lock.mode": "exclusive" };

Deno.test("instruments have the units of OpenTelemetry", async () => {
  const { telemetry, listener } = measured();
  happen(listener, {}, REQUEST, GRANT, LOST);
  const kinds = [...await telemetry.metrics()].map(([name, { type, unit }]) => [name, type, unit]);
  assertEquals(kinds, [
    ["lock.wait.duration", DataPointType.HISTOGRAM, "s"],
    ["lock.hold.duration", DataPointType.HISTOGRAM, "s"],
    ["lock.held", DataPointType.SUM, "{lease}"],
    ["lock.lost", DataPointType.SUM, "{lease}"],
    ["lock.requests", DataPointType.SUM, "{request}"],
  ]);
});

Deno.test("waits are told by how they ended", async () => {
  const { telemetry, listener } = measured();
  happen(listener, { ticket: 1 }, REQUEST, GRANT);
  happen(listener, { ticket: 2 }, REQUEST, GRANT);
  happen(listener, { ticket: 3 }, REQUEST, { ...GRANT, takeover: true } as typeof GRANT);
  happen(listener, { ticket: 4 }, { type: "request", wait: false, mode: "shared" }, MISS);
  happen(listener, { ticket: 5 }, REQUEST, ABORTED);
  happen(
    listener,
    { ticket: 6 },
    REQUEST,
    { type: "fail", code: "ACCESS_DENIED", waitedMs: 250, requests: 1 },
  );
  const granted = { ...EXCLUSIVE, "lock.outcome": "granted" };
  assertEquals(await telemetry.points("lock.wait.duration"), [
    { attributes: { ...granted, "lock.takeover": false }, value: 5, count: 2 },
    { attributes: { ...granted, "lock.takeover": true }, value: 2.5, count: 1 },
    { attributes: { "lock.mode": "shared", "lock.outcome": "missed" }, value: 0.5, count: 1 },
    { attributes: { ...EXCLUSIVE, "lock.outcome": "aborted" }, value: 1.5, count: 1 },
    {
      attributes: { ...EXCLUSIVE, "lock.outcome": "failed", "error.type": "ACCESS_DENIED" },
      value: 0.25,
      count: 1,
    },
  ]);
});

Deno.test("holds and losses are told by how they ended", async () => {
  const { telemetry, listener } = measured();
  happen(listener, { ticket: 1 }, REQUEST, GRANT, RELEASE);
  happen(listener, { ticket: 2 }, REQUEST, GRANT, LOST, LOST, RELEASE);
  happen(listener, { ticket: 3 }, REQUEST, GRANT, { ...RELEASE, held: false } as typeof RELEASE);
  happen(
    listener,
    { ticket: 4 },
    REQUEST,
    GRANT,
    { ...RELEASE, held: undefined } as typeof RELEASE,
  );
  const lost = { ...EXCLUSIVE, "lock.outcome": "lost" };
  assertEquals(await telemetry.points("lock.hold.duration"), [
    { attributes: { ...EXCLUSIVE, "lock.outcome": "released" }, value: 10, count: 1 },
    { attributes: { ...lost, "error.type": "LEASE_STOLEN" }, value: 10, count: 1 },
    { attributes: { ...lost, "error.type": "UNKNOWN" }, value: 10, count: 1 },
    {
      attributes: { ...EXCLUSIVE, "lock.outcome": "abandoned", "error.type": "UNKNOWN" },
      value: 10,
      count: 1,
    },
  ]);
  assertEquals(await telemetry.points("lock.lost"), [
    { attributes: { ...EXCLUSIVE, "error.type": "LEASE_STOLEN" }, value: 1 },
    { attributes: { ...EXCLUSIVE, "error.type": "UNKNOWN" }, value: 1 },
  ]);
  assertEquals(await telemetry.points("lock.held"), [{ attributes: EXCLUSIVE, value: 0 }]);
});

Deno.test("leases that are held are counted", async () => {
  const { telemetry, listener } = measured();
  happen(listener, { ticket: 1 }, REQUEST, GRANT);
  happen(listener, { ticket: 2 }, REQUEST, GRANT);
  happen(listener, { ticket: 3 }, REQUEST);
  happen(listener, { ticket: 4 }, REQUEST, MISS);
  assertEquals(await telemetry.points("lock.held"), [{ attributes: EXCLUSIVE, value: 2 }]);
  happen(listener, { ticket: 1 }, RELEASE, RELEASE);
  assertEquals(await telemetry.points("lock.held"), [{ attributes: EXCLUSIVE, value: 1 }]);
  happen(listener, { ticket: 2 }, RENEW, LOST);
  assertEquals(await telemetry.points("lock.held"), [{ attributes: EXCLUSIVE, value: 0 }]);
});

Deno.test("requests are counted once, by what they were for", async () => {
  const { telemetry, listener } = measured();
  happen(listener, { ticket: 1 }, REQUEST, GRANT, RENEW, RENEW, RELEASE); // 3, 1, 1, 1
  happen(listener, { ticket: 2 }, REQUEST, MISS); // 1
  happen(listener, { ticket: 3 }, REQUEST, ABORTED); // 2
  listener({ type: "retry", operation: "UpdateItem", attempt: 1, code: "UNAVAILABLE", delayMs: 9 });
  assertEquals(await telemetry.points("lock.requests"), [
    { attributes: { "lock.operation": "acquire" }, value: 6 },
    { attributes: { "lock.operation": "renew" }, value: 2 },
    { attributes: { "lock.operation": "release" }, value: 1 },
  ]);
});

Deno.test("metrics carry a lock's name only as lockName gives it", async () => {
  const plain = measured();
  const mapped = measured({ lockName: (name) => name.split("/")[0] });
  for (const { listener } of [plain, mapped]) {
    for (const [ticket, name] of ["a/1", "a/2", "b/1"].entries()) {
      happen(listener, { ticket, name }, REQUEST, GRANT, RENEW, LOST);
    }
  }
  const told = JSON.stringify([...await plain.telemetry.metrics()]);
  assertEquals([told.includes("lock.name"), told.includes("a/1")], [false, false]);
  for (const [name, { points }] of await mapped.telemetry.metrics()) {
    const names = new Set(points.map(({ attributes }) => attributes["lock.name"]));
    assertEquals({ name, names: [...names] }, { name, names: ["a", "b"] });
  }
  const [a, b] = await mapped.telemetry.points("lock.lost");
  assertEquals([a?.value, b?.value], [2, 1]);
});

Deno.test("of several locks the one that was lost is told", async () => {
  const { telemetry, listener } = measured({ lockName: (name) => name });
  const names = ["a", "b"];
  happen(listener, { name: "a", names }, REQUEST, GRANT);
  happen(listener, { name: "b", names }, LOST);
  const [lost] = await telemetry.points("lock.lost");
  assertEquals(lost?.attributes["lock.name"], "b");
  // What went up comes down.
  assertEquals((await telemetry.points("lock.held")).map(({ value }) => value), [0]);
});

Deno.test("leases that nobody ends are counted down when they are too many", async () => {
  const { telemetry, listener } = measured();
  for (let ticket = 1; ticket <= 10_005; ticket++) happen(listener, { ticket }, REQUEST, GRANT);
  assertEquals((await telemetry.points("lock.held"))[0]?.value, 10_000);
  const waiting = measured();
  for (let ticket = 1; ticket <= 10_005; ticket++) happen(waiting.listener, { ticket }, REQUEST);
  assertEquals(await waiting.telemetry.points("lock.held"), []);
});
