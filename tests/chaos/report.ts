/**
 * The summary of a run, for people.
 *
 * @module
 */

import { mostAtOnce } from "./checks.ts";
import { judgeStaleWrites } from "./commits.ts";
import type { History } from "./history.ts";
import type { Guard } from "./messages.ts";
import {
  LEASE_MS,
  LOCKS,
  PERMITS,
  type RunOptions,
  type RunResult,
  SEMAPHORE,
  type StormResult,
  TASKS,
} from "./plan.ts";
import type { Check } from "./verdict.ts";

/** How many of the sentences about one failed check are shown. */
const FAULTS_SHOWN = 20;

/** The first line. */
export function describeOptions({ seed, workers, ms }: RunOptions): string {
  return `Chaos on DynamoDB Local, seed ${seed}: ${workers} processes with ${TASKS} tasks each fight ` +
    `for ${LOCKS.length} locks with leases of ${LEASE_MS / 1_000} s, ${seconds(ms)} in all.`;
}

/** One line a storm. */
export function describeStorm(
  { storm, guarded, profile, nemesis, grants, takeovers, counters, servedMs, starved }: StormResult,
): string {
  const verdicts = Object.values(counters);
  const landed = verdicts.reduce((sum, verdict) => sum + verdict.landed, 0);
  const lost = verdicts.reduce((sum, verdict) => sum + verdict.lost, 0);
  const { kills, freezes, isolations } = nemesis;
  return [
    `${guarded ? `storm ${storm}` : "control"} ${profile}: ${landed} updates, ${lost} lost`,
    `${kills} kills, ${freezes} freezes, ${isolations} cut off`,
    ...(guarded
      ? [
        `${grants} grants, ${takeovers} takeovers`,
        starved.length === 0
          ? `all served ${seconds(servedMs)} after`
          : `${starved.length} NOT SERVED`,
      ]
      : ["no lock"]),
  ].join("; ");
}

/** The figures of the whole run. */
export function describeRun(result: RunResult): string {
  const { storms, control, history, proxy, clock, ms } = result;
  const all = [...storms, control];
  const sum = (of: (storm: StormResult) => number, over: readonly StormResult[] = storms) =>
    over.reduce((total, storm) => total + of(storm), 0);
  const faults = [...proxy.faults].sort(([, one], [, other]) => other - one);
  const met = faults.reduce((total, [, count]) => total + count, 0);
  const lines: [string, string][] = [
    ["storms", `${storms.length} and the control, in ${seconds(ms)}`],
    [
      "processes",
      `${sum(({ nemesis }) => nemesis.kills, all)} kills, ` +
      `${sum(({ nemesis }) => nemesis.freezes, all)} freezes ` +
      `(${sum(({ nemesis }) => nemesis.freezesPastLease, all)} past the lease), ` +
      `${sum(({ nemesis }) => nemesis.ambushes, all)} of these in the middle of a step, ` +
      `${sum(({ nemesis }) => nemesis.isolations, all)} cut off`,
    ],
    ["requests", `${proxy.requests}, of which ${met} met a fault and ${proxy.cutOff} were cut off`],
    ["faults", faults.map(([name, count]) => `${count} ${name}`).join(", ")],
    ["grants", `${history.grants}, ${history.takeovers} of them from a dead holder`],
    ["leases", history.ends.entries.map(([how, n]) => `${n} ${how}`).join(", ")],
    ["no lease", history.misses.entries.map(([why, n]) => `${n} ${why}`).join(", ")],
    ["updates", describeUpdates(result)],
    ["stale", describeStale(history)],
    ["commits", describeCommits(result)],
    ["sharing", describeSharing(history)],
    ["lost", `${lostOf(storms)} with the lock, ${lostOf([control])} without`],
    [
      "served",
      `the last one ${seconds(Math.max(...storms.map((it) => it.servedMs)))} after a storm`,
    ],
    [
      "machine",
      `timers up to ${clock.lateMs.toFixed(0)} ms late, clocks ${
        clock.partedMs.toFixed(1)
      } ms apart`,
    ],
  ];
  return lines.map(([name, text]) => `  ${name.padEnd(10)} ${text}`).join("\n");
}

function lostOf(storms: readonly StormResult[]): number {
  return storms.flatMap(({ counters }) => Object.values(counters))
    .reduce((sum, { lost }) => sum + lost, 0);
}

function describeUpdates({ storms, history }: RunResult): string {
  const count = (outcome: string) =>
    [...history.operations.values()].filter((it) => it.outcome === outcome).length;
  const verdicts = storms.flatMap(({ counters }) => Object.values(counters));
  const landed = verdicts.reduce((sum, verdict) => sum + verdict.landed, 0);
  const foundOut = verdicts.reduce((sum, verdict) => sum + verdict.foundOut, 0);
  return `${landed} landed: ${count("acknowledged")} acknowledged, and ${foundOut} of ` +
    `${count("unknown")} whose outcome was unknown`;
}

/** Stale writes say whether the guards had work to do. */
function describeStale({ operations }: History): string {
  const stale = [...operations.values()].filter(({ outcome }) => outcome === "stale");
  const held = stale.filter((operation) => operation.held).length;
  return `${stale.length} late writes refused by the guards, ${held} of them though the lease was ` +
    "held right before";
}

/** Writes of holders that were stopped between their decision and DynamoDB. */
function describeCommits({ storms, proxy, history }: RunResult): string {
  const of = (guard: Guard) => judgeStaleWrites(proxy.commits, proxy.sightings, guard);
  const [guarded, plain] = [of("commit"), of("lock")];
  const sent = new Set(proxy.commits.map(({ op }) => op));
  const unsent = [...history.operations.values()].filter(({ op, outcome, counter }) =>
    outcome === "stale" && counter.endsWith("commit") && !sent.has(op)
  );
  const stops = storms.reduce((sum, { nemesis }) => sum + nemesis.stops, 0);
  return `${stops} stopped; ${guarded.attempted} by \`lease.transact\` reached DynamoDB after a later grant, ` +
    `${guarded.landed} landed; ${unsent.length} more were not sent; of the control's plain writes ` +
    `${plain.attempted}, ${plain.landed} landed`;
}

/** How many were in beside each other. */
function describeSharing({ beliefs }: History): string {
  const permits = beliefs.filter(({ lock }) => lock === SEMAPHORE);
  const shared = beliefs.filter(({ lock, most }) => lock !== SEMAPHORE && most > 1);
  return `${permits.length} permits, ${mostAtOnce(permits)} of ${PERMITS} at once; ` +
    `${shared.length} shared leases, up to ${mostAtOnce(shared)} at once`;
}

/** One line a check, and what is wrong below those that failed. */
export function describeChecks(checks: readonly Check[]): string {
  return checks.flatMap(({ name, faults }) => [
    `  ${faults.length === 0 ? "ok    " : "FAILED"} ${name}`,
    ...faults.slice(0, FAULTS_SHOWN).map((fault) => `           ${fault}`),
    ...(faults.length > FAULTS_SHOWN
      ? [`           and ${faults.length - FAULTS_SHOWN} more`]
      : []),
  ]).join("\n");
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
