/**
 * The lock manager: one configuration, and the locks that are held through it.
 *
 * @module
 */

import { DynamoClient } from "./dynamodb/client.ts";
import { LockError } from "./errors.ts";
import { safely } from "./events.ts";
import { Acquisition } from "./lease/acquire.ts";
import type { ProtocolContext } from "./lease/context.ts";
import { heldForMs } from "./lease/decide.ts";
import type { GrantState } from "./lease/grant_state.ts";
import { HeldLease } from "./lease/held_lease.ts";
import type { Lease } from "./lease/lease.ts";
import { LockTable } from "./lease/lock_table.ts";
import { LockMemory } from "./lease/memory.ts";
import { LocalQueue, type Place, untilTurn } from "./lease/queue.ts";
import { ServerClock } from "./lease/server_clock.ts";
import { describeLock, type LockInfo } from "./inspect.ts";
import {
  type AcquireOptions,
  checkAcquireOptions,
  checkData,
  type CheckedManagerOptions,
  checkManagerOptions,
  checkName,
  type LockManagerOptions,
  placeOf,
} from "./options.ts";
import type { TablePlace } from "./records/layout.ts";
import { nativeLayout } from "./records/native.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

/** What is made on first use, when the environment may be read. */
interface Opened {
  readonly place: TablePlace;
  readonly table: LockTable;
  readonly ownerId: string;
}

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
  readonly #options: LockManagerOptions;
  readonly #checked: CheckedManagerOptions;
  readonly #runtime: Runtime;
  readonly #queue = new LocalQueue();
  readonly #leases = new Set<Lease>();
  readonly #work = new Set<Promise<unknown>>();
  readonly #closing = new AbortController();
  #opened: Opened | undefined;

  /**
   * Makes a manager.
   *
   * @throws {TypeError} When an option has the wrong type or does not exist.
   * @throws {RangeError} When an option is out of its range.
   */
  constructor(options: LockManagerOptions = {}) {
    this.#checked = checkManagerOptions(options);
    this.#options = { ...options };
    this.#runtime = options.runtime ?? systemRuntime;
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
    const lease = await this.#acquire(name, options, true);
    if (lease === null) throw new TypeError("unreachable: a wait ends with a lease or an error");
    return lease;
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
  async inspect(name: string, options: { readonly signal?: AbortSignal } = {}): Promise<
    LockInfo | null
  > {
    const { place, table } = this.#open();
    checkName("inspect a lock", name, place);
    options.signal?.throwIfAborted();
    const record = await table.read(name, options.signal ? { signal: options.signal } : {});
    return describeLock(name, record);
  }

  /**
   * Releases every lease of this manager, rejects its waiters with a `LockError` of code
   * `MANAGER_CLOSED`, and waits until nothing of it is under way. Never throws: a lease that cannot be
   * released runs out by itself.
   */
  async close(): Promise<void> {
    this.#closing.abort(
      new LockError("Cannot use a LockManager after 'close'", { code: "MANAGER_CLOSED" }),
    );
    if (this.#runtime.isolatesRequests) return; // what other requests wait for cannot be awaited here
    await Promise.all([...this.#leases].map((lease) => lease[Symbol.asyncDispose]()));
    while (this.#work.size > 0) await Promise.all(this.#work);
  }

  /** Closes the manager. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #acquire(name: string, options: AcquireOptions, wait: boolean): Promise<Lease | null> {
    checkAcquireOptions(options);
    const { place, ownerId } = this.#open();
    checkName("acquire a lock", name, place);
    const context = this.#context(options);
    const link = linkSignals(options.signal, this.#closing.signal);
    const start = this.#runtime.now();
    try {
      link.signal.throwIfAborted();
      context.emit({ type: "request", name, wait });
      const order = {
        name,
        leaseMs: options.leaseMs ?? this.#checked.leaseMs,
        ownerId: options.owner ?? ownerId,
        data: options.data,
        signal: link.signal,
        wait,
      };
      const state = await this.#track(this.#queued(context, order));
      if (state === null) {
        context.emit({ type: "miss", name });
        return null;
      }
      const { token: fencingToken, takeover } = state.proposal;
      const waitedMs = heldForMs(start, this.#runtime.now());
      context.emit({ type: "grant", name, fencingToken, waitedMs, takeover });
      return this.#lease(context, state, options.renew ?? this.#checked.renew);
    } finally {
      link.unlink();
    }
  }

  /** Runs an acquisition when its turn has come. */
  async #queued(
    context: ProtocolContext,
    order: Omit<ConstructorParameters<typeof Acquisition>[1], "heldHere">,
  ): Promise<GrantState | null> {
    if (!order.wait || this.#runtime.isolatesRequests) {
      return await new Acquisition(context, { ...order, heldHere: false }).run();
    }
    const place: Place = this.#queue.enter(order.name);
    try {
      await untilTurn(place, order.signal);
      const heldHere = [...this.#leases].some((lease) => lease.name === order.name);
      place.acquisition = new Acquisition(context, { ...order, heldHere });
      return await place.acquisition.run();
    } finally {
      this.#queue.leave(order.name, place);
    }
  }

  #lease(context: ProtocolContext, state: GrantState, autoRenew: boolean): Lease {
    const lease: Lease = new HeldLease(context, state, {
      offer: (from) => this.#queue.offer(from),
      ended: (ended, next) => {
        this.#leases.delete(ended);
        if (next !== "served") this.#queue.nudge(ended.name, next === "stand back");
      },
      checkData: (data) => {
        if (data !== null) checkData("update a lease", data);
      },
    }, autoRenew);
    // A Worker's request may end without a word: nothing of it is kept.
    if (!this.#runtime.isolatesRequests) this.#leases.add(lease);
    return lease;
  }

  #context(options: AcquireOptions): ProtocolContext {
    const { table } = this.#open();
    const waitUntil = options.waitUntil ?? this.#options.waitUntil;
    return {
      table,
      runtime: this.#runtime,
      settings: this.#checked,
      emit: safely(this.#options.onEvent),
      background: (work) => {
        // Background work tells its troubles by events; a rejection here would end the process.
        const quiet = work.catch(() => {});
        waitUntil?.(quiet);
        this.#track(quiet);
      },
    };
  }

  #track<T>(work: Promise<T>): Promise<T> {
    if (this.#runtime.isolatesRequests) return work;
    const done = work.then(() => {}, () => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
    return work;
  }

  #open(): Opened {
    this.#opened ??= this.#openTable();
    return this.#opened;
  }

  #openTable(): Opened {
    const { table, client, region, credentials, endpoint, env, owner } = this.#options;
    const variable = env?.DYNAMO_LOCK_TABLE ?? this.#runtime.env("DYNAMO_LOCK_TABLE");
    const place = placeOf(table ?? (variable || "dynamo-lock"));
    const emit = safely(this.#options.onEvent);
    const wire = client ?? new DynamoClient({
      ...(region !== undefined && { region }),
      ...(credentials !== undefined && { credentials }),
      ...(endpoint !== undefined && { endpoint }),
      ...(env !== undefined && { env }),
      ...(this.#options.fetch !== undefined && { fetch: this.#options.fetch }),
      runtime: this.#runtime,
      onRetry: (retry) => emit({ type: "retry", ...retry }),
    });
    const clock = new ServerClock();
    const lockTable = new LockTable(
      wire,
      nativeLayout(place),
      clock,
      new LockMemory(),
      this.#runtime,
    );
    return { place, table: lockTable, ownerId: owner ?? this.#runtime.randomId().slice(0, 16) };
  }
}

/** One signal that aborts with whichever of two aborts first, and can be taken off both. */
function linkSignals(
  own: AbortSignal | undefined,
  closing: AbortSignal,
): { signal: AbortSignal; unlink: () => void } {
  const controller = new AbortController();
  const both = own === undefined ? [closing] : [own, closing];
  const unlinks = both.map((signal) => {
    const abort = () => controller.abort(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    return () => signal.removeEventListener("abort", abort);
  });
  return { signal: controller.signal, unlink: () => unlinks.forEach((unlink) => unlink()) };
}
