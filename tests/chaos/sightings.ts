/**
 * What DynamoDB said of the locks' records in its answers to writes.
 *
 * @module
 */

/** A record as a write that was applied left it. */
export interface Sighting {
  readonly lock: string;
  /** On the proxy's clock. The write was applied between these two. */
  readonly forwardedAt: number;
  readonly answeredAt: number;
  readonly fence: number;
  readonly holders: readonly { readonly grantId: string; readonly token: number }[];
  /** How many may be in, by how they are. */
  readonly most: number;
}

/** A holder as it stands in the record. */
interface HolderEntry {
  readonly M: { readonly t: { readonly N: string }; readonly m: { readonly S: string } };
}

/** What an answer shows of the record that its request wrote; nothing after a release, or a transaction. */
export function sightingOf(
  request: string,
  answer: string,
): Omit<Sighting, "forwardedAt" | "answeredAt"> | undefined {
  const { Attributes: record } = JSON.parse(answer);
  if (record === undefined) return undefined;
  const holders = Object.entries<HolderEntry>(record.holders.M);
  const isAlone = holders.some(([, { M }]) => M.m.S === "x");
  return {
    lock: JSON.parse(request).Key.key.S,
    fence: Number(record.fence.N),
    holders: holders.map(([grantId, { M }]) => ({ grantId, token: Number(M.t.N) })),
    most: isAlone ? 1 : Number(record.permits?.N ?? Infinity),
  };
}
