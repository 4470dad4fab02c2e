/**
 * What others may see of a lock.
 *
 * @module
 */

import type { LockMode, LockRecord } from "./records/record.ts";

/** Somebody who holds a lock, or died holding it. */
export interface LockHolderInfo {
  /** What the holder calls itself. */
  readonly ownerId: string;
  /** How it shares the lock. */
  readonly mode: LockMode;
  /** Its fencing token. */
  readonly fencingToken: number;
  /** When its lease runs out if it is not renewed, by the clock of DynamoDB. */
  readonly expiresAt: Date;
  /** The length of its lease in milliseconds. */
  readonly leaseMs: number;
  /** What it stored beside the lock. */
  readonly data?: string;
}

/** The state of a lock at the moment of reading. */
export interface LockInfo {
  /** The lock's name. */
  readonly name: string;
  /** The greatest fencing token ever granted or proposed. */
  readonly fencingToken: number;
  /**
   * Everybody in the record, in the order of their tokens. A holder whose `expiresAt` has passed is
   * dead, and is removed by whoever takes the lock next.
   */
  readonly holders: readonly LockHolderInfo[];
}

/** A record without what only its holder may know. */
export function describeLock(name: string, record: LockRecord | undefined): LockInfo | null {
  if (record === undefined) return null;
  const holders = record.holders.map((holder) => ({
    ownerId: holder.ownerId,
    mode: holder.mode,
    fencingToken: holder.token,
    expiresAt: new Date(holder.expires),
    leaseMs: holder.leaseMs,
    ...(holder.data !== undefined && { data: holder.data }),
  }));
  holders.sort((one, other) => one.fencingToken - other.fencingToken);
  return { name, fencingToken: record.fence, holders };
}
