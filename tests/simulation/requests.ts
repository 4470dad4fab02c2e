/** What callers of `request` are told, and whether it is true. */

import { isLockError, type LeaseLostError } from "../../src/errors.ts";
import { type Call, judgeMiss } from "./calls.ts";
import type { Checker } from "./checker.ts";
import { describe, type Held } from "./held.ts";
import type { Process } from "./process.ts";

/** How a lock is asked for. */
export type Manner = "wait" | "ifAvailable" | "steal";

/** One request. */
export interface Requested {
  readonly call: Call;
  readonly manner: Manner;
  /** How often its callback was called. */
  ran: number;
  /** What that had, if it had something. */
  held: Held | undefined;
  /** The loss that it was told of while the callback ran, and when. */
  lost: LeaseLostError | undefined;
  /** Whether that showed when the callback had ended. */
  lostAtEnd?: boolean;
  /** How the callback ended, and when; and what its process had met by then. */
  ended: { readonly how: "returned" | "threw"; readonly what: unknown } | undefined;
  endedAt: number;
  faultsAtEnd: number;
  /** Whether the callback gave the lock back by itself, or somebody was there to have it handed on. */
  gaveBack: boolean;
  /** Whether it was answered. */
  over: boolean;
  /** Whether somebody of its process waited for the lock meanwhile. */
  behind: boolean;
}

/** A request as it is made. */
export function beginRequest(call: Call, manner: Manner): Requested {
  return {
    ...{ call, manner, ran: 0, held: undefined, lost: undefined, ended: undefined },
    ...{ endedAt: 0, faultsAtEnd: 0, gaveBack: false, over: false, behind: false },
  };
}

/** A release that takes longer may have been sent more than once. */
const ONE_ATTEMPT_MS = 400;

/** A few requests, and what they meet of others. */
const PROMPT_MS = 1_000;

/** All requests of a run. */
export class Requests {
  readonly #checker: Checker;
  readonly #calm: boolean;
  readonly #now: () => number;
  /** In the order in which they came. */
  readonly #open = new Set<Requested>();

  constructor(checker: Checker, calm: boolean, now: () => number) {
    this.#checker = checker;
    this.#calm = calm;
    this.#now = now;
  }

  /** One is about to be made. */
  begin(request: Requested): void {
    request.behind = this.#waiting(request).length > 0;
    this.#open.add(request);
    if (request.manner !== "wait") return;
    for (const other of this.#open) {
      if (isAlike(other, request)) other.behind = true;
    }
  }

  /** Its callback is called: with a lease, or with `null`. */
  called(request: Requested, isGranted: boolean, pollMs: number, queues: boolean): void {
    const { call, manner } = request;
    const { process, names: [name] } = call;
    const text = `${process.name} by '${manner}' for '${name}'`;
    call.settled = true;
    if (++request.ran > 1) this.#checker.accuse("a callback is called once", text);
    const waitedMs = this.#now() - call.startedAt;
    // Whoever came before it may stand back once before it is known whether it waits.
    const prompt = waitedMs <= PROMPT_MS + pollMs;
    if (this.#calm && !prompt && manner !== "wait") {
      this.#checker.accuse("who steals or does not wait is served at once", `${text}: ${waitedMs}`);
    }
    if (!isGranted) {
      if (manner !== "ifAvailable") this.#checker.accuse("a wait ends with a lease", text);
      else if (!queues || !request.behind) judgeMiss(this.#checker, call, this.#now());
    } else if (manner === "ifAvailable" && queues && this.#waiting(request).length > 0) {
      this.#checker.accuse("who waits is before those who do not", text);
    }
  }

  /** The callback has begun to work under a lease. */
  granted(request: Requested, held: Held, queues: boolean): void {
    request.held = held;
    const { call: { process, names }, manner } = request;
    if (manner !== "steal" || !queues) return;
    const { fencingToken } = held.lease;
    for (const other of this.#checker.holding(process, names[0]!)) {
      const { lease } = other;
      if (lease.fencingToken >= fencingToken || lease.signal.aborted) continue;
      this.#checker.accuse("the robbed of the same process are told at once", describe(other));
    }
  }

  /** The callback has ended, with what the request is to be answered with. */
  ended(request: Requested, how: "returned" | "threw", what: unknown): void {
    request.ended = { how, what };
    request.endedAt = this.#now();
    request.faultsAtEnd = request.call.process.faults;
    // Of a hand-over that is not answered nobody knows whether it came in time.
    request.gaveBack ||= this.#waiting(request, true).length > 0;
  }

  /** The request was answered. */
  answered(request: Requested, answer: unknown): string {
    this.#over(request);
    const { ended, lost, held } = request;
    const text = held === undefined ? "without a lease" : describe(held);
    if (ended?.how !== "returned" || ended.what !== answer || request.ran !== 1) {
      this.#checker.accuse("a request is answered as its callback", text);
    }
    if (lost !== undefined) this.#checker.accuse("a loss ends a request", `${text}: ${lost.code}`);
    if (held !== undefined && this.#wasRobbed(request, held)) {
      this.#checker.accuse("a robbed request fails", text);
    }
    return held === undefined ? "null" : "returned";
  }

  /** The request has failed, after its callback was called or when it had got its lock. */
  failed(request: Requested, error: unknown): string | undefined {
    this.#over(request);
    const { ended, lost, ran, call: { process, names } } = request;
    const text = `${process.name} got ${error} for '${names}'`;
    if (ended?.how === "threw" && error === ended.what) {
      // A loss that shows only when the lock is given back comes second.
      if (lost !== undefined && !request.lostAtEnd) {
        this.#checker.accuse("a loss ends a request", text);
      }
      return "threw";
    }
    const { name, cause } = error as Error;
    if (name === "AbortError" && error instanceof DOMException && isLockError(cause)) {
      this.#aborted(request, cause as LeaseLostError);
      return ran > 0 ? "lost" : "lost before it was handed out";
    }
    if (ran > 0) this.#checker.accuse("a request is answered as its callback", text);
    return undefined;
  }

  #aborted({ lost, held, call: { process, names } }: Requested, cause: LeaseLostError): void {
    const text = `${process.name} for '${names}': ${cause.code}`;
    if (lost !== undefined && lost !== cause) {
      this.#checker.accuse("a request fails for the loss of its lock", text);
    }
    if (cause.code === "LEASE_RELEASED" && !process.closing) {
      this.#checker.accuse("losses are told as they are", text);
    }
    const grant = held?.grants[0];
    if (cause.code !== "LEASE_STOLEN" || grant === undefined) return;
    if (grant.excuse === undefined && grant.end !== "taken over") {
      this.#checker.accuse("losses are told as they are", `${text}, but it is ${grant.end}`);
    }
  }

  /** Whether a lock was lost before its callback ended, as its release must have shown. */
  #wasRobbed({ call: { process }, endedAt, gaveBack, faultsAtEnd }: Requested, held: Held) {
    const quick = this.#now() - endedAt < ONE_ATTEMPT_MS;
    const [grant] = held.grants;
    return quick && !gaveBack && process.faults === faultsAtEnd && grant?.end === "taken over" &&
      grant.excuse === undefined && grant.endedAt < endedAt;
  }

  #over(request: Requested): void {
    request.over = true;
    this.#open.delete(request);
  }

  /** Those of the same process that came before one and still wait; with `all` also after it. */
  #waiting(request: Requested, all = false): Requested[] {
    const before: Requested[] = [];
    for (const other of this.#open) {
      if (other === request && !all) break;
      const waits = other.manner === "wait" && other.ran === 0 && !other.call.settled;
      if (waits && isAlike(other, request)) before.push(other);
    }
    return before;
  }
}

function isAlike({ call: one }: Requested, { call: other }: Requested): boolean {
  return one.process === other.process && one.names[0] === other.names[0];
}

/** Says so where a loss does not end its request at once. */
export function watchLoss(
  checker: Checker,
  process: Process,
  request: Requested,
  signal: AbortSignal,
): void {
  signal.addEventListener("abort", () => {
    if (signal.reason.code === "LEASE_RELEASED") return;
    request.lost = signal.reason;
    request.lostAtEnd = request.ended !== undefined;
    process.after(1, () => {
      if (!request.over) checker.accuse("a loss ends a request", `${process.name} is not told`);
    });
  }, { once: true });
}
