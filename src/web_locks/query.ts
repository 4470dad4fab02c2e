/**
 * `query` of the Web Locks: a snapshot of who holds and who waits.
 *
 * @module
 */

import type { LockHolderInfo } from "../inspect.ts";
import type { Lease } from "../lease/lease.ts";
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

/** A lease, or a holder in a record. */
interface Grant {
  readonly fencingToken: number;
  readonly mode: LockMode;
  readonly ownerId: string;
}

/** The leases of this manager, by name: each is in the table until its release is answered. */
function leasesOf({ holdings }: LockSource): [name: string, lease: Lease][] {
  return holdings.leases.flatMap((lease) =>
    lease.names.map((name): [string, Lease] => [name, lease])
  );
}

/** No two grants of a name have the same token. */
function idOf([name, { fencingToken }]: [string, Grant]): string {
  return `${fencingToken} ${name}`;
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
  const known = new Set([...before, ...own].map(idOf));
  const held: [string, Grant][] = [
    ...own.filter(([, { held }]) => held),
    ...listed.filter((one) => !known.has(idOf(one)) && one[1].alive),
  ];
  return {
    held: held.map(([name, { mode, ownerId }]) => entryOf(name, mode, ownerId)),
    pending: source.holdings.places.flatMap(({ names, sharing, ownerId }) =>
      names.map((name) => entryOf(name, sharing.mode, ownerId))
    ),
  };
}
