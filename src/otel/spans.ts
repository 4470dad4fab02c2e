/**
 * Spans of locks: one for each acquisition, each lease and each renewal.
 *
 * @module
 */

import type { LockEvent, LockEventListener } from "../events.ts";
import { systemRuntime } from "../runtime.ts";
import type { AttributesLike, ContextLike, SpanLike, TracerLike } from "./api.ts";
import {
  type Answer,
  answerOutcome,
  type End,
  endOutcome,
  errorAttribute,
  type EventOf,
  isEnd,
  type LockName,
  nameAttribute,
  nameAttributes,
  type Outcome,
  outcomeAttributes,
} from "./describe.ts";
import { OpenTickets } from "./open_tickets.ts";

/**
 * Where a context has its span. Every copy and version of OpenTelemetry's API in a process has to find
 * the span of any other, so this key is the same in all of them.
 */
const SPAN_KEY = Symbol.for("OpenTelemetry Context Key SPAN");

/** A context with a span, which becomes the parent of what is started in it. */
class ChildContext implements ContextLike {
  readonly #values: ReadonlyMap<symbol, unknown>;

  constructor(values: ReadonlyMap<symbol, unknown>) {
    this.#values = values;
  }

  getValue(key: symbol): unknown {
    return this.#values.get(key);
  }

  setValue(key: symbol, value: unknown): ContextLike {
    return new ChildContext(new Map([...this.#values, [key, value]]));
  }

  deleteValue(key: symbol): ContextLike {
    return new ChildContext(new Map([...this.#values].filter(([own]) => own !== key)));
  }
}

/** The span of an acquisition, and then that of its lease. */
interface OpenSpan {
  readonly span: SpanLike;
  readonly common: AttributesLike;
  requests: number;
  renewals: number;
}

function end(span: SpanLike, outcome: Outcome, attributes: AttributesLike): void {
  const { error } = outcome;
  span.setAttributes({ ...attributes, ...outcomeAttributes(outcome) });
  if (error !== undefined) span.setStatus({ code: 2, message: error });
  span.end();
}

/** Turns the events of one manager into spans. */
class LockSpans {
  readonly #tracer: TracerLike;
  readonly #lockName: LockName;
  // Nobody knows how it ended: no outcome is said.
  readonly #open = new OpenTickets<OpenSpan>(({ span }) => span.end());

  constructor(tracer: TracerLike, lockName: LockName) {
    this.#tracer = tracer;
    this.#lockName = lockName;
  }

  tell(event: LockEvent): void {
    if (event.type === "retry") return;
    if (isEnd(event)) return this.#ended(event);
    switch (event.type) {
      case "request":
        return this.#requested(event);
      case "grant":
      case "miss":
      case "fail":
        return this.#answered(event);
      case "renew":
        return this.#renewed(event);
      case "endangered":
        return this.#happened(event, { "lock.remaining_ms": event.remainingMs });
      case "trouble":
        return this.#happened(event, { "lock.step": event.step, "error.type": event.code });
    }
  }

  #requested(event: EventOf<"request">): void {
    const names = nameAttributes(event, this.#lockName);
    const common = { ...names, "lock.mode": event.mode };
    const attributes = { ...common, "lock.blocking": event.wait };
    const span = this.#tracer.startSpan("lock acquire", { attributes });
    this.#open.add(event.ticket, { span, common, requests: 0, renewals: 0 });
  }

  #answered(event: Answer): void {
    const open = this.#open.take(event.ticket);
    const granted = event.type === "grant";
    if (open !== undefined) {
      const token = granted && { "lock.fencing_token": event.fencingToken };
      if (token && event.takeover) open.span.addEvent("lock.takeover", token);
      end(open.span, answerOutcome(event), {
        "lock.waited_ms": event.waitedMs,
        "lock.requests": event.requests,
        ...(granted && { "lock.takeover": event.takeover }),
        ...token,
      });
    }
    if (!granted) return;
    const common = open?.common ?? nameAttributes(event, this.#lockName);
    // In the active context, as the acquisition was: beside it, and not below what is over. The link
    // says which acquisition it came of, also where the context does not follow a caller's promises.
    const span = this.#tracer.startSpan("lock hold", {
      attributes: { ...common, "lock.fencing_token": event.fencingToken },
      ...(open !== undefined && { links: [{ context: open.span.spanContext() }] }),
    });
    this.#open.add(event.ticket, { span, common, requests: 0, renewals: 0 });
  }

  #renewed(event: EventOf<"renew">): void {
    const open = this.#open.get(event.ticket);
    if (open === undefined) return;
    open.requests += event.requests;
    open.renewals++;
    // Below a span that nobody sees, it would show as a trace of its own.
    if (!open.span.isRecording()) return;
    // Known when it is over. Both times come from one look at the clock that spans are timed by.
    const now = systemRuntime.now().wall;
    const attributes = {
      ...open.common,
      "lock.fencing_token": event.fencingToken,
      "lock.remaining_ms": event.remainingMs,
      "lock.requests": event.requests,
    };
    const options = { attributes, startTime: now - event.tookMs };
    const context = new ChildContext(new Map([[SPAN_KEY, open.span]]));
    this.#tracer.startSpan("lock renew", options, context).end(now);
  }

  #happened(event: EventOf<"endangered" | "trouble">, attributes: AttributesLike): void {
    this.#open.get(event.ticket)?.span.addEvent(`lock.${event.type}`, attributes);
  }

  #ended(event: End): void {
    const open = this.#open.take(event.ticket);
    if (open === undefined) return;
    const { span, requests, renewals } = open;
    const outcome = endOutcome(event);
    if (outcome.outcome === "lost") {
      const name = nameAttribute(event, this.#lockName); // of several locks, the one that was lost
      span.addEvent("lock.lost", { ...name, ...errorAttribute(outcome) });
    }
    end(span, outcome, {
      "lock.held_ms": event.heldMs,
      "lock.requests": requests + event.requests,
      "lock.renewals": renewals,
    });
  }
}

/** A listener that makes spans. */
export function spanListener(tracer: TracerLike, lockName: LockName): LockEventListener {
  const spans = new LockSpans(tracer, lockName);
  return (event) => spans.tell(event);
}
