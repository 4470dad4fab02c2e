/**
 * The judges: pure functions from what was seen to sentences about what is wrong with it.
 *
 * @module
 */

import type { CounterContents, LogEntry } from "./counters.ts";
import type { Belief, Operation } from "./history.ts";
import type { Sighting } from "./proxy.ts";

/** What became of the updates of one counter. */
export interface CounterVerdict {
  /** Updates that landed. */
  readonly landed: number;
  /** Of these, how many the counter does not show. */
  readonly lost: number;
  /** Updates of unknown outcome that did land. */
  readonly foundOut: number;
  readonly faults: readonly string[];
}

/** The log without the writes that merely repeat the one before: duplicates that changed nothing. */
function withoutRepeats(log: readonly LogEntry[]): LogEntry[] {
  return log.filter(({ op }, at) => op !== log[at - 1]?.op);
}

/**
 * Judges a counter: what was acknowledged must be there, what was refused must not, and each update
 * must have been made on the one before it.
 */
export function judgeCounter(
  counter: string,
  { value, log }: CounterContents,
  operations: readonly Operation[],
): CounterVerdict {
  const faults: string[] = [];
  const blame = (what: string) => faults.push(`${counter}: ${what}`);
  const landed = new Set(log.map(({ op }) => op));
  const known = new Map(operations.map((operation) => [operation.op, operation]));
  for (const op of landed) if (!known.has(op)) blame(`update ${op} landed, but nobody made it`);
  for (const { op, outcome } of operations) {
    if (outcome === "acknowledged" && !landed.has(op)) {
      blame(`update ${op} was acknowledged, but did not land`);
    }
    if ((outcome === "stale" || outcome === "refused") && landed.has(op)) {
      blame(`update ${op} was refused, but landed`);
    }
  }
  withoutRepeats(log).forEach((entry, at, chain) => {
    const before = chain[at - 1];
    const previous = before?.value ?? 0;
    if (entry.value === previous + 1) return;
    blame(
      `update ${entry.op} (token ${entry.token}) wrote ${entry.value} ` +
        `over ${previous} of ${before?.op} (token ${before?.token})`,
    );
  });
  const foundOut = operations.filter(({ op, outcome }) => outcome === "unknown" && landed.has(op));
  const lost = landed.size - value;
  if (lost !== 0) blame(`shows ${value} after ${landed.size} updates`);
  return { landed: landed.size, lost, foundOut: foundOut.length, faults };
}

/** Judges the tokens of a counter's updates: they must rise in the order in which these landed. */
export function judgeTokenOrder(counter: string, log: readonly LogEntry[]): string[] {
  return withoutRepeats(log).flatMap(({ op, token }, at, chain) => {
    const before = chain[at - 1];
    return before === undefined || token > before.token
      ? []
      : [`${counter}: update ${op} with token ${token} landed after ${before.token}`];
  });
}

/**
 * Judges what the workers believed: at no time two of them in one lock, tokens rising from one to the
 * next, and no token for two grants.
 */
export function judgeBeliefs(beliefs: readonly Belief[]): string[] {
  const faults: string[] = [];
  const latest = new Map<string, Belief>();
  const greatest = new Map<string, Belief>();
  for (const belief of [...beliefs].sort((one, other) => one.from - other.from)) {
    const { lock, token, from } = belief;
    const before = latest.get(lock);
    if (before !== undefined && before.until > from) {
      const ms = Math.min(before.until, belief.until) - from;
      faults.push(
        `${describe(before)} and ${describe(belief)} both believed for ${ms.toFixed(1)} ms`,
      );
    }
    if (before === undefined || before.until < belief.until) latest.set(lock, belief);
    const highest = greatest.get(lock);
    if (highest !== undefined && highest.token >= token) {
      faults.push(`${describe(belief)} came after ${describe(highest)}`);
    } else greatest.set(lock, belief);
  }
  return faults;
}

function describe({ lock, token, worker, from, until }: Belief): string {
  return `${worker} with '${lock}' token ${token} (${from} to ${until.toFixed(1)})`;
}

/**
 * Judges what DynamoDB said of the records: whatever was applied before a request was sent to it must
 * have a smaller fence, and other grants smaller tokens, than what that request left there. This sees
 * grants that nobody ever believed in, too.
 */
export function judgeSightings(sightings: readonly Sighting[]): string[] {
  const faults: string[] = [];
  for (const [lock, seen] of Map.groupBy(sightings, (sighting) => sighting.lock)) {
    const answered = [...seen].sort((one, other) => one.answeredAt - other.answeredAt);
    let next = 0;
    let fence = 0;
    let newest = { grantId: "", token: 0 };
    for (const later of [...seen].sort((one, other) => one.forwardedAt - other.forwardedAt)) {
      while (answered[next] !== undefined && answered[next]!.answeredAt < later.forwardedAt) {
        const earlier = answered[next++]!;
        fence = Math.max(fence, earlier.fence);
        for (const holder of earlier.holders) if (holder.token > newest.token) newest = holder;
      }
      if (later.fence < fence) faults.push(`'${lock}': fence ${later.fence} after ${fence}`);
      for (const { grantId, token } of later.holders) {
        if (token > later.fence) faults.push(`'${lock}': token ${token} above its fence`);
        if (token < newest.token || (token === newest.token && grantId !== newest.grantId)) {
          faults.push(`'${lock}': a grant with token ${token} after one with ${newest.token}`);
        }
      }
      if (later.holders.length > 1) faults.push(`'${lock}': ${later.holders.length} holders`);
    }
  }
  return faults;
}
