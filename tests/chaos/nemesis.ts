/**
 * Freezes, kills and cuts off workers, preferably the one that holds a lock or is in the middle of a
 * step. What it does follows from the seed; whom it meets at that moment does not.
 *
 * @module
 */

import { type Crew, keyOf } from "./crew.ts";
import type { Ambush, ChaosProxy, Step } from "./proxy.ts";
import { Deck, type Random } from "./random.ts";

/** How often it did what. */
export interface NemesisFigures {
  kills: number;
  freezes: number;
  /** Of these, those that outlasted the lease. */
  freezesPastLease: number;
  /** Of all these, those that met a worker in the middle of a step. */
  ambushes: number;
  isolations: number;
  /** Commits that were stopped on their way. */
  stops: number;
}

/** `stop`: freezes the sender of a commit, which waits on its way until somebody else has taken over. */
type Deed = "freeze" | "freeze past lease" | "kill" | "ambush" | "stop" | "isolate";
type Deeds = readonly (readonly [Deed, number])[];

/** What it does in most storms. */
export const DEEDS: Deeds = [
  ["freeze", 1],
  ["freeze past lease", 2],
  ["kill", 2],
  ["ambush", 3],
  ["stop", 4],
  ["isolate", 2],
];

/** What it does in a storm over commits. */
export const COMMIT_DEEDS: Deeds = [
  ["kill", 1],
  ["stop", 8],
];

const STEPS: readonly Step[] = [
  ...["acquire", "join", "take over", "renew", "hand over", "release", "close", "mark"],
  ...["count", "count", "commit"],
];

/** For how long the sender of a commit is frozen at the most, in leases. */
const STOP_FREEZE = [2, 3] as const;

interface Absence {
  bringBack(): void;
}

/** The adversary of the workers. */
export class Nemesis {
  readonly figures: NemesisFigures = {
    kills: 0,
    freezes: 0,
    freezesPastLease: 0,
    ambushes: 0,
    isolations: 0,
    stops: 0,
  };
  readonly #crew: Crew;
  readonly #proxy: ChaosProxy;
  readonly #random: Random;
  readonly #leaseMs: number;
  /** The places of the workers that hold something right now. */
  readonly #holders: () => number[];
  readonly #deeds: Deck<Deed>;
  readonly #steps: Deck<Step>;
  /** Who is frozen or dead, and what brings them back. */
  readonly #out = new Map<number, Absence>();

  constructor(
    crew: Crew,
    proxy: ChaosProxy,
    random: Random,
    leaseMs: number,
    holders: () => number[],
    deeds: Deeds,
  ) {
    this.#crew = crew;
    this.#proxy = proxy;
    this.#random = random;
    this.#leaseMs = leaseMs;
    this.#holders = holders;
    this.#deeds = new Deck(random, deeds);
    this.#steps = new Deck(random, STEPS.map((step) => [step, 1]));
  }

  /** Rages for so long, then makes everything whole. */
  async rage(ms: number, stopped: AbortSignal): Promise<void> {
    const end = performance.now() + ms;
    try {
      for (;;) {
        const left = end - performance.now();
        await pause(Math.max(0, Math.min(left, this.#random.between(100, 500))), stopped);
        if (performance.now() >= end) return;
        this.#act();
      }
    } finally {
      for (const { bringBack } of [...this.#out.values()]) bringBack();
    }
  }

  #act(): void {
    const deed = this.#deeds.draw();
    if (deed === "ambush") return this.#lieInWait();
    if (deed === "stop") return this.#stopCommit();
    const place = this.#choose();
    if (place === undefined) return;
    this.#do(deed, place);
  }

  /** At least half of the crew must be left to contend. */
  get #isWeary(): boolean {
    const { places } = this.#crew;
    return places.filter((_, place) => this.#isPresent(place)).length <= places.length / 2;
  }

  #do(deed: Exclude<Deed, "ambush" | "stop">, place: number): void {
    if (deed === "kill") this.#kill(place);
    else if (deed === "isolate") this.#isolate(place);
    else void this.#freeze(place, deed === "freeze past lease");
  }

  /** A holder, most of the time. */
  #choose(): number | undefined {
    if (this.#isWeary) return undefined;
    const places = this.#crew.places.map((_, place) => place);
    const present = places.filter((place) => this.#isPresent(place));
    const holders = this.#holders().filter((place) => this.#isPresent(place));
    return this.#random.pick(holders.length > 0 && this.#random.chance(0.7) ? holders : present);
  }

  #isPresent(place: number): boolean {
    return this.#crew.places[place]?.ended === false && !this.#out.has(place);
  }

  #lieInWait(): void {
    const deed = this.#random.pick(["kill", "freeze past lease", "isolate"] as const);
    this.#ambush({
      step: this.#steps.draw(),
      moment: this.#random.pick(["before", "after"]),
      spring: (place) => void this.#do(deed, place),
    });
  }

  /** What was decided on while the lock was held is stopped on its way, together with its sender. */
  #stopCommit(): void {
    this.#ambush({
      step: "commit",
      moment: "before",
      spring: (place, untilLate) => {
        this.figures.stops++;
        const thawed = this.#freeze(place, true, STOP_FREEZE);
        const absence = this.#out.get(place)!;
        void untilLate(STOP_FREEZE[1] * this.#leaseMs).then(() => {
          // Both go on together, when nothing can be right any more about what was decided.
          if (this.#out.get(place) === absence) absence.bringBack();
        });
        return thawed;
      },
    });
  }

  #ambush(
    { step, moment, spring }: Omit<Ambush, "spring"> & {
      spring(place: number, untilLate: (ms: number) => Promise<void>): Promise<void> | undefined;
    },
  ): void {
    const ambush: Ambush = {
      step,
      moment,
      spring: (key, untilLate) => {
        const place = this.#crew.placeOf(key);
        if (!this.#isPresent(place) || this.#isWeary) {
          giveUp = this.#proxy.lieInWait(ambush); // for the next one
          return;
        }
        clearTimeout(timer);
        this.figures.ambushes++;
        return spring(place, untilLate);
      },
    };
    let giveUp = this.#proxy.lieInWait(ambush);
    // Some steps are rare; a trap that nobody walks into is no use.
    const timer = setTimeout(() => giveUp(), 5_000);
  }

  #kill(place: number): void {
    this.figures.kills++;
    void this.#crew.places[place]!.kill();
    this.#bringBackLater(place, this.#random.between(100, 1_500), () => this.#crew.hire(place));
  }

  /** Resolves when the worker goes on. */
  #freeze(
    place: number,
    pastLease: boolean,
    [least, most]: readonly [number, number] = pastLease ? [1.1, 3] : [0.05, 0.4],
  ): Promise<void> {
    const worker = this.#crew.places[place]!;
    this.figures.freezes++;
    if (pastLease) this.figures.freezesPastLease++;
    worker.freeze();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#bringBackLater(place, this.#random.between(least, most) * this.#leaseMs, () => {
      worker.thaw();
      resolve();
    });
    return promise;
  }

  #isolate(place: number): void {
    this.figures.isolations++;
    const ms = this.#random.between(1, 3) * this.#leaseMs;
    this.#proxy.isolate(keyOf(place), ms, this.#random.chance(0.5));
  }

  #bringBackLater(place: number, ms: number, act: () => void): void {
    const bringBack = () => {
      clearTimeout(timer);
      this.#out.delete(place);
      act();
    };
    const timer = setTimeout(bringBack, ms);
    this.#out.set(place, { bringBack });
  }
}

/** Pauses, or rejects with the reason of the signal. */
export function pause(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(stopped.reason);
    };
    const timer = setTimeout(() => {
      stopped.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (stopped.aborted) stop();
    else stopped.addEventListener("abort", stop, { once: true });
  });
}
