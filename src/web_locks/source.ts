/**
 * What the shape of the Web Locks needs of a manager.
 *
 * @module
 */

import type { LockInfo } from "../inspect.ts";
import type { Lease } from "../lease/lease.ts";
import type { AcquireOptions } from "../options.ts";
import type { LockMode } from "../records/record.ts";

/** What the manager alone may ask of an acquisition. */
export interface SourceOptions extends AcquireOptions {
  /** How the lock is to be shared. */
  readonly mode?: LockMode;
  /** Takes it from whoever has it, before everybody who waits. */
  readonly steal?: boolean;
}

/** Somebody of this manager who waits for a lock. */
export interface LocalWaiter {
  readonly name: string;
  readonly mode: LockMode;
  readonly ownerId: string;
}

/** A lease of this manager, which is in the table until its release is answered. */
export interface LocalHolder extends LocalWaiter {
  readonly fencingToken: number;
  /** Whether it is not being given back. */
  readonly held: boolean;
}

/** A manager, seen by what is built on it. Names are keys here. */
export interface LockSource {
  /** Waits for a lock in the manager's queue. */
  acquire(key: string, options: SourceOptions): Promise<Lease>;
  /** Asks once for a lock, without queueing. */
  tryAcquire(key: string, options: SourceOptions): Promise<Lease | null>;
  /**
   * Resolves when everybody who is in the queue of this name by now, or in any, was served or knows
   * that there is something to wait for.
   */
  settled(key?: string): Promise<void>;
  /** Whether somebody waits in the queue of this name. */
  isAwaited(key: string): boolean;
  /** The leases that have not ended, in the order of the grants. */
  leases(): LocalHolder[];
  /** Who waits, in the order in which they came. */
  pending(): LocalWaiter[];
  /** Every record of the table. */
  list(): AsyncIterable<LockInfo>;
  /** The likeliest time of the server, in milliseconds since 1970. */
  serverTime(): number;
  /** Whether the manager was closed. */
  isClosed(): boolean;
}
