/**
 * What a manager remembers of the locks it has met: their fences and what they are, and since when it
 * has seen each holder unchanged. Plain data, bounded, and safe to lose.
 *
 * @module
 */

import type { Holder, LockRecord, Sharing } from "../records/record.ts";
import type { Moment } from "../runtime.ts";
import { heldForMs, observedMs } from "./decide.ts";
import type { Proposal } from "./proposal.ts";

/** How many records, and how many holders, are remembered. */
const ENTRIES_MAX = 10_000;

interface Remembered {
  /** The greatest fence seen. */
  readonly fence: number;
  readonly exists: boolean;
  readonly permits: number | undefined;
  readonly holders: number;
  /** When it was given back here, and since when it went from lease to lease of this process. */
  readonly turn?: { readonly ended: Moment; readonly since: Moment } | undefined;
}

const NOTHING: Remembered = { fence: 0, exists: false, permits: undefined, holders: 0 };

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
    const { permits, holders = [], fence: seen = 0 } = record ?? {};
    const { turn, ...before } = this.#records.get(name) ?? NOTHING;
    const fence = Math.max(before.fence, seen);
    keep(this.#records, name, {
      fence,
      exists: record !== undefined,
      permits,
      holders: holders.length,
      // Where our own write has not raised it, somebody else had the lock.
      turn: now !== undefined && fence > before.fence ? undefined : turn,
    }, inPassing);
    if (now === undefined) return;
    for (const holder of holders) {
      const { grantId, expires } = holder;
      const isNew = this.#watchedMs(holder, now) === undefined;
      const since = isNew ? now : this.#sightings.get(grantId)!.since;
      keep(this.#sightings, grantId, { expires, since }, inPassing);
    }
  }

  /** A lease was given back. Where there was room for others, it kept nobody out. */
  gaveBack({ names, mode, permits = Infinity, handedSince }: Proposal, now: Moment): void {
    for (const name of names) {
      const known = this.#records.get(name) ?? NOTHING;
      // A transaction shows no record, so what was seen before it is without this lease.
      const holders = known.holders + (names.length > 1 ? 1 : 0);
      if (mode === "shared" && permits > 1 && holders < permits) continue;
      keep(
        this.#records,
        name,
        { ...known, turn: { ended: now, since: handedSince ?? now } },
        false,
      );
    }
  }

  /** Since when one of these locks was this process's that it has given back no longer ago than that. */
  turnSince(names: readonly string[], now: Moment, withinMs: number): Moment | undefined {
    const [longest] = names.flatMap((name) => this.#records.get(name)?.turn ?? [])
      .filter(({ ended }) => heldForMs(ended, now) < withinMs)
      .sort((one, other) => one.since.mono - other.since.mono);
    return longest?.since;
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
