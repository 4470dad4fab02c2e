/**
 * The judges: pure functions from what was seen to sentences about what is wrong with it.
 *
 * @module
 */

import type { CounterContents, LogEntry } from "./counters.ts";
import type { Belief, Operation } from "./history.ts";
import type { Sighting } from "./sightings.ts";

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
 * Judges what the workers believed: at no time more of them in one lock than may be, and no token for two
 * grants. Tokens rise wherever one of two is alone; of those that share, who told first is chance.
 */
export function judgeBeliefs(beliefs: readonly Belief[]): string[] {
  const faults: string[] = [];
  for (const all of Map.groupBy(beliefs, ({ lock }) => lock).values()) {
    let inside: Belief[] = [];
    let highest: Belief | undefined;
    let highestAlone: Belief | undefined;
    const tokens = new Set<number>();
    for (const belief of [...all].sort((one, other) => one.from - other.from)) {
      inside = inside.filter(({ until }) => until > belief.from);
      inside.push(belief);
      faults.push(...crowd(inside));
      const before = belief.most === 1 ? highest : highestAlone;
      if (tokens.has(belief.token) || (before !== undefined && before.token >= belief.token)) {
        faults.push(`${describe(belief)} came after ${describe(before ?? belief)}`);
      }
      tokens.add(belief.token);
      if (belief.token > (highest?.token ?? -1)) highest = belief;
      if (belief.most === 1 && belief.token > (highestAlone?.token ?? -1)) highestAlone = belief;
    }
  }
  return faults;
}

/** What is wrong with these, the last of whom has just come in. */
function crowd(inside: readonly Belief[]): string[] {
  const most = Math.min(...inside.map((belief) => belief.most));
  if (inside.length <= most) return [];
  const { from } = inside.at(-1)!;
  const ms = Math.min(...inside.map(({ until }) => until)) - from;
  const who = inside.map(describe).join(" and ");
  return [`${who} ${most === 1 ? "both" : "all"} believed for ${ms.toFixed(1)} ms, of ${most}`];
}

/** How many believed in one lock at once, at the most. */
export function mostAtOnce(beliefs: readonly Belief[]): number {
  const changes = beliefs.flatMap(({ lock, from, until }) => [
    { lock, at: from, by: 1 },
    { lock, at: until, by: -1 },
  ]);
  let most = 0;
  for (const ofLock of Map.groupBy(changes, ({ lock }) => lock).values()) {
    let inside = 0;
    for (const { by } of ofLock.sort((one, other) => one.at - other.at || one.by - other.by)) {
      most = Math.max(most, inside += by);
    }
  }
  return most;
}

function describe({ lock, token, worker, from, until }: Belief): string {
  return `${worker} with '${lock}' token ${token} (${from} to ${until.toFixed(1)})`;
}

/**
 * Judges what DynamoDB said of the records: whatever was applied before a request was sent to it must
 * have a smaller fence, and other grants smaller tokens, than what that request left there; and no more
 * are in than may be. This sees grants that nobody ever believed in, too.
 */
export function judgeSightings(sightings: readonly Sighting[]): string[] {
  const faults: string[] = [];
  for (const [lock, seen] of Map.groupBy(sightings, (sighting) => sighting.lock)) {
    const answered = [...seen].sort((one, other) => one.answeredAt - other.answeredAt);
    let next = 0;
    let fence = 0;
    let newest = 0;
    const known = new Set<string>();
    for (const later of [...seen].sort((one, other) => one.forwardedAt - other.forwardedAt)) {
      while (answered[next] !== undefined && answered[next]!.answeredAt < later.forwardedAt) {
        const earlier = answered[next++]!;
        fence = Math.max(fence, earlier.fence);
        for (const { grantId, token } of earlier.holders) {
          newest = Math.max(newest, token);
          known.add(grantId);
        }
      }
      if (later.fence < fence) faults.push(`'${lock}': fence ${later.fence} after ${fence}`);
      for (const { grantId, token } of later.holders) {
        if (token > later.fence) faults.push(`'${lock}': token ${token} above its fence`);
        // One that is alone must be the newest; of those that share, one that was not there before.
        if (token < newest && (later.most === 1 || !known.has(grantId))) {
          faults.push(`'${lock}': a grant with token ${token} after one with ${newest}`);
        }
        if (token === newest && !known.has(grantId)) {
          faults.push(`'${lock}': another grant with token ${token}`);
        }
      }
      const { holders: { length }, most } = later;
      if (length > most) faults.push(`'${lock}': ${length} holders of ${most}`);
    }
  }
  return faults;
}
