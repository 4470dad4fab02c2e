/**
 * Whether a run was good: one line a promise, and what broke it.
 *
 * @module
 */

import { judgeBeliefs, judgeSightings, mostAtOnce } from "./checks.ts";
import { PARTED_MS } from "./clock_watch.ts";
import { judgeStaleWrites } from "./commits.ts";
import type { Guard } from "./messages.ts";
import { PERMITS, type RunResult, SEMAPHORE, SERVED_WITHIN_MS } from "./plan.ts";

/** One thing that must hold. */
export interface Check {
  readonly name: string;
  /** Sentences about what is wrong; none where it holds. */
  readonly faults: readonly string[];
}

/** What callers meet in a storm. Any other code is a defect: nobody deletes records or tables here. */
const EXPECTED_MISSES = ["taken", "gave up", "UNAVAILABLE", "LEASE_TOO_SHORT"];
const EXPECTED_ENDS = ["LEASE_RELEASED", "LEASE_EXPIRED", "LEASE_STOLEN"];

/** Judges a run. */
export function judgeRun(result: RunResult): Check[] {
  const { storms, history, controlHistory, proxy, canary, clock } = result;
  return [
    {
      name: "no update guarded by the token was lost, invented, or landed after a refusal",
      faults: counterFaults(result, "token"),
    },
    {
      name: "no update guarded by a transaction was lost, invented, or landed after a refusal",
      faults: counterFaults(result, "transaction"),
    },
    {
      name: "no update by `lease.transact` was lost, invented, or landed after a refusal",
      faults: counterFaults(result, "commit"),
    },
    {
      name: "no `lease.transact` landed after a later grant",
      faults: judgeStaleWrites(proxy.commits, proxy.sightings, "commit").faults,
    },
    {
      name: "fencing tokens rose in the order in which updates landed",
      faults: storms.flatMap(({ tokenFaults }) => tokenFaults),
    },
    {
      name: "fences and tokens rose in the order of DynamoDB's answers, no holder too many",
      faults: judgeSightings(proxy.sightings),
    },
    {
      name:
        "no more believed to hold a lock at once than may, and tokens rose from one to the next",
      faults: judgeBeliefs([...controlHistory.beliefs, ...history.beliefs]),
    },
    {
      name: `everybody was served within ${SERVED_WITHIN_MS / 1_000} s after each storm`,
      faults: storms.flatMap(({ starved }) => starved.map((who) => `${who} was not served`)),
    },
    {
      name: "nobody followed a redirect",
      faults: [
        ...(canary.visits > 0 ? [`the canary had ${canary.visits} visits`] : []),
        ...(canary.sings ? [] : ["the canary cannot sing"]),
      ],
    },
    { name: "workers met nothing but what a storm brings", faults: surprises(result) },
    { name: "the proxy and DynamoDB Local failed by plan only", faults: proxy.troubles },
    { name: "the storms were strong enough", faults: weaknesses(result) },
    {
      name: "nobody set this machine's clock",
      faults: clock.partedMs > PARTED_MS
        ? [`the clocks parted by ${clock.partedMs.toFixed(0)} ms: run it again`]
        : [],
    },
  ];
}

function counterFaults({ storms }: RunResult, guard: Guard): string[] {
  return storms.flatMap(({ counters }) => counters[guard]!.faults);
}

function surprises({ history, controlHistory }: RunResult): string[] {
  const unexpected = (all: [string, number][], expected: string[], what: string) =>
    all.filter(([name]) => !expected.includes(name)).map(([name, n]) => `${n} ${what} ${name}`);
  return [
    ...history.failures,
    ...controlHistory.failures,
    ...unexpected(history.misses.entries, EXPECTED_MISSES, "acquisitions ended with"),
    ...unexpected(history.ends.entries, EXPECTED_ENDS, "leases ended with"),
  ];
}

/** What a storm must have done before it proves anything. */
function weaknesses({ control, storms, history, proxy }: RunResult): string[] {
  const sum = (of: (storm: RunResult["control"]) => number) =>
    storms.reduce((total, storm) => total + of(storm), 0);
  const stale = (guard: Guard) => judgeStaleWrites(proxy.commits, proxy.sightings, guard);
  const committed = (releases: boolean) =>
    proxy.commits.filter((it) => it.guard === "commit" && it.applied && it.releases === releases);
  const shared = history.beliefs.filter(({ lock, most }) => most > 1 && lock !== SEMAPHORE);
  const permits = history.beliefs.filter(({ lock }) => lock === SEMAPHORE);
  const counts: [what: string, count: number][] = [
    ["updates lost without the lock", control.counters.nothing!.lost],
    ["plain writes of the control that landed after a later grant", stale("lock").landed],
    ["attempts at `lease.transact` after a later grant", stale("commit").attempted],
    ["updates by `lease.transact`", committed(false).length],
    ["updates by `lease.transact` with a release", committed(true).length],
    ["leases that shared a lock", mostAtOnce(shared) - 1],
    ["leases that used up the permits", mostAtOnce(permits) - PERMITS + 1],
    ["updates guarded by the token", sum(({ counters }) => counters.token!.landed)],
    ["updates guarded by a transaction", sum(({ counters }) => counters.transaction!.landed)],
    ["kills", sum(({ nemesis }) => nemesis.kills)],
    ["freezes past the lease", sum(({ nemesis }) => nemesis.freezesPastLease)],
    ["ambushes", sum(({ nemesis }) => nemesis.ambushes)],
    ["takeovers", history.takeovers],
    ["leases that ran out", history.ends.of("LEASE_EXPIRED")],
    ...[...proxy.faults].map(([name, count]): [string, number] => [`'${name}'`, count]),
  ];
  return counts.filter(([, count]) => count <= 0).map(([what]) => `there were no ${what}`);
}
