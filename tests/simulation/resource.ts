/**
 * What the locks guard: a register that compares tokens, and one in the table itself that is written in
 * a transaction with a check of the lock's record. A stale holder's write must land on neither.
 */

import type { Checker, Held } from "./checker.ts";
import { describe } from "./checker.ts";
import type { Grant } from "./ledger.ts";
import type { Random } from "./random.ts";
import type { Scheduler } from "./scheduler.ts";
import { type Service, TABLE } from "./service.ts";
import type { Tally } from "./trace.ts";

/** What the registers need of the run. */
export interface ResourceContext {
  readonly scheduler: Scheduler;
  readonly service: Service;
  readonly checker: Checker;
  readonly random: Random;
  readonly tally: Tally;
}

interface Register {
  token: number;
  grant: Grant | undefined;
}

/** The registers of all names. */
export class Resource {
  readonly #context: ResourceContext;
  readonly #registers = new Map<string, Register>();
  readonly #forgotten = new Map<string, number>();

  constructor(context: ResourceContext) {
    this.#context = context;
  }

  /** Sends a write with the lease's token. It takes its time to arrive, whoever holds by then. */
  write(held: Held): void {
    const { scheduler } = this.#context;
    this.#later(() => {
      const { name, fencingToken } = held.lease;
      const register = this.#registers.get(name) ?? { token: 0, grant: undefined };
      this.#registers.set(name, register);
      const landed = fencingToken >= register.token;
      this.#context.tally.add(landed ? "guarded write: landed" : "guarded write: refused");
      if (!landed) return this.#refused(held);
      this.#landed(held, register.grant);
      register.token = fencingToken;
      register.grant = held.grant ?? register.grant;
    }, scheduler.now);
  }

  /** Sends a transaction that writes only where the grant is still in the lock's record. */
  transact(held: Held): void {
    const { scheduler, service, tally } = this.#context;
    const { grant } = held;
    if (grant === undefined) return;
    this.#later(async () => {
      scheduler.touched = true;
      const landed = await service.run("TransactWriteItems", guarded(grant));
      tally.add(landed ? "guarded transaction: landed" : "guarded transaction: refused");
      if (landed) this.#landed(held, this.#context.checker.ledger.newest(grant.name));
    }, scheduler.now);
  }

  /** An operator's deletion lets tokens begin anew: so does the register. */
  forget(name: string): void {
    this.#registers.delete(name);
    this.#forgotten.set(name, this.#context.scheduler.now);
  }

  #later(arrive: () => void, sentAt: number): void {
    const { random, scheduler } = this.#context;
    const delayMs = random.chance(0.2) ? random.magnitude(10, 20_000) : random.between(0, 10);
    scheduler.at(sentAt + delayMs, arrive);
  }

  #landed(held: Held, newest: Grant | undefined): void {
    const { grant } = held;
    if (grant === undefined || newest === undefined) return;
    if (grant.excuse === "operator" || newest.excuse === "operator") return;
    if (newest.order > grant.order) {
      this.#context.checker.accuse("stale writes never land", describe(held));
    }
  }

  #refused(held: Held): void {
    const { process, grant, lease } = held;
    if (!process.alive || process.paused || grant?.excuse !== undefined) return;
    if (!lease.held) return;
    // Asked for before the deletion: its token may be lower than one that was used right before that.
    if (grant !== undefined && grant.firstSentAt <= (this.#forgotten.get(grant.name) ?? 0)) return;
    this.#context.checker.accuse("a holder's writes land", describe(held));
  }
}

/** The transaction: a check of the lock's record, and the write that it guards. */
function guarded({ id, name }: Grant): object {
  return {
    TransactItems: [
      {
        ConditionCheck: {
          TableName: TABLE,
          Key: { key: { S: name } },
          ConditionExpression: "attribute_exists(#holders.#g)",
          ExpressionAttributeNames: { "#holders": "holders", "#g": id },
        },
      },
      { Put: { TableName: TABLE, Item: { key: { S: `guarded/${name}` } } } },
    ],
  };
}
