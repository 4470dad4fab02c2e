/**
 * A lease that callers of one process share: it is given back when the last of them has left.
 *
 * @module
 */

import type { LeaseLostCode, LeaseLostError } from "../errors.ts";
import type { LockMode } from "../records/record.ts";
import type { GrantState } from "./grant_state.ts";
import type { HeldLease } from "./held_lease.ts";
import { lostError } from "./hold.ts";
import type { Lease } from "./lease.ts";
import type {
  ConditionCheckOptions,
  LeaseConditionCheck,
  TransactOptions,
  TransactWriteItem,
} from "./transact.ts";

/** Told how somebody's stay in a lease has ended. */
export type Left = (
  how: { readonly lost?: LeaseLostCode; readonly held?: boolean | undefined },
) => void;

/** A lease, and how many are in. */
export class Room {
  /** The lease that all who are in share. */
  readonly lease: HeldLease;
  /** Its grant. */
  readonly state: GrantState;
  #inside = 0;

  constructor(lease: HeldLease, state: GrantState) {
    this.lease = lease;
    this.state = state;
  }

  /** Whether somebody else is in, besides who asks. */
  get isShared(): boolean {
    return this.#inside > 1;
  }

  /** Enters; `left` is told how it ended: lost, or given back where it was held, or perhaps was. */
  enter(left: Left = () => {}): Lease {
    this.#inside++;
    return new Entry(this, left);
  }

  /** Leaves; the last one gives the lease back. */
  leave(): Promise<boolean> {
    return --this.#inside === 0 ? this.lease.release() : Promise.resolve(this.lease.held);
  }
}

/** The lease of one who is in. It ends when its caller leaves, or with the lease itself. */
class Entry implements Lease {
  readonly #room: Room;
  readonly #left: Left;
  readonly #ended = new AbortController();
  #releasing: Promise<boolean> | undefined;

  constructor(room: Room, left: Left) {
    this.#room = room;
    this.#left = left;
    const { signal } = room.lease;
    const follow = () => {
      this.#ended.abort(signal.reason);
      left({ lost: (signal.reason as LeaseLostError).code });
    };
    signal.addEventListener("abort", follow, { signal: this.#ended.signal });
  }

  get name(): string {
    return this.#room.lease.name;
  }

  get names(): readonly string[] {
    return this.#room.lease.names;
  }

  get mode(): LockMode {
    return this.#room.lease.mode;
  }

  get fencingToken(): number {
    return this.#room.lease.fencingToken;
  }

  get ownerId(): string {
    return this.#room.lease.ownerId;
  }

  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  get held(): boolean {
    // Asked first: that may find that it is lost, and end this too.
    return this.#room.lease.held && !this.signal.aborted;
  }

  get remainingMs(): number {
    return this.held ? this.#room.lease.remainingMs : 0;
  }

  async renew(): Promise<void> {
    this.signal.throwIfAborted();
    await this.#room.lease.renew();
  }

  async update(data: string | null): Promise<void> {
    this.signal.throwIfAborted();
    await this.#room.lease.update(data);
  }

  async transact(
    items: readonly TransactWriteItem[],
    options: TransactOptions = {},
  ): Promise<void> {
    this.signal.throwIfAborted();
    if (options.release && this.#room.isShared) {
      throw new TypeError("Cannot transact with 'release' as others have entered this lease too");
    }
    await this.#room.lease.transact(items, options);
  }

  conditionCheck(options?: ConditionCheckOptions): LeaseConditionCheck {
    return this.#room.lease.conditionCheck(options);
  }

  release(): Promise<boolean> {
    return this.#releasing ??= this.#leave();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release().catch(() => {});
  }

  async #leave(): Promise<boolean> {
    if (!this.held) return false;
    this.#ended.abort(lostError("LEASE_RELEASED", this.name));
    let held: boolean | undefined;
    try {
      return held = await this.#room.leave();
    } finally {
      this.#left({ held });
    }
  }
}
