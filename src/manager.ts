/**
 * The lock manager: one configuration, and the locks that are held through it.
 *
 * @module
 */

import { type LockEventListener, safely } from "./events.ts";
import { breakLock, checkBreakOptions, describeLock, listLocks, type LockInfo } from "./inspect.ts";
import { Holdings } from "./lease/holdings.ts";
import type { Lease } from "./lease/lease.ts";
import type { LockTable } from "./lease/lock_table.ts";
import { type Opened, openTable } from "./opened.ts";
import {
  type AcquireOptions,
  type BreakOptions,
  checkAcquireOptions,
  checkInspectOptions,
  checkListOptions,
  checkManagerOptions,
  type InspectOptions,
  type ListOptions,
  type LockManagerOptions,
} from "./options.ts";
import { demand } from "./records/abilities.ts";
import { checkNames } from "./records/place.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import type { LockRequestOptions } from "./web_locks/options.ts";
import { type LockManagerSnapshot, queryLocks } from "./web_locks/query.ts";
import { requestLock } from "./web_locks/request.ts";
import type { LockSource } from "./web_locks/source.ts";

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
  readonly #holdings: Holdings;
  #opened: Opened | undefined;

  static {
    insideOf = (manager) => [manager.#runtime, manager.#holdings.cancels];
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
    this.#holdings = new Holdings(this.#runtime, this.#options, this.#emit);
  }

  /**
   * Waits for a lock, or for several at once: all of them or none, in one transaction. One request
   * where they are free.
   *
   * @param name The lock's name, 1 to 2,048 bytes of UTF-8; or up to 100 names, which are one lease.
   * @throws {LockTableError} When the table, or the item under a name's key, is not what it must be;
   * when the lock is held with other `permits`.
   * @throws {LockServiceError} When DynamoDB cannot be asked; while waiting, only after it has not
   * answered for a whole lease.
   * @throws The reason of `signal`, untouched, when it aborts.
   */
  acquire(name: string | readonly string[], options: AcquireOptions = {}): Promise<Lease> {
    // A wait ends with a lease or an error, never with `null`.
    return this.#acquire(name, options, true) as Promise<Lease>;
  }

  /**
   * Takes a lock if it is free, or if its holder is dead, and otherwise answers `null`: one request,
   * two where a dead holder is removed. Does not queue. Of several names it takes all, or none.
   *
   * @param name As of {@linkcode acquire}.
   * @throws As {@linkcode acquire}.
   */
  tryAcquire(
    name: string | readonly string[],
    options: AcquireOptions = {},
  ): Promise<Lease | null> {
    return this.#acquire(name, options, false);
  }

  /**
   * Reads who holds a lock, strongly consistent; `null` where it was never taken or is forgotten. It
   * shows no grant id: whoever knows one can release the grant. {@linkcode LockInfo} has an example.
   *
   * @throws As {@linkcode acquire}.
   */
  async inspect(name: string, options: InspectOptions = {}): Promise<LockInfo | null> {
    const { signal } = checkInspectOptions(options);
    const table = this.#table([name], signal);
    const since = this.#runtime.now(); // an answer that comes late shows nobody's death
    const record = await this.#holdings.track(table.read(name, { signal }));
    return describeLock(name, record, table.view(this.#options, since));
  }

  /**
   * Reads all locks of the table, also those that nobody holds, page by page and in no order. It is a
   * `Scan`, which needs that permission and costs by the size of the whole table: for operators. Items of
   * other kinds are left out; a record that is damaged is an error with its name, after all the others.
   *
   * @throws As {@linkcode inspect}, when it is iterated.
   *
   * @example Who holds what
   * ```ts
   * import { lock, locks } from "@x/dynamo-lock";
   *
   * await using _lease = await lock("job/1");
   * for await (const { name, holders } of locks.list({ prefix: "job/" })) {
   *   console.log(name, holders.length); // job/1 1
   * }
   * ```
   */
  list(options: ListOptions = {}): AsyncIterable<LockInfo> {
    const { prefix = "", signal } = checkListOptions(options);
    return listLocks(() => this.#table([], signal), this.#options, prefix, signal);
  }

  /**
   * Takes a lock away from its holder, by whoever knows better: an operator who has seen that the
   * holder is gone or hangs. The holder with this token is removed, if it is still there; tokens go on
   * rising. One that lives learns of it at its next renewal, with `LEASE_STOLEN`, and until then believes
   * that it holds the lock.
   *
   * @returns Whether it was there.
   * @throws As {@linkcode inspect}.
   *
   * @example Break what `inspect` has shown
   * ```ts
   * import { lock, locks } from "@x/dynamo-lock";
   *
   * const lease = await lock("stuck");
   * const [holder] = (await locks.inspect("stuck"))!.holders;
   * console.log(await locks.breakLock("stuck", { token: holder!.fencingToken })); // true
   * console.log(lease.held); // false
   * ```
   */
  async breakLock(name: string, options: BreakOptions): Promise<boolean> {
    const { layout } = this.#open().table;
    const set = checkBreakOptions(options, layout.abilities.fencing !== false);
    const table = this.#table([name], set.signal);
    const broken = await this.#holdings.track(breakLock(table, name, set));
    if (broken === undefined) return false;
    // Not by its token: in some formats others may have raised that on the table.
    this.#holdings.taken(name, (lease) => lease.isOf({ id: broken }));
    return true;
  }

  /**
   * Runs a callback while a lock is held, and answers as it does when the lock was given back: the
   * `request` of the Web Locks, with a {@linkcode Lease} for the lock. Code that is written for
   * `navigator.locks` runs unchanged.
   *
   * A lock that is lost rejects at once, with an `AbortError` whose `cause` is the `LeaseLostError`,
   * as a stolen one does; the callback works on, and can see that by `lease.signal`. The lock's name
   * may be any text that does not begin with `-`, also one that is empty or no well-formed Unicode.
   *
   * @throws {DOMException} As a rejection, as all errors: a `NotSupportedError` for what Web Locks do
   * not allow, an `AbortError` when the lock is lost. The others are as of {@linkcode acquire}.
   *
   * @example
   * ```ts
   * import { locks } from "@x/dynamo-lock";
   *
   * const token = await locks.request("invoice/44", (lease) => lease.fencingToken);
   * const miss = await locks.request("invoice/44", async () => {
   *   return await locks.request("invoice/44", { ifAvailable: true }, (lease) => lease === null);
   * });
   * console.log(token > 0, miss); // true true
   * ```
   */
  request<T>(name: string, callback: (lease: Lease) => T): Promise<Awaited<T>>;
  /** With options, of the Web Locks and of any acquisition. */
  request<T>(
    name: string,
    options: LockRequestOptions & { readonly ifAvailable?: false },
    callback: (lease: Lease) => T,
  ): Promise<Awaited<T>>;
  /** With `ifAvailable`, where the callback may get `null`. */
  request<T>(
    name: string,
    options: LockRequestOptions,
    callback: (lease: Lease | null) => T,
  ): Promise<Awaited<T>>;
  request(...args: unknown[]): Promise<unknown> {
    return requestLock(this.#source(), args);
  }

  /**
   * Who holds which lock, and who waits: the `query` of the Web Locks. Holders are those of all
   * processes, read by {@linkcode list}, without the dead; those who wait are this manager's.
   *
   * @throws As {@linkcode list}.
   *
   * @example
   * ```ts
   * import { locks } from "@x/dynamo-lock";
   *
   * const { held } = await locks.request("invoice/45", { mode: "shared" }, () => locks.query());
   * console.log(held.find(({ name }) => name === "invoice/45")?.mode); // shared
   * ```
   */
  query(): Promise<LockManagerSnapshot> {
    return queryLocks(this.#source());
  }

  /**
   * Releases every lease of this manager, rejects its waiters with a `LockError` of code
   * `MANAGER_CLOSED`, and waits until nothing of it is under way: where DynamoDB is away, for less than
   * a minute, and with short leases for less (a minute more with a layout in which no lease ends). Never throws: a lease that cannot be released runs out by itself.
   */
  close(): Promise<void> {
    return this.#holdings.close();
  }

  /** Closes the manager. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #acquire(
    name: string | readonly string[],
    options: AcquireOptions,
    wait: boolean,
    steal = false,
  ): Promise<Lease | null> {
    const own = checkAcquireOptions(options, this.#runtime);
    const { place, ownerId, table } = this.#open();
    const names = checkNames(name, place);
    const { permits, mode = permits ? "shared" : "exclusive", data } = own;
    if (permits) demand(table.layout, "permits", names[0]!);
    else if (mode === "shared") demand(table.layout, "shared", names[0]!);
    if (data !== undefined) demand(table.layout, "data", names[0]!);
    const wanted = { maxRequests: Infinity, owner: ownerId, reentrant: false };
    const { owner, ...request } = { ...wanted, ...this.#options, ...own };
    return await this.#holdings.acquire(table, {
      ...request,
      ownerId: owner,
      names,
      mode,
      permits,
      data,
      wait,
      steal,
    });
  }

  /** This manager, as the Web Locks need it. */
  #source(): LockSource {
    return {
      runtime: this.#runtime,
      holdings: this.#holdings,
      acquire: (...order) => this.#acquire(...order),
      list: () => this.list(),
    };
  }

  /** The table, for a call about these names. */
  #table(names: readonly string[], signal: AbortSignal | undefined): LockTable {
    const { place, table } = this.#open();
    for (const name of names) checkNames([name], place);
    this.#holdings.checkOpen();
    signal?.throwIfAborted();
    return table;
  }

  #open(): Opened {
    return this.#opened ??= openTable(this.#options, this.#runtime, this.#emit);
  }
}
