/**
 * `query` of the Web Locks: a snapshot of who holds and who waits.
 *
 * @module
 */

import type { LockHolderInfo } from "../inspect.ts";
import type { HeldLease } from "../lease/held_lease.ts";
import type { LockMode } from "../records/record.ts";
import { nameOf } from "./names.ts";
import type { LockSource } from "./source.ts";

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

type NamedLease = [name: string, lease: HeldLease];

/** The leases of this manager, by name: each is in the table until its release is answered. */
function leasesOf({ holdings }: LockSource): NamedLease[] {
  return holdings.leases.flatMap((lease) => lease.names.map((name): NamedLease => [name, lease]));
}

/** Whether a holder in a record is one of these leases. */
function isOneOf(
  leases: readonly NamedLease[],
  [name, { fencingToken: token, id }]: [string, LockHolderInfo],
): boolean {
  const key = id === undefined ? { token } : { id };
  return leases.some(([one, lease]) => one === name && lease.isOf(key));
}

function entryOf(key: string, mode: LockMode, clientId: string): LockSnapshotEntry {
  return { name: nameOf(key), mode, clientId };
}

/** Takes a snapshot: of the manager itself as it is at the end, of everybody else by the table. */
export async function queryLocks(source: LockSource): Promise<LockManagerSnapshot> {
  const before = leasesOf(source);
  await source.holdings.settled();
  const listed: [string, LockHolderInfo][] = [];
  for await (const { name, holders } of source.list()) {
    for (const holder of holders) listed.push([name, holder]);
  }
  const own = leasesOf(source);
  // What ended, or is ending, while the table was read may still have been in it.
  const known = [...before, ...own];
  const held: [string, { readonly mode: LockMode; readonly ownerId: string }][] = [
    ...own.filter(([, { held }]) => held),
    ...listed.filter((one) => one[1].alive && !isOneOf(known, one)),
  ];
  return {
    held: held.map(([name, { mode, ownerId }]) => entryOf(name, mode, ownerId)),
    pending: source.holdings.places.flatMap(({ names, who }) =>
      typeof who === "object" ? names.map((name) => entryOf(name, who.mode, who.ownerId)) : []
    ),
  };
}
