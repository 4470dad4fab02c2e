/** Clean-ups that fail, as managers tell of them: they may excuse that something is left for a while. */

import type { LockEvent } from "../../src/events.ts";
import type { Process } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

/** Clean-ups of a process that fail. */
export interface Trouble {
  readonly process: Process;
  /** When the first of them failed. */
  readonly since: number;
  /** When what is cleaned up had ended, which the first attempt followed. */
  readonly begun: number;
  /** Whether it has given up for good. */
  readonly final: boolean;
}

/** All of a run. */
export class Troubles {
  readonly #scheduler: Scheduler;
  readonly #troubles = new Map<string, Trouble>();
  /** When each acquisition ended without a lease, or its lease did, by process and ticket. */
  readonly #ended = new Map<string, number>();

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  /** Those of a process with a name. */
  of(process: Process | undefined, name: string): Trouble | undefined {
    return this.#troubles.get(`${process?.tag} ${name}`);
  }

  /** A manager told something. */
  told(process: Process, event: LockEvent): void {
    const { now } = this.#scheduler;
    if (/^(lost|fail|miss|release)$/.test(event.type) && "ticket" in event) {
      this.#ended.set(`${process.tag} ${event.ticket}`, now);
    }
    if (event.type !== "trouble" || event.step !== "clean-up") return;
    const ended = this.#ended.get(`${process.tag} ${event.ticket}`) ?? now;
    for (const name of event.names) {
      const key = `${process.tag} ${name}`;
      const { since, begun } = this.#troubles.get(key) ?? { since: now, begun: ended };
      const final = event.code !== "UNAVAILABLE";
      this.#troubles.set(key, { process, since, begun: Math.min(begun, ended), final });
    }
  }

  /** The next clean-up is another one. What a paused process has left is looked at when it goes on. */
  forgetIdle(): void {
    for (const [key, { process }] of this.#troubles) {
      if (process.idle && !process.paused) this.#troubles.delete(key);
    }
  }
}
