/** OpenTelemetry's SDK as the tests use it: real tracers and meters, and what they recorded. */

import type { Attributes, Meter, Tracer } from "@opentelemetry/api";
import {
  DataPointType,
  type Histogram,
  MeterProvider,
  MetricReader,
} from "@opentelemetry/sdk-metrics";
import { type ReadableSpan, TracerProvider } from "@opentelemetry/sdk-trace";
import type { LeaseEvent, LockEventListener, LockEventSubject } from "../../src/events.ts";

/** Reads when it is asked, without a timer. */
class Reader extends MetricReader {
  protected override onForceFlush(): Promise<void> {
    return Promise.resolve();
  }

  protected override onShutdown(): Promise<void> {
    return Promise.resolve();
  }
}

/** What was measured by one instrument with one set of attributes. */
export interface Point {
  readonly attributes: Attributes;
  /** Of a histogram the sum of the values. */
  readonly value: number;
  /** Of a histogram how many they are. */
  readonly count?: number;
}

/** A tracer, a meter, and what they recorded. */
export class Telemetry {
  /** The spans that ended, in that order. */
  readonly spans: ReadableSpan[] = [];
  readonly #reader = new Reader();
  readonly tracer: Tracer;
  readonly meter: Meter;

  constructor() {
    // At once: the SDK's exporter in memory answers by a timer, which a test would leave behind.
    const processor = {
      onStart: () => {},
      onEnd: (span: ReadableSpan) => void this.spans.push(span),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    };
    this.tracer = new TracerProvider({ spanProcessors: [processor] }).getTracer("test");
    this.meter = new MeterProvider({ readers: [this.#reader] }).getMeter("test");
  }

  /** The spans of a name that ended. */
  named(name: string): ReadableSpan[] {
    return this.spans.filter((span) => span.name === name);
  }

  /** The only span of a name that ended. */
  only(name: string): ReadableSpan {
    const [span, ...more] = this.named(name);
    if (span === undefined || more.length > 0) {
      throw new Error(`There are ${this.named(name).length} spans '${name}'`);
    }
    return span;
  }

  /** Every instrument: its kind, its unit, and its points. */
  async metrics(): Promise<Map<string, { type: DataPointType; unit: string; points: Point[] }>> {
    const { resourceMetrics } = await this.#reader.collect();
    const all = resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
    return new Map(all.map(({ descriptor, dataPointType, dataPoints }) => {
      const points = dataPoints.map(({ attributes, value }): Point => {
        if (dataPointType !== DataPointType.HISTOGRAM) {
          return { attributes, value: value as number };
        }
        const { sum = NaN, count } = value as Histogram;
        return { attributes, value: sum, count };
      });
      return [descriptor.name, { type: dataPointType, unit: descriptor.unit, points }];
    }));
  }

  /** What one instrument measured. */
  async points(name: string): Promise<Point[]> {
    return (await this.metrics()).get(name)?.points ?? [];
  }
}

/** Somebody asks for `job`, and waits. */
export const REQUEST: LeaseEvent = { type: "request", wait: true, mode: "exclusive" };
/** It is granted after two and a half seconds. */
export const GRANT: LeaseEvent = {
  ...{ type: "grant", fencingToken: 7, waitedMs: 2_500, takeover: false, requests: 3 },
};
/** It is renewed. */
export const RENEW: LeaseEvent = {
  ...{ type: "renew", fencingToken: 7, remainingMs: 19_000, requests: 1, tookMs: 40 },
};
/** It is given back after ten seconds. */
export const RELEASE: LeaseEvent = {
  ...{ type: "release", fencingToken: 7, held: true, heldMs: 10_000, requests: 1 },
};
/** It is lost after ten seconds. */
export const LOST: LeaseEvent = {
  ...{ type: "lost", fencingToken: 7, code: "LEASE_STOLEN", heldMs: 10_000, requests: 0 },
};
/** It is held by somebody else. */
export const MISS: LeaseEvent = { type: "miss", waitedMs: 500, requests: 1 };
/** The caller stops waiting. */
export const ABORTED: LeaseEvent = {
  ...{ type: "fail", code: "ABORTED", waitedMs: 1_500, requests: 2 },
};

/** Tells a listener what happened to an acquisition, by default of `job` with ticket 1. */
export function happen(
  listener: LockEventListener,
  subject: Partial<LockEventSubject>,
  ...events: LeaseEvent[]
): void {
  const { name = "job", names = [name], ticket = 1 } = subject;
  for (const event of events) listener({ name, names, ticket, ...event });
}
