/**
 * A lease: a lock that somebody holds, for a time that it keeps extending.
 *
 * @module
 */

import type { LockMode } from "../records/record.ts";

/**
 * A lock that is held.
 *
 * It is renewed in the background until it is released or lost. Leaving the scope of an `await using`
 * releases it; that never throws, so the body's own error is never masked.
 */
export interface Lease {
  /** The lock's name. */
  readonly name: string;
  /** The names of all locks that this lease holds. */
  readonly names: readonly string[];
  /** How the lock is shared. */
  readonly mode: LockMode;
  /**
   * A whole number, greater than that of every earlier grant of the same name. Pass it to whatever the
   * lock guards, and have it refuse a smaller one than it has seen: a holder that was paused past
   * its lease does not know yet that it lost it.
   */
  readonly fencingToken: number;
  /** What the holder calls itself, as others see it. */
  readonly ownerId: string;
  /**
   * Aborts as soon as the lease is not held any more, with a `LeaseLostError` whose `code` says why:
   * `LEASE_STOLEN`, `LEASE_EXPIRED`, `LEASE_DELETED` or `LEASE_RELEASED`.
   */
  readonly signal: AbortSignal;
  /**
   * Whether the lease is held, computed from the clocks at this moment. Once `false`, it stays so.
   * On Cloudflare Workers the clocks stand still while code runs without I/O.
   */
  readonly held: boolean;
  /** For how many milliseconds it is held if it is not renewed; 0 where it is lost. */
  readonly remainingMs: number;
  /**
   * Renews it now, besides the renewals in the background.
   *
   * @throws {LeaseLostError} When it is not held any more.
   * @throws {LockServiceError} When DynamoDB could not be asked. The lease goes on as it was.
   */
  renew(): Promise<void>;
  /**
   * Replaces the data beside the lock that others can read, or with `null` removes it, and renews.
   *
   * @throws {LeaseLostError} When it is not held any more.
   * @throws {LockServiceError} When DynamoDB could not be asked: the data may be the old or the new.
   */
  update(data: string | null): Promise<void>;
  /**
   * Gives the lock back. `true` where the lease was still ours, `false` where it was lost before. A
   * second call answers as the first.
   *
   * @throws {LockServiceError} When DynamoDB could not be asked. The release goes on in the background,
   * and the lock is free when its lease has run out at the latest.
   */
  release(): Promise<boolean>;
  /** Releases it, and never throws. */
  [Symbol.asyncDispose](): Promise<void>;
}
