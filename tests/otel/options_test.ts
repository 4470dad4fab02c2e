/** What `traceLocks` takes, and what it withstands. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { assertType } from "@std/testing/types";
import { type Meter, metrics, trace, type Tracer } from "@opentelemetry/api";
import {
  type MeterLike,
  traceLocks,
  type TraceLocksOptions,
  type TracerLike,
} from "../../src/otel.ts";
import type { LockManagerOptions } from "../../mod.ts";
import { GRANT, happen, LOST, RELEASE, RENEW, REQUEST, Telemetry } from "./telemetry.ts";

type Fits<T, U> = [T] extends [U] ? true : false;

Deno.test("what OpenTelemetry's API hands out fits, and so does a manager's onEvent", () => {
  assertType<Fits<Tracer, TracerLike>>(true);
  assertType<Fits<Meter, MeterLike>>(true);
  assertType<Fits<{ tracer: Tracer; meter: Meter }, TraceLocksOptions>>(true);
  type OnEvent = NonNullable<LockManagerOptions["onEvent"]>;
  assertType<Fits<ReturnType<typeof traceLocks>, OnEvent>>(true);
});

Deno.test("without a registered SDK nothing happens", () => {
  const tracer = trace.getTracer("test");
  const meter = metrics.getMeter("test");
  const failures: unknown[] = [];
  // A proxy would hide what it throws.
  const watched: TracerLike = {
    startSpan: (...args) => {
      try {
        return tracer.startSpan(...args as Parameters<Tracer["startSpan"]>);
      } catch (error) {
        failures.push(error);
        throw error;
      }
    },
  };
  const listener = traceLocks({ tracer: watched, meter });
  happen(listener, {}, REQUEST, GRANT, RENEW, RELEASE);
  happen(listener, { ticket: 2 }, REQUEST, GRANT, LOST);
  assertEquals(failures, []);
});

Deno.test("traceLocks() refuses options that are wrong", () => {
  const refuses = (options: unknown, message: string) => {
    const error = assertThrows(() => traceLocks(options as TraceLocksOptions), TypeError);
    assertEquals(error.message, `Cannot trace locks as ${message}`);
  };
  const { tracer } = new Telemetry();
  refuses({}, "'tracer' must be given where 'meter' is not: current value is undefined");
  refuses(
    { tracer: undefined },
    "'tracer' must be given where 'meter' is not: current value is undefined",
  );
  refuses({ tracer: {} }, "'tracer' must be an object with 'startSpan': current value is object");
  refuses(
    { meter: { createCounter() {} } },
    "'meter' must be an object with 'createUpDownCounter': current value is object",
  );
  refuses(
    { tracer, lockName: "job" },
    "'lockName' must be of type function: current value is 'job'",
  );
  refuses({ tracer, name: "job" }, "option 'name' does not exist");
  refuses(undefined, "'options' must be of type object: current value is undefined");
});

Deno.test("a broken tracer breaks neither the lock nor the metrics", async () => {
  const telemetry = new Telemetry();
  const broken: TracerLike = {
    startSpan: () => {
      throw new Error("no");
    },
  };
  const listener = traceLocks({ tracer: broken, meter: telemetry.meter });
  happen(listener, {}, REQUEST, GRANT, RENEW, RELEASE);
  assertEquals((await telemetry.points("lock.hold.duration"))[0]?.value, 10);
});

Deno.test("spans that cannot end are not kept", () => {
  const { tracer } = new Telemetry();
  let ends = 0;
  const broken: TracerLike = {
    startSpan: (...args) => {
      const span = tracer.startSpan(...args as Parameters<Tracer["startSpan"]>);
      span.end = () => {
        ends++;
        throw new Error("no");
      };
      return span;
    },
  };
  const listener = traceLocks({ tracer: broken });
  happen(listener, {}, REQUEST, GRANT, RELEASE, LOST, RELEASE);
  assert(ends === 1, `tried to end ${ends} spans`);
});

Deno.test("a broken meter breaks neither the lock nor the spans", () => {
  const telemetry = new Telemetry();
  const add = () => {
    throw new Error("no");
  };
  const broken: MeterLike = {
    createCounter: () => ({ add }),
    createUpDownCounter: () => ({ add }),
    createHistogram: () => ({ record: add }),
  };
  const listener = traceLocks({ tracer: telemetry.tracer, meter: broken });
  happen(listener, {}, REQUEST, GRANT, RELEASE);
  assertEquals(telemetry.spans.map(({ name }) => name), ["lock acquire", "lock hold"]);
});
