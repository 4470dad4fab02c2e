/**
 * The callers of one process that wait for the same names: first in, first out, and only the head talks
 * to DynamoDB. So a hundred callers cost what one costs, and a release can be handed on directly.
 *
 * @module
 */

import type { Sharing } from "../records/record.ts";
import type { Acquisition } from "./acquire.ts";
import type { GrantState } from "./grant_state.ts";
import type { OfferAnswer } from "./offer.ts";

/** A place in the line of each of its names. */
export interface Place {
  readonly names: readonly string[];
  readonly sharing: Sharing;
  readonly ownerId: string;
  /** Aborts when it is this caller's turn. */
  readonly turn: AbortSignal;
  /** What the head is doing, while it is. */
  acquisition?: Acquisition;
  /** Says that the head has found something to wait for. */
  waits(): void;
}

interface QueuedPlace extends Place {
  readonly starter: AbortController;
  /** Resolves when the head has left, or with `true` when it waits. */
  readonly answered: Promise<boolean>;
  answer(waits: boolean): void;
}

/** Those whom a caller of this name comes after, also where it is by another name of somebody's. */
function aheadOf(name: string, places: readonly QueuedPlace[]): QueuedPlace[] {
  const names = new Set([name]);
  return places.toReversed().filter((place) => {
    const isAhead = place.names.some((each) => names.has(each));
    if (isAhead) { for (const each of place.names) names.add(each); }
    return isAhead;
  }).reverse();
}

/** The queues of one manager, one a name. */
export class LocalQueue {
  readonly #lines = new Map<string, readonly QueuedPlace[]>();
  readonly #places = new Set<QueuedPlace>();

  /**
   * Goes to the end of all lines at once: whoever came first is before the others in each of them, so
   * no two wait for each other. Every place must {@linkcode leave} again.
   */
  enter(names: readonly string[], sharing: Sharing, ownerId: string): Place {
    const starter = new AbortController();
    const { promise: answered, resolve: answer } = Promise.withResolvers<boolean>();
    const own = { names, sharing, ownerId, turn: starter.signal, starter };
    const place: QueuedPlace = { ...own, answered, answer, waits: () => answer(true) };
    this.#places.add(place);
    for (const name of names) this.#lines.set(name, [...this.#line(name), place]);
    this.#startHeads(names);
    return place;
  }

  /** Leaves the lines, from wherever in them. The next ones become heads. */
  leave(place: Place): void {
    this.#places.delete(place as QueuedPlace);
    (place as QueuedPlace).answer(false);
    for (const name of place.names) {
      const rest = this.#line(name).filter((other) => other !== place);
      if (rest.length === 0) this.#lines.delete(name);
      else this.#lines.set(name, rest);
    }
    this.#startHeads(place.names);
  }

  /** Offers a held lock to the head; `undefined` where nobody is there or can take it at once. */
  offer(from: GrantState): Promise<OfferAnswer> | undefined {
    return this.#line(from.proposal.names[0]!)[0]?.acquisition?.offer(from);
  }

  /** Tells the heads that these names were released here. */
  nudge(names: readonly string[], standBack: boolean): void {
    for (const name of names) this.#line(name)[0]?.acquisition?.nudge(standBack);
  }

  /** Everybody who waits, in the order in which they came. */
  get places(): readonly Place[] {
    return [...this.#places];
  }

  /**
   * Resolves when everybody who is in line by now, for this name or for any, has been served or has
   * something to wait for.
   */
  async settled(name?: string): Promise<void> {
    const places = [...this.#places];
    const blocked = new Set<string>();
    for (const place of name === undefined ? places : aheadOf(name, places)) {
      // Whoever is behind somebody who waits, by any of its names, waits too.
      const waits = place.names.some((each) => blocked.has(each)) || await place.answered;
      if (waits) { for (const each of place.names) blocked.add(each); }
    }
  }

  #line(name: string): readonly QueuedPlace[] {
    return this.#lines.get(name) ?? [];
  }

  #startHeads(names: readonly string[]): void {
    for (const name of names) {
      const head = this.#line(name)[0];
      if (head?.names.every((other) => this.#line(other)[0] === head)) head.starter.abort();
    }
  }
}
