/**
 * Which slot each of our own grants is in, where a record is made of several items.
 *
 * @module
 */

/** How many are remembered. Who renews is remembered anew, so what is forgotten is not in use. */
const ENTRIES_MAX = 10_000;

/**
 * Remembers slots. Plain data, bounded, and safe to lose: a grant whose slot is forgotten is looked for
 * where it is not, and counts as lost.
 */
export class SlotMemory {
  readonly #slots = new Map<string, number>();

  /** The slot of a grant; 0 where none was kept. */
  of(name: string, grantId: string): number {
    const slot = this.#slots.get(grantId + name) ?? 0;
    this.keep(name, grantId, slot);
    return slot;
  }

  /** Remembers a slot. */
  keep(name: string, grantId: string, slot: number): void {
    const key = grantId + name; // all ids have the same length
    this.#slots.delete(key);
    if (slot === 0) return; // most are, and need no memory
    this.#slots.set(key, slot);
    // The first of a map is the one that was put in longest ago.
    if (this.#slots.size > ENTRIES_MAX) {
      const [oldest] = this.#slots.keys();
      this.#slots.delete(oldest!);
    }
  }
}
