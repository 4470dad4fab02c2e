/** A process that campaigns, and what became of its terms. */

import {
  campaign,
  type CampaignOptions,
  type Term,
  type TermCallback,
} from "../../src/election.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import type { Process, Surroundings, World } from "./world.ts";

/** Works until the term is over, as a leader should. */
export function untilOver(term: Term): Promise<void> {
  return new Promise((resolve) => {
    if (term.signal.aborted) resolve();
    else term.signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

/** A signal that counts who listens to it. */
export function countedSignal(): { stop: AbortController; listeners: () => number } {
  const stop = new AbortController();
  const { signal } = stop;
  let listeners = 0;
  for (const [verb, step] of [["addEventListener", 1], ["removeEventListener", -1]] as const) {
    const real = signal[verb].bind(signal);
    Object.defineProperty(signal, verb, {
      value: (type: string, listener: EventListener, options?: AddEventListenerOptions) => {
        listeners += step;
        real(type, listener, options);
      },
    });
  }
  return { stop, listeners: () => listeners };
}

/** A candidate. */
export class Candidate {
  readonly process: Process;
  readonly stop: AbortController = new AbortController();
  /** Every term so far, and how many callbacks run and ran at once. */
  readonly terms: Term[] = [];
  running = 0;
  mostRunning = 0;
  /** How the campaign ended: rejects always, and is looked at by whoever cares. */
  readonly ended: Promise<void>;

  constructor(
    world: World,
    options: CampaignOptions & { manager?: LockManagerOptions & Surroundings } = {},
    work: TermCallback = untilOver,
  ) {
    const { manager, ...own } = options;
    this.process = world.process(manager);
    const { signal } = this.stop;
    const all = { locks: this.process.manager, signal, ...own };
    this.ended = campaign("job", all, async (term) => {
      this.terms.push(term);
      this.mostRunning = Math.max(this.mostRunning, ++this.running);
      try {
        await work(term);
      } finally {
        this.running--;
      }
    });
    this.ended.catch(() => {});
  }

  /** The last term. */
  get term(): Term {
    return this.terms.at(-1)!;
  }

  /** Whether it believes to lead. */
  get leading(): boolean {
    return this.terms.some((term) => term.leading);
  }

  /** What its campaign rejects with. */
  reason(): Promise<unknown> {
    return this.ended.then(() => {
      throw new Error("the campaign has resolved");
    }, (reason) => reason);
  }
}

/** Ends campaigns, and checks that nothing of them is left. */
export async function leave(world: World, ...candidates: Candidate[]): Promise<void> {
  for (const { stop } of candidates) stop.abort(new Error("the test is over"));
  for (const candidate of candidates) await world.until(candidate.reason());
  await world.end(...candidates.map(({ process }) => process));
}
