/**
 * Transactions that callers send through their leases: they must land once, and only while the lease's
 * grants are in the records; and what the caller is told of them must be true.
 */

import { isLockError, type LockTransactionError } from "../../src/errors.ts";
import type { Checker } from "./checker.ts";
import { describe, type Held } from "./held.ts";
import type { Delivery } from "./network.ts";
import type { Random } from "./random.ts";
import { isGuarded } from "./record_rules.ts";
import type { Scheduler } from "./scheduler.ts";
import { type RawRecord, type Service, TABLE } from "./service.ts";
import type { Tally } from "./trace.ts";

/** One transaction. */
interface Guarded {
  readonly held: Held;
  /** Nothing should go wrong with it. */
  readonly calm: boolean;
  /** How often it was applied. */
  applied: number;
  /** A copy was applied that the network made. */
  repeated: boolean;
  /** What its caller was told of it. */
  told: "nothing" | "applied" | "not applied" | "unknown";
}

/** What a quick transaction takes at the most, with what it may wait for. */
const ENOUGH_MS = 500;

/** How a transaction is meant. */
export interface Manner {
  readonly release: boolean;
  /** It has a condition of its own that fails at first, and for some time. */
  readonly failing: boolean;
}

/** What the transactions need of the run. */
export interface GuardsContext {
  readonly checker: Checker;
  readonly tally: Tally;
  readonly service: Service;
  readonly scheduler: Scheduler;
  readonly random: Random;
  /** Nothing goes wrong in this run. */
  readonly calm: boolean;
}

/** All transactions that were sent through leases. */
export class Guards {
  readonly #context: GuardsContext;
  readonly #sent = new Map<string, Guarded>();

  constructor(context: GuardsContext) {
    this.#context = context;
  }

  /** Sends one, and judges what its caller is told. */
  async send(held: Held, { release, failing }: Manner): Promise<void> {
    const { tally, checker } = this.#context;
    const { lease } = held;
    const key = `guarded/${lease.name}/${this.#sent.size}`;
    // What is sent at the end of a lease has no time for an answer.
    const calm = this.#context.calm && lease.remainingMs > ENOUGH_MS;
    const guarded: Guarded = { held, calm, applied: 0, repeated: false, told: "nothing" };
    this.#sent.set(key, guarded);
    if (failing) await this.#forbid(key);
    const items = failing ? [count(key), allowed(key)] : [count(key)];
    try {
      const work = lease.transact(items, { release });
      if (release) checker.givenBack(held);
      await work;
      guarded.told = "applied";
      tally.add("transact: done");
      if (guarded.applied === 0) checker.accuse("what is told was applied", describe(held));
    } catch (error) {
      this.#refused(guarded, error, { release, failing });
    }
    if (release && lease.held) checker.accuse("released is not held", describe(held));
  }

  /** What a request did to what leases guard: to be told before its records change. */
  delivered({ written, process, copy }: Delivery): void {
    const { checker } = this.#context;
    for (const { name, record } of written) {
      const guarded = isGuarded(name) ? this.#sent.get(name) : undefined;
      if (guarded === undefined) continue;
      const { held, told } = guarded;
      const text = `${describe(held)}: ${name} of ${process.name}`;
      if (++guarded.applied > 1 || timesIn(record) !== 1) {
        checker.accuse("a transaction is applied once", text);
      }
      // What the network itself sends again after a "no" is an exception that nothing can be done about.
      guarded.repeated ||= copy;
      if (told === "not applied" && !copy) {
        checker.accuse("a refused transaction never lands", text);
      }
      const gone = held.grants.some((grant) =>
        grant.excuse !== "operator" && !checker.ledger.isIn(grant)
      );
      if (gone) checker.accuse("stale writes never land", text);
    }
  }

  /** Makes the condition of a transaction fail, for some time. */
  async #forbid(key: string): Promise<void> {
    const { service, scheduler, random } = this.#context;
    const item = { key: { S: `${key}/no` } };
    await service.run("PutItem", { TableName: TABLE, Item: item });
    scheduler.after(random.magnitude(5, 20_000), () => {
      scheduler.touched = true;
      void service.run("DeleteItem", { TableName: TABLE, Key: item });
    });
  }

  #refused(guarded: Guarded, error: unknown, { release, failing }: Manner): void {
    const { checker, tally } = this.#context;
    const { held: { lease }, calm } = guarded;
    const code = isLockError(error) ? error.code : undefined;
    const robbed = guarded.held.grants.some((grant) => grant.robbed);
    const text = `${describe(guarded.held)}: ${code ?? error}`;
    tally.add(`transact: ${code ?? "an unexpected error"}`);
    if (code === undefined) checker.accuse("errors have a reason", text);
    else if (code.startsWith("LEASE_")) {
      guarded.told = "not applied";
      if (lease.held) checker.accuse("a lost lease is not held", text);
      if (calm && !robbed) checker.accuse("calm leases last", text);
    } else if (code === "TRANSACTION_CANCELED") {
      guarded.told = "not applied";
      const reasons = (error as LockTransactionError).reasons;
      const own = reasons.some(({ index, code }) => index === 1 && code.startsWith("Condition"));
      const passing = reasons.every(({ code }) => /Conflict|Throttling/.test(code));
      if (!(failing && own) && (calm || !passing)) {
        checker.accuse("a failed condition is the caller's", `${text} ${JSON.stringify(reasons)}`);
      }
      if (calm && !robbed && !release && !lease.held) checker.accuse("calm leases last", text);
    } else {
      guarded.told = "unknown";
      if (calm) checker.accuse("errors have a reason", text);
    }
    if (guarded.told === "not applied" && guarded.applied > 0 && !guarded.repeated) {
      checker.accuse("a refused transaction never lands", text);
    }
  }
}

/** Counts how often it is applied. */
function count(key: string): object {
  return {
    Update: {
      TableName: TABLE,
      Key: { key: { S: key } },
      UpdateExpression: "ADD #times :one",
      ExpressionAttributeNames: { "#times": "times" },
      ExpressionAttributeValues: { ":one": { N: "1" } },
    },
  };
}

function timesIn(record: RawRecord | undefined): number {
  return Number((record as { times?: { N: string } } | undefined)?.times?.N);
}

/** The condition that {@linkcode Guards} makes fail. */
function allowed(key: string): object {
  return {
    ConditionCheck: {
      TableName: TABLE,
      Key: { key: { S: `${key}/no` } },
      ConditionExpression: "attribute_not_exists(#key)",
      ExpressionAttributeNames: { "#key": "key" },
    },
  };
}
