/**
 * A term: the time for which a candidate leads.
 *
 * @module
 */

import type { Lease } from "../lease/lease.ts";
import { follow, type Follower } from "./follow.ts";

/** The time for which a candidate leads, from its election until the lead is lost or given back. */
export interface Term {
  /** The election's name. */
  readonly name: string;
  /**
   * A whole number, greater than that of every earlier term of the same name. Pass it to whatever the
   * leader writes to, and have it refuse a smaller one than it has seen.
   */
  readonly fencingToken: number;
  /** What the leader calls itself, as observers see it. */
  readonly ownerId: string;
  /**
   * Aborts when the callback should come to its end: with a `LeaseLostError` where the term is lost
   * (`LEASE_STOLEN`, `LEASE_EXPIRED`, `LEASE_DELETED`) or was given back (`LEASE_RELEASED`), with the
   * reason of the campaign's `signal` where that aborts, and with a `LockError` of code
   * `MANAGER_CLOSED` where the manager is closed.
   */
  readonly signal: AbortSignal;
  /**
   * Whether the candidate leads, computed from the clocks at this moment: no two candidates see `true`
   * at the same time. Once `false`, it stays so.
   */
  readonly leading: boolean;
  /** For how many milliseconds it leads if the lease is not renewed; 0 where it does not lead. */
  readonly remainingMs: number;
  /** The lease behind it. To give it back is to resign. */
  readonly lease: Lease;
  /**
   * Gives the lead back at once, so that another candidate can have it: the term's signal aborts. The
   * campaign waits for the callback and then for `pauseMs` before it stands again. `true` where it
   * still led, `false` where the term was lost before. A second call answers as the first.
   *
   * @throws {LockServiceError} When DynamoDB could not be asked. The lead is given back in the
   * background, and free when its lease has run out at the latest.
   *
   * @example Lead for a while, and let another one have a turn
   * ```ts
   * import { campaign } from "@x/dynamo-lock/election";
   *
   * const stop = new AbortController();
   * await campaign("rebalancer", { signal: stop.signal }, async (term) => {
   *   await new Promise((done) => setTimeout(done, 10)); // a piece of work
   *   console.log(await term.resign(), term.leading); // true false
   *   stop.abort(); // or this candidate would stand again, after a pause
   * }).catch(() => {});
   * ```
   */
  resign(): Promise<boolean>;
  /**
   * Replaces the data that observers see, at most 2,048 bytes, or with `null` removes it.
   *
   * @throws {LeaseLostError} When the candidate does not lead any more.
   * @throws {LockServiceError} When DynamoDB could not be asked: the data may be the old or the new.
   *
   * @example Say where the leader is to be found once it is ready
   * ```ts
   * import { campaign, observeLeader } from "@x/dynamo-lock/election";
   *
   * const stop = new AbortController();
   * await campaign("gateway", { signal: stop.signal }, async (term) => {
   *   await term.announce("10.0.0.7:8080");
   *   for await (const leader of observeLeader("gateway")) {
   *     console.log(leader?.data); // 10.0.0.7:8080
   *     break;
   *   }
   *   stop.abort();
   * }).catch(() => {});
   * ```
   */
  announce(data: string | null): Promise<void>;
}

/** A term over a lease. */
export class HeldTerm implements Term {
  readonly lease: Lease;
  readonly #end: Follower;

  /** A term that also ends when one of `stops` aborts. */
  constructor(lease: Lease, stops: readonly AbortSignal[]) {
    this.lease = lease;
    this.#end = follow([...stops, lease.signal]);
  }

  get name(): string {
    return this.lease.name;
  }

  get fencingToken(): number {
    return this.lease.fencingToken;
  }

  get ownerId(): string {
    return this.lease.ownerId;
  }

  get signal(): AbortSignal {
    return this.#end.signal;
  }

  get leading(): boolean {
    return this.lease.held;
  }

  get remainingMs(): number {
    return this.lease.remainingMs;
  }

  resign(): Promise<boolean> {
    return this.lease.release();
  }

  announce(data: string | null): Promise<void> {
    return this.lease.update(data);
  }

  /** Gives the lead back where that has not happened, and leaves no listener. Never throws. */
  async close(): Promise<void> {
    await this.lease[Symbol.asyncDispose]();
    this.#end.letGo();
  }
}
