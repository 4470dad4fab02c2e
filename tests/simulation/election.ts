/** What the programs of an election know of each other: when the last round of it is over. */

import type { Held } from "./held.ts";

/** A candidate, seen by the others. */
export interface Standing {
  readonly process: { readonly alive: boolean; readonly closing: boolean };
  readonly round: number;
  readonly done: boolean;
  /** Whether its campaign has ended with an error for good. */
  readonly failed: boolean;
}

/** An observer, seen by the others. */
export interface Watching extends Standing {
  /** The token of the leader that it was told of last. */
  readonly sees: number | undefined;
}

/** The election of a run. */
export class Election {
  readonly candidates: Standing[] = [];
  readonly observers: Watching[] = [];
  /** Who leads since the faults have stopped. */
  leader: Held | undefined;
  /** The last round that has come to its end. */
  #over = 0;

  /** Whether somebody leads and everybody who watches has seen that, or nobody is left to lead. */
  isOver(round: number): boolean {
    if (this.#over >= round) return true;
    const isUp = ({ process, failed }: Standing) => process.alive && !process.closing && !failed;
    const token = this.leader?.lease.held ? this.leader.lease.fencingToken : undefined;
    const seen = token !== undefined &&
      this.observers.filter(isUp).every((one) => one.round >= round && one.sees === token);
    if (seen || !this.candidates.some(isUp)) this.#over = round;
    return this.#over >= round;
  }
}
