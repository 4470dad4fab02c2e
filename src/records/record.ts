/**
 * A lock's record as the protocol sees it, whatever it looks like on the table.
 *
 * @module
 */

import { type Check, textOf } from "../checks.ts";
import { LockTableError } from "../errors.ts";
import type { AttributeValue } from "../dynamodb/values.ts";

/** How a holder shares the lock with others. */
export type LockMode = "exclusive" | "shared";

/** An item of DynamoDB. */
export type Item = Record<string, AttributeValue>;

/** One entry of a record: somebody who was granted the lock and has not given it back. */
export interface Holder {
  /** The grant's id: 128 random bits. Whoever knows it can release the grant. */
  readonly grantId: string;
  /** The fencing token of the grant; 0 where the format has none. */
  readonly token: number;
  /** How the grant shares the lock. */
  readonly mode: LockMode;
  /** Who holds it, as the holder calls itself. */
  readonly ownerId: string;
  /** Until when, in the server's milliseconds since 1970; infinity where the format does not say. */
  readonly expires: number;
  /** The length of the lease in milliseconds; infinity where the format does not say. */
  readonly leaseMs: number;
  /** What the holder wrote beside it. */
  readonly data?: string;
  /** Which one it is in, where a record is made of several items. */
  readonly slot?: number;
}

/** The record of one lock. */
export interface LockRecord {
  /** The greatest fencing token ever granted or proposed; 0 where the format has none. */
  readonly fence: number;
  /** Everybody in. */
  readonly holders: readonly Holder[];
  /** The permits of a semaphore. */
  readonly permits?: number;
  /** How many may hold it at once is what each caller says: the format does not. */
  readonly anyPermits?: boolean;
  /** Until when new shared holders stand back for an exclusive one, in the server's milliseconds. */
  readonly waiting?: number;
  /** The holders exactly as read, for a take-over that compares all of them. */
  readonly rawHolders: AttributeValue;
  /** Not all holders are known: it must be read before it can be judged. */
  readonly partial?: boolean;
}

/** How a caller wants to share a lock. */
export interface Sharing {
  /** Alone, or with others that share. The holders of a semaphore share. */
  readonly mode: LockMode;
  /** How many may hold it at once; absent where it is no semaphore. */
  readonly permits?: number | undefined;
}

/** What an acquisition wants to write: a grant that does not exist yet, of one name or of several. */
export interface Grant extends Sharing {
  /** 128 random bits, new for every proposal. */
  readonly grantId: string;
  /** The proposed fencing token. */
  readonly token: number;
  /** Who asks. */
  readonly ownerId: string;
  /** The length of the lease in milliseconds. */
  readonly leaseMs: number;
  /** Until when, in the server's milliseconds since 1970. */
  readonly expires: number;
  /** What to store beside it. */
  readonly data?: string | undefined;
  /** What the server's clock was taken to show when the grant was made up. */
  readonly madeAt: number;
}

/** Room for the tokens to come: one above 2^53 would not be greater than the one before it. */
export const FENCE_MAX: number = Number.MAX_SAFE_INTEGER - 1_000_000;

/** The longest lease, 7 days: a longer one in a record is damage, which would keep the lock for ever. */
export const LEASE_MS_MAX: number = 7 * 24 * 60 * 60_000;

/**
 * For how long at the most an exclusive caller may ask others to stand back. It asks for little more than
 * the time between two of its looks, and again at each.
 */
export const WAITING_MOST_MS: number = 30_000;

/** The error of a record that is ours, and damaged in this attribute. */
export function damagedRecord(name: string, attribute: string): LockTableError {
  const message = `Cannot use lock '${name}' as its '${attribute}' is damaged`;
  return new LockTableError("RECORD_INVALID", message, name);
}

/** The grant of `record` with this id, if it is there. */
export function findHolder(record: LockRecord | undefined, grantId: string): Holder | undefined {
  return record?.holders.find((holder) => holder.grantId === grantId);
}

/** Checks what a holder stores beside a lock. A record of 1 KB costs one write unit. */
export const checkData: Check = textOf(0, 2_048);
