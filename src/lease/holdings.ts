/**
 * What one manager holds and is after: its leases, the callers in its queue, and the work under way.
 *
 * @module
 */

import { isLockError, LockError } from "../errors.ts";
import type { LockEventListener } from "../events.ts";
import type { Moment, Runtime } from "../runtime.ts";
import { tell } from "../tell.ts";
import { Acquisition } from "./acquire.ts";
import { type ProtocolContext, type ProtocolSettings, untilAborted } from "./context.ts";
import { heldForMs } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import { HeldLease } from "./held_lease.ts";
import type { LeaseOptions } from "./hold.ts";
import type { Lease } from "./lease.ts";
import type { LockTable } from "./lock_table.ts";
import type { Wish } from "./proposal.ts";
import { LocalQueue, type Place } from "./queue.ts";
import { Room } from "./reentry.ts";

/** Longer than any clean-up takes. */
const CLOSE_MOST_MS = 2_000_000_000;

/** What a caller asks for. */
export interface LockRequest extends Wish, LeaseOptions {
  readonly signal?: AbortSignal | undefined;
  /** Whether it waits while the lock is held. */
  readonly wait: boolean;
  readonly maxRequests: number;
  readonly reentrant: boolean;
  /** Whether it takes the lock from whoever holds it. */
  readonly steal: boolean;
  readonly waitUntil?: ((work: Promise<unknown>) => void) | undefined;
}

/** A request that is being served. */
interface Serving {
  readonly request: LockRequest;
  readonly context: ProtocolContext;
  readonly signal: AbortSignal;
  readonly start: Moment;
  acquisition?: Acquisition;
}

/** The holdings of one manager. */
export class Holdings {
  readonly #runtime: Runtime;
  readonly #settings: ProtocolSettings;
  readonly #emit: LockEventListener;
  readonly #queue = new LocalQueue();
  readonly #leases = new Set<HeldLease>();
  readonly #rooms = new Map<string, Room>();
  readonly #work = new Set<Promise<unknown>>();
  /** What ends with the manager: aborted when it is closed. */
  readonly cancels: Set<AbortController> = new Set();
  /** Made with the first lease: where managers are made, some runtimes allow none. */
  #closing: AbortController | undefined;
  /** Whether the manager was closed. */
  isClosed = false;
  #tickets = 0;

  constructor(runtime: Runtime, settings: ProtocolSettings, emit: LockEventListener) {
    this.#runtime = runtime;
    this.#settings = settings;
    this.#emit = emit;
  }

  /** The leases that are held, as far as is known. */
  get leases(): readonly HeldLease[] {
    return [...this.#leases];
  }

  /** Who is in line, in the order in which they came. */
  get places(): readonly Place[] {
    return this.#queue.places;
  }

  /** Resolves when everybody who is in line by now was served, or waits. See {@link LocalQueue}. */
  settled(): Promise<unknown> {
    return this.#queue.settled();
  }

  /**
   * Does something about a name after everybody who is in line by now was served, or waits, and before
   * everybody who comes later. It is told whether somebody waits.
   */
  async inLine<T>(
    name: string,
    who: "steals" | "tries",
    work: (isAwaited: boolean) => Promise<T>,
  ): Promise<T> {
    if (this.#runtime.isolatesRequests) return await work(false);
    const settled = this.#queue.settled(name, who);
    const place = this.#queue.enter([name], who);
    try {
      return await work(await settled);
    } finally {
      this.#queue.leave(place);
    }
  }

  /** Throws where the manager was closed. */
  checkOpen(): void {
    if (this.isClosed) throw closedError();
  }

  /** Serves a request: with a lease, or with `null` where the lock is held and it does not wait. */
  async acquire(table: LockTable, request: LockRequest): Promise<Lease | null> {
    this.checkOpen();
    const cancel = new AbortController();
    const own = request.signal;
    const signal = own ? AbortSignal.any([own, cancel.signal]) : cancel.signal;
    signal.throwIfAborted();
    const context = this.#context(table, request);
    const serving: Serving = { request, context, signal, start: this.#runtime.now() };
    if (this.#runtime.isolatesRequests) return await this.#serve(serving);
    this.cancels.add(cancel);
    const work = this.#serve(serving).finally(() => this.cancels.delete(cancel));
    return await this.track(work);
  }

  /** Keeps work in mind until it is done: closing waits for it. */
  track<T>(work: Promise<T>): Promise<T> {
    if (this.#runtime.isolatesRequests) return work;
    const done = work.catch(() => {}).finally(() => this.#work.delete(done));
    this.#work.add(done);
    return work;
  }

  /** Tells the leases here of a name that was taken away from them; all but one. */
  taken(name: string, isTaken: (lease: HeldLease) => boolean): void {
    for (const lease of this.leases) {
      if (lease.names.includes(name) && isTaken(lease)) lease.steal(name);
    }
  }

  /** Ends everything, and waits for it. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.#closing?.abort();
    for (const cancel of this.cancels) cancel.abort(closedError());
    if (this.#runtime.isolatesRequests) return; // what other requests wait for cannot be awaited here
    // What is waited for may sleep by timers that keep no process alive.
    const alive = this.#runtime.setTimer(() => {}, CLOSE_MOST_MS);
    // Work that was under way may end in one more lease.
    while (this.#leases.size + this.#work.size > 0) {
      await Promise.all(this.leases.map((lease) => lease[Symbol.asyncDispose]()));
      await Promise.all(this.#work);
    }
    this.#runtime.clearTimer(alive);
  }

  /** Serves a request, and tells how that ended. */
  async #serve(serving: Serving): Promise<Lease | null> {
    const { request, context: { emit }, start } = serving;
    const cost = () => ({
      waitedMs: heldForMs(start, this.#runtime.now()),
      requests: serving.acquisition?.budget.spent ?? 0,
    });
    const granted = ({ proposal: { token: fencingToken, takeover } }: GrantState) =>
      emit({ type: "grant", fencingToken, takeover, ...cost() });
    emit({ type: "request", wait: request.wait, mode: request.mode });
    try {
      this.checkOpen(); // a listener of that event may have closed it
      const again = this.#reenter(serving, granted);
      if (again !== undefined) return again;
      // One that steals goes before everybody who waits.
      const queues = request.wait && !request.steal && !this.#runtime.isolatesRequests;
      const lease = await (queues ? this.#queued(serving, granted) : this.#grant(serving, granted));
      if (lease === null) emit({ type: "miss", ...cost() });
      return lease;
    } catch (error) {
      const aborted = request.signal?.aborted && error === request.signal.reason;
      const code = aborted ? "ABORTED" : isLockError(error) ? error.code : "UNKNOWN";
      emit({ type: "fail", code, ...cost() });
      throw error;
    }
  }

  /** Serves it when its turn has come. */
  async #queued(serving: Serving, granted: (state: GrantState) => void): Promise<Lease | null> {
    const { request, signal } = serving;
    const place = this.#queue.enter(request.names, request);
    try {
      await untilAborted(place.turn, signal);
      signal.throwIfAborted();
      return this.#reenter(serving, granted) ?? await this.#grant(serving, granted, place);
    } finally {
      this.#queue.leave(place);
    }
  }

  async #grant(
    serving: Serving,
    granted: (state: GrantState) => void,
    place?: Place,
  ): Promise<Lease | null> {
    const { request, context, signal } = serving;
    const { steal, names, reentrant } = request;
    const heldHere = steal || place === undefined
      ? undefined
      : this.leases.map((lease) => nameInTheWay(lease, request)).find((name) => name !== undefined);
    const acquisition = new Acquisition(context, {
      ...request,
      signal,
      heldHere,
      waits: place?.waits,
    });
    serving.acquisition = acquisition;
    if (place) place.acquisition = acquisition;
    const state = await acquisition.run();
    if (state === null) return null;
    const lease = this.#lease(context, state, request);
    if (steal) { for (const name of names) this.taken(name, (other) => other !== lease); }
    const room = reentrant ? new Room(lease, state) : undefined;
    if (room !== undefined) this.#rooms.set(keyOf(request), room);
    const entry = room?.enter() ?? lease;
    granted(state); // the last: a listener may close the manager
    return entry;
  }

  /** Enters a lease that is held here in the same way, where all its callers allow that. */
  #reenter(serving: Serving, granted: (state: GrantState) => void): Lease | undefined {
    const { request, context } = serving;
    if (!request.reentrant) return undefined;
    const key = keyOf(request);
    for (const [other, { lease }] of this.#rooms) {
      if (other === key || !lease.held || nameInTheWay(lease, request) === undefined) continue;
      // It would wait for itself.
      throw new TypeError(
        `Cannot enter lock '${lease.name}' again as 'mode', 'permits' and names must be as they were`,
      );
    }
    const room = this.#rooms.get(key);
    if (!room?.lease.held) return undefined;
    const { token: fencingToken } = room.state.proposal;
    const since = this.#runtime.now();
    const entry = room.enter(({ lost, held }) => {
      const heldMs = heldForMs(since, this.#runtime.now());
      const told = { fencingToken, heldMs, requests: 0 };
      // Given back together with a transaction, it was not lost.
      if (!lost || lost === "LEASE_RELEASED") {
        context.emit({ type: "release", held: lost ? true : held, ...told });
      } else context.emit({ type: "lost", code: lost, ...told });
    });
    granted(room.state);
    return entry;
  }

  #lease(context: ProtocolContext, state: GrantState, options: LeaseOptions): HeldLease {
    const lease: HeldLease = new HeldLease(context, state, {
      offer: (from) => this.#queue.offer(from),
      ended: (next) => {
        this.#leases.delete(lease);
        for (const [key, room] of this.#rooms) if (room.lease === lease) this.#rooms.delete(key);
        if (next !== "served") this.#queue.nudge(lease.names, next === "stand back");
      },
    }, options);
    // A Worker's request may end without a word: nothing of it is kept.
    if (!this.#runtime.isolatesRequests) this.#leases.add(lease);
    return lease;
  }

  #context(table: LockTable, { names, waitUntil }: LockRequest): ProtocolContext {
    const ticket = ++this.#tickets;
    // No request of a Worker may be woken by another one.
    if (!this.#runtime.isolatesRequests) this.#closing ??= new AbortController();
    return {
      table,
      runtime: this.#runtime,
      settings: this.#settings,
      closing: this.#closing?.signal,
      emit: (event, name = names[0]!) => this.#emit({ name, names, ticket, ...event }),
      background: (work) => {
        // Background work tells its troubles by events; a rejection here would end the process.
        const quiet = work.catch(() => {});
        this.track(quiet);
        // A broken `waitUntil`, such as one without its `this`, must not break the lock.
        tell(waitUntil, quiet);
      },
    };
  }
}

function closedError(): LockError {
  return new LockError("MANAGER_CLOSED", "Cannot use a LockManager after 'close'");
}

/** The name by which a lease that is held here keeps a request out, if it does. */
function nameInTheWay(lease: Lease, { names, mode }: LockRequest): string | undefined {
  const exclusive = lease.mode === "exclusive" || mode === "exclusive";
  return exclusive ? lease.names.find((name) => names.includes(name)) : undefined;
}

/** What two requests have in common that may share a lease. */
function keyOf({ names, mode, permits }: LockRequest): string {
  return JSON.stringify([names, mode, permits]);
}
