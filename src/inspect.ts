/**
 * What others may see of locks, and how an operator breaks one.
 *
 * @module
 */

import type { ProtocolSettings } from "./lease/context.ts";
import { checkOptions, DATE_MS_MAX, ofType, onlySet, refuse, wholeNumber } from "./checks.ts";
import { deadInMs, type View } from "./lease/decide.ts";
import type { LockTable } from "./lease/lock_table.ts";
import { ACQUIRE_CHECKS, type BreakOptions } from "./options.ts";
import type { LockMode, LockRecord } from "./records/record.ts";

/** Somebody who holds a lock, or died holding it. */
export interface LockHolderInfo {
  /** What the holder calls itself. */
  readonly ownerId: string;
  /** How it shares the lock. */
  readonly mode: LockMode;
  /** Its fencing token; 0 in a layout that has none. */
  readonly fencingToken: number;
  /** What {@link BreakOptions} want in a layout without fencing tokens; absent in others. */
  readonly id?: string;
  /**
   * When its lease runs out if it is not renewed, by the clock of DynamoDB; the last date that there is
   * where the layout does not say.
   */
  readonly expiresAt: Date;
  /**
   * `false` where it is known to be dead: its lease is over by DynamoDB's clock, or this process has
   * seen it unchanged for its whole lease. `true` is no more than "not known to be dead": a holder that
   * crashed a moment ago is alive until its lease is over.
   */
  readonly alive: boolean;
  /** The length of its lease in milliseconds; infinity where the layout does not say. */
  readonly leaseMs: number;
  /** What it stored beside the lock. */
  readonly data?: string;
}

/**
 * The state of a lock at the moment of reading.
 *
 * @example Who holds a lock, and whether it is known to be dead
 * ```ts
 * import { lock, locks } from "@x/dynamo-lock";
 *
 * await using lease = await lock("export", { owner: "worker 7", data: "page 3" });
 * const info = await locks.inspect("export"); // `null` where nobody ever took it
 * for (const { ownerId, alive, data, fencingToken } of info!.holders) {
 *   console.log(ownerId, alive, data); // worker 7 true page 3
 *   console.log(fencingToken === lease.fencingToken); // true
 * }
 * ```
 */
export interface LockInfo {
  /** The lock's name. */
  readonly name: string;
  /** The greatest fencing token ever granted or proposed; 0 in a layout that has none. */
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
  const holders = record.holders.map((holder) =>
    onlySet<LockHolderInfo>({
      ownerId: holder.ownerId,
      mode: holder.mode,
      fencingToken: holder.token,
      id: holder.token === 0 ? holder.grantId : undefined,
      expiresAt: new Date(Math.min(holder.expires, DATE_MS_MAX)),
      alive: deadInMs(holder, view) > 0,
      leaseMs: holder.leaseMs,
      data: holder.data,
    })
  );
  holders.sort((one, other) => one.fencingToken - other.fencingToken);
  const { fence: fencingToken, permits } = record;
  return onlySet({ name, fencingToken, permits, holders });
}

/** All locks of a table whose names begin with `prefix`, page by page, in no order. */
export async function* listLocks(
  open: () => LockTable,
  settings: ProtocolSettings,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<LockInfo, void, undefined> {
  for await (const [name, record, askedAt] of open().scan(prefix, { signal })) {
    yield describeLock(name, record, open().view(settings, askedAt))!;
  }
}

/**
 * Takes a lock away from the holder with this token, or this id. Answers with its grant's id where it was
 * there: another one that holds it by now is left alone.
 */
export async function breakLock(
  table: LockTable,
  name: string,
  { token, id, signal }: BreakOptions,
): Promise<string | undefined> {
  const record = await table.read(name, { signal });
  const holder = record?.holders.find((one) =>
    id === undefined ? one.token === token : one.grantId === id
  );
  if (holder === undefined) return undefined;
  const input = table.layout.revoke(name, holder);
  const { applied, doubtful, error } = await table.write([{ name, input }], { signal });
  if (signal?.aborted) throw signal.reason;
  if (error !== undefined) throw error;
  // Gone after an attempt that was not answered: that was our own doing.
  return applied || doubtful ? holder.grantId : undefined;
}

/** Checks the options of breaking a lock, by its token or else by its id. */
export function checkBreakOptions(options: BreakOptions, hasTokens: boolean): BreakOptions {
  const action = "break a lock";
  const checks = {
    token: wholeNumber(0, Number.MAX_SAFE_INTEGER),
    id: ofType("string"),
    signal: ACQUIRE_CHECKS.signal,
  };
  const set = checkOptions(action, options, checks);
  const [wanted, other] = hasTokens ? ["token", "id"] as const : ["id", "token"] as const;
  ofType(hasTokens ? "number" : "string")(action, wanted, set[wanted]); // it must be there
  if (set[other] !== undefined) refuse(TypeError, action, other, "absent in this layout", "");
  return set;
}
