/**
 * The hold on a grant: believes in it for as long as that is safe, renews it, and notices its end.
 *
 * @module
 */

import { type LeaseLostCode, LeaseLostError } from "../errors.ts";
import type { Moment, Timer } from "../runtime.ts";
import { cleanUp } from "./clean_up.ts";
import type { ProtocolContext } from "./context.ts";
import { heldForMs, renewAfterMs, renewalAttemptMs, renewalPauseMs } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import { UNDER_WAY_MS } from "./proposal.ts";
import { type RenewalOutcome, renewGrant } from "./renewal.ts";
import { codeOf, isPassing } from "./translate.ts";
import { isTurnOver } from "./turn.ts";

/** What the next caller in the process does when a lease ends: it has it already, looks, or waits. */
export type NextCaller = "served" | "look" | "stand back";

/** What its caller wants of a lease. */
export interface LeaseOptions {
  readonly renew: boolean;
  readonly maxHoldMs?: number | undefined;
}

/** The hold on one grant. */
export class Hold {
  readonly #context: ProtocolContext;
  readonly #state: GrantState;
  readonly #autoRenew: boolean;
  readonly #maxHoldMs: number;
  readonly #onEnded: (next: NextCaller) => void;
  /** When its caller got it. */
  readonly #since: Moment;
  readonly #lost = new AbortController();
  #ended: LeaseLostError | undefined;
  /** What is under way with the grant's entry, or was last. Never rejects. */
  #busy: Promise<unknown> = Promise.resolve();
  #timer: Timer;
  #trouble: unknown;
  /** Whether it was said that the renewal is overdue. */
  #warned = false;
  /** Requests that no event has told of yet. */
  #requests = 0;

  constructor(
    context: ProtocolContext,
    state: GrantState,
    { renew, maxHoldMs = Infinity }: LeaseOptions,
    onEnded: (next: NextCaller) => void,
  ) {
    this.#context = context;
    this.#state = state;
    this.#autoRenew = renew;
    this.#maxHoldMs = maxHoldMs;
    this.#onEnded = onEnded;
    this.#since = context.runtime.now();
    this.#arm();
  }

  /** Aborts when it ends. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  /** Why it was lost, if it was, and not given back. */
  get lost(): LeaseLostError | undefined {
    return this.#ended?.code === "LEASE_RELEASED" ? undefined : this.#ended;
  }

  /** For how long it is held if it is not renewed; zero or less where it is not. */
  leftMs(): number {
    return Math.min(this.#state.remainingMs(), this.#holdLeftMs());
  }

  /** For how long its caller has had it. */
  heldMs(): number {
    return heldForMs(this.#since, this.#context.runtime.now());
  }

  /** Told how many requests something about the grant took. */
  readonly spent = (requests: number): void => void (this.#requests += requests);

  /** How many requests there were since it was asked last, for an event. */
  takeRequests(): number {
    const requests = this.#requests;
    this.#requests = 0;
    return requests;
  }

  /** Why it is not held, if it is not. Computed, for a timer may come too late. */
  check(): LeaseLostError | undefined {
    if (this.#ended === undefined && this.leftMs() <= 0) {
      const over = this.#state.remainingMs() >= this.#holdLeftMs();
      const cause = over ? new Error("'maxHoldMs' is over") : this.#trouble;
      this.lose({ lost: "LEASE_EXPIRED", error: cause });
    }
    return this.#ended;
  }

  /** Renews it now; throws why that failed. */
  async renew(data?: string | null): Promise<void> {
    const error = await this.#attempt(data);
    const ended = this.check();
    if (ended !== undefined) throw ended;
    if (error !== undefined) throw error;
  }

  /**
   * Does something with the grant's entry on the table, after what is under way: two writes at once
   * would be in each other's way, and confuse their answers.
   */
  alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => {});
    return done;
  }

  /** Ends it, for its caller has given it back. */
  end(): void {
    this.#end({ lost: "LEASE_RELEASED" });
  }

  /** Ends it, for it is lost. */
  lose(loss: RenewalOutcome): void {
    const { lost: code = "LEASE_EXPIRED", lostName } = loss;
    const { proposal } = this.#state;
    const { token: fencingToken, names } = proposal;
    const isExpired = code === "LEASE_EXPIRED";
    const heldMs = this.heldMs();
    this.#end(loss);
    const requests = this.takeRequests();
    this.#context.emit({ type: "lost", fencingToken, code, heldMs, requests }, lostName);
    // Lost by time, always, though the caller is told that it is lost: a late renewal may have landed.
    // And of several names, where one is lost, the others are given back.
    if (isExpired || names.length > 1 || this.straggles) this.cleanUp();
    // Where its time was up, by `maxHoldMs` perhaps, it is as good as given back.
    const { table, runtime } = this.#context;
    if (isExpired) table.memory.gaveBack(proposal, runtime.now());
    const isOver = isExpired && isTurnOver(this.#context, proposal.handedSince);
    this.#onEnded(isOver ? "stand back" : "look");
  }

  /**
   * Whether an attempt of its request may still come, in a format where nothing ends: given back, the lock
   * would be held by it for ever.
   */
  get straggles(): boolean {
    const { endless } = this.#context.table.layout;
    return endless === true && this.#state.doubtful && this.heldMs() < UNDER_WAY_MS;
  }

  /** Gives it back in the background. */
  cleanUp(): void {
    const { straggles } = this;
    this.#context.background(
      this.#busy
        .then(() => cleanUp(this.#context, this.#state.proposal, straggles))
        .then(() => this.#onEnded("look")), // a look before now may have come too soon
    );
  }

  /** For how long its caller may still hold it by `maxHoldMs`. */
  #holdLeftMs(): number {
    return this.#maxHoldMs - this.heldMs();
  }

  /** Sets the alarm for the next renewal, or for the end where that comes first. */
  #arm(pauseMs?: number): void {
    const { runtime } = this.#context;
    runtime.clearTimer(this.#timer);
    if (this.#ended !== undefined) return; // after the end nothing is scheduled again
    const left = this.leftMs();
    const own = this.#state.remainingMs();
    const due = this.#renews() ? pauseMs ?? Math.min(this.#renewInMs(), own / 2) : left;
    const ring = () => this.#context.background(this.#rung());
    this.#timer = runtime.setTimer(ring, Math.ceil(Math.max(0, Math.min(due, left))), true);
  }

  /** Whether it is to be renewed: not where it ends by `maxHoldMs` before it runs out. */
  #renews(): boolean {
    // Less than all: what is left by the server's clock goes by a little faster than the time of the hold.
    return this.#autoRenew && 0.9 * this.#state.remainingMs() <= this.#holdLeftMs();
  }

  #renewInMs(): number {
    const held = heldForMs(this.#state.confirmedFrom, this.#context.runtime.now());
    return renewAfterMs(this.#state.proposal.leaseMs) - held;
  }

  async #rung(): Promise<void> {
    // Timers can fire a little early, and a renewal may have moved the end.
    if (this.check() === undefined && this.#renews()) await this.#attempt();
    else this.#arm();
  }

  /** One renewal. Answers why it failed, if it did; it never rejects. */
  async #attempt(data?: string | null): Promise<unknown> {
    const { runtime } = this.#context;
    // When half of the lease is left: also where the renewal waits for something else, or for another one.
    let alarm: Timer;
    const watch = (rung = true) => {
      const { leaseMs, token: fencingToken } = this.#state.proposal;
      const ms = this.#state.remainingMs() - leaseMs / 2;
      if (!rung || ms > 1) alarm = runtime.setTimer(watch, Math.ceil(Math.max(0, ms)), true);
      else if (this.check() === undefined && this.#renews() && !this.#warned) {
        this.#warned = true;
        this.#context.emit({ type: "endangered", fencingToken, remainingMs: this.leftMs() });
      }
    };
    watch(false);
    const error = await this.alone(() => this.#renew(data));
    runtime.clearTimer(alarm);
    return error;
  }

  async #renew(data?: string | null): Promise<unknown> {
    if (this.check() !== undefined) return;
    const { runtime, emit } = this.#context;
    const { token: fencingToken } = this.#state.proposal;
    const left = Math.max(0, this.leftMs());
    const start = runtime.now();
    const outcome = await renewGrant(this.#context, this.#state, {
      signal: this.signal, // the end of the lease ends the renewal: the release comes after it
      attemptTimeoutMs: renewalAttemptMs(left),
      deadlineMs: left,
      spent: this.spent,
    }, data);
    // Released meanwhile, or lost by time: an answer that came late cannot bring the lease back.
    if (this.#ended !== undefined) return;
    if (outcome.lost) return this.lose(outcome);
    // An attempt that ran out of time at the end says less than the refusal before it.
    if (!isPassing(outcome.error) || this.#trouble === undefined) this.#trouble = outcome.error;
    if (this.check() !== undefined) return;
    const remainingMs = this.leftMs();
    if (outcome.error === undefined) {
      const tookMs = heldForMs(start, runtime.now());
      const requests = this.takeRequests();
      this.#warned = false;
      emit({ type: "renew", fencingToken, remainingMs, tookMs, requests });
      this.#arm();
      return;
    }
    emit({ type: "trouble", step: "renew", code: codeOf(outcome.error) });
    this.#arm(renewalPauseMs(remainingMs, runtime.random()));
    return outcome.error;
  }

  #end({ lost, lostName, error }: RenewalOutcome): void {
    const name = lostName ?? this.#state.proposal.names[0]!;
    this.#ended = lostError(lost!, name, error);
    this.#context.runtime.clearTimer(this.#timer);
    this.#lost.abort(this.#ended);
  }
}

/** The error of a lease that has ended. */
export function lostError(code: LeaseLostCode, name: string, cause?: unknown): LeaseLostError {
  return new LeaseLostError(code, `Cannot hold lock '${name}' any more: ${code}`, name, cause);
}
