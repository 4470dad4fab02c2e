/**
 * Chance from a seed. The storm's choices repeat with it; what real processes make of them does not.
 *
 * @module
 */

/** A stream of numbers that a seed decides. */
export class Random {
  #state: number;

  /** The same seed, and the same label, give the same stream. */
  constructor(seed: number, label = "") {
    let state = seed >>> 0;
    for (const character of label) state = Math.imul(state ^ character.charCodeAt(0), 0x01000193);
    this.#state = state >>> 0;
    for (let i = 0; i < 8; i++) this.next(); // neighbouring seeds begin alike
  }

  /** A number in [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number from `least` up to `most`. */
  between(least: number, most: number): number {
    return least + this.next() * (most - least);
  }

  /** A whole number from 0 up to but without `limit`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of them. */
  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/**
 * Cards that are drawn without putting them back, and shuffled when all are gone: every kind comes,
 * also in a short storm, and as often as it should.
 */
export class Deck<T> {
  readonly #random: Random;
  readonly #cards: readonly T[];
  #left: T[] = [];

  /** Takes each card as often as its weight says. */
  constructor(random: Random, weights: Iterable<readonly [card: T, times: number]>) {
    this.#random = random;
    this.#cards = [...weights].flatMap(([card, times]) => Array<T>(times).fill(card));
  }

  /** The next card. */
  draw(): T {
    if (this.#left.length === 0) this.#left = [...this.#cards];
    return this.#left.splice(this.#random.below(this.#left.length), 1)[0]!;
  }
}
