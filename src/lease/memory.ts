/**
 * What a manager remembers of the locks it has met: the last fence, and since when it has seen each
 * holder unchanged. Plain data, bounded, and safe to lose.
 *
 * @module
 */

import type { Holder, LockRecord } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import { observedMs } from "./decide.ts";

interface Sighting {
  readonly entry: string;
  readonly since: Moment;
}

interface Remembered {
  fence: number;
  sightings: Map<string, Sighting>;
}

/** How many locks are remembered; the ones met longest ago are forgotten first. */
const NAMES_MAX = 1_000;

/** The memory of one manager. */
export class LockMemory {
  readonly #names = new Map<string, Remembered>();

  /** The greatest fence seen of a name; 0 where none was. */
  fence(name: string): number {
    return this.#names.get(name)?.fence ?? 0;
  }

  /** Takes in a record, received at `now`. A waiter's clock starts at the receipt, never before. */
  see(name: string, record: LockRecord | undefined, now: Moment): void {
    const before = this.#names.get(name);
    const sightings = new Map<string, Sighting>();
    for (const holder of record?.holders ?? []) {
      const entry = fingerprint(holder);
      const old = before?.sightings.get(holder.grantId);
      const kept = old !== undefined && old.entry === entry &&
        observedMs(old.since, now) !== undefined;
      sightings.set(holder.grantId, kept ? old : { entry, since: now });
    }
    this.#names.delete(name); // moves the name to the young end
    this.#names.set(name, { fence: Math.max(before?.fence ?? 0, record?.fence ?? 0), sightings });
    if (this.#names.size > NAMES_MAX) {
      const eldest = this.#names.keys().next();
      if (!eldest.done) this.#names.delete(eldest.value);
    }
  }

  /** For how long this holder has been seen unchanged. */
  unchangedMs(name: string, holder: Holder, now: Moment): number {
    const sighting = this.#names.get(name)?.sightings.get(holder.grantId);
    if (sighting === undefined || sighting.entry !== fingerprint(holder)) return 0;
    return observedMs(sighting.since, now) ?? 0;
  }
}

function fingerprint(holder: Holder): string {
  return `${holder.token} ${holder.expires} ${holder.leaseMs}`;
}
