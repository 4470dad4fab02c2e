/**
 * Transactions that callers send through their leases: they must land once, and only while the lease's
 * grants are in the records; and what the caller is told of them must be true.
 */

import { isLockError } from "../../src/errors.ts";
import type { Lease } from "../../src/lease/lease.ts";
import type { Checker } from "./checker.ts";
import { describe, type Held } from "./held.ts";
import type { Delivery } from "./network.ts";
import { isGuarded } from "./record_rules.ts";
import { type RawRecord, TABLE } from "./service.ts";
import type { Tally } from "./trace.ts";

/** What a lease can do. */
interface Transacting {
  transact(items: readonly object[], options: { readonly release: boolean }): Promise<void>;
}

/** One transaction. */
interface Guarded {
  readonly held: Held;
  readonly release: boolean;
  /** It has a condition of its own that fails. */
  readonly failing: boolean;
  /** How often it was applied. */
  applied: number;
  /** What its caller was told of it. */
  told: "nothing" | "applied" | "not applied" | "unknown";
}

/** What the transactions need of the run. */
export interface GuardsContext {
  readonly checker: Checker;
  readonly tally: Tally;
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
  async send(held: Held, how: Pick<Guarded, "release" | "failing">): Promise<void> {
    const { tally, checker } = this.#context;
    const { lease } = held;
    const key = `guarded/${lease.name}/${this.#sent.size}`;
    const guarded: Guarded = { held, ...how, applied: 0, told: "nothing" };
    this.#sent.set(key, guarded);
    const items = how.failing ? [count(key), impossible(key)] : [count(key)];
    try {
      const work = (lease as Lease & Transacting).transact(items, { release: how.release });
      if (how.release) checker.givenBack(held);
      await work;
      guarded.told = "applied";
      tally.add("transact: done");
      if (how.failing) checker.accuse("a failed condition is told", describe(held));
      if (guarded.applied === 0) checker.accuse("what is told was applied", describe(held));
    } catch (error) {
      this.#refused(guarded, error);
    }
    if (how.release && lease.held) checker.accuse("released is not held", describe(held));
  }

  /** What a request did to what leases guard: to be told before its records change. */
  delivered({ written, process }: Delivery): void {
    const { checker } = this.#context;
    for (const { name, record } of written) {
      const guarded = isGuarded(name) ? this.#sent.get(name) : undefined;
      if (guarded === undefined) continue;
      const { held, told } = guarded;
      const text = `${describe(held)}: ${name} of ${process.name}`;
      if (++guarded.applied > 1 || timesIn(record) !== 1) {
        checker.accuse("a transaction is applied once", text);
      }
      if (told === "not applied") checker.accuse("a refused transaction never lands", text);
      const gone = held.grants.some((grant) =>
        grant.excuse !== "operator" && !checker.ledger.isIn(grant)
      );
      if (gone) checker.accuse("stale writes never land", text);
    }
  }

  #refused(guarded: Guarded, error: unknown): void {
    const { checker, tally, calm } = this.#context;
    const { held, failing, release } = guarded;
    const { lease } = held;
    const code = isLockError(error) ? error.code : "";
    const text = `${describe(held)}: ${code || error}`;
    const own = !code && /^TransactionCanceled/.test(String((error as { code?: string }).code));
    tally.add(`transact: ${code || (own ? "own condition" : "another error")}`);
    if (code.startsWith("LEASE_")) {
      guarded.told = code === "LEASE_EXPIRED" ? "unknown" : "not applied";
      if (lease.held) checker.accuse("a lost lease is not held", text);
      if (calm) checker.accuse("calm leases last", text);
    } else if (own) {
      guarded.told = "not applied";
      if (!failing) checker.accuse("a failed condition is the caller's", text);
      if (calm && !release && !lease.held) checker.accuse("calm leases last", text);
    } else {
      guarded.told = "unknown";
      if (calm) checker.accuse("errors have a reason", text);
    }
    if (guarded.told === "not applied" && guarded.applied > 0) {
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

/** A condition that is never met. */
function impossible(key: string): object {
  return {
    ConditionCheck: {
      TableName: TABLE,
      Key: { key: { S: `${key}/never` } },
      ConditionExpression: "attribute_exists(#times)",
      ExpressionAttributeNames: { "#times": "times" },
    },
  };
}
