/**
 * The writes that a holder sends under its lease, as they reach DynamoDB: how many came when somebody
 * else had been granted the lock already, and whether they landed.
 *
 * @module
 */

import { type Guard, partsOfCounter } from "./messages.ts";
import type { Sighting } from "./sightings.ts";

/** One request for a write of a counter, as the proxy let it through. */
export interface Commit {
  readonly op: string;
  readonly lock: string;
  readonly guard: Guard;
  /** The token of the lease under which it was made; 0 without a lock. */
  readonly token: number;
  /** Whether the same request gives the lock back. */
  readonly releases: boolean;
  /** On the proxy's clock. */
  readonly forwardedAt: number;
  /** DynamoDB said that it was applied: now, or when the same transaction came before. */
  readonly applied: boolean;
}

/** What a request says of the writes in it. */
export type Write = Omit<Commit, "forwardedAt" | "applied">;

interface Update {
  readonly Key?: { readonly id?: { readonly S: string } };
  readonly ExpressionAttributeValues?: Record<string, { readonly L?: readonly { S: string }[] }>;
}

/** The writes of counters in a request. */
export function writesOf(
  input: Update & { readonly TransactItems?: readonly { readonly Update?: Update }[] },
): Write[] {
  const updates = input.TransactItems?.map((element) => element.Update) ?? [input];
  return updates.flatMap((update) => {
    const id = update?.Key?.id?.S;
    const entry = update?.ExpressionAttributeValues?.[":entry"]?.L?.[0]?.S;
    if (id === undefined || entry === undefined) return [];
    const [op = "", token] = entry.split(" ");
    // A lease's own elements come first: an update of its record is its release.
    const releases = updates.length > 1 && updates[0] !== undefined;
    return [{ op, token: Number(token), releases, ...partsOfCounter(id) }];
  });
}

/** The token of a later grant of a lock than that of a write, if one was answered before a time. */
export function laterGrant(
  { lock, token }: Write,
  sightings: readonly Sighting[],
  before: number,
): number | undefined {
  for (const { lock: seen, answeredAt, holders } of sightings) {
    if (seen !== lock || answeredAt >= before) continue;
    for (const holder of holders) if (holder.token > token) return holder.token;
  }
  return undefined;
}

/** What became of the writes of stale holders. */
export interface StaleVerdict {
  /** Writes that reached DynamoDB when a later grant of the lock had been answered already. */
  readonly attempted: number;
  /** Of these, how many landed. */
  readonly landed: number;
  readonly faults: readonly string[];
}

/**
 * Judges the writes that were guarded in this way. A later grant is known by a sighting of it; so some
 * stale writes are not known to be stale, and none is called so that is not.
 */
export function judgeStaleWrites(
  commits: readonly Commit[],
  sightings: readonly Sighting[],
  guard: Guard,
): StaleVerdict {
  const ofLock = Map.groupBy(sightings, ({ lock }) => lock);
  const laterThan = (commit: Commit) =>
    laterGrant(commit, ofLock.get(commit.lock) ?? [], commit.forwardedAt);
  let attempted = 0;
  const faults: string[] = [];
  const own = commits.filter((commit) => commit.guard === guard);
  for (const [op, requests] of Map.groupBy(own, (commit) => commit.op)) {
    requests.sort((one, other) => one.forwardedAt - other.forwardedAt);
    if (requests.some((request) => laterThan(request) !== undefined)) attempted++;
    // The first that was answered with "yes": what comes after it repeats it.
    const first = requests.find(({ applied }) => applied);
    const later = first && laterThan(first);
    if (later === undefined) continue;
    faults.push(`'${first!.lock}': ${op} with token ${first!.token} landed after ${later}`);
  }
  return { attempted, landed: faults.length, faults };
}
