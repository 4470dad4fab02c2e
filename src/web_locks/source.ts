/**
 * What the shape of the Web Locks needs of a manager. Names are keys here.
 *
 * @module
 */

import type { LockInfo } from "../inspect.ts";
import type { Holdings } from "../lease/holdings.ts";
import type { Lease } from "../lease/lease.ts";
import type { AcquireOptions } from "../options.ts";
import type { Runtime } from "../runtime.ts";

/** A manager, seen by what is built on it. */
export interface LockSource {
  readonly runtime: Runtime;
  readonly holdings: Holdings;
  /** Acquires a lock; with `steal` from whoever holds it, before everybody who waits. */
  acquire(
    key: string,
    options: AcquireOptions,
    wait: boolean,
    steal?: boolean,
  ): Promise<Lease | null>;
  /** All locks of the table. */
  list(): AsyncIterable<LockInfo>;
}
