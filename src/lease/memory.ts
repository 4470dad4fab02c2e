/**
 * What a manager remembers of the locks it has met: their fences and what they are, and since when it
 * has seen each holder unchanged. Plain data, bounded, and safe to lose.
 *
 * @module
 */

import type { Holder, LockRecord, Sharing } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import { observedMs } from "./decide.ts";

/** How many records, and how many holders, are remembered. */
const ENTRIES_MAX = 10_000;

interface Remembered {
  /** The greatest fence seen. */
  readonly fence: number;
  readonly exists: boolean;
  readonly permits: number | undefined;
}

/** The memory of one manager. */
export class LockMemory {
  readonly #records = new Map<string, Remembered>();
  readonly #sightings = new Map<string, { readonly expires: number; readonly since: Moment }>();

  /** The greatest fence seen of a name; 0 where none was. */
  fence(name: string): number {
    return this.#records.get(name)?.fence ?? 0;
  }

  /** Whether a name has a record that is shared in this way, by the last word of the table. */
  isShared(name: string, { mode, permits }: Sharing): boolean {
    const known = this.#records.get(name);
    return mode === "shared" && known?.exists === true && known.permits === permits;
  }

  /**
   * Takes in a record. A waiter watches its holders from `now`, the receipt, never from before; the
   * holder itself has nobody to watch. A record that is seen `inPassing`, in a list, displaces none: where
   * only watching tells the dead, who lists a large table again and again would keep them alive for ever.
   */
  see(name: string, record: LockRecord | undefined, now?: Moment, inPassing = false): void {
    const fence = Math.max(this.fence(name), record?.fence ?? 0);
    const known = { fence, exists: record !== undefined, permits: record?.permits };
    keep(this.#records, name, known, inPassing);
    if (now === undefined) return;
    for (const holder of record?.holders ?? []) {
      const { grantId, expires } = holder;
      const isNew = this.#watchedMs(holder, now) === undefined;
      const since = isNew ? now : this.#sightings.get(grantId)!.since;
      keep(this.#sightings, grantId, { expires, since }, inPassing);
    }
  }

  /** For how long this holder has been seen unchanged. */
  unchangedMs(holder: Holder, now: Moment): number {
    return this.#watchedMs(holder, now) ?? 0;
  }

  /** `undefined` where the watch must start (again). Every renewal changes `expires`. */
  #watchedMs(holder: Holder, now: Moment): number | undefined {
    const seen = this.#sightings.get(holder.grantId);
    return seen?.expires === holder.expires ? observedMs(seen.since, now) : undefined;
  }
}

/** Keeps an entry. Where there are too many, the one goes that was kept longest ago. */
function keep<T>(map: Map<string, T>, key: string, value: T, inPassing: boolean): void {
  if (!map.delete(key) && map.size >= ENTRIES_MAX) {
    if (inPassing) return;
    const [oldest] = map.keys();
    map.delete(oldest!);
  }
  map.set(key, value);
}
