/**
 * Metrics of locks: how long they are waited for and held, how many are lost, what they cost.
 *
 * @module
 */

import type { LockEvent, LockEventListener } from "../events.ts";
import type { AttributesLike, CounterLike, HistogramLike, MeterLike } from "./api.ts";
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
  outcomeAttributes,
} from "./describe.ts";
import { OpenTickets } from "./open_tickets.ts";

/** From one request nearby to a wait for a crashed holder. */
const WAIT_S = [
  ...[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5],
  ...[1, 2.5, 5, 10, 25, 60, 300],
];

/** From one write to a leader's day. */
const HOLD_S = [
  ...[0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30],
  ...[60, 300, 900, 3_600, 14_400, 86_400],
];

/** An acquisition or a lease that is not over. */
interface OpenLock {
  /** The same from the request to the end, so that what went up also comes down. */
  readonly attributes: AttributesLike;
  isHold: boolean;
}

interface Instruments {
  readonly wait: HistogramLike;
  readonly hold: HistogramLike;
  readonly held: CounterLike;
  readonly lost: CounterLike;
  readonly requests: CounterLike;
}

function instruments(meter: MeterLike): Instruments {
  return {
    wait: meter.createHistogram("lock.wait.duration", {
      description: "How long acquisitions took, from the call to the answer.",
      unit: "s",
      advice: { explicitBucketBoundaries: WAIT_S },
    }),
    hold: meter.createHistogram("lock.hold.duration", {
      description: "How long leases were held.",
      unit: "s",
      advice: { explicitBucketBoundaries: HOLD_S },
    }),
    held: meter.createUpDownCounter("lock.held", {
      description: "Leases that are held now.",
      unit: "{lease}",
    }),
    lost: meter.createCounter("lock.lost", {
      description: "Leases that were lost before they were released.",
      unit: "{lease}",
    }),
    requests: meter.createCounter("lock.requests", {
      description: "Requests to DynamoDB for acquisitions, renewals and releases.",
      unit: "{request}",
    }),
  };
}

/** Turns the events of one manager into measurements. */
class LockMetrics {
  readonly #lockName: LockName;
  readonly #to: Instruments;
  readonly #open = new OpenTickets<OpenLock>((open) => this.#letGo(open));

  constructor(meter: MeterLike, lockName: LockName) {
    this.#lockName = lockName;
    this.#to = instruments(meter);
  }

  tell(event: LockEvent): void {
    if (event.type === "retry") return;
    if ("requests" in event) this.#sent(event);
    if (isEnd(event)) return this.#ended(event);
    switch (event.type) {
      case "request": {
        const attributes = { ...nameAttribute(event, this.#lockName), "lock.mode": event.mode };
        return this.#open.add(event.ticket, { attributes, isHold: false });
      }
      case "grant":
      case "miss":
      case "fail":
        return this.#answered(event);
    }
  }

  #sent(event: Answer | EventOf<"renew"> | End): void {
    const { type } = event;
    this.#to.requests.add(event.requests, {
      ...nameAttribute(event, this.#lockName),
      // What a lease has sent in vain before it was lost were renewals.
      "lock.operation": type === "lost"
        ? "renew"
        : type === "renew" || type === "release"
        ? type
        : "acquire",
    });
  }

  #answered(event: Answer): void {
    const granted = event.type === "grant";
    const open = this.#open.take(event.ticket);
    const attributes = open?.attributes ?? nameAttribute(event, this.#lockName);
    if (granted) {
      this.#open.add(event.ticket, { attributes, isHold: true });
      this.#to.held.add(1, attributes);
    }
    this.#to.wait.record(event.waitedMs / 1_000, {
      ...attributes,
      ...outcomeAttributes(answerOutcome(event)),
      ...(granted && { "lock.takeover": event.takeover }),
    });
  }

  #letGo({ isHold, attributes }: OpenLock): void {
    if (isHold) this.#to.held.add(-1, attributes);
  }

  #ended(event: End): void {
    const open = this.#open.take(event.ticket);
    if (open === undefined) return;
    this.#letGo(open);
    const ended = endOutcome(event);
    const attributes = { ...open.attributes, ...outcomeAttributes(ended) };
    this.#to.hold.record(event.heldMs / 1_000, attributes);
    if (ended.outcome !== "lost") return;
    this.#to.lost.add(1, {
      ...open.attributes,
      ...nameAttribute(event, this.#lockName), // of several locks, the one that was lost
      ...errorAttribute(ended),
    });
  }
}

/** A listener that measures. */
export function metricListener(meter: MeterLike, lockName: LockName): LockEventListener {
  const metrics = new LockMetrics(meter, lockName);
  return (event) => metrics.tell(event);
}
