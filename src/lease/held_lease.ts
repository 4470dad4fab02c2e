/**
 * The lease of one exclusive lock: renews it, notices its end, gives it back.
 *
 * @module
 */

import { type LeaseLostCode, LeaseLostError } from "../errors.ts";
import { checkData, type LockMode } from "../records/record.ts";
import type { Moment, Timer } from "../runtime.ts";
import type { OfferAnswer } from "./acquire.ts";
import { cleanUp } from "./clean_up.ts";
import type { ProtocolContext } from "./context.ts";
import { heldForMs, renewAfterMs, renewalAttemptMs, renewalPauseMs } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import type { Lease } from "./lease.ts";
import { sendRelease } from "./proposal.ts";
import { renewGrant } from "./renewal.ts";
import { codeOf, isPassing } from "./translate.ts";

/** What the next caller in the process does when a lease ends: it has it already, looks, or waits. */
export type NextCaller = "served" | "look" | "stand back";

/** What a lease tells its manager. */
export interface LeaseHooks {
  /** Offers the lock to the next caller in the process. */
  offer(state: GrantState): Promise<OfferAnswer> | undefined;
  /** It was released, or lost. */
  ended(lease: Lease, next: NextCaller): void;
}

/** What its caller wants of a lease. */
export interface LeaseOptions {
  readonly renew: boolean;
  readonly maxHoldMs?: number | undefined;
}

/** The lease of one exclusive lock. */
export class HeldLease implements Lease {
  readonly #context: ProtocolContext;
  readonly #state: GrantState;
  readonly #hooks: LeaseHooks;
  readonly #autoRenew: boolean;
  readonly #maxHoldMs: number;
  /** When its caller got it. */
  readonly #since: Moment;
  readonly #lost = new AbortController();
  #ended: LeaseLostError | undefined;
  /** The renewal under way, or the last one. Never rejects. */
  #renewing: Promise<unknown> = Promise.resolve();
  #releasing: Promise<boolean> | undefined;
  #timer: Timer;
  #trouble: unknown;

  constructor(
    context: ProtocolContext,
    state: GrantState,
    hooks: LeaseHooks,
    { renew, maxHoldMs = Infinity }: LeaseOptions,
  ) {
    this.#context = context;
    this.#state = state;
    this.#hooks = hooks;
    this.#autoRenew = renew;
    this.#maxHoldMs = maxHoldMs;
    this.#since = context.runtime.now();
    this.#arm();
  }

  get name(): string {
    return this.#state.proposal.name;
  }

  get names(): readonly string[] {
    return [this.name];
  }

  get mode(): LockMode {
    return "exclusive";
  }

  get fencingToken(): number {
    return this.#state.proposal.token;
  }

  get ownerId(): string {
    return this.#state.proposal.ownerId;
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  get held(): boolean {
    return this.#check() === undefined;
  }

  get remainingMs(): number {
    return this.held ? Math.max(0, this.#leftMs()) : 0; // time goes on between two looks at it
  }

  renew(): Promise<void> {
    return this.#renewNow();
  }

  async update(data: string | null): Promise<void> {
    if (data !== null) checkData("update a lease", "data", data);
    await this.#renewNow(data);
  }

  release(): Promise<boolean> {
    if (this.#releasing === undefined) {
      // Known before it starts: a listener of `signal` may call this again.
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#releasing = promise;
      resolve(this.#release());
    }
    return this.#releasing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Said by an event, and finished in the background: the error of the body comes first.
    await this.release().catch(() => {});
  }

  /** For how long it is held if it is not renewed; zero or less where it is not. */
  #leftMs(): number {
    return Math.min(this.#state.remainingMs(), this.#holdLeftMs());
  }

  /** For how long its caller may still hold it by `maxHoldMs`. */
  #holdLeftMs(): number {
    return this.#maxHoldMs - this.#heldMs();
  }

  /** For how long its caller has had it. */
  #heldMs(): number {
    return heldForMs(this.#since, this.#context.runtime.now());
  }

  /** Why the lease is not held, if it is not. Computed, for a timer may come too late. */
  #check(): LeaseLostError | undefined {
    if (this.#ended === undefined && this.#leftMs() <= 0) {
      const over = this.#state.remainingMs() >= this.#holdLeftMs();
      this.#lose("LEASE_EXPIRED", over ? new Error("'maxHoldMs' is over") : this.#trouble);
    }
    return this.#ended;
  }

  /** Sets the alarm for the next renewal, or for the end where that comes first. */
  #arm(pauseMs?: number): void {
    const { runtime } = this.#context;
    runtime.clearTimer(this.#timer);
    if (this.#ended !== undefined) return; // after the end nothing is scheduled again
    const left = this.#leftMs();
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
    if (this.#check() === undefined && this.#renews()) await this.#attempt();
    else this.#arm();
  }

  async #renewNow(data?: string | null): Promise<void> {
    const error = await this.#attempt(data);
    const ended = this.#check();
    if (ended !== undefined) throw ended;
    if (error !== undefined) throw error;
  }

  /** One renewal, after the one that is under way: two at once would confuse their answers. */
  #attempt(data?: string | null): Promise<unknown> {
    return this.#renewing = this.#renewing.then(() => this.#attemptAlone(data));
  }

  /** Answers why it failed, if it did; it never rejects. */
  async #attemptAlone(data?: string | null): Promise<unknown> {
    if (this.#check() !== undefined) return;
    const { runtime, emit } = this.#context;
    const { name, fencingToken } = this;
    const left = Math.max(0, this.#leftMs());
    const outcome = await renewGrant(this.#context, this.#state, {
      signal: this.signal, // the end of the lease ends the renewal: the release comes after it
      attemptTimeoutMs: renewalAttemptMs(left),
      deadlineMs: left,
    }, data);
    // Released meanwhile, or lost by time: an answer that came late cannot bring the lease back.
    if (this.#ended !== undefined) return;
    if (outcome.lost) return this.#lose(outcome.lost, outcome.error);
    // An attempt that ran out of time at the end says less than the refusal before it.
    if (!isPassing(outcome.error) || this.#trouble === undefined) this.#trouble = outcome.error;
    if (this.#check() !== undefined) return;
    const remainingMs = this.#leftMs();
    if (outcome.error === undefined) {
      emit({ type: "renew", name, fencingToken, remainingMs });
      this.#arm();
      return;
    }
    emit({ type: "trouble", name, step: "renew", code: codeOf(outcome.error) });
    this.#arm(renewalPauseMs(remainingMs, runtime.random()));
    return outcome.error;
  }

  #end(code: LeaseLostCode, cause?: unknown): void {
    const message = `Cannot hold lock '${this.name}' any more: ${code}`;
    this.#ended = new LeaseLostError(code, message, this.name, cause);
    this.#context.runtime.clearTimer(this.#timer);
    this.#lost.abort(this.#ended);
  }

  #lose(code: LeaseLostCode, cause: unknown): void {
    const { name, fencingToken } = this;
    this.#end(code, cause);
    this.#context.emit({ type: "lost", name, fencingToken, code });
    // Always, though the caller is told that it is lost: a late renewal may have landed.
    if (code === "LEASE_EXPIRED") this.#cleanUp();
    this.#hooks.ended(this, "look");
  }

  #cleanUp(): void {
    const { background } = this.#context;
    background(
      this.#renewing
        .then(() => cleanUp(this.#context, this.#state.proposal, false))
        .then(() => this.#hooks.ended(this, "look")), // a look before now may have come too soon
    );
  }

  async #release(): Promise<boolean> {
    if (this.#check() !== undefined) return false;
    this.#end("LEASE_RELEASED");
    // Never together with a renewal: what it wrote after us would be nobody's.
    await this.#renewing;
    const { runtime, settings, emit } = this.#context;
    const { proposal } = this.#state;
    // Handing on for ever would keep every other process out.
    const { handedSince } = proposal;
    const handedMs = handedSince ? heldForMs(handedSince, runtime.now()) : 0;
    let next: NextCaller = handedMs >= settings.maxHandoffMs ? "stand back" : "look";
    try {
      const answer = next === "look" ? await this.#hooks.offer(this.#state) : undefined;
      if (answer === "taken") next = "served";
      const held = await this.#giveBack(answer);
      const heldMs = this.#heldMs();
      const { name, fencingToken } = this;
      emit({ type: "release", name, fencingToken, held, heldMs });
      return held;
    } finally {
      this.#hooks.ended(this, next);
    }
  }

  async #giveBack(answer: OfferAnswer | undefined): Promise<boolean> {
    if (answer === "taken" || answer === "gone") return answer === "taken";
    const outcome = await sendRelease(this.#context, this.#state.proposal);
    if (outcome.error !== undefined) {
      const { name } = this;
      const code = codeOf(outcome.error);
      this.#context.emit({ type: "trouble", name, step: "release", code });
      this.#cleanUp();
      throw outcome.error;
    }
    // Gone after an attempt, or a hand-over, that was not answered: that was our own doing.
    return outcome.applied || outcome.doubtful || answer === "unknown";
  }
}
