/**
 * The lease of one exclusive lock: renews it, notices its end, gives it back.
 *
 * @module
 */

import { type LeaseLostCode, LeaseLostError, LockError, LockServiceError } from "../errors.ts";
import type { LockMode } from "../records/record.ts";
import type { Timer } from "../runtime.ts";
import type { OfferAnswer } from "./acquire.ts";
import { cleanUp, sendRelease } from "./clean_up.ts";
import { type ProtocolContext, sleep } from "./context.ts";
import { heldForMs, renewAfterMs, renewalAttemptMs } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import type { Lease } from "./lease.ts";
import { type RenewalOutcome, renewGrant } from "./renewal.ts";

/** What the next caller in the process does when a lease ends: it has it already, looks, or waits. */
export type NextCaller = "served" | "look" | "stand back";

/** What a lease tells its manager. */
export interface LeaseHooks {
  /** Offers the lock to the next caller in the process. */
  offer(state: GrantState): Promise<OfferAnswer> | undefined;
  /** It was released, or lost. What the next caller in the process does now. */
  ended(lease: Lease, next: NextCaller): void;
  /** Checks what `update` was given. */
  checkData(data: string | null): void;
}

/** The lease of one exclusive lock. */
export class HeldLease implements Lease {
  readonly #context: ProtocolContext;
  readonly #state: GrantState;
  readonly #hooks: LeaseHooks;
  readonly #autoRenew: boolean;
  readonly #lost = new AbortController();
  /** Aborts a renewal in flight when the lease ends, so that it ends before the release is sent. */
  readonly #ending = new AbortController();
  #ended: LeaseLostError | undefined;
  #renewing: Promise<unknown> | undefined;
  #releasing: Promise<boolean> | undefined;
  #renewTimer: Timer;
  #watchTimer: Timer;
  #trouble: unknown;

  constructor(
    context: ProtocolContext,
    state: GrantState,
    hooks: LeaseHooks,
    autoRenew: boolean,
  ) {
    this.#context = context;
    this.#state = state;
    this.#hooks = hooks;
    this.#autoRenew = autoRenew;
    this.#schedule();
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
    return this.#check() === undefined ? this.#state.remainingMs() : 0;
  }

  renew(): Promise<void> {
    return this.#renewNow(undefined);
  }

  async update(data: string | null): Promise<void> {
    this.#hooks.checkData(data);
    await this.#renewNow(data);
  }

  release(): Promise<boolean> {
    this.#releasing ??= this.#release();
    return this.#releasing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch {
      // Said by an event, and finished in the background: the error of the body comes first.
    }
  }

  /** Why the lease is not held, if it is not. Never a flag that only a timer sets. */
  #check(): LeaseLostError | undefined {
    if (this.#ended === undefined && this.#state.remainingMs() <= 0) {
      this.#lose("LEASE_EXPIRED", this.#trouble);
    }
    return this.#ended;
  }

  #schedule(): void {
    const { runtime } = this.#context;
    const { leaseMs } = this.#state.proposal;
    runtime.clearTimer(this.#renewTimer);
    runtime.clearTimer(this.#watchTimer);
    if (this.#ended !== undefined) return; // after the end nothing is scheduled again
    const left = Math.max(0, this.#state.remainingMs());
    this.#watchTimer = runtime.setTimer(() => this.#watch(), Math.ceil(left), true);
    if (!this.#autoRenew) return;
    const held = heldForMs(this.#state.confirmedFrom, runtime.now());
    const due = Math.min(Math.max(0, renewAfterMs(leaseMs) - held), left / 2);
    this.#renewTimer = runtime.setTimer(() => this.#renewInBackground(), Math.ceil(due), true);
  }

  #watch(): void {
    // Timers can fire a little early, and a renewal may have moved the end.
    if (this.#check() !== undefined) return;
    const left = Math.ceil(this.#state.remainingMs());
    this.#watchTimer = this.#context.runtime.setTimer(() => this.#watch(), left, true);
  }

  #renewInBackground(): void {
    this.#context.background(this.#keepRenewing());
  }

  /** Renews until it worked, the lease ended, or the belief in it did. */
  async #keepRenewing(): Promise<void> {
    const { runtime } = this.#context;
    while (this.#check() === undefined) {
      const outcome = await this.#attempt(undefined);
      if (outcome.kind !== "failed" || this.#check() !== undefined) return;
      const left = this.#state.remainingMs();
      const pause = Math.min(1_000, left / 4) * (0.5 + runtime.random() / 2);
      await sleep(runtime, pause, { signal: this.#ending.signal, background: true }).done;
    }
  }

  async #renewNow(data: string | null | undefined): Promise<void> {
    const ended = this.#check();
    if (ended !== undefined) throw ended;
    const outcome = await this.#attempt(data);
    const after = this.#check();
    if (after !== undefined) throw after;
    if (outcome.kind === "failed") {
      if (outcome.error instanceof LockError) throw outcome.error;
      throw new LockServiceError(`Cannot renew lock '${this.name}' as no answer confirmed it`, {
        code: "UNAVAILABLE",
        lockName: this.name,
        cause: outcome.error,
      });
    }
  }

  /** One renewal, after the one that is under way: two at once would confuse their answers. */
  #attempt(data: string | null | undefined): Promise<RenewalOutcome> {
    const before = this.#renewing ?? Promise.resolve();
    const mine = before.then(() => this.#attemptAlone(data));
    const done = mine.then(() => {}, () => {});
    this.#renewing = done;
    return mine;
  }

  async #attemptAlone(data: string | null | undefined): Promise<RenewalOutcome> {
    if (this.#check() !== undefined) return { kind: "failed", error: this.#ended };
    const left = this.#state.remainingMs();
    const limits = {
      signal: this.#ending.signal,
      attemptTimeoutMs: renewalAttemptMs(left),
      deadlineMs: Math.ceil(left),
    };
    const outcome = await renewGrant(this.#context, this.#state, limits, data);
    if (this.#ended !== undefined) return outcome; // released, or lost by time, meanwhile
    if (outcome.kind === "lost") this.#lose(outcome.code, outcome.cause);
    else if (outcome.kind === "failed") this.#renewalFailed(outcome.error);
    else this.#renewed();
    return outcome;
  }

  #renewed(): void {
    this.#trouble = undefined;
    // An answer that came after the end cannot bring the lease back: others may have been told.
    if (this.#check() !== undefined) return;
    const { name, fencingToken } = this;
    const remainingMs = this.#state.remainingMs();
    this.#context.emit({ type: "renew", name, fencingToken, remainingMs });
    this.#schedule();
  }

  #renewalFailed(error: unknown): void {
    this.#trouble = error;
    const code = error instanceof LockError ? error.code : "UNKNOWN";
    this.#context.emit({ type: "trouble", name: this.name, step: "renew", code });
  }

  #end(reason: LeaseLostError): void {
    this.#ended = reason;
    this.#context.runtime.clearTimer(this.#renewTimer);
    this.#context.runtime.clearTimer(this.#watchTimer);
    this.#ending.abort(reason);
    this.#lost.abort(reason);
  }

  #lose(code: LeaseLostCode, cause: unknown): void {
    const { name, fencingToken } = this;
    const why = {
      LEASE_STOLEN: "somebody else was granted it",
      LEASE_EXPIRED: "it could not be renewed in time",
      LEASE_DELETED: "its record was deleted",
      LEASE_RELEASED: "it was released",
    }[code];
    this.#end(
      new LeaseLostError(`Lock '${name}' is lost: ${why}`, { code, lockName: name, cause }),
    );
    this.#context.emit({ type: "lost", name, fencingToken, code });
    // Always, though the caller is told that it is lost: a late renewal may have landed.
    if (code === "LEASE_EXPIRED") {
      const state = this.#renewing ?? Promise.resolve();
      this.#context.background(
        state.then(() => cleanUp(this.#context, this.#state.proposal, "granted")),
      );
    }
    this.#hooks.ended(this, "look");
  }

  async #release(): Promise<boolean> {
    if (this.#check() !== undefined) return false;
    const { name } = this;
    this.#end(
      new LeaseLostError(`Lock '${name}' was released`, { code: "LEASE_RELEASED", lockName: name }),
    );
    // Never together with a renewal: what it wrote after us would be nobody's.
    await this.#renewing;
    const { runtime, settings } = this.#context;
    const handedMs = heldForMs(this.#state.proposal.handedSince, runtime.now());
    // Handing on for ever would keep every other process out.
    const standBack = handedMs >= settings.maxHandoffMs;
    let next: NextCaller = standBack ? "stand back" : "look";
    try {
      const answer = standBack ? undefined : await this.#hooks.offer(this.#state);
      if (answer === "taken") next = "served";
      return await this.#giveBack(answer);
    } finally {
      this.#hooks.ended(this, next);
    }
  }

  async #giveBack(answer: OfferAnswer | undefined): Promise<boolean> {
    if (answer === "taken" || answer === "gone") return this.#released(answer === "taken");
    const { proposal } = this.#state;
    const outcome = await sendRelease(this.#context, proposal);
    if (outcome.kind === "failed") {
      const code = outcome.error instanceof LockError ? outcome.error.code : "UNKNOWN";
      this.#context.emit({ type: "trouble", name: this.name, step: "release", code });
      this.#context.background(cleanUp(this.#context, proposal, "granted"));
      throw outcome.error;
    }
    // Gone after an attempt, or a hand-over, that was not answered: that was our own doing.
    const own = outcome.kind === "applied" || outcome.doubtful || answer === "unknown";
    return this.#released(own);
  }

  #released(held: boolean): boolean {
    const { name, fencingToken } = this;
    const heldMs = heldForMs(this.#state.proposal.sentAt, this.#context.runtime.now());
    this.#context.emit({ type: "release", name, fencingToken, held, heldMs });
    return held;
  }
}
