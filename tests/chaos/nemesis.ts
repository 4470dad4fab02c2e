/**
 * Freezes, kills and cuts off workers, preferably the one that holds a lock or is in the middle of a
 * step. What it does follows from the seed; whom it meets at that moment does not.
 *
 * @module
 */

import { type Crew, keyOf } from "./crew.ts";
import type { ChaosProxy, Step } from "./proxy.ts";
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
}

type Deed = "freeze" | "freeze past lease" | "kill" | "ambush" | "isolate";

const DEEDS: readonly (readonly [Deed, number])[] = [
  ["freeze", 1],
  ["freeze past lease", 2],
  ["kill", 2],
  ["ambush", 3],
  ["isolate", 2],
];

const STEPS: readonly Step[] = [
  ...["acquire", "take over", "renew", "hand over", "release", "close", "count", "count"],
];

interface Absence {
  readonly timer: ReturnType<typeof setTimeout>;
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
  ) {
    this.#crew = crew;
    this.#proxy = proxy;
    this.#random = random;
    this.#leaseMs = leaseMs;
    this.#holders = holders;
    this.#deeds = new Deck(random, DEEDS);
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
      for (const { timer, bringBack } of [...this.#out.values()]) {
        clearTimeout(timer);
        bringBack();
      }
    }
  }

  #act(): void {
    const deed = this.#deeds.draw();
    if (deed === "ambush") return this.#lieInWait();
    const place = this.#choose();
    if (place === undefined) return;
    this.#do(deed, place);
  }

  #do(deed: Exclude<Deed, "ambush">, place: number): void {
    if (deed === "kill") this.#kill(place);
    else if (deed === "isolate") this.#isolate(place);
    else this.#freeze(place, deed === "freeze past lease");
  }

  /** A holder, most of the time. At least half of the crew must be left to contend. */
  #choose(): number | undefined {
    const places = this.#crew.places.map((_, place) => place);
    const present = places.filter((place) => this.#isPresent(place));
    if (present.length <= places.length / 2) return undefined;
    const holders = this.#holders().filter((place) => this.#isPresent(place));
    return this.#random.pick(holders.length > 0 && this.#random.chance(0.7) ? holders : present);
  }

  #isPresent(place: number): boolean {
    return this.#crew.places[place]?.ended === false && !this.#out.has(place);
  }

  #lieInWait(): void {
    const deed = this.#random.pick(["kill", "freeze past lease", "isolate"] as const);
    const giveUp = this.#proxy.lieInWait({
      step: this.#steps.draw(),
      moment: this.#random.pick(["before", "after"]),
      spring: (key) => {
        clearTimeout(timer);
        const place = this.#crew.placeOf(key);
        if (!this.#isPresent(place)) return;
        this.figures.ambushes++;
        this.#do(deed, place);
      },
    });
    // Some steps are rare; a trap that nobody walks into is no use.
    const timer = setTimeout(giveUp, 5_000);
  }

  #kill(place: number): void {
    this.figures.kills++;
    void this.#crew.places[place]!.kill();
    this.#bringBackLater(place, this.#random.between(100, 1_500), () => this.#crew.hire(place));
  }

  #freeze(place: number, pastLease: boolean): void {
    const worker = this.#crew.places[place]!;
    this.figures.freezes++;
    if (pastLease) this.figures.freezesPastLease++;
    const share = pastLease ? this.#random.between(1.1, 3) : this.#random.between(0.05, 0.4);
    worker.freeze();
    this.#bringBackLater(place, share * this.#leaseMs, () => worker.thaw());
  }

  #isolate(place: number): void {
    this.figures.isolations++;
    const ms = this.#random.between(1, 3) * this.#leaseMs;
    this.#proxy.isolate(keyOf(place), ms, this.#random.chance(0.5));
  }

  #bringBackLater(place: number, ms: number, act: () => void): void {
    const bringBack = () => {
      this.#out.delete(place);
      act();
    };
    this.#out.set(place, { timer: setTimeout(bringBack, ms), bringBack });
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
