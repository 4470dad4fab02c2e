/**
 * What happens in the demo: the workers share the lock, one is killed, another is frozen.
 *
 * @module
 */

import type { Crew, CrewEvent, Worker } from "./crew.ts";
import type { Screen } from "./screen.ts";

/** When the demo has gone on for long enough. */
export type Enough = () => boolean;

/** What the killing and the freezing showed; `null` where it was left out or did not happen. */
export interface Findings {
  readonly killToNextGrantMs: number | null;
  /** Whether the frozen worker saw, before its write, that its lease was lost. */
  readonly frozenSawLoss: boolean | null;
  /** Whether the file refused what it wrote all the same. */
  readonly frozenWriteRefused: boolean | null;
}

type Granted = Extract<CrewEvent, { type: "granted" }>;

/** How long a worker may take to get its turn, besides leases that must run out. */
const PATIENCE_MS = 15_000;

const isLost = (event: CrewEvent): event is Extract<CrewEvent, { type: "lost" }> =>
  event.type === "lost";
const isRefused = (event: CrewEvent): event is Extract<CrewEvent, { type: "refused" }> =>
  event.type === "refused";

function grantToOther(worker: Worker): (event: CrewEvent) => event is Granted {
  return (event): event is Granted => event.type === "granted" && event.from !== worker;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}

/** Plays all acts. Pauses between them are `calmMs`; after them it goes on until it is enough. */
export class Story {
  readonly #crew: Crew;
  readonly #screen: Screen;
  readonly #leaseMs: number;

  /** Needs workers that run. */
  constructor(crew: Crew, screen: Screen, leaseMs: number) {
    this.#crew = crew;
    this.#screen = screen;
    this.#leaseMs = leaseMs;
  }

  /** With the lock. */
  async play(calmMs: number, enough: Enough): Promise<Findings> {
    await pause(calmMs);
    const killToNextGrantMs = await this.#kill(0);
    await pause(calmMs);
    const frozen = await this.#freeze(1);
    await pause(calmMs);
    await this.idle(enough);
    return { killToNextGrantMs, ...frozen };
  }

  /** Only lets them work. */
  async idle(enough: Enough): Promise<void> {
    while (!enough()) await pause(20);
  }

  /** Kills a worker while it holds the lock; answers how long it took until another had it. */
  async #kill(place: number): Promise<number | null> {
    const victim = this.#crew.workers[place]!;
    if (!await this.#lingers(victim)) return null;
    this.#screen.say(`${victim.name} takes its time: its lease is renewed in the background`);
    await pause(this.#leaseMs / 2);
    const next = this.#crew.next(grantToOther(victim), this.#leaseMs + PATIENCE_MS);
    const killedAt = Date.now();
    this.#screen.say(`SIGKILL for ${victim.name} while it holds the lock`);
    await victim.kill();
    const granted = await next;
    this.#crew.hire(place);
    if (granted === undefined) return null;
    const tookMs = granted.at - killedAt;
    this.#screen.say(
      `${granted.from.name} has the lock, ${
        seconds(tookMs)
      } after the kill; ${victim.name} is replaced`,
    );
    return tookMs;
  }

  /** Freezes a worker past its lease, and sees what it does when it goes on. */
  async #freeze(place: number): Promise<Omit<Findings, "killToNextGrantMs">> {
    const nothing = { frozenSawLoss: null, frozenWriteRefused: null };
    if (Deno.build.os === "windows") {
      this.#screen.say("No worker is frozen: Windows has no SIGSTOP");
      return nothing;
    }
    const victim = this.#crew.workers[place]!;
    if (!await this.#lingers(victim)) return nothing;
    const next = this.#crew.next(grantToOther(victim), this.#leaseMs + PATIENCE_MS);
    await pause(this.#leaseMs / 8);
    this.#screen.say(`SIGSTOP for ${victim.name}: it freezes between its read and its write`);
    victim.freeze();
    const granted = await next;
    // Until the file has seen the newer token a late write does no harm, and is not refused.
    if (granted !== undefined) this.#screen.say(`${granted.from.name} has the lock`);
    const updated = granted && await this.#crew.next(
      (event): event is CrewEvent => event.type === "updated" && event.from !== victim,
      PATIENCE_MS,
    );
    if (updated === undefined) {
      victim.thaw();
      return { frozenSawLoss: false, frozenWriteRefused: false };
    }
    return await this.#thaw(victim);
  }

  async #thaw(victim: Worker): Promise<Omit<Findings, "killToNextGrantMs">> {
    const fromVictim = <E extends CrewEvent>(is: (event: CrewEvent) => event is E) =>
      this.#crew.next((event): event is E => event.from === victim && is(event), PATIENCE_MS);
    const [lost, refused] = [fromVictim(isLost), fromVictim(isRefused)];
    this.#screen.say(`SIGCONT for ${victim.name}: it goes on as if nothing had happened`);
    victim.thaw();
    const loss = await lost;
    const frozenSawLoss = loss !== undefined;
    if (frozenSawLoss) {
      this.#screen.say(`${victim.name} looks before it writes: lease.held is false (${loss.code})`);
    }
    const frozenWriteRefused = await refused !== undefined;
    if (frozenWriteRefused) {
      this.#screen.say(`${victim.name} writes all the same: the file refuses its old token`);
    }
    return { frozenSawLoss, frozenWriteRefused };
  }

  /** Waits until a worker holds the lock and thinks for a whole lease. */
  async #lingers(worker: Worker): Promise<boolean> {
    const lingering = this.#crew.next(
      (event): event is CrewEvent => event.type === "lingering" && event.from === worker,
      this.#leaseMs + PATIENCE_MS,
    );
    await worker.linger();
    return await lingering !== undefined;
  }
}
