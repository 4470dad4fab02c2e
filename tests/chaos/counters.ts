/**
 * The counters that are guarded. Each is read, thought about and written back one higher: whoever does
 * that beside somebody else destroys an update, unless something refuses the late write.
 *
 * A counter's item keeps a log of every write that landed. So an update whose answer was lost is looked
 * up there, and the order in which updates landed is known.
 *
 * @module
 */

import { isLockError, type LockError, LockTransactionError } from "../../mod.ts";
import { type DynamoClient, type DynamoError, isDynamoError } from "../../src/dynamodb/mod.ts";
import type { Outcome } from "./messages.ts";

/** One write that landed. */
export interface LogEntry {
  readonly op: string;
  /** The fencing token, or 0 without a lock. */
  readonly token: number;
  readonly value: number;
}

/** A counter as it is on the table. */
export interface CounterContents {
  readonly value: number;
  readonly log: readonly LogEntry[];
}

/** An update that is about to be made. */
export interface Update {
  readonly counter: string;
  readonly op: string;
  readonly token: number;
  readonly value: number;
}

/** Where a grant stands in its lock's record. */
export interface GrantPlace {
  readonly lock: string;
  readonly grantId: string;
}

type Item = Record<string, { N: string } & { L: { S: string }[] }>;

const NAMES = { "#value": "value", "#log": "log", "#fence": "fence" };
const WRITE = "SET #value = :value, #log = list_append(if_not_exists(#log, :none), :entry)";
/** A newer holder has left its token here, at the latest when it read the counter. */
const NOT_NEWER = "attribute_not_exists(#fence) OR #fence <= :token";
/** Attempts at a counter should be over before the storm is. */
const ATTEMPT_MS = 2_000;

function valuesOf({ op, token, value }: Update) {
  return {
    ":value": { N: `${value}` },
    ":none": { L: [] },
    ":entry": { L: [{ S: `${op} ${token} ${value}` }] },
  };
}

/** Names without those that an expression does not mention, which DynamoDB would refuse. */
function namesIn(expression: string): Record<string, string> {
  return Object.fromEntries(Object.entries(NAMES).filter(([name]) => expression.includes(name)));
}

function isStale(error: DynamoError): boolean {
  return error.code === "ConditionalCheckFailedException" ||
    (error.cancellationReasons?.some(({ code }) => code === "ConditionalCheckFailed") ?? false);
}

/** Tells what a write came to. What is wrong with the harness itself is thrown. */
export async function outcomeOf(write: Promise<unknown>): Promise<Outcome> {
  try {
    await write;
    return "acknowledged";
  } catch (error) {
    if (isLockError(error)) return outcomeOfCommit(error);
    if (!isDynamoError(error) || /^(Validation|Resource|Serial)/.test(error.code)) throw error;
    if (error.mayHaveApplied) return "unknown";
    return isStale(error) ? "stale" : "refused";
  }
}

/** Tells what a commit under a lease came to, by the promises of `lease.transact`. */
function outcomeOfCommit(error: LockError): Outcome {
  if (error.code === "UNAVAILABLE") return "unknown";
  if (error.code.startsWith("LEASE_")) return "stale";
  // The counters have no conditions of their own.
  const passes = error instanceof LockTransactionError &&
    error.reasons.every(({ code }) => /Conflict|Throttl|Throughput/.test(code));
  if (!passes) throw error;
  return "refused";
}

/** The counters of a table. */
export class Counters {
  readonly #client: DynamoClient;
  readonly #table: string;
  readonly #lockTable: string;

  constructor(client: DynamoClient, table: string, lockTable: string) {
    this.#client = client;
    this.#table = table;
    this.#lockTable = lockTable;
  }

  async createTable(): Promise<void> {
    await this.#client.send("CreateTable", {
      TableName: this.#table,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    });
  }

  async read(counter: string): Promise<number> {
    const { Item } = await this.#get(counter, { ProjectionExpression: "#value" });
    return Number(Item?.value?.N ?? 0);
  }

  /** What became of a counter. */
  async contents(counter: string): Promise<CounterContents> {
    const { Item } = await this.#get(counter, { ProjectionExpression: "#value, #log" });
    const log = (Item?.log?.L ?? []).map(({ S }) => {
      const [op = "", token, value] = S.split(" ");
      return { op, token: Number(token), value: Number(value) };
    });
    return { value: Number(Item?.value?.N ?? 0), log };
  }

  /**
   * Reads a counter and leaves the token there, in one step. Left only with the write it would be too
   * late: an older holder's write could still come between this holder's read and its write.
   *
   * @returns the value, or `undefined` where a newer holder was there.
   */
  async readWithToken(counter: string, token: number): Promise<number | undefined> {
    try {
      const { Attributes } = await this.#update<{ Attributes: Item }>(counter, {
        UpdateExpression: "SET #fence = :token, #value = if_not_exists(#value, :zero)",
        ConditionExpression: NOT_NEWER,
        ExpressionAttributeValues: { ":token": { N: `${token}` }, ":zero": { N: "0" } },
        ReturnValues: "UPDATED_NEW",
      });
      return Number(Attributes.value!.N);
    } catch (error) {
      if (isDynamoError(error) && isStale(error)) return undefined;
      throw error;
    }
  }

  /**
   * Writes where no newer holder was. One write a grant and counter: a late duplicate can then only
   * repeat what is there, or be refused.
   */
  writeWithToken(update: Update): Promise<unknown> {
    return this.#update(update.counter, {
      UpdateExpression: `${WRITE}, #fence = :token`,
      ConditionExpression: NOT_NEWER,
      ExpressionAttributeValues: { ...valuesOf(update), ":token": { N: `${update.token}` } },
    });
  }

  /**
   * Finds a grant in its lock's record by its token.
   *
   * @returns `undefined` where it is not there any more.
   */
  async findGrant(lock: string, token: number): Promise<GrantPlace | undefined> {
    const { Item } = await this.#client.send<{ Item?: Record<string, { M: Holders }> }>("GetItem", {
      TableName: this.#lockTable,
      Key: { key: { S: lock } },
      ConsistentRead: true,
    });
    for (const [grantId, { M: { t } }] of Object.entries(Item?.holders?.M ?? {})) {
      if (t.N === `${token}`) return { lock, grantId };
    }
    return undefined;
  }

  /**
   * Writes in one transaction with a look at the lock: the grant must still be in the record.
   *
   * It relies on the documented record alone: a grant has an entry in `holders` under an id of 128 random
   * bits, with its token as `t`; the entry goes when the grant is released or taken over; and no grant
   * comes back under its id. While the entry is there, nobody else has been granted the lock. `fence`
   * would not do: a waiter that gives up raises it under a live holder.
   */
  writeInTransaction(update: Update, { lock, grantId }: GrantPlace): Promise<unknown> {
    return this.#client.send("TransactWriteItems", {
      ClientRequestToken: update.op,
      TransactItems: [
        {
          ConditionCheck: {
            TableName: this.#lockTable,
            Key: { key: { S: lock } },
            ConditionExpression: "#holders.#grant.#t = :token",
            ExpressionAttributeNames: { "#holders": "holders", "#grant": grantId, "#t": "t" },
            ExpressionAttributeValues: { ":token": { N: `${update.token}` } },
          },
        },
        this.element(update),
      ],
    }, { attemptTimeoutMs: ATTEMPT_MS });
  }

  /** The write as an element of a transaction. */
  element(update: Update): { Update: object } {
    return {
      Update: {
        TableName: this.#table,
        Key: { id: { S: update.counter } },
        UpdateExpression: WRITE,
        ExpressionAttributeNames: namesIn(WRITE),
        ExpressionAttributeValues: valuesOf(update),
      },
    };
  }

  /** Writes, whatever others did meanwhile. */
  writePlainly(update: Update): Promise<unknown> {
    return this.#update(update.counter, {
      UpdateExpression: WRITE,
      ExpressionAttributeValues: valuesOf(update),
    });
  }

  #get(counter: string, input: { ProjectionExpression: string }): Promise<{ Item?: Item }> {
    return this.#client.send("GetItem", {
      TableName: this.#table,
      Key: { id: { S: counter } },
      ConsistentRead: true,
      ExpressionAttributeNames: namesIn(input.ProjectionExpression),
      ...input,
    }, { attemptTimeoutMs: ATTEMPT_MS });
  }

  #update<T>(counter: string, input: Record<string, unknown>): Promise<T> {
    const expressions = `${input.UpdateExpression} ${input.ConditionExpression}`;
    return this.#client.send<T>("UpdateItem", {
      TableName: this.#table,
      Key: { id: { S: counter } },
      ExpressionAttributeNames: namesIn(expressions),
      ...input,
    }, { attemptTimeoutMs: ATTEMPT_MS });
  }
}

type Holders = Record<string, { M: { t: { N: string } } }>;
