/**
 * A lease as its caller has it: the hold on a grant, and the ways to give it back.
 *
 * @module
 */

import { demand } from "../records/abilities.ts";
import type { LayoutAbilities } from "../records/layout.ts";
import { checkData, type LockMode } from "../records/record.ts";
import type { ProtocolContext } from "./context.ts";
import { renewalAttemptMs } from "./decide.ts";
import type { GrantState } from "./grant_state.ts";
import { Hold, type LeaseOptions, lostError, type NextCaller } from "./hold.ts";
import type { Lease } from "./lease.ts";
import type { OfferAnswer } from "./offer.ts";
import { sendRelease } from "./proposal.ts";
import {
  checkTransact,
  conditionCheck,
  type ConditionCheckOptions,
  type LeaseConditionCheck,
  transact,
  type TransactOptions,
  type TransactOutcome,
  type TransactWriteItem,
} from "./transact.ts";
import { codeOf } from "./translate.ts";
import { isTurnOver } from "./turn.ts";

/** What a lease tells its manager. */
export interface LeaseHooks {
  /** Offers the lock to the next caller in the process. */
  offer(state: GrantState): Promise<OfferAnswer> | undefined;
  /** It was released, or lost. */
  ended(next: NextCaller): void;
}

/** The lease of one grant. */
export class HeldLease implements Lease {
  readonly #context: ProtocolContext;
  readonly #state: GrantState;
  readonly #hooks: LeaseHooks;
  readonly #hold: Hold;
  #releasing: Promise<boolean> | undefined;

  constructor(
    context: ProtocolContext,
    state: GrantState,
    hooks: LeaseHooks,
    options: LeaseOptions,
  ) {
    this.#context = context;
    this.#state = state;
    this.#hooks = hooks;
    this.#hold = new Hold(context, state, options, hooks.ended);
  }

  /** Whether it is the lease of this token, or of this grant. */
  isOf({ token, id }: { readonly token?: number; readonly id?: string }): boolean {
    return this.#state.proposal.token === token || this.#state.proposal.grantId === id;
  }

  get name(): string {
    return this.names[0]!;
  }

  get names(): readonly string[] {
    return this.#state.proposal.names;
  }

  get mode(): LockMode {
    return this.#state.proposal.mode;
  }

  get fencingToken(): number {
    this.#demand("fencing");
    return this.#state.proposal.token;
  }

  get ownerId(): string {
    return this.#state.proposal.ownerId;
  }

  get signal(): AbortSignal {
    return this.#hold.signal;
  }

  get held(): boolean {
    return this.#hold.check() === undefined;
  }

  get remainingMs(): number {
    return this.held ? Math.max(0, this.#hold.leftMs()) : 0; // time goes on between two looks at it
  }

  renew(): Promise<void> {
    return this.#hold.renew();
  }

  async update(data: string | null): Promise<void> {
    if (data !== null) checkData("update a lease", "data", data);
    this.#demand("data");
    await this.#hold.renew(data);
  }

  conditionCheck(options: ConditionCheckOptions = {}): LeaseConditionCheck {
    this.#demand("guard");
    return conditionCheck(this.#context, this.#state.proposal, options);
  }

  async transact(
    items: readonly TransactWriteItem[],
    options: TransactOptions = {},
  ): Promise<void> {
    const set = checkTransact(items, options, this.names.length);
    this.#demand("guard");
    this.#throwIfEnded();
    const { lost, lostName = this.name, error } =
      await (set.release ? this.#commit(items, set) : this.#hold.alone(() => {
        this.#throwIfEnded(); // while it waited for a renewal
        return this.#transact(items, set);
      }));
    if (lost && this.held) this.#hold.lose({ lost, lostName, error });
    if (lost) throw this.#hold.lost ?? lostError(lost, lostName, error);
    if (error !== undefined) throw error;
  }

  release(): Promise<boolean> {
    return this.#release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Said by an event, and finished in the background: the error of the body comes first.
    await this.release().catch(() => {});
  }

  /** Whether the format of the record can do something. */
  #demand(ability: keyof LayoutAbilities): void {
    demand(this.#context.table.layout, ability, this.name);
  }

  #throwIfEnded(): void {
    const ended = this.#hold.check();
    if (ended !== undefined) throw ended;
  }

  /** Another caller of this process has taken the lock away. */
  steal(lostName: string): void {
    if (this.held) this.#hold.lose({ lost: "LEASE_STOLEN", lostName });
  }

  /** The caller's writes, by half of what is left at the latest: the renewal waits for them. */
  #transact(
    items: readonly TransactWriteItem[],
    options: TransactOptions,
  ): Promise<TransactOutcome> {
    const left = Math.max(0, this.#hold.leftMs());
    return transact(this.#context, this.#state.proposal, items, options, {
      attemptTimeoutMs: renewalAttemptMs(left),
      deadlineMs: left / 2,
      spent: this.#hold.spent,
    });
  }

  /** The caller's writes together with the release; where they do not land, the release alone. */
  async #commit(
    items: readonly TransactWriteItem[],
    options: TransactOptions,
  ): Promise<TransactOutcome> {
    // Where its end comes between two looks at the clock, nothing is sent.
    let outcome: TransactOutcome | undefined;
    await this.#release(async () => {
      outcome = await this.#transact(items, options);
      if (outcome.applied) return true;
      // Lost on one of several names, it is still there on the others.
      const left = !outcome.lost || this.names.length > 1;
      const held = left && await this.#giveBack("unknown");
      return held && !outcome.lost;
    }).catch(() => {}); // goes on in the background: what became of the writes comes first
    return outcome ?? { error: this.#hold.check() };
  }

  #release(commit?: () => Promise<boolean>): Promise<boolean> {
    if (this.#releasing === undefined) {
      // Known before it starts: a listener of `signal` may call this again.
      const { promise, resolve } = Promise.withResolvers<boolean>();
      this.#releasing = promise;
      resolve(this.#releaseNow(commit));
    }
    return this.#releasing;
  }

  async #releaseNow(commit?: () => Promise<boolean>): Promise<boolean> {
    if (!this.held) return false;
    this.#hold.end();
    // Never together with a renewal: what it wrote after us would be nobody's.
    await this.#hold.alone(() => Promise.resolve());
    const { runtime, table, emit } = this.#context;
    const { proposal } = this.#state;
    const { handedSince, token: fencingToken } = proposal;
    let held: boolean | undefined;
    let next: NextCaller = isTurnOver(this.#context, handedSince) ? "stand back" : "look";
    try {
      const offered = next === "look" && !commit ? this.#hooks.offer(this.#state) : undefined;
      const answer = await offered;
      if (answer === "taken") next = "served";
      return held = await (commit?.() ?? this.#giveBack(answer));
    } finally {
      const heldMs = this.#hold.heldMs();
      const requests = this.#hold.takeRequests();
      emit({ type: "release", fencingToken, held, heldMs, requests });
      if (held !== undefined && this.#hold.straggles) this.#hold.cleanUp();
      if (next !== "served") table.memory.gaveBack(proposal, runtime.now());
      this.#hooks.ended(next);
    }
  }

  async #giveBack(answer: OfferAnswer | undefined): Promise<boolean> {
    if (answer === "taken" || answer === "gone") return answer === "taken";
    const { proposal } = this.#state;
    const outcome = await sendRelease(this.#context, proposal, {
      spent: this.#hold.spent,
      // Longer than a lease there is nothing to give back.
      deadlineMs: proposal.leaseMs,
    });
    if (outcome.error !== undefined) {
      const code = codeOf(outcome.error);
      this.#context.emit({ type: "trouble", step: "release", code });
      this.#hold.cleanUp();
      throw outcome.error;
    }
    // Gone after an attempt, a hand-over or a transaction that was not answered: that was our own doing.
    return outcome.applied || outcome.doubtful || answer === "unknown";
  }
}
