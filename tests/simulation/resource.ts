/**
 * What the locks guard: a register that compares tokens, and one in the table itself that is written in
 * a transaction with a check of the lock's record. A stale holder's write must land on neither.
 */

import type { Checker } from "./checker.ts";
import { describe, grantOf, type Held } from "./held.ts";
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

  /**
   * Sends writes with the lease's token. They take their time to arrive, whoever holds by then. Those who
   * share compare the token and leave it, since there is no order among them.
   */
  write(held: Held): void {
    const { scheduler } = this.#context;
    for (const name of held.lease.names) {
      this.#later(() => this.#arrive(held, name), scheduler.now);
    }
  }

  #arrive(held: Held, name: string): void {
    const { lease: { fencingToken }, shape } = held;
    const grant = grantOf(held, name);
    const register = this.#registers.get(name) ?? { token: 0, grant: undefined };
    this.#registers.set(name, register);
    const landed = fencingToken >= register.token;
    this.#context.tally.add(landed ? "guarded write: landed" : "guarded write: refused");
    if (!landed) return this.#refused(held, grant, register.grant);
    this.#landed(held, grant, register.grant);
    if (shape !== "exclusive") return;
    register.token = fencingToken;
    register.grant = grant ?? register.grant;
  }

  /** Sends a transaction that writes only where the grant is still in the lock's record. */
  transact(held: Held): void {
    const { scheduler, service, tally, checker: { ledger } } = this.#context;
    const { grants, shape } = held;
    if (grants.length === 0) return;
    this.#later(async () => {
      scheduler.touched = true;
      const landed = await service.run("TransactWriteItems", guarded(grants));
      tally.add(landed ? "guarded transaction: landed" : "guarded transaction: refused");
      for (const grant of landed ? grants : []) {
        if (shape === "exclusive") this.#landed(held, grant, ledger.newest(grant.name));
        else if (!ledger.isIn(grant) && grant.excuse !== "operator") this.#stale(held);
      }
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

  #landed(held: Held, grant: Grant | undefined, newest: Grant | undefined): void {
    if (grant === undefined || newest === undefined) return;
    if (grant.excuse === "operator" || newest.excuse === "operator") return;
    if (newest.order > grant.order) this.#stale(held);
  }

  #stale(held: Held): void {
    this.#context.checker.accuse("stale writes never land", describe(held));
  }

  #refused(held: Held, grant: Grant | undefined, last: Grant | undefined): void {
    const { process, lease } = held;
    if (!process.alive || process.paused || grant?.excuse !== undefined || grant?.robbed) return;
    if (!lease.held) return;
    // Somebody wrote who did not know of a deletion yet, after which tokens began anew.
    if (last?.excuse === "operator") return;
    // Asked for before the deletion: its token may be lower than one that was used right before that.
    if (grant !== undefined && grant.firstSentAt <= (this.#forgotten.get(grant.name) ?? 0)) return;
    this.#context.checker.accuse("a holder's writes land", describe(held));
  }
}

/** The transaction: a check of each lock's record, and the write that they guard. */
function guarded(grants: readonly Grant[]): object {
  return {
    TransactItems: [
      ...grants.map(({ id, name }) => ({
        ConditionCheck: {
          TableName: TABLE,
          Key: { key: { S: name } },
          ConditionExpression: "attribute_exists(#holders.#g)",
          ExpressionAttributeNames: { "#holders": "holders", "#g": id },
        },
      })),
      { Put: { TableName: TABLE, Item: { key: { S: `guarded/${grants[0]!.name}` } } } },
    ],
  };
}
