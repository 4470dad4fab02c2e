/** Runs many seeds on all processors and adds up what they met. */

import type { Violation } from "./violation.ts";
import { Tally } from "./trace.ts";

/** A seed that broke a rule. */
export interface Failure {
  readonly seed: number;
  readonly kind: string;
  readonly violation: Violation;
}

/** What became of some seeds. */
export interface Batch {
  readonly counts: readonly (readonly [name: string, times: number])[];
  readonly failures: readonly Failure[];
  readonly events: number;
}

/** What became of all seeds. */
export interface Sweep {
  readonly seeds: number;
  readonly tally: Tally;
  readonly failures: readonly Failure[];
  readonly events: number;
  readonly ms: number;
}

/** Seeds that a worker is given at once. */
export interface Order {
  readonly from: number;
  readonly seeds: number;
  /** The kind of all runs, if they are of one. */
  readonly kind?: string | undefined;
}

const BATCH = 50;

/** Runs `seeds` seeds from `from` on. */
export async function sweep(
  { from, seeds, kind }: Order,
  jobs: number = navigator.hardwareConcurrency,
): Promise<Sweep> {
  const tally = new Tally();
  const failures: Failure[] = [];
  const end = from + seeds;
  const start = performance.now();
  let events = 0;
  let next = from;
  const work = async () => {
    const worker = new Worker(new URL("./sweep_worker.ts", import.meta.url), { type: "module" });
    try {
      while (next < end) {
        const order = { from: next, seeds: Math.min(BATCH, end - next), kind };
        next += order.seeds;
        const batch = await ask(worker, order);
        for (const [name, times] of batch.counts) tally.add(name, times);
        failures.push(...batch.failures);
        events += batch.events;
      }
    } finally {
      worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  failures.sort((one, other) => one.seed - other.seed);
  return { seeds, tally, failures, events, ms: performance.now() - start };
}

function ask(worker: Worker, order: Order): Promise<Batch> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(`Seeds ${order.from} to ${order.from + order.seeds - 1}: ${event.message}`));
    };
    worker.postMessage(order);
  });
}
