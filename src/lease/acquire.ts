/**
 * One acquisition, from the first proposal to a lease or to nothing left over.
 *
 * It is one loop: send a proposal, a look or a hand-over; judge the record that came back; sleep where
 * somebody else holds the lock. A proposal whose outcome is not known stays *open*, and at most one is
 * open at a time: two open proposals could both be granted, one of them to nobody.
 *
 * @module
 */

import { findHolder, type LockRecord } from "../records/record.ts";
import { RequestBudget } from "./budget.ts";
import { canClose, cleanUp } from "./clean_up.ts";
import { type ProtocolContext, sleep } from "./context.ts";
import { heldForMs, pollDelayMs, standBackMs } from "./decide.ts";
import { GrantState } from "./grant_state.ts";
import type { Records, RecordWrite } from "./lock_table.ts";
import { isLike, type Offer, type OfferAnswer } from "./offer.ts";
import { type Busy, Outlook } from "./outlook.ts";
import { closeProposal, isGranted, type Proposal, propose, type Wish } from "./proposal.ts";
import { keepHalf } from "./renewal.ts";
import { codeOf, isPassing } from "./translate.ts";
import { comesAfterOthers, turnPauseMs } from "./turn.ts";

/** What a caller asks for. */
export interface AcquireOrder extends Wish {
  readonly signal: AbortSignal;
  /** Whether to wait while somebody else holds the lock. */
  readonly wait: boolean;
  /** A name that this process itself is known to hold: the first try would be in vain. */
  readonly heldHere: string | undefined;
  /** How many requests it may take. */
  readonly maxRequests: number;
  /** Takes the lock from whoever holds it. */
  readonly steal: boolean;
  /** Told when there turns out to be something to wait for. */
  readonly waits?: ((name: string) => void) | undefined;
}

/** What a step has shown. */
type Seen =
  | { readonly kind: "granted"; readonly proposal: Proposal }
  | { readonly kind: "records"; readonly records: Records }
  /** No answer, but the wait goes on. */
  | { readonly kind: "nothing" }
  /** This machine's clock was off, and is known to be: the same again, with the right time. */
  | { readonly kind: "again" };

/** How many proposals `tryLock` makes before it calls a contended lock taken. */
const TRY_PROPOSALS_MAX = 4;

/** One acquisition. */
export class Acquisition {
  readonly #context: ProtocolContext;
  readonly #order: AcquireOrder;
  readonly #outlook: Outlook;
  /** The requests that it has sent, and may send. */
  readonly budget: RequestBudget;
  /** The names whose shared holders were asked to let nobody else in. */
  readonly #asked = new Set<string>();
  #open: Proposal | undefined;
  #doubted: Proposal | undefined; // the last one of which an attempt was not answered
  #granted: Proposal | undefined;
  #offer: Offer | undefined;
  #wake: AbortController | undefined;
  #standBack: boolean;
  #nudged = false;
  #clockCorrected = false;

  constructor(context: ProtocolContext, order: AcquireOrder) {
    this.#context = context;
    this.#order = order;
    this.#outlook = new Outlook(context, order, order.heldHere, order.steal);
    this.budget = new RequestBudget(order.names[0]!, order.maxRequests, order.signal);
    const mayPause = order.wait && !order.heldHere && !order.steal;
    this.#standBack = mayPause && comesAfterOthers(context, order.names);
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
      const late = this.#context.table.layout.endless && this.#doubted;
      if (left !== undefined) this.#cleanUp(left, left === this.#open || left === late);
    }
  }

  /**
   * Offers a held lock. It is taken only by a caller that wants the same, and that is asleep; in the
   * middle of a request it could not answer at once. Returns what became of it, or `undefined` where
   * it was not taken up.
   */
  offer(from: GrantState): Promise<OfferAnswer> | undefined {
    if (this.#wake === undefined || this.#offer !== undefined || this.#standBack) return undefined;
    if (!isLike(from.proposal, this.#order)) return undefined;
    return new Promise((answer) => {
      this.#offer = { from, answer };
      this.#wake?.abort();
    });
  }

  /** A lock was just released here: looks at once, or with `standBack` lets others go first. */
  nudge(standBack: boolean): void {
    this.#standBack = standBack;
    this.#nudged = true;
    this.#wake?.abort();
  }

  async #run(): Promise<GrantState | null> {
    const { runtime, settings } = this.#context;
    const { wait, heldHere, signal } = this.#order;
    const outlook = this.#outlook;
    if (heldHere) await this.#sleep(0, Infinity);
    let proposals = 0;
    let answered = false;
    // Ends with a grant, an error, the caller's signal or, for `tryLock`, an answer.
    for (let polls = 0;; polls++) {
      if (this.#standBack) {
        // Other processes get their turn: once, whatever is released meanwhile.
        this.#order.waits?.(this.#order.names[0]!);
        await sleep(runtime, standBackMs(turnPauseMs(settings), runtime.random()), [signal]);
        this.#standBack = false;
        if (polls > 0) outlook.doubt();
      }
      signal.throwIfAborted();
      const before = answered ? undefined : outlook.busy;
      proposals = before === undefined ? proposals + 1 : before[1].unread ? proposals : 0;
      const seen = await this.#step(before);
      if (seen.kind === "granted") {
        const grant = await this.#confirm(seen.proposal);
        if (grant !== undefined) return grant;
      }
      if (seen.kind === "again") continue;
      if (seen.kind === "records") outlook.judge(seen.records);
      else outlook.doubt();
      const { busy } = outlook;
      const contended = proposals >= TRY_PROPOSALS_MAX;
      if (busy?.[1].unread && !contended) continue; // no answer, and nothing to wait for, yet
      if (!wait) {
        answered = busy !== undefined || contended;
        // Closing an open proposal is a step too, and may still find the lock ours.
        if (answered && this.#open === undefined) return null;
      } else if (busy !== undefined) await this.#sleep(polls, busy[1].deadInMs);
      else if (contended) await this.#sleep(proposals - TRY_PROPOSALS_MAX, Infinity);
    }
  }

  /** One request. */
  #step(busy: [string, Busy] | undefined): Promise<Seen> {
    const offer = this.#offer;
    this.#offer = undefined;
    // An open proposal is closed before anything else is proposed.
    if (this.#open !== undefined) offer?.answer("declined");
    else if (offer !== undefined) return this.#takeOffer(offer);
    if (busy !== undefined) return this.#look(...busy);
    if (this.#open !== undefined) return this.#close(this.#open);
    return this.#propose();
  }

  #propose(): Promise<Seen> {
    const proposal = propose(this.#context, this.#order, this.#outlook);
    return this.#send(proposal, this.#outlook.writes(proposal));
  }

  async #takeOffer(offer: Offer): Promise<Seen> {
    const from = offer.from.proposal;
    const [name] = from.names as [string];
    const handedSince = from.handedSince ?? this.#context.runtime.now();
    try {
      const proposal = propose(this.#context, this.#order, { handedSince, above: from.token });
      const input = this.#context.table.layout.handOver(name, from, proposal);
      const seen = await this.#send(proposal, [{ name, input }]);
      if (seen.kind === "granted") offer.answer("taken");
      else if (seen.kind === "records" && !findHolder(seen.records.get(name), from.grantId)) {
        // An attempt that was not answered may have handed it over, and somebody else have taken it since.
        offer.answer(this.#doubted === proposal ? "unknown" : "gone");
        this.#open = undefined; // without the old grant the hand-over can never be applied
      }
      return seen;
    } finally {
      offer.answer(this.#open === undefined ? "declined" : "unknown");
    }
  }

  /** Looks at a record; where only shared holders are in the way, asks that nobody join them. */
  async #look(name: string, { until }: Busy): Promise<Seen> {
    const { table } = this.#context;
    if (until !== undefined && this.#order.wait && table.layout.abilities.shared) {
      const all = new Map<string, LockRecord | undefined>();
      // All that were in the way so far: what is free by now must stay so until the others are.
      for (const asked of this.#asked.add(name)) {
        const writes = [{ name: asked, input: table.layout.mark(asked, until) }];
        const { error, records } = await table.write(writes, this.budget.limits());
        if (error) return this.#endure(error);
        for (const [one, record] of records ?? []) {
          table.memory.see(one, record, table.answeredAt); // others, also where it was applied
          all.set(one, record);
        }
      }
      return this.#compare(this.#open, all);
    }
    try {
      const record = await table.read(name, this.budget.limits());
      return this.#compare(this.#open, new Map([[name, record]]));
    } catch (error) {
      return this.#endure(error);
    }
  }

  async #close(open: Proposal): Promise<Seen> {
    const outcome = await closeProposal(this.#context, open, () => this.budget.limits());
    if (outcome.error !== undefined) return this.#endure(outcome.error);
    // Applied or refused, the fence has passed the proposal: it is granted by now, or never.
    const seen = this.#compare(open, outcome.records);
    const isLeft = this.#open && seen.kind !== "granted" && !canClose(this.#context, open);
    if (isLeft) this.#cleanUp(open, true); // not closed: it may still come, and stay
    this.#open = undefined;
    return seen;
  }

  async #send(proposal: Proposal, writes: readonly RecordWrite[]): Promise<Seen> {
    const limits = { ...this.budget.limits(), time: proposal.madeAt };
    this.#open = proposal;
    const outcome = await this.#context.table.write(writes, limits);
    if (outcome.doubtful) this.#doubted = proposal;
    if (outcome.applied) {
      this.#open = undefined;
      this.#granted = proposal;
      if (outcome.error) throw outcome.error; // another entry is damaged: ours is given back
      this.#outlook.sweep(proposal, outcome.records);
      return { kind: "granted", proposal };
    }
    // Only a plain answer to the only attempt says that it was not, and will not be, applied.
    if (!outcome.doubtful) this.#open = undefined;
    if (outcome.error === undefined) return this.#compare(proposal, outcome.records);
    if (!outcome.skewed || this.#clockCorrected) return this.#endure(outcome.error);
    this.#clockCorrected = true; // once: a second refusal is an error like any other
    return { kind: "again" };
  }

  /** Looks for a proposal in records, and closes it where a fence has passed it. */
  #compare(proposal: Proposal | undefined, records: Records = new Map()): Seen {
    const seen: Seen = { kind: "records", records };
    if (proposal && isGranted(records, proposal)) return { kind: "granted", proposal };
    if (proposal === undefined || this.#open === undefined) return seen;
    // Without tokens nothing passes it: a request that is under way may still be applied.
    const { token } = proposal;
    if (!token || ![...records.values()].some((one) => one && one.fence >= token)) return seen;
    // Gone from one of several names, it may still be on the others.
    if (this.#open.names.length > 1) this.#cleanUp(this.#open, false);
    this.#open = undefined;
    return seen;
  }

  #cleanUp(proposal: Proposal, open: boolean): void {
    this.#context.background(cleanUp(this.#context, proposal, open));
  }

  /** A failed request ends the acquisition, unless the table has been answering to a waiter. */
  #endure(error: unknown): Seen {
    const { signal, wait, leaseMs } = this.#order;
    const { table, runtime, emit } = this.#context;
    if (signal.aborted) throw signal.reason;
    const silentMs = table.answeredAt ? heldForMs(table.answeredAt, runtime.now()) : Infinity;
    if (!wait || !isPassing(error) || silentMs > leaseMs) throw error;
    emit({ type: "trouble", step: "wait", code: codeOf(error) });
    return { kind: "nothing" };
  }

  /** Hands out a grant only with half of its lease to go, after one renewal at the most. */
  async #confirm(proposal: Proposal): Promise<GrantState | undefined> {
    const state = new GrantState(this.#context, proposal, this.#doubted === proposal);
    this.#open = undefined;
    this.#granted = proposal;
    const kept = await keepHalf(this.#context, state, () => this.budget.limits());
    // The lease's to look after from here on; or lost, and on one of several names still there on others.
    this.#granted = undefined;
    if (!kept && proposal.names.length > 1) this.#cleanUp(proposal, false);
    return kept ? state : undefined;
  }

  async #sleep(polls: number, deadInMs: number): Promise<void> {
    const { runtime, settings } = this.#context;
    this.#order.waits?.(this.#outlook.busy?.[0] ?? this.#order.names[0]!);
    this.budget.check(); // without any there is nothing to wait for
    const ms = pollDelayMs(polls, settings.pollMs, runtime.random(), deadInMs);
    this.#wake = new AbortController();
    // Nudged in the middle of a look that may have come too soon: no sleep before the next one.
    if (!this.#nudged) await sleep(runtime, ms, [this.#order.signal, this.#wake.signal]);
    this.#nudged = false;
    this.#wake = undefined;
  }
}
