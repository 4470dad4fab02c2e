/**
 * What a holder knows of its own grant: the last write that the table confirmed, and every end it has
 * ever sent. Belief is computed from it and the clocks, whenever somebody asks.
 *
 * @module
 */

import type { Moment } from "../runtime.ts";
import type { ProtocolContext } from "./context.ts";
import {
  type Confirmation,
  heldForMs,
  remainingMs,
  renewalExpiry,
  serverLeftMs,
} from "./decide.ts";
import type { Proposal } from "./proposal.ts";
import { DRIFT_RATE } from "./server_clock.ts";

/** A grant that the table has confirmed. */
export class GrantState {
  /** The proposal that was granted. */
  readonly proposal: Proposal;
  /** An attempt of its request was not answered, and may come when it was given back. */
  readonly doubtful: boolean;
  readonly #context: ProtocolContext;
  #last!: Confirmation;
  #greatestSent: number;

  constructor(context: ProtocolContext, proposal: Proposal, doubtful = false) {
    this.#context = context;
    this.doubtful = doubtful;
    this.proposal = proposal;
    this.#greatestSent = proposal.expires;
    this.confirm(proposal.sentAt, proposal.expires);
  }

  /** For how long the lease may be believed from now on; zero or less where it may not. */
  remainingMs(): number {
    const { table, runtime } = this.#context;
    const now = runtime.now();
    const { clock } = table;
    // Where the server's clock is lost, what it had left at the confirmation counts.
    return remainingMs(this.#last, now, clock.lower(now) && clock.upper(now));
  }

  /** The end that the next renewal writes. */
  nextExpiry(): number {
    const { table, runtime } = this.#context;
    const upper = table.clock.upper(runtime.now());
    return renewalExpiry(upper, this.proposal.leaseMs, this.#greatestSent);
  }

  /** A renewal was sent that wrote this end, or may have, or still may. */
  sent(expires: number): void {
    this.#greatestSent = expires;
  }

  /** A write was confirmed that was first sent after `sentAt` and wrote `expires`. */
  confirm(sentAt: Moment, expires: number): void {
    const { table, runtime } = this.#context;
    const at = runtime.now();
    const { leaseMs } = this.proposal;
    const { clock } = table;
    const last = this.#last as Confirmation | undefined;
    let ms: number;
    if (clock.lower(at) !== undefined) ms = expires - clock.upper(at);
    // The server's clock is lost, and the wall clock may have been set. What was left before and what
    // this write has added is all that is certain; of a first write, the worst by either time.
    else if (last !== undefined) ms = serverLeftMs(last, at) + expires - last.expires;
    else {
      const aged = clock.worst(sentAt) + heldForMs(sentAt, at) * (1 + DRIFT_RATE);
      ms = expires - Math.max(clock.worst(at), aged);
    }
    this.#last = { sentAt, expires, leaseMs, serverLeft: { ms, at } };
  }

  /** Before the first send of the last confirmed write. */
  get confirmedFrom(): Moment {
    return this.#last.sentAt;
  }
}
