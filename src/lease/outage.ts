/**
 * What the clean-ups of a manager know of each other. While DynamoDB answers nobody, one of them asks for
 * all: every call that fails leaves one behind, and all of them together would feed the outage.
 *
 * @module
 */

import type { Moment } from "../runtime.ts";
import { heldForMs } from "./decide.ts";

/**
 * For how long the others rely on the one that has asked. Then another one does: only some locks may be
 * out of reach, and an answer may be long in coming.
 */
const RELIED_ON_MS = 1_000;

/** An outage, as far as clean-ups have met one. Plain data: requests of a Worker may share it. */
export class Outage {
  #last: { readonly who: object; readonly at: Moment; readonly error: unknown } | undefined;

  /** The error that another one has just met, where nothing was answered since: `who` need not ask. */
  errorFor(who: object, now: Moment, answeredAt?: Moment): unknown {
    const last = this.#last;
    if (last === undefined) return undefined;
    if (answeredAt && answeredAt.mono > last.at.mono) this.#last = undefined;
    else if (last.who !== who && heldForMs(last.at, now) < RELIED_ON_MS) return last.error;
    else this.met(who, now, last.error); // it asks for all from now on
    return undefined;
  }

  /** A clean-up has met an error that passes. */
  met(who: object, at: Moment, error: unknown): void {
    this.#last = { who, at, error };
  }
}
