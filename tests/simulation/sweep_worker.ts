/** Runs the seeds that it is given, in a worker. */

/// <reference lib="webworker" />

import { simulate } from "./run.ts";
import type { Batch, Failure, Order } from "./sweep.ts";
import { Tally } from "./trace.ts";

async function run({ from, seeds, kind: only }: Order): Promise<Batch> {
  const tally = new Tally();
  const failures: Failure[] = [];
  let events = 0;
  for (let seed = from; seed < from + seeds; seed++) {
    const report = await simulate(seed, { kind: only });
    const { kind } = report.scenario;
    events += report.events;
    tally.merge(report.tally);
    tally.add(`run: ${kind}`);
    if (report.violation !== undefined) {
      failures.push({ seed, kind, violation: report.violation });
    }
  }
  return { counts: [...tally.counts], failures, events };
}

Error.stackTraceLimit = 0; // most of what an error costs
self.onmessage = async ({ data }: MessageEvent<Order>) => self.postMessage(await run(data));
