/**
 * The callers of one process that wait for the same names: first in, first out, and only the head talks
 * to DynamoDB. So a hundred callers cost what one costs, and a release can be handed on directly.
 *
 * Who wants several names and waits for one of them holds none, and so keeps nobody from the others: a
 * caller that wants those goes past, as it would in another process.
 *
 * @module
 */

import type { Acquisition } from "./acquire.ts";
import type { GrantState } from "./grant_state.ts";
import type { OfferAnswer } from "./offer.ts";
import type { Wish } from "./proposal.ts";

/** Who waits in a line, as others see it. */
export type Waiter = Pick<Wish, "mode" | "ownerId">;

/** A place in the line of each of its names. */
export interface Place {
  readonly names: readonly string[];
  /** Who waits for its turn; or how one does not that must come before those who ask later. */
  readonly who: Waiter | "steals" | "tries";
  /** Aborts when it is this caller's turn. */
  readonly turn: AbortSignal;
  /** What the head is doing, while it is. */
  acquisition?: Acquisition;
  /** Says that the head waits for this name, which somebody holds. */
  waits(name: string): void;
}

interface QueuedPlace extends Place {
  readonly starter: AbortController;
  /** What it waits for, while it does. */
  waitsFor?: string;
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
  enter(names: readonly string[], who: Place["who"]): Place {
    const starter = new AbortController();
    const { promise: answered, resolve: answer } = Promise.withResolvers<boolean>();
    const place: QueuedPlace = {
      ...{ names, who, turn: starter.signal, starter, answered, answer },
      waits: (name) => {
        place.waitsFor = name;
        answer(true);
        this.#start(names);
      },
    };
    this.#places.add(place);
    for (const name of names) this.#lines.set(name, [...this.#line(name), place]);
    this.#start(names);
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
    this.#start(place.names);
  }

  /** Offers a held lock to the head; `undefined` where nobody is there or can take it at once. */
  offer(from: GrantState): Promise<OfferAnswer> | undefined {
    for (const { acquisition } of this.#heads(from.proposal.names[0]!)) {
      const answer = acquisition?.offer(from);
      if (answer !== undefined) return answer;
    }
  }

  /** Tells the heads that these names were released here. */
  nudge(names: readonly string[], standBack: boolean): void {
    for (const name of names) {
      for (const { acquisition } of this.#heads(name)) acquisition?.nudge(standBack);
    }
  }

  /** Everybody in line, in the order in which they came. */
  get places(): readonly Place[] {
    return [...this.#places];
  }

  /**
   * Resolves when everybody who is in line by now, for this name or for any, has been served or has
   * something to wait for, which it answers of this name. Those who only try do not wait for each other.
   */
  async settled(name?: string, who?: Place["who"]): Promise<boolean> {
    const places = [...this.#places].filter((place) => place.who !== "tries" || who !== "tries");
    const blocked = new Set<string>();
    for (const place of name === undefined ? places : aheadOf(name, places)) {
      // Whoever is behind somebody who waits, by any of its names, waits too.
      const behind = !place.turn.aborted && place.names.some((each) => blocked.has(each));
      const waits = behind || await place.answered;
      if (waits) { for (const each of place.names) blocked.add(each); }
    }
    return name !== undefined && blocked.has(name);
  }

  #line(name: string): readonly QueuedPlace[] {
    return this.#lines.get(name) ?? [];
  }

  /** Those in a line whom nobody before them keeps from its name: the first, and who goes past it. */
  #heads(name: string): QueuedPlace[] {
    const line = this.#line(name);
    const last = line.findIndex(({ waitsFor }) => waitsFor === undefined || waitsFor === name);
    return line.slice(0, last < 0 ? line.length : last + 1);
  }

  /** Starts everybody who is a head in all its lines, and wants nothing that somebody before it awaits. */
  #start(names: readonly string[]): void {
    for (const name of names) {
      for (const place of this.#heads(name)) {
        if (place.names.every((each) => this.#isNext(place, each))) place.starter.abort();
      }
    }
  }

  #isNext(place: QueuedPlace, name: string): boolean {
    const heads = this.#heads(name);
    const before = heads.indexOf(place);
    return before >= 0 &&
      heads.slice(0, before).every(({ waitsFor }) => !place.names.includes(waitsFor!));
  }
}
