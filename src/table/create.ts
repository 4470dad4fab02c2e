/**
 * Makes a lock table, or makes sure of one.
 *
 * @module
 */

import type { SendOptions } from "../dynamodb/options.ts";
import { sleep } from "../dynamodb/limit.ts";
import type { LockError } from "../errors.ts";
import { createTableInput, TTL_ATTRIBUTE } from "./definition.ts";
import { type CreateTableOptions, openNewTable, type OpenTable } from "./options.ts";
import {
  isUsable,
  judgeKey,
  judgeStatus,
  judgeTimeToLive,
  type TableDescription,
} from "./problems.ts";
import {
  codeOf,
  describeTable,
  describeTimeToLive,
  mismatch,
  send,
  tableError,
} from "./requests.ts";

/** What `createTable` and `ensureTable` did. */
export interface TableOutcome {
  /** Whether this call made the table. */
  readonly created: boolean;
  /** Whether this call turned TTL on. It may take DynamoDB up to an hour to act on it. */
  readonly timeToLiveTurnedOn: boolean;
}

/**
 * Makes the lock table, on demand and with TTL on `purge`, and waits until it can be used. Where it
 * exists it is checked, and TTL is turned on if it is off; nothing else of it is changed.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist, before any request.
 * @throws {RangeError} When an option is out of its range, before any request.
 * @throws {LockTableError} When the table has another key, has TTL on another attribute, is being
 * deleted, or is not usable within `timeoutMs`: code `TABLE_MISMATCH`.
 * @throws {LockServiceError} When DynamoDB cannot be asked, or a permission is missing.
 * @throws The reason of `options.signal`, untouched, when it aborts.
 *
 * @example In an application's own table layout
 * ```ts
 * import { createTable } from "@x/dynamo-lock/table";
 *
 * const { created } = await createTable({
 *   table: { name: "application", partitionKey: "pk", sortKey: "sk" },
 *   tags: { team: "payments" },
 * });
 * console.log(created ? "made" : "was there");
 * ```
 */
export async function createTable(options: CreateTableOptions = {}): Promise<TableOutcome> {
  const work = new TableWork("create a lock table", options);
  const created = await work.create();
  return await work.finish(created, undefined);
}

/**
 * Makes sure of the lock table: looks first, and makes it only where it is missing, as
 * {@linkcode createTable} does. While everything is in order it needs no permission to create.
 *
 * @throws As {@linkcode createTable}.
 *
 * @example
 * ```ts
 * import { ensureTable } from "@x/dynamo-lock/table";
 *
 * await ensureTable({ table: "dynamo-lock", signal: AbortSignal.timeout(60_000) });
 * ```
 */
export async function ensureTable(options: CreateTableOptions = {}): Promise<TableOutcome> {
  const work = new TableWork("ensure a lock table", options);
  const found = await work.describe();
  const created = found === undefined && await work.create();
  return await work.finish(created, found);
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/** States that end, by themselves, in a usable table. */
const COMING = ["CREATING", "UPDATING"];

/** How often TTL is tried where DynamoDB refuses it: other processes may be doing the same. */
const TTL_TRIES = 3;

/** One call of `createTable` or `ensureTable`. */
class TableWork {
  readonly #table: OpenTable;
  readonly #options: CreateTableOptions;
  /** On the monotonic clock. */
  readonly #deadline: number;

  constructor(action: string, options: CreateTableOptions) {
    const table = openNewTable(action, options);
    this.#table = table;
    this.#options = options;
    this.#deadline = table.runtime.now().mono + table.timeoutMs;
  }

  describe(): Promise<TableDescription | undefined> {
    return this.#ask("DescribeTable", () => describeTable(this.#table, this.#limits()));
  }

  /** `true` where this call made the table, `false` where it exists or is being made. */
  async create(): Promise<boolean> {
    const input = createTableInput(this.#table.place, this.#options);
    try {
      await send(this.#table, "CreateTable", input, this.#limits());
      return true;
    } catch (error) {
      if (codeOf(error) !== "ResourceInUseException") {
        throw tableError(this.#table, "CreateTable", error);
      }
      // The answer to an attempt of ours may have been lost.
      return (error as { mayHaveApplied?: boolean }).mayHaveApplied === true;
    }
  }

  /** Waits until the table can be used, checks its key, and turns TTL on. */
  async finish(created: boolean, found: TableDescription | undefined): Promise<TableOutcome> {
    await this.#untilUsable(found);
    const timeToLiveTurnedOn = this.#table.timeToLive && await this.#turnTimeToLiveOn();
    return { created, timeToLiveTurnedOn };
  }

  async #untilUsable(found: TableDescription | undefined): Promise<void> {
    let description = found;
    for (let looks = 0;; looks++) {
      description ??= await this.describe();
      // Where it was just made, reads that lag may not know it yet.
      if (description !== undefined) {
        const wrongKey = judgeKey(this.#table.place, description);
        if (wrongKey.length > 0) throw mismatch(this.#table, wrongKey);
        if (isUsable(description)) return;
        if (!COMING.includes(description.TableStatus ?? "")) {
          throw mismatch(this.#table, judgeStatus(description));
        }
      }
      await this.#pause(looks);
      description = undefined;
    }
  }

  /** `true` where this call turned it on, `false` where it is on. */
  async #turnTimeToLiveOn(): Promise<boolean> {
    for (let tries = 1;; tries++) {
      const ttl = await this.#ask(
        "DescribeTimeToLive",
        () => describeTimeToLive(this.#table, this.#limits()),
      );
      const findings = judgeTimeToLive(ttl);
      if (findings.length === 0) return false;
      // Neither another attribute nor a change under way can be changed now.
      if (ttl.TimeToLiveStatus !== "DISABLED") throw mismatch(this.#table, findings);
      const refusal = await this.#updateTimeToLive();
      if (refusal === undefined) return true;
      if (tries >= TTL_TRIES) throw refusal;
      await this.#pause(tries);
    }
  }

  /**
   * Turns it on, or returns why not: DynamoDB refuses this where it is on already, is being changed,
   * or was changed within the last hour. Another process may have been quicker.
   */
  async #updateTimeToLive(): Promise<unknown> {
    const TimeToLiveSpecification = { AttributeName: TTL_ATTRIBUTE, Enabled: true };
    try {
      await send(this.#table, "UpdateTimeToLive", { TimeToLiveSpecification }, this.#limits());
      return undefined;
    } catch (error) {
      const translated = tableError(this.#table, "UpdateTimeToLive", error);
      const code = codeOf(error);
      if (code === "ValidationException" || code === "ResourceInUseException") return translated;
      throw translated;
    }
  }

  async #ask<T>(operation: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw tableError(this.#table, operation, error);
    }
  }

  #limits(): SendOptions {
    return { deadlineMs: Math.max(0, this.#timeLeft()) };
  }

  #timeLeft(): number {
    return this.#deadline - this.#table.runtime.now().mono;
  }

  /** Sleeps before the next look, with jitter, as a whole fleet may be waiting for one table. */
  async #pause(looks: number): Promise<void> {
    const { runtime, signal } = this.#table;
    const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** looks);
    const ms = longest * (0.5 + runtime.random() / 2);
    if (ms >= this.#timeLeft()) throw this.#tooLate();
    await sleep(runtime, ms, signal);
  }

  #tooLate(): LockError {
    return mismatch(this.#table, [{
      code: "NOT_ACTIVE",
      text: "was not usable within 'timeoutMs': it may become so later",
    }]);
  }
}
