/**
 * `query` of the Web Locks: a snapshot of who holds and who waits.
 *
 * @module
 */

import type { LockMode } from "../records/record.ts";
import { nameOf } from "./names.ts";
import type { LocalWaiter, LockSource } from "./source.ts";

/** A holder of a lock, or somebody who waits for one. */
export interface LockSnapshotEntry {
  /** The lock's name. */
  name: string;
  /** How it is, or is to be, shared. */
  mode: LockMode;
  /** Who holds it or waits for it: what `ownerId` of a lease is. */
  clientId: string;
}

/** Who held which lock, and who waited, at a moment that is over. */
export interface LockManagerSnapshot {
  /** The holders: those of this manager in the order of their grants, then those of others. */
  held: LockSnapshotEntry[];
  /** Who waits in this manager, in the order in which they came. Other processes' waiters are not known. */
  pending: LockSnapshotEntry[];
}

interface Grant {
  readonly name: string;
  readonly fencingToken: number;
}

/** No two grants of a name have the same token. */
function idOf({ name, fencingToken }: Grant): string {
  return `${fencingToken} ${name}`;
}

function entryOf({ name, mode, ownerId }: LocalWaiter): LockSnapshotEntry {
  return { name: nameOf(name), mode, clientId: ownerId };
}

/** Takes a snapshot: of the manager itself as it is at the end, of everybody else by the table. */
export async function queryLocks(source: LockSource): Promise<LockManagerSnapshot> {
  const before = source.leases();
  await source.settled();
  const listed: (LocalWaiter & Grant & { expiresAt: Date })[] = [];
  for await (const { name, holders } of source.list()) {
    listed.push(...holders.map((holder) => ({ ...holder, name })));
  }
  const own = source.leases();
  // What ended, or is ending, while the table was read may still have been in it.
  const known = new Set([...before, ...own].map(idOf));
  const now = source.serverTime();
  const others = listed.filter((one) => !known.has(idOf(one)) && one.expiresAt.getTime() > now);
  const held = [...own.filter((one) => one.held), ...others];
  return { held: held.map(entryOf), pending: source.pending().map(entryOf) };
}
