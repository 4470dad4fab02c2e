/** What a caller does under a lease, until it gives that back or does not. */

import type { Held } from "./held.ts";
import type { ProgramContext } from "./program.ts";
import type { Random } from "./random.ts";
import type { Wishes } from "./wishes.ts";

/** How long the last leases are held, which everybody waits for. */
export const LAST_HOLD_MS = 300;

/** The work of one caller. */
export class Work {
  readonly #context: ProgramContext;
  readonly #random: Random;
  readonly #wishes: Wishes;

  constructor(context: ProgramContext, random: Random, wishes: Wishes) {
    this.#context = context;
    this.#random = random;
    this.#wishes = wishes;
  }

  /** Uses a lease for a while, and then gives it back; or with `end` does that instead. */
  async use(held: Held, last: boolean, end?: () => Promise<void>): Promise<void> {
    const { scenario, scheduler, trace, tally } = this.#context;
    const random = this.#random;
    const { lease, leaseMs, process } = held;
    if (trace.on) trace.add(process.name, `has '${lease.name}' ${lease.fencingToken}`);
    const holdMs = last
      ? random.between(0, LAST_HOLD_MS)
      : leaseMs * random.magnitude(...scenario.profile.hold);
    const until = scheduler.now + holdMs;
    while (scheduler.now < until && (last || !this.#context.healed)) {
      await process.sleep(Math.min(until - scheduler.now, random.magnitude(20, leaseMs / 2)));
      this.#context.checker.lookAtLeases();
      if (!lease.held) {
        if (random.chance(0.5)) break;
      } else await this.do(held, last);
    }
    if (end !== undefined) return await end();
    const forgotten = !last && !held.renewing && random.chance(0.2);
    if (forgotten) tally.add("release: forgotten");
    else await this.giveBack(held);
  }

  /** Does a piece of it. */
  async do(held: Held, last: boolean): Promise<void> {
    const { resource, guards, tally } = this.#context;
    const { lease } = held;
    const what = this.#random.weighted({
      nothing: 4,
      write: 3,
      transact: 2,
      renew: last ? 0 : 2,
      update: last ? 0 : 1,
    });
    if (what === "write") resource.write(held);
    if (what === "transact") {
      if (!this.#wishes.guarded) return resource.transact(held);
      return await guards.send(held, { release: false, failing: this.#wishes.failing });
    }
    if (what !== "renew" && what !== "update") return;
    try {
      await (what === "renew" ? lease.renew() : lease.update("other data"));
      tally.add(`${what}: done`);
      if (!lease.held) this.#context.checker.accuse("renewed is held", lease.name);
    } catch {
      tally.add(`${what}: failed`);
    }
  }

  /** Gives it back, in one of the ways there are. */
  async giveBack(held: Held): Promise<void> {
    const { checker, guards, trace, tally } = this.#context;
    const { lease, process, reentrant } = held;
    if (trace.on) trace.add(process.name, `releases '${lease.name}' ${lease.fencingToken}`);
    if (this.#wishes.guarded && lease.held && !reentrant) {
      return await guards.send(held, { release: true, failing: this.#wishes.failing });
    }
    if (this.#random.chance(0.3)) {
      const disposed = lease[Symbol.asyncDispose]();
      checker.givenBack(held);
      await disposed;
      tally.add("release: disposed");
      return;
    }
    const released = lease.release();
    checker.givenBack(held);
    try {
      const answer = await released;
      tally.add(`release: ${answer}`);
      checker.released(held, answer);
    } catch {
      tally.add("release: failed");
    }
  }
}
