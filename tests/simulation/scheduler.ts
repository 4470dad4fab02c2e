/**
 * True time and everything that is going to happen, in one queue. Nothing waits: time jumps from event
 * to event, and between two events every promise moves on as far as it can.
 */

import { setImmediate } from "node:timers";
import type { Random } from "./random.ts";

/** Something that is going to happen. */
export interface Scheduled {
  /** True time in milliseconds since 1970. */
  readonly due: number;
  /** What happens at the same time happens in random order. */
  readonly tie: number;
  readonly order: number;
  /** Absent when it was taken back. */
  run: (() => void) | undefined;
}

function before(a: Scheduled, b: Scheduled): boolean {
  if (a.due !== b.due) return a.due < b.due;
  return a.tie !== b.tie ? a.tie < b.tie : a.order < b.order;
}

/** Lets every promise move on that can: one turn of the event loop empties the queue of them. */
export function settle(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** The queue of events: a binary heap. */
export class Scheduler {
  /** True time, which the server's clock follows. */
  now: number;
  /** How many events have happened. */
  count = 0;
  /** Set by an event that gave some process something to do. */
  touched = false;
  readonly #heap: Scheduled[] = [];
  readonly #random: Random;
  #order = 0;
  #pending = 0;

  constructor(start: number, random: Random) {
    this.now = start;
    this.#random = random;
  }

  /** Lets something happen at a true time, or now if that has passed. */
  at(due: number, run: () => void): Scheduled {
    const time = Math.max(due, this.now);
    const scheduled: Scheduled = {
      due: time,
      tie: this.#random.next(),
      order: this.#order++,
      run,
    };
    this.#pending++;
    this.#push(scheduled);
    return scheduled;
  }

  /** Lets something happen after some true time. */
  after(ms: number, run: () => void): Scheduled {
    return this.at(this.now + ms, run);
  }

  /** Takes it back, if it has not happened. */
  cancel(scheduled: Scheduled): void {
    if (scheduled.run === undefined) return;
    scheduled.run = undefined;
    this.#pending--;
  }

  /** How much is still going to happen. */
  get pending(): number {
    return this.#pending;
  }

  /** Lets the next event happen; answers whether there was one before `limit`. */
  step(limit: number): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.due > limit) return false;
      this.#pop();
      const { run } = next;
      if (run === undefined) continue;
      next.run = undefined;
      this.#pending--;
      this.now = next.due;
      this.count++;
      run();
      return true;
    }
  }

  #push(scheduled: Scheduled): void {
    const heap = this.#heap;
    let at = heap.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(scheduled, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = scheduled;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}
