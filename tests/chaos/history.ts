/**
 * What the workers told, put in order.
 *
 * @module
 */

import type { Outcome, WorkerEvent } from "./messages.ts";

/** What one worker believed about one grant. Times are those of `Date.now()`. */
export interface Belief {
  readonly lock: string;
  readonly token: number;
  readonly worker: string;
  /** When `lease.held` was first seen to be true. */
  readonly from: number;
  /** How many may believe at once. */
  readonly most: number;
  /** Until when it would have been true for whoever asked. */
  until: number;
}

/** One update of a counter. */
export interface Operation {
  readonly op: string;
  readonly counter: string;
  readonly token: number | null;
  /** Whether the lease was held right before. */
  readonly held: boolean;
  /** `unknown` also where the worker was killed before it could tell. */
  outcome: Outcome;
}

/** Counts by name. */
export class Tally {
  readonly #counts = new Map<string, number>();

  add(name: string): void {
    this.#counts.set(name, this.of(name) + 1);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  get entries(): [name: string, count: number][] {
    return [...this.#counts].sort(([, one], [, other]) => other - one);
  }
}

/** Everything that was told. */
export class History {
  readonly beliefs: Belief[] = [];
  readonly operations: Map<string, Operation> = new Map();
  /** Grants that the managers reported, and how many of them removed a dead holder. */
  grants = 0;
  takeovers = 0;
  /** How leases ended. */
  readonly ends: Tally = new Tally();
  /** Why there was no lease. */
  readonly misses: Tally = new Tally();
  /** What no worker should have said. */
  readonly failures: string[] = [];
  /** `worker task` of those served since the last storm, with the storm. */
  readonly served: Set<string> = new Set();
  readonly #believed = new Map<string, Belief>();
  /** Who believes to hold something, by worker and then by lock and token. */
  readonly #current = new Map<string, Set<string>>();

  /** Takes in an event. */
  hear(worker: string, event: WorkerEvent): void {
    if (event.type === "granted") {
      this.grants++;
      if (event.takeover) this.takeovers++;
    } else if (event.type === "believes") this.#believe(worker, event);
    else if (event.type === "ends") this.#end(worker, event);
    else if (event.type === "missed") this.misses.add(event.why);
    else if (event.type === "updates") {
      this.operations.set(event.op, { ...event, outcome: "unknown" });
    } else if (event.type === "updated") this.operations.get(event.op)!.outcome = event.outcome;
    else if (event.type === "served") this.served.add(servedKey(worker, event.task, event.storm));
    else if (event.type === "failed") this.failures.push(`${worker}: ${event.message}`);
  }

  /** Whether this worker believes to hold a lock. */
  isHolder(worker: string): boolean {
    return (this.#current.get(worker)?.size ?? 0) > 0;
  }

  #believe(worker: string, event: Extract<WorkerEvent, { type: "believes" }>): void {
    const { lock, token, at, remainingMs, most } = event;
    const key = `${worker} ${lock} ${token}`;
    let belief = this.#believed.get(key);
    if (belief === undefined) {
      belief = { lock, token, worker, most, from: at, until: at };
      this.#believed.set(key, belief);
      this.beliefs.push(belief);
      this.#current.set(worker, (this.#current.get(worker) ?? new Set()).add(key));
    }
    // An earlier look promised as much, and was not taken back since.
    belief.until = Math.max(belief.until, at + remainingMs);
  }

  #end(worker: string, { lock, token, at, how }: Extract<WorkerEvent, { type: "ends" }>): void {
    this.ends.add(how);
    const key = `${worker} ${lock} ${token}`;
    const belief = this.#believed.get(key);
    if (belief !== undefined) belief.until = Math.min(belief.until, at);
    this.#current.get(worker)?.delete(key);
  }
}

/** How `served` names a task. */
export function servedKey(worker: string, task: number, storm: number): string {
  return `${worker} task ${task} storm ${storm}`;
}
