/**
 * Locks in OpenTelemetry: the events of a manager as spans and metrics.
 *
 * Nothing of OpenTelemetry comes along: what `@opentelemetry/api` hands out fits, and until an SDK is
 * registered it does nothing. On Deno, `OTEL_DENO=true` is all that it needs.
 *
 * @example
 * ```ts
 * import { metrics, trace } from "@opentelemetry/api";
 * import { LockManager } from "@x/dynamo-lock";
 * import { traceLocks } from "@x/dynamo-lock/otel";
 *
 * const tracer = trace.getTracer("dynamo-lock");
 * const meter = metrics.getMeter("dynamo-lock");
 *
 * await using locks = new LockManager({ onEvent: traceLocks({ tracer, meter }) });
 * await using lease = await locks.acquire("invoice/42");
 * console.log(lease.held); // true
 * ```
 *
 * ## Spans
 *
 * | span | from, to | parent |
 * | --- | --- | --- |
 * | `lock acquire` | the call, its answer | the caller's active span |
 * | `lock hold` | the grant, the release or the loss | the caller's active span; linked to `lock acquire` |
 * | `lock renew` | a renewal that succeeded | `lock hold` |
 *
 * `lock hold` stands beside `lock acquire`, for it begins when that is over. It finds the caller's span
 * where a context manager follows promises (`AsyncLocalStorage`); elsewhere only the link is left. All
 * are of kind `INTERNAL` and say nothing of the database: the requests have spans of their own where
 * `fetch` is traced, below the same caller.
 *
 * | attribute | on | value |
 * | --- | --- | --- |
 * | `lock.name` | all | the lock's name, of several the first |
 * | `lock.names` | all | all names, where there are several |
 * | `lock.mode` | all | `exclusive` or `shared` |
 * | `lock.blocking` | acquire | whether it waits |
 * | `lock.outcome` | acquire | `granted`, `missed`, `aborted` by the caller, or `failed` |
 * | | hold | `released`, `lost`, or `abandoned` where the release failed |
 * | `error.type` | acquire, hold | the error's code, with status `ERROR`; none for `missed` and `aborted` |
 * | `lock.waited_ms`, `lock.takeover` | acquire | the wait, and whether a dead holder was removed |
 * | `lock.fencing_token` | all, once granted | the token |
 * | `lock.requests` | all | requests to DynamoDB; of hold, those of renewals, transactions and the release |
 * | `lock.held_ms`, `lock.renewals` | hold | how long it was held, how often it was renewed |
 * | `lock.remaining_ms` | renew | for how long it is held now |
 *
 * | span event | on | attributes |
 * | --- | --- | --- |
 * | `lock.takeover` | acquire | `lock.fencing_token` |
 * | `lock.lost` | hold | `lock.name`, `error.type` |
 * | `lock.endangered` | hold | `lock.remaining_ms` |
 * | `lock.trouble` | acquire, hold | `lock.step`, `error.type`: something failed and is tried again |
 *
 * ## Metrics
 *
 * | instrument | kind, unit | attributes |
 * | --- | --- | --- |
 * | `lock.wait.duration` | histogram, `s` | `lock.mode`, `lock.outcome`, `error.type`, `lock.takeover` |
 * | `lock.hold.duration` | histogram, `s` | `lock.mode`, `lock.outcome`, `error.type` |
 * | `lock.held` | up-down counter, `{lease}` | `lock.mode` |
 * | `lock.lost` | counter, `{lease}` | `lock.mode`, `error.type` |
 * | `lock.requests` | counter, `{request}` | `lock.operation`: `acquire`, `renew` or `release` |
 *
 * Requests of clean-ups are not counted: events do not tell them. Those under a lease that is then lost
 * count as `renew`. A caller that enters a lock again has spans of its own, and counts as one more lease.
 *
 * Metrics carry no lock's name, since names have no bound, unless `lockName` gives one. Nothing here ever
 * carries an owner, data or a credential.
 *
 * @module
 */

import { checkOptions, type Checks, having, ofType, refuse } from "./checks.ts";
import { type LockEventListener, safely } from "./events.ts";
import type { MeterLike, TracerLike } from "./otel/api.ts";
import { metricListener } from "./otel/metrics.ts";
import { spanListener } from "./otel/spans.ts";

export type { LeaseEvent, LockEvent, LockEventListener, LockEventSubject } from "./events.ts";
export type { LeaseLostCode, LockErrorCode, LockServiceCode, LockTableCode } from "./errors.ts";
export type { LockMode } from "./records/record.ts";
export type {
  AttributesLike,
  ContextLike,
  CounterLike,
  HistogramLike,
  InstrumentOptionsLike,
  MeterLike,
  SpanContextLike,
  SpanLike,
  SpanOptionsLike,
  TracerLike,
} from "./otel/api.ts";

/** Options of {@linkcode traceLocks}. One of `tracer` and `meter` is needed. */
export interface TraceLocksOptions {
  /** Starts the spans: `trace.getTracer(name)` of `@opentelemetry/api`. @default {no spans} */
  readonly tracer?: TracerLike | undefined;
  /** Makes the instruments: `metrics.getMeter(name)` of `@opentelemetry/api`. @default {no metrics} */
  readonly meter?: MeterLike | undefined;
  /**
   * What spans and metrics say for a lock's name; `undefined` leaves it out. Given, metrics carry
   * `lock.name` too: answer one of few names, such as `"invoice"` for `"invoice/42"`, since each makes
   * time series of its own. @default {on spans the name itself, on metrics none}
   */
  readonly lockName?: (name: string) => string | undefined;
}

const CHECKS: Checks<TraceLocksOptions> = {
  tracer: having("startSpan"),
  meter: having("createCounter", "createUpDownCounter", "createHistogram"),
  lockName: ofType("function"),
};

/**
 * A listener for the `onEvent` of one `LockManager` that makes spans and metrics of its events. Make
 * another one for another manager: each counts its tickets from 1. A tracer or meter that throws
 * breaks nothing. At most 10,000 acquisitions and leases are followed at a time; of more, the spans of
 * the oldest end without an outcome.
 *
 * @throws {TypeError} When neither `tracer` nor `meter` is given, or an option has the wrong type.
 *
 * @example Metrics by kind of lock, and no spans
 * ```ts
 * import { metrics } from "@opentelemetry/api";
 * import { LockManager } from "@x/dynamo-lock";
 * import { traceLocks } from "@x/dynamo-lock/otel";
 *
 * const meter = metrics.getMeter("dynamo-lock");
 * const lockName = (name: string) => name.split("/")[0];
 *
 * await using locks = new LockManager({ onEvent: traceLocks({ meter, lockName }) });
 * await using lease = await locks.acquire("invoice/44");
 * console.log(lease.held); // true
 * ```
 */
export function traceLocks(options: TraceLocksOptions): LockEventListener {
  const action = "trace locks";
  const { tracer, meter, lockName } = checkOptions(action, options, CHECKS);
  if (tracer === undefined && meter === undefined) {
    refuse(TypeError, action, "tracer", "given where 'meter' is not", undefined);
  }
  // Each on its own: a tracer that throws costs no measurement.
  const spans = safely(tracer && spanListener(tracer, lockName ?? ((name) => name)));
  const measurements = safely(meter && metricListener(meter, lockName ?? (() => undefined)));
  return (event) => {
    spans(event);
    measurements(event);
  };
}
