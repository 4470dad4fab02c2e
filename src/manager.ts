/**
 * The lock manager: one configuration, and the locks that are held through it.
 *
 * @module
 */

import { environmentReader } from "./credentials/env.ts";
import type { DynamoClientOptions } from "./dynamodb/options.ts";
import { Wire } from "./dynamodb/wire.ts";
import { LockError } from "./errors.ts";
import { type LockEventListener, safely } from "./events.ts";
import { describeLock, type LockInfo } from "./inspect.ts";
import { type AcquireOrder, Acquisition } from "./lease/acquire.ts";
import { type ProtocolContext, untilAborted } from "./lease/context.ts";
import { heldForMs } from "./lease/decide.ts";
import type { GrantState } from "./lease/grant_state.ts";
import { HeldLease, type LeaseOptions } from "./lease/held_lease.ts";
import type { Lease } from "./lease/lease.ts";
import { LockTable } from "./lease/lock_table.ts";
import { LocalQueue } from "./lease/queue.ts";
import {
  type AcquireOptions,
  checkAcquireOptions,
  checkInspectOptions,
  checkManagerOptions,
  checkName,
  type InspectOptions,
  type LockManagerOptions,
  placeOf,
} from "./options.ts";
import type { TablePlace } from "./records/layout.ts";
import { NativeLayout } from "./records/native.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

/** Longer than any clean-up takes. */
const CLOSE_MOST_MS = 2_000_000_000;

/** What is made on first use, when the environment may be read. */
interface Opened {
  readonly place: TablePlace;
  readonly table: LockTable;
  readonly ownerId: string;
}

/** What stands beside the core needs of a manager. It is not for others: `mod.ts` does not export it. */
export type Inside = readonly [runtime: Runtime, cancelledByClose: Set<AbortController>];

/** The inside of a manager. */
export let insideOf: (manager: LockManager) => Inside;

/**
 * Locks with one configuration. The default one is {@linkcode locks}; `lock` and `tryLock` use it.
 *
 * The constructor checks its options and does nothing else: no request, no look at the environment.
 * In one process the callers of one name form a queue, first in first out, of which only the head
 * talks to DynamoDB. On Cloudflare Workers, where requests may not wait for each other, there is no
 * queue, and `close` leaves the leases of other requests alone.
 *
 * @example
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 *
 * await using locks = new LockManager({ table: "dynamo-lock", leaseMs: 10_000 });
 * await using lease = await locks.acquire("report/2026-11");
 * console.log(lease.held); // true
 * ```
 */
export class LockManager {
  readonly #options: ReturnType<typeof checkManagerOptions>;
  readonly #runtime: Runtime;
  readonly #emit: LockEventListener;
  readonly #queue = new LocalQueue();
  readonly #leases = new Set<Lease>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #cancels = new Set<AbortController>();
  #closed = false;
  #opened: Opened | undefined;

  static {
    insideOf = (manager) => [manager.#runtime, manager.#cancels];
  }

  /**
   * Makes a manager.
   *
   * @throws {TypeError} When an option has the wrong type or does not exist.
   * @throws {RangeError} When an option is out of its range.
   */
  constructor(options: LockManagerOptions = {}) {
    this.#options = checkManagerOptions(options);
    this.#runtime = options.runtime ?? systemRuntime;
    this.#emit = safely(options.onEvent);
  }

  /**
   * Waits for a lock. One request where it is free.
   *
   * @param name The lock's name, 1 to 2,048 bytes of UTF-8.
   * @throws {LockTableError} When the table, or the item under the name's key, is not what it must be.
   * @throws {LockServiceError} When DynamoDB cannot be asked; while waiting, only after it has not
   * answered for a whole lease.
   * @throws The reason of `signal`, untouched, when it aborts.
   */
  async acquire(name: string, options: AcquireOptions = {}): Promise<Lease> {
    // A wait ends with a lease or an error, never with `null`.
    return await this.#acquire(name, options, true) as Lease;
  }

  /**
   * Takes a lock if it is free, or if its holder is dead, and otherwise answers `null`: one request,
   * two where a dead holder is removed. Does not queue.
   *
   * @param name The lock's name, 1 to 2,048 bytes of UTF-8.
   * @throws As {@linkcode acquire}.
   */
  tryAcquire(name: string, options: AcquireOptions = {}): Promise<Lease | null> {
    return this.#acquire(name, options, false);
  }

  /**
   * Reads who holds a lock, strongly consistent; `null` where it was never taken or is forgotten. It
   * shows no grant id: whoever knows one can release the grant.
   *
   * @throws As {@linkcode acquire}.
   */
  async inspect(name: string, options: InspectOptions = {}): Promise<LockInfo | null> {
    const { signal } = checkInspectOptions(options);
    const { place, table } = this.#open();
    checkName(name, place);
    if (this.#closed) throw closedError();
    signal?.throwIfAborted();
    const record = await this.#track(table.read(name, { signal }));
    return describeLock(name, record, table.view(this.#options));
  }

  /**
   * Releases every lease of this manager, rejects its waiters with a `LockError` of code
   * `MANAGER_CLOSED`, and waits until nothing of it is under way. Never throws: a lease that cannot be
   * released runs out by itself.
   */
  async close(): Promise<void> {
    this.#closed = true;
    for (const cancel of this.#cancels) cancel.abort(closedError());
    if (this.#runtime.isolatesRequests) return; // what other requests wait for cannot be awaited here
    // What is waited for may sleep by timers that keep no process alive.
    const alive = this.#runtime.setTimer(() => {}, CLOSE_MOST_MS);
    // Work that was under way may end in one more lease.
    while (this.#leases.size + this.#work.size > 0) {
      await Promise.all([...this.#leases].map((lease) => lease[Symbol.asyncDispose]()));
      await Promise.all(this.#work);
    }
    this.#runtime.clearTimer(alive);
  }

  /** Closes the manager. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #acquire(name: string, options: AcquireOptions, wait: boolean): Promise<Lease | null> {
    const own = checkAcquireOptions(options);
    const { place, ownerId } = this.#open();
    checkName(name, place);
    const wanted = { maxRequests: Infinity, ...this.#options, ...own };
    const { leaseMs, owner = ownerId, data, maxRequests } = wanted;
    if (this.#closed) throw closedError();
    const cancel = new AbortController();
    const signal = own.signal ? AbortSignal.any([own.signal, cancel.signal]) : cancel.signal;
    signal.throwIfAborted();
    const context = this.#context(own);
    const start = this.#runtime.now();
    this.#emit({ type: "request", name, wait });
    if (this.#closed) throw closedError(); // by a listener of that event
    const order = {
      name,
      leaseMs,
      ownerId: owner,
      data,
      signal,
      wait,
      maxRequests,
      heldHere: false,
    };
    const grant = async (acquisition: Acquisition) => {
      const state = await acquisition.run();
      const lease = state && this.#lease(context, state, wanted);
      if (state === null) this.#emit({ type: "miss", name });
      else {
        const { token: fencingToken, takeover } = state.proposal;
        const waitedMs = heldForMs(start, this.#runtime.now());
        this.#emit({ type: "grant", name, fencingToken, waitedMs, takeover });
      }
      return lease;
    };
    if (this.#runtime.isolatesRequests) return await grant(new Acquisition(context, order));
    this.#cancels.add(cancel);
    const work = wait
      ? this.#queued(context, order, grant)
      : grant(new Acquisition(context, order));
    return await this.#track(work.finally(() => this.#cancels.delete(cancel)));
  }

  /** Runs an acquisition when its turn has come. */
  async #queued(
    context: ProtocolContext,
    order: AcquireOrder,
    grant: (acquisition: Acquisition) => Promise<Lease | null>,
  ): Promise<Lease | null> {
    const { name, signal } = order;
    const place = this.#queue.enter(name);
    try {
      await untilAborted(place.turn, signal);
      signal.throwIfAborted();
      const heldHere = [...this.#leases].some((lease) => lease.name === name);
      place.acquisition = new Acquisition(context, { ...order, heldHere });
      return await grant(place.acquisition);
    } finally {
      this.#queue.leave(name, place);
    }
  }

  #lease(context: ProtocolContext, state: GrantState, options: LeaseOptions): Lease {
    const lease: Lease = new HeldLease(context, state, {
      offer: (from) => this.#queue.offer(from),
      ended: (ended, next) => {
        this.#leases.delete(ended);
        if (next !== "served") this.#queue.nudge(ended.name, next === "stand back");
      },
    }, options);
    // A Worker's request may end without a word: nothing of it is kept.
    if (!this.#runtime.isolatesRequests) this.#leases.add(lease);
    return lease;
  }

  #context(options: AcquireOptions): ProtocolContext {
    const waitUntil = options.waitUntil ?? this.#options.waitUntil;
    return {
      table: this.#open().table,
      runtime: this.#runtime,
      settings: this.#options,
      emit: this.#emit,
      background: (work) => {
        // Background work tells its troubles by events; a rejection here would end the process.
        const quiet = work.catch(() => {});
        this.#track(quiet);
        try {
          waitUntil?.(quiet);
        } catch {
          // A broken `waitUntil`, such as one without its `this`, must not break the lock.
        }
      },
    };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    if (this.#runtime.isolatesRequests) return work;
    const done = work.catch(() => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
    return work;
  }

  #open(): Opened {
    if (this.#opened !== undefined) return this.#opened;
    const runtime = this.#runtime;
    const { table, client, owner, env, ...rest } = this.#options;
    const { region, credentials, endpoint, allowInsecureEndpoint, fetch } = rest;
    const read = environmentReader(env, (name) => runtime.env(name));
    const place = placeOf(table ?? read("DYNAMO_LOCK_TABLE") ?? "dynamo-lock");
    const wire = client ?? new Wire({
      ...{
        region,
        credentials,
        endpoint,
        allowInsecureEndpoint,
        env,
        fetch,
      } as DynamoClientOptions,
      runtime,
      onRetry: (retry) => this.#emit({ type: "retry", ...retry }),
    });
    const lockTable = new LockTable(wire, new NativeLayout(place), runtime);
    const ownerId = owner ?? runtime.randomId().slice(0, 16);
    return this.#opened = { place, table: lockTable, ownerId };
  }
}

function closedError(): LockError {
  return new LockError("MANAGER_CLOSED", "Cannot use a LockManager after 'close'");
}
