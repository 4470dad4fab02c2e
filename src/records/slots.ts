/**
 * Which slot each of our own grants is in, where a record is made of several items.
 *
 * @module
 */

import type { GrantKey } from "./layout.ts";

/**
 * Remembers slots for as long as somebody has the grant: a slot that is forgotten loses a lease that is
 * held, and keeps its slot from everybody until the lease is over. A grant that nobody has goes by itself.
 */
export class SlotMemory {
  readonly #slots = new WeakMap<GrantKey, Map<string, number>>();

  /** The slot of a grant; 0 where it is none of ours. */
  of(name: string, grant: GrantKey): number {
    return this.#slots.get(grant)?.get(name) ?? 0;
  }

  /** Remembers a slot. */
  keep(name: string, grant: GrantKey, slot: number): void {
    const slots = this.#slots.get(grant) ?? new Map();
    this.#slots.set(grant, slots.set(name, slot));
  }
}
