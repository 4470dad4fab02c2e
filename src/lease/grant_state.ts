/**
 * What a holder knows of its own grant: the last write that the table confirmed, and every end it has
 * ever sent. Belief is computed from it and the clocks, whenever somebody asks.
 *
 * @module
 */

import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import { type Confirmation, remainingMs, renewalExpiry } from "./decide.ts";

/** A proposal as it was sent. */
export interface SentProposal {
  readonly name: string;
  readonly grantId: string;
  readonly token: number;
  readonly ownerId: string;
  readonly leaseMs: number;
  /** Before its first send. */
  readonly sentAt: Moment;
  /** The end that it writes, by the server's clock. */
  readonly expires: number;
  /** When the lock came into this process: hand-overs since then are bounded. */
  readonly handedSince: Moment;
  /** Whether it removes a dead holder. */
  readonly takeover: boolean;
}

/** A grant that the table has confirmed. */
export class GrantState {
  /** The proposal that was granted. */
  readonly proposal: SentProposal;
  readonly #context: ProtocolContext;
  #last: Confirmation;
  #greatestSent: number;

  constructor(context: ProtocolContext, proposal: SentProposal) {
    this.#context = context;
    this.proposal = proposal;
    this.#greatestSent = proposal.expires;
    this.#last = this.#confirmation(proposal.sentAt, proposal.expires);
  }

  /** For how long the lease may be believed from now on; zero or less where it may not. */
  remainingMs(): number {
    const { clock } = this.#context.table;
    const now = this.#context.runtime.now();
    return remainingMs(this.#last, now, clock.known(now) ? clock.upper(now) : undefined);
  }

  /** The end that the next renewal writes. Counts as sent. */
  nextExpiry(): number {
    const upper = this.#context.table.clock.upper(this.#context.runtime.now());
    this.#greatestSent = renewalExpiry(upper, this.proposal.leaseMs, this.#greatestSent);
    return this.#greatestSent;
  }

  /** A renewal was confirmed that was first sent after `sentAt` and wrote `expires`. */
  confirm(sentAt: Moment, expires: number): void {
    this.#last = this.#confirmation(sentAt, expires);
  }

  /** Before the first send of the last confirmed write. */
  get confirmedFrom(): Moment {
    return this.#last.sentAt;
  }

  #confirmation(sentAt: Moment, expires: number): Confirmation {
    const now = this.#context.runtime.now();
    const left = expires - this.#context.table.clock.upper(now);
    return { sentAt, expires, leaseMs: this.proposal.leaseMs, serverLeft: { ms: left, at: now } };
  }
}
