/**
 * The options of one acquisition: what they mean, and their limits. They are checked in `options.ts`.
 *
 * @module
 */

import type { LockMode } from "../records/record.ts";

/** Options of one acquisition. */
export interface AcquireOptions {
  /**
   * How long the lock outlives a crashed holder, in milliseconds: 2,000 to 604,800,000 (7 days). It is
   * renewed at a third of that. @default {20000}
   */
  readonly leaseMs?: number | undefined;
  /** Whether it is renewed in the background. @default {true} */
  readonly renew?: boolean | undefined;
  /**
   * Cancels the wait; its reason is thrown as it is. After the grant it has no effect. A time limit is
   * `AbortSignal.timeout(ms)`.
   */
  readonly signal?: AbortSignal | undefined;
  /**
   * How long it is held at the most, renewals included, in milliseconds from when the caller gets it:
   * 1,000 to 31,536,000,000 (a year). Then it is lost with `LEASE_EXPIRED`, and given back: so work
   * that hangs does not keep the lock for ever. @default {no limit}
   *
   * @example Take the lock away from work that hangs
   * ```ts
   * import { LockManager } from "@x/dynamo-lock";
   *
   * await using locks = new LockManager();
   * const lease = await locks.acquire("thumbnails", { maxHoldMs: 1_000 });
   * try {
   *   await makeThumbnails(lease.signal);
   * } catch (error) {
   *   console.log((error as { code?: string }).code); // LEASE_EXPIRED
   * }
   *
   * async function makeThumbnails(signal: AbortSignal): Promise<void> {
   *   for (;;) { // it hangs
   *     signal.throwIfAborted();
   *     await new Promise((done) => setTimeout(done, 50));
   *   }
   * }
   * ```
   */
  readonly maxHoldMs?: number | undefined;
  /**
   * How many requests the acquisition may send, 1 to 1,000,000, for runtimes that count them. When the
   * lock is not granted by then, it rejects with a `LockServiceError` of code `MAX_REQUESTS`. What was
   * left open is cleaned up in the background, by a few more. @default {no limit}
   *
   * @example Wait for as long as a budget of requests allows
   * ```ts
   * import { lock, LockServiceError } from "@x/dynamo-lock";
   *
   * const another = await lock("quota"); // in truth another process
   * try {
   *   await using _lease = await lock("quota", { maxRequests: 2 });
   * } catch (error) {
   *   if (!(error instanceof LockServiceError) || error.code !== "MAX_REQUESTS") throw error;
   *   console.log("busy, come back later");
   * }
   * await another.release();
   * ```
   */
  readonly maxRequests?: number | undefined;
  /**
   * `"exclusive"` holds it alone, `"shared"` together with all that share it too. An exclusive caller
   * that only shared holders keep out has the right of way: no others are let in meanwhile.
   * @default {"exclusive"}
   */
  readonly mode?: LockMode | undefined;
  /**
   * Makes it a semaphore that so many may hold at once, 1 to 100; not beside `mode`. All callers must
   * say the same: another number, or none, is refused with `PERMITS_MISMATCH` while anybody holds
   * it. A write costs by the size of the record: one unit for up to 11 holders, 8 for 100.
   */
  readonly permits?: number | undefined;
  /**
   * Enters again where this manager holds the same names in the same way by a call that was
   * `reentrant` too: at once, with no request, and sharing that lease, whose options go on. It is given
   * back when all that entered have released. Other callers in the process are not told apart, so use
   * it only where they are one. Not on Cloudflare Workers. @default {false}
   *
   * @example Two leases of one grant
   * ```ts
   * import { lock } from "@x/dynamo-lock";
   *
   * const outer = await lock("ledger/2026", { reentrant: true });
   * const inner = await lock("ledger/2026", { reentrant: true }); // no request
   * console.log(inner.fencingToken === outer.fencingToken); // true
   * await outer.release();
   * console.log(outer.held, inner.held); // false true
   * await inner.release(); // only now the lock is given back
   * ```
   */
  readonly reentrant?: boolean | undefined;
  /** A text of at most 2,048 bytes that others see beside the lock; `lease.update` replaces it. */
  readonly data?: string | undefined;
  /** What the holder calls itself, 1 to 256 bytes. @default {16 random hexadecimal digits} */
  readonly owner?: string | undefined;
  /**
   * Keeps background work alive after a response, as `ctx.waitUntil` of a Cloudflare Worker does: pass
   * `(work) => ctx.waitUntil(work)`.
   */
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}
