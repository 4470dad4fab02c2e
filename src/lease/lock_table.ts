/**
 * The lock table as the protocol sees it: sends the requests of a layout, feeds the server's clock and
 * the memory, and tells the three outcomes of a write apart.
 *
 * @module
 */

import type { AnswerTiming } from "../dynamodb/attempt.ts";
import type { SendOptions } from "../dynamodb/options.ts";
import { isDynamoError } from "../dynamodb/errors.ts";
import type { Wire } from "../dynamodb/wire.ts";
import type { Layout, UpdateInput } from "../records/layout.ts";
import type { Item, LockRecord } from "../records/record.ts";
import type { Moment, Runtime } from "../runtime.ts";
import type { View } from "./decide.ts";
import { LockMemory } from "./memory.ts";
import { ServerClock } from "./server_clock.ts";
import { translate } from "./translate.ts";

/** What became of a write, over all attempts of it. Without `applied` and `error` its condition failed. */
export interface WriteOutcome {
  /** DynamoDB said that it was applied. */
  readonly applied?: boolean;
  /** The record after it, where the layout asks for it; where its condition failed, as it is. */
  readonly record?: LockRecord | undefined;
  /** Why nothing is known of the record: no answer, a refusal, or an item that is not a lock. */
  readonly error?: unknown;
  /** Some attempt was not answered: it may have been applied, or may still be. */
  readonly doubtful?: boolean;
  /** Refused because of this machine's clock, whose error is known now: make the write anew. */
  readonly skewed?: boolean;
}

/** Limits of one call. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  readonly maxRequests?: number;
  readonly attemptTimeoutMs?: number;
  readonly deadlineMs?: number;
  /** The server's time now by the clock that made the times in the body, where there are any. */
  readonly time?: number;
  /** Told how many requests the call took. */
  readonly spent?: (requests: number) => void;
}

/** The lock table. Holds no promise and no timer: requests of a Worker may share it. */
export class LockTable {
  readonly layout: Layout;
  readonly clock: ServerClock = new ServerClock();
  readonly memory: LockMemory = new LockMemory();
  /** When it last said anything about any record. */
  answeredAt: Moment | undefined;
  readonly #wire: Pick<Wire, "send">;
  readonly #runtime: Runtime;

  constructor(wire: Pick<Wire, "send">, layout: Layout, runtime: Runtime) {
    this.#wire = wire;
    this.layout = layout;
    this.#runtime = runtime;
  }

  /** Sends one conditional write. Never throws. */
  async write(name: string, input: UpdateInput, limits: CallLimits = {}): Promise<WriteOutcome> {
    let skewed = false;
    let reason: unknown;
    const answer = await this.#send("UpdateItem", input, limits, (kind) => {
      skewed = kind === "skewed";
    }).catch((error) => void (reason = error));
    // An abort may come when the request is on its way. Its reason can be anything, even an error of
    // DynamoDB, which must not be taken for the answer.
    const aborted = limits.signal?.aborted;
    const error = !aborted && isDynamoError(reason) ? reason : undefined;
    const doubtful = error ? error.mayHaveApplied : aborted === true;
    try {
      if (answer) return { applied: true, record: this.#see(name, answer.Attributes, false) };
      return error?.code === "ConditionalCheckFailedException"
        ? { record: this.#see(name, error.item), doubtful }
        : {
          error: error ? translate(error, name) : reason ?? new TypeError("no answer"),
          doubtful,
          skewed,
        };
    } catch (error) {
      return { error }; // the item under the key is not a lock, or is damaged
    }
  }

  /**
   * Reads a record, strongly consistent.
   *
   * @throws {LockTableError} When the item under the key is not a lock record.
   * @throws {LockServiceError} When DynamoDB does not answer.
   */
  async read(name: string, limits: CallLimits = {}): Promise<LockRecord | undefined> {
    try {
      return this.#see(name, (await this.#send("GetItem", this.layout.read(name), limits)).Item);
    } catch (error) {
      const own = limits.signal?.aborted || !isDynamoError(error);
      throw own ? error : translate(error, name);
    }
  }

  /** What this process knows now of the holders of a record, to judge them by. */
  view({ maxClockSkewMs }: Pick<View, "maxClockSkewMs">): View {
    const now = this.#runtime.now();
    return {
      serverLower: this.clock.lower(now),
      maxClockSkewMs,
      unchangedMs: (holder) => this.memory.unchangedMs(holder, now),
    };
  }

  async #send(
    operation: string,
    input: object,
    limits: CallLimits,
    onAnswer?: (kind: AnswerTiming["kind"]) => void,
  ): Promise<{ readonly Item?: Item; readonly Attributes?: Item }> {
    const { spent, ...options } = limits;
    let requests = 0;
    try {
      return await this.#wire.send(operation, input, {
        ...options as SendOptions,
        onAnswer: (timing) => {
          requests = timing.attempt;
          this.clock.observe(timing);
          onAnswer?.(timing.kind);
        },
      });
    } catch (error) {
      if (isDynamoError(error)) requests = error.attempts;
      throw error;
    } finally {
      spent?.(requests);
    }
  }

  /** Takes in an answer; the holder of a write that was applied is ourselves, and not watched. */
  #see(name: string, item: Item | undefined, watch = true): LockRecord | undefined {
    this.answeredAt = this.#runtime.now();
    const record = this.layout.parse(name, item);
    this.memory.see(name, record, watch ? this.answeredAt : undefined);
    return record;
  }
}
