/**
 * What others may see of locks, and how an operator breaks one.
 *
 * @module
 */

import type { ProtocolSettings } from "./lease/context.ts";
import { deadInMs, type View } from "./lease/decide.ts";
import type { LockTable } from "./lease/lock_table.ts";
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
  /**
   * `false` where it is known to be dead: its lease is over by DynamoDB's clock, or this process has
   * seen it unchanged for its whole lease. `true` is no more than "not known to be dead": a holder that
   * crashed a moment ago is alive until its lease is over.
   */
  readonly alive: boolean;
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
  /** How many may hold it at once, where it is, or was last, a semaphore. */
  readonly permits?: number;
  /**
   * Everybody in the record, in the order of their tokens. One that is not `alive` is removed by
   * whoever takes the lock next.
   */
  readonly holders: readonly LockHolderInfo[];
}

/** A record without what only its holder may know. */
export function describeLock(
  name: string,
  record: LockRecord | undefined,
  view: View,
): LockInfo | null {
  if (record === undefined) return null;
  const holders = record.holders.map((holder) => ({
    ownerId: holder.ownerId,
    mode: holder.mode,
    fencingToken: holder.token,
    expiresAt: new Date(holder.expires),
    alive: deadInMs(holder, view) > 0,
    leaseMs: holder.leaseMs,
    ...(holder.data !== undefined && { data: holder.data }),
  }));
  holders.sort((one, other) => one.fencingToken - other.fencingToken);
  const { fence: fencingToken, permits } = record;
  return { name, fencingToken, ...(permits !== undefined && { permits }), holders };
}

/** All locks of a table whose names begin with `prefix`, page by page, in no order. */
export async function* listLocks(
  open: () => LockTable,
  settings: ProtocolSettings,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<LockInfo, void, undefined> {
  for await (const [name, record] of open().scan(prefix, { signal })) {
    yield describeLock(name, record, open().view(settings))!;
  }
}

/**
 * Takes a lock away from the holder with this token. Answers whether it was there: another one that holds
 * it by now is left alone.
 */
export async function breakLock(
  table: LockTable,
  name: string,
  token: number,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const record = await table.read(name, { signal });
  const holder = record?.holders.find((one) => one.token === token);
  if (holder === undefined) return false;
  const input = table.layout.revoke(name, holder);
  const { applied, doubtful, error } = await table.write([{ name, input }], { signal });
  if (signal?.aborted) throw signal.reason;
  if (error !== undefined) throw error;
  // Gone after an attempt that was not answered: that was our own doing.
  return applied === true || doubtful === true;
}
