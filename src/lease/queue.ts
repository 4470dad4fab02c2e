/**
 * The callers of one process that wait for the same name: first in, first out, and only the head talks
 * to DynamoDB. So a hundred callers cost what one costs, and a release can be handed on directly.
 *
 * @module
 */

import type { Acquisition, OfferAnswer } from "./acquire.ts";
import type { GrantState } from "./grant_state.ts";

/** A place in a queue. */
export interface Place {
  /** Aborts when it is this caller's turn. */
  readonly turn: AbortSignal;
  /** What the head is doing, while it is. */
  acquisition?: Acquisition;
}

interface QueuedPlace extends Place {
  readonly starter: AbortController;
}

/** The queues of one manager, one a name. */
export class LocalQueue {
  readonly #lines = new Map<string, QueuedPlace[]>();

  /** Goes to the end of the line. Every place must {@linkcode leave} again. */
  enter(name: string): Place {
    const starter = new AbortController();
    const place: QueuedPlace = { turn: starter.signal, starter };
    const line = this.#lines.get(name) ?? [];
    this.#lines.set(name, [...line, place]);
    if (line.length === 0) starter.abort();
    return place;
  }

  /** Leaves the line, from wherever in it. The next one becomes the head. */
  leave(name: string, place: Place): void {
    const line = this.#lines.get(name) ?? [];
    const rest = line.filter((other) => other !== place);
    if (rest.length === 0) this.#lines.delete(name);
    else this.#lines.set(name, rest);
    rest[0]?.starter.abort();
  }

  /** Offers a held lock to the head; `undefined` where nobody is there or can take it at once. */
  offer(from: GrantState): Promise<OfferAnswer> | undefined {
    return this.#head(from.proposal.name)?.offer(from);
  }

  /** Tells the head that the lock was released here. */
  nudge(name: string, standBack: boolean): void {
    this.#head(name)?.nudge(standBack);
  }

  #head(name: string): Acquisition | undefined {
    return this.#lines.get(name)?.[0]?.acquisition;
  }
}
