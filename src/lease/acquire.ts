/**
 * One acquisition, from the first proposal to a lease or to nothing left over.
 *
 * It is one loop: send a proposal, a look or a hand-over; judge the record that came back; sleep where
 * somebody else holds the lock. A proposal whose outcome is not known stays *open*, and at most one is
 * open at a time: two open proposals could both be granted, one of them to nobody.
 *
 * @module
 */

import { LockServiceError } from "../errors.ts";
import { findHolder, type LockRecord } from "../records/record.ts";
import type { UpdateInput } from "../records/layout.ts";
import { cleanUp } from "./clean_up.ts";
import { type ProtocolContext, sleep } from "./context.ts";
import { heldForMs, judge, pollDelayMs, standBackMs, type Verdict } from "./decide.ts";
import { GrantState } from "./grant_state.ts";
import type { CallLimits } from "./lock_table.ts";
import { closeProposal, type Proposal, propose, type Wish } from "./proposal.ts";
import { keepHalf } from "./renewal.ts";
import { codeOf, isPassing } from "./translate.ts";

/** What a caller asks for. */
export interface AcquireOrder extends Wish {
  readonly signal: AbortSignal;
  /** Whether to wait while somebody else holds the lock. */
  readonly wait: boolean;
  /** Whether this process itself is known to hold it: the first try would be in vain. */
  readonly heldHere: boolean;
  /** How many requests it may take. */
  readonly maxRequests: number;
}

/**
 * What the head of the queue made of an offered hand-over: it has the lock; the old grant was gone
 * already; nothing was written; or nobody knows. After the last two the holder releases.
 */
export type OfferAnswer = "taken" | "gone" | "declined" | "unknown";

/** A lease that its holder gives to the next caller in the process. */
interface Offer {
  readonly from: GrantState;
  answer(answer: OfferAnswer): void;
}

/** What a step has shown. */
type Seen =
  | { readonly kind: "granted"; readonly proposal: Proposal }
  | { readonly kind: "record"; readonly record: LockRecord | undefined }
  /** No answer, but the wait goes on. */
  | { readonly kind: "nothing" }
  /** This machine's clock was off, and is known to be: the same again, with the right time. */
  | { readonly kind: "again" };

/** Nothing is known of the record: it must be looked at. */
const UNKNOWN: Verdict = { kind: "busy", deadInMs: Infinity };

/** How many proposals `tryLock` makes before it calls a contended lock taken. */
const TRY_PROPOSALS_MAX = 4;

/** One acquisition. */
export class Acquisition {
  readonly #context: ProtocolContext;
  readonly #order: AcquireOrder;
  #open: Proposal | undefined;
  #granted: Proposal | undefined;
  #offer: Offer | undefined;
  #wake: AbortController | undefined;
  #standBack = false;
  #nudged = false;
  #clockCorrected = false;
  #requests = 0;

  constructor(context: ProtocolContext, order: AcquireOrder) {
    this.#context = context;
    this.#order = order;
  }

  /**
   * Runs to the end: a grant with at least half of its lease to go, or `null` where the lock is held
   * and the caller does not wait.
   */
  async run(): Promise<GrantState | null> {
    try {
      return await this.#run();
    } finally {
      // However it ended, nothing may stay on the table or on its way that nobody believes in.
      this.#offer?.answer("declined");
      const left = this.#granted ?? this.#open;
      if (left !== undefined) {
        this.#context.background(cleanUp(this.#context, left, left === this.#open));
      }
    }
  }

  /**
   * Offers a held lock. It is taken only where the acquisition is asleep; in the middle of a request
   * it could not answer at once. Returns what became of it, or `undefined` where it was not asleep.
   */
  offer(from: GrantState): Promise<OfferAnswer> | undefined {
    if (this.#wake === undefined || this.#offer !== undefined || this.#standBack) return undefined;
    return new Promise((answer) => {
      this.#offer = { from, answer };
      this.#wake?.abort();
    });
  }

  /** The lock was just released here: looks at once, or with `standBack` lets others go first. */
  nudge(standBack: boolean): void {
    this.#standBack = standBack;
    this.#nudged = true;
    this.#wake?.abort();
  }

  async #run(): Promise<GrantState | null> {
    const { runtime, settings } = this.#context;
    // Nothing is read first: a losing write brings the record back with it.
    let verdict: Verdict = this.#order.heldHere ? UNKNOWN : { kind: "free" };
    if (this.#order.heldHere) await this.#sleep(0, Infinity);
    let proposals = 0;
    // Ends with a grant, an error, the caller's signal or, for `tryLock`, an answer.
    for (let polls = 0;; polls++) {
      if (this.#standBack) {
        this.#standBack = false; // other processes get their turn after a run of hand-overs
        const pauseMs = standBackMs(settings.pollMs, runtime.random());
        await sleep(runtime, pauseMs, [this.#order.signal]);
        verdict = UNKNOWN;
      }
      this.#order.signal.throwIfAborted();
      proposals = verdict.kind === "busy" ? 0 : proposals + 1;
      const seen = await this.#step(verdict);
      if (seen.kind === "granted") {
        const grant = await this.#confirm(seen.proposal);
        if (grant !== undefined) return grant;
      }
      if (seen.kind === "again") continue;
      verdict = seen.kind === "record" ? this.#judge(seen.record) : UNKNOWN;
      const contended = proposals >= TRY_PROPOSALS_MAX;
      if (!this.#order.wait) {
        // Closing an open proposal is a step too, and may still find the lock ours.
        const answered = verdict.kind === "busy" || contended;
        if (answered && this.#open === undefined) return null;
        if (answered) verdict = { kind: "free" };
        continue;
      }
      if (verdict.kind === "busy") await this.#sleep(polls, verdict.deadInMs);
      else if (contended) await this.#sleep(proposals - TRY_PROPOSALS_MAX, Infinity);
    }
  }

  /** One request. */
  #step(verdict: Verdict): Promise<Seen> {
    const offer = this.#offer;
    this.#offer = undefined;
    // An open proposal is closed before anything else is proposed.
    if (this.#open !== undefined) offer?.answer("declined");
    else if (offer !== undefined) return this.#takeOffer(offer);
    if (verdict.kind === "busy") return this.#look();
    if (this.#open !== undefined) return this.#close(this.#open);
    return this.#propose(verdict);
  }

  #propose(verdict: Verdict): Promise<Seen> {
    const { layout } = this.#context.table;
    const takeover = verdict.kind === "dead";
    const proposal = propose(this.#context, this.#order, { takeover });
    return this.#send(
      proposal,
      takeover ? layout.takeOver(proposal, verdict.record) : layout.acquire(proposal),
    );
  }

  async #takeOffer(offer: Offer): Promise<Seen> {
    const { grantId, handedSince } = offer.from.proposal;
    try {
      const since = { handedSince: handedSince ?? this.#context.runtime.now() };
      const proposal = propose(this.#context, this.#order, since);
      const input = this.#context.table.layout.handOver(grantId, proposal);
      const seen = await this.#send(proposal, input);
      if (seen.kind === "granted") offer.answer("taken");
      else if (seen.kind === "record" && findHolder(seen.record, grantId) === undefined) {
        this.#open = undefined; // without the old grant the hand-over can never be applied
        offer.answer("gone");
      }
      return seen;
    } finally {
      offer.answer(this.#open === undefined ? "declined" : "unknown");
    }
  }

  async #look(): Promise<Seen> {
    let record: LockRecord | undefined;
    try {
      record = await this.#context.table.read(this.#order.name, this.#limits());
    } catch (error) {
      return this.#endure(error);
    }
    return this.#compare(this.#open, record);
  }

  async #close(open: Proposal): Promise<Seen> {
    const outcome = await closeProposal(this.#context, open, () => this.#limits());
    if (outcome.error !== undefined) return this.#endure(outcome.error);
    // Applied or refused, the fence has passed the proposal: it is granted by now, or never.
    const seen = this.#compare(open, outcome.record);
    this.#open = undefined;
    return seen;
  }

  async #send(proposal: Proposal, input: UpdateInput): Promise<Seen> {
    const limits = { ...this.#limits(), time: proposal.madeAt };
    this.#open = proposal;
    const outcome = await this.#context.table.write(proposal.name, input, limits);
    if (outcome.applied) return { kind: "granted", proposal };
    // Only a plain answer to the only attempt says that it was not, and will not be, applied.
    if (!outcome.doubtful) this.#open = undefined;
    if (outcome.error === undefined) return this.#compare(proposal, outcome.record);
    if (!outcome.skewed || this.#clockCorrected) return this.#endure(outcome.error);
    this.#clockCorrected = true; // once: a second refusal is an error like any other
    return { kind: "again" };
  }

  /** The limits of one call. */
  #limits(): CallLimits {
    const maxRequests = this.#requestsLeft();
    return {
      signal: this.#order.signal,
      ...(maxRequests < Infinity && { maxRequests }),
      spent: (requests) => this.#requests += requests,
    };
  }

  /** How many requests it may still send; throws where there are none. */
  #requestsLeft(): number {
    const { name, maxRequests } = this.#order;
    if (this.#requests < maxRequests) return maxRequests - this.#requests;
    const message =
      `Cannot get lock '${name}' within 'maxRequests': current value is ${maxRequests}`;
    throw new LockServiceError("MAX_REQUESTS", message, name);
  }

  /** Looks for a proposal in a record, and closes it where the fence has passed it. */
  #compare(proposal: Proposal | undefined, record: LockRecord | undefined): Seen {
    if (proposal !== undefined) {
      if (findHolder(record, proposal.grantId) !== undefined) return { kind: "granted", proposal };
      if (record !== undefined && record.fence >= proposal.token) this.#open = undefined;
    }
    return { kind: "record", record };
  }

  /** A failed request ends the acquisition, unless the table has been answering to a waiter. */
  #endure(error: unknown): Seen {
    const { signal, wait, leaseMs, name } = this.#order;
    const { table, runtime, emit } = this.#context;
    if (signal.aborted) throw signal.reason;
    const silentMs = table.answeredAt ? heldForMs(table.answeredAt, runtime.now()) : Infinity;
    if (!wait || !isPassing(error) || silentMs > leaseMs) throw error;
    emit({ type: "trouble", name, step: "wait", code: codeOf(error) });
    return { kind: "nothing" };
  }

  /** Hands out a grant only with half of its lease to go, after one renewal at the most. */
  async #confirm(proposal: Proposal): Promise<GrantState | undefined> {
    const state = new GrantState(this.#context, proposal);
    this.#open = undefined;
    this.#granted = proposal;
    const kept = await keepHalf(this.#context, state, () => this.#limits());
    // It is the lease's to look after from here on; or it was taken from us before we knew of it.
    this.#granted = undefined;
    return kept ? state : undefined;
  }

  #judge(record: LockRecord | undefined): Verdict {
    const { table, settings } = this.#context;
    return judge(record, table.view(settings));
  }

  async #sleep(polls: number, deadInMs: number): Promise<void> {
    const { runtime, settings } = this.#context;
    const { signal } = this.#order;
    this.#requestsLeft(); // without any there is nothing to wait for
    const ms = pollDelayMs(polls, settings.pollMs, runtime.random(), deadInMs);
    this.#wake = new AbortController();
    // Nudged in the middle of a look that may have come too soon: no sleep before the next one.
    if (!this.#nudged) await sleep(runtime, ms, [signal, this.#wake.signal]);
    this.#nudged = false;
    this.#wake = undefined;
  }
}
