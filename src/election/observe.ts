/**
 * An observer: who leads, as the table says, one change after the other.
 *
 * It looks only while somebody waits for the next change, so a slow consumer gets the newest state
 * and one that has left costs nothing.
 *
 * @module
 */

import type { LockInfo } from "../inspect.ts";
import { sleep } from "../lease/context.ts";
import { isPassing } from "../lease/translate.ts";
import { insideOf, type LockManager } from "../manager.ts";
import type { Runtime } from "../runtime.ts";
import { backOffMs, follow, throwIfAborted } from "./follow.ts";
import type { checkObserver } from "./options.ts";

/** Who leads, as the table says. */
export interface Leader {
  /** What the leader calls itself. */
  readonly ownerId: string;
  /** The fencing token of its term; 0 in a layout that has none. */
  readonly fencingToken: number;
  /** What it has announced. */
  readonly data?: string;
  /** When its lease runs out by the clock of DynamoDB, if it is not renewed after this look. */
  readonly expiresAt: Date;
}

/** For how long the service may not answer before an observer gives up. */
const SILENT_MOST_MS = 60_000;

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/** What an observer knows of the order of what it reads. */
class Sightings {
  /** What was last told: `undefined` where nothing was. */
  #told: Leader | null | undefined;
  #fence = 0;
  #newest: Leader | undefined;
  #newestId: string | undefined;
  #deadToken = 0;
  #deadId: string | undefined;
  /** The end of the lease that first made a dead one alive again. */
  #revivedTo: Date | undefined;

  /** Who leads, where that is to be told; `undefined` where nothing has changed. */
  take(info: LockInfo | null): Leader | null | undefined {
    // A fence never falls: what has a lower one is older, or of a table that was set back.
    if (info !== null && info.fencingToken < this.#fence) return undefined;
    this.#fence = Math.max(this.#fence, info?.fencingToken ?? 0);
    const leader = this.#leaderOf(info);
    if (leader === undefined) return undefined;
    const told = this.#told;
    const same = leader?.fencingToken === told?.fencingToken &&
      leader?.ownerId === told?.ownerId && leader?.data === told?.data;
    if (told !== undefined && same) return undefined;
    return this.#told = leader;
  }

  #leaderOf(info: LockInfo | null): Leader | null | undefined {
    const holder = info?.holders.findLast(({ mode }) => mode === "exclusive");
    if (holder === undefined) return null;
    // Without tokens a term is told by its id, which in those of other clients is new with each renewal.
    const { ownerId, fencingToken, id, expiresAt, data, alive } = holder;
    const newest = this.#newest;
    // Every renewal, and every change of the data, moves the end of the lease forward.
    if (newest?.fencingToken === fencingToken && this.#newestId === id) {
      if (expiresAt < newest.expiresAt) return undefined;
    }
    if (!alive) {
      this.#deadToken = Math.max(this.#deadToken, fencingToken);
      this.#deadId = id;
      this.#revivedTo = undefined;
    } else if (id === undefined && fencingToken === this.#deadToken) {
      // One renewal may land late. Who goes on renewing believes: it was not handed its lease before that.
      if (expiresAt > (this.#revivedTo ??= expiresAt)) this.#deadToken = 0;
    }
    const leader = { ownerId, fencingToken, expiresAt, ...(data !== undefined && { data }) };
    this.#newest = leader;
    this.#newestId = id;
    // Who was dead has stopped to believe, also where a renewal of it landed late.
    const isDead = id === undefined ? fencingToken <= this.#deadToken : id === this.#deadId;
    return isDead ? null : leader;
  }
}

/** One observer. */
export class LeaderWatch implements AsyncIterator<Leader | null, undefined> {
  readonly #name: string;
  readonly #locks: LockManager;
  readonly #pollMs: number;
  readonly #signals: readonly AbortSignal[];
  readonly #runtime: Runtime;
  readonly #cancels: Set<AbortController>;
  readonly #left = new AbortController();
  readonly #sightings = new Sightings();
  #lookedAt = -Infinity;
  #done = false;
  /** The call of `next` under way, or the last one. Never rejects. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(name: string, options: ReturnType<typeof checkObserver>) {
    const { locks, signal, pollMs } = options;
    this.#name = name;
    this.#locks = locks;
    this.#pollMs = pollMs;
    this.#signals = signal ? [signal, this.#left.signal] : [this.#left.signal];
    [this.#runtime, this.#cancels] = insideOf(locks);
  }

  /** Waits for the next change; calls are answered in their order. */
  next(): Promise<IteratorResult<Leader | null, undefined>> {
    const turn = this.#turn.then(() => this.#next());
    this.#turn = turn.catch(() => {});
    return turn;
  }

  /** Ends it, also where a call of `next` is pending, and leaves nothing. */
  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#left.abort();
    await this.#turn;
    this.#done = true;
    return DONE;
  }

  async #next(): Promise<IteratorResult<Leader | null, undefined>> {
    if (this.#done) return DONE;
    const closed = new AbortController();
    // On Workers nothing that waits may be reached from another request, not even by `close`.
    if (!this.#runtime.isolatesRequests) this.#cancels.add(closed);
    const stop = follow([...this.#signals, closed.signal]);
    try {
      return { done: false, value: await this.#change(stop.signal) };
    } catch (error) {
      this.#done = true; // as a generator that has thrown
      if (this.#left.signal.aborted) return DONE;
      throw error;
    } finally {
      stop.letGo();
      this.#cancels.delete(closed);
    }
  }

  async #change(signal: AbortSignal): Promise<Leader | null> {
    const runtime = this.#runtime;
    let failures = 0;
    // From the first failure, not from the last answer: a process that was paused asks again.
    let silentSince = 0;
    // Ends with a change, an error that does not pass, or an abort.
    for (;;) {
      const random = runtime.random();
      const pause = failures > 0 ? backOffMs(failures, random) : this.#pollMs * (1 - random / 10);
      await this.#sleep(pause, signal);
      throwIfAborted([signal]);
      this.#lookedAt = runtime.now().mono;
      try {
        const info = await this.#locks.inspect(this.#name, { signal });
        failures = 0;
        const leader = this.#sightings.take(info);
        if (leader !== undefined) return leader;
      } catch (error) {
        const now = runtime.now().mono;
        if (failures++ === 0) silentSince = now;
        if (!isPassing(error) || now - silentSince > SILENT_MOST_MS) throw error;
      }
    }
  }

  /** Sleeps until so long after the last look. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const left = ms - (this.#runtime.now().mono - this.#lookedAt);
    if (left > 0) await sleep(this.#runtime, left, [signal]);
  }
}
