/**
 * What is needed of OpenTelemetry, as shapes: the objects of any version 1 of its API fit, and nothing
 * of it is imported.
 *
 * @module
 */

/** Attributes of a span, of one of its events, or of a measurement. */
export interface AttributesLike {
  /** One attribute. */
  [name: string]: string | number | boolean | string[];
}

/** What identifies a span. */
export interface SpanContextLike {
  /** The trace's id, 32 hexadecimal digits. */
  readonly traceId: string;
  /** The span's id, 16 hexadecimal digits. */
  readonly spanId: string;
  /** Whether it is sampled, as bits. */
  readonly traceFlags: number;
}

/** What a span is started in: here only its parent. */
export interface ContextLike {
  /** A value, or `undefined`. */
  getValue(key: symbol): unknown;
  /** A context like this one, with one value more. */
  setValue(key: symbol, value: unknown): ContextLike;
  /** A context like this one, without one value. */
  deleteValue(key: symbol): ContextLike;
}

/** A span: the methods that are called. */
export interface SpanLike {
  /** What identifies it. */
  spanContext(): SpanContextLike;
  /** Sets attributes. */
  setAttributes(attributes: AttributesLike): unknown;
  /** Adds an event that happens now. */
  addEvent(name: string, attributes?: AttributesLike): unknown;
  /** Says that what it stands for failed: 2 is `SpanStatusCode.ERROR`. */
  setStatus(status: { code: 2; message?: string }): unknown;
  /** Ends it, now or at a time in milliseconds since 1970. */
  end(endTime?: number): void;
  /** Whether anybody will see it. */
  isRecording(): boolean;
}

/** How a span is started. */
export interface SpanOptionsLike {
  /** Its first attributes. */
  attributes?: AttributesLike;
  /** Spans that it came from, other than its parent. */
  links?: { context: SpanContextLike }[];
  /** When it began, in milliseconds since 1970, where that is not now. */
  startTime?: number;
}

/** Starts spans: `trace.getTracer(name)` of `@opentelemetry/api` is one. */
export interface TracerLike {
  /** Starts a span, in the active context where none is given. */
  startSpan(name: string, options?: SpanOptionsLike, context?: ContextLike): SpanLike;
}

/** What an instrument measures. */
export interface InstrumentOptionsLike {
  /** One sentence. */
  description?: string;
  /** Its unit, as UCUM writes it. */
  unit?: string;
  /** The upper limits of a histogram's buckets, unless a view says otherwise. */
  advice?: { explicitBucketBoundaries?: number[] };
}

/** Adds up. */
export interface CounterLike {
  /** Adds. */
  add(value: number, attributes?: AttributesLike): void;
}

/** Tells how values are distributed. */
export interface HistogramLike {
  /** Records one value. */
  record(value: number, attributes?: AttributesLike): void;
}

/** Makes instruments: `metrics.getMeter(name)` of `@opentelemetry/api` is one. */
export interface MeterLike {
  /** Makes a counter. */
  createCounter(name: string, options?: InstrumentOptionsLike): CounterLike;
  /** Makes a counter that also goes down. */
  createUpDownCounter(name: string, options?: InstrumentOptionsLike): CounterLike;
  /** Makes a histogram. */
  createHistogram(name: string, options?: InstrumentOptionsLike): HistogramLike;
}
