/**
 * How many requests an acquisition may send.
 *
 * @module
 */

import { LockServiceError } from "../errors.ts";
import type { CallLimits } from "./lock_table.ts";

/** The requests of one acquisition. */
export class RequestBudget {
  readonly #name: string;
  readonly #most: number;
  readonly #signal: AbortSignal;
  /** How many it has sent. */
  spent = 0;

  constructor(name: string, most: number, signal: AbortSignal) {
    this.#name = name;
    this.#most = most;
    this.#signal = signal;
  }

  /** The limits of one call; throws where it may send none. */
  limits(): CallLimits {
    const maxRequests = this.check();
    return {
      signal: this.#signal,
      ...(maxRequests < Infinity && { maxRequests }),
      spent: (requests) => this.spent += requests,
    };
  }

  /** How many requests it may still send; throws where there are none. */
  check(): number {
    if (this.spent < this.#most) return this.#most - this.spent;
    const message =
      `Cannot get lock '${this.#name}' within 'maxRequests': current value is ${this.#most}`;
    throw new LockServiceError("MAX_REQUESTS", message, this.#name);
  }
}
