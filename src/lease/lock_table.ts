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
import { LockMemory } from "./memory.ts";
import { ServerClock } from "./server_clock.ts";
import { translate } from "./translate.ts";

/**
 * What became of a write, over all attempts of it.
 *
 * - `applied`: DynamoDB said so. `record` is the record after it, where the layout asks for it.
 * - `refused`: the condition failed. `record` is the record as it is. With `doubtful`, an earlier
 *   attempt was not answered: it may have been applied, or may still be.
 * - `failed`: no answer that says anything about the record. With `doubtful` it may have been applied.
 */
export type WriteOutcome =
  | { readonly kind: "applied"; readonly record: LockRecord | undefined }
  | {
    readonly kind: "refused";
    readonly record: LockRecord | undefined;
    readonly doubtful: boolean;
  }
  | {
    readonly kind: "failed";
    readonly error: unknown;
    readonly doubtful: boolean;
    /** Refused because of this machine's clock, whose error is known now: make the write anew. */
    readonly skewed: boolean;
  };

/** Limits of one call. */
export interface CallLimits {
  readonly signal?: AbortSignal | undefined;
  readonly attemptTimeoutMs?: number;
  readonly deadlineMs?: number;
  readonly retrySkew?: boolean;
}

/** The lock table. Holds no promise and no timer: requests of a Worker may share it. */
export class LockTable {
  readonly layout: Layout;
  readonly clock: ServerClock = new ServerClock();
  readonly memory: LockMemory = new LockMemory();
  /** When it last said anything about any record. */
  answeredAt: Moment | undefined;
  readonly #wire: Wire;
  readonly #runtime: Runtime;

  constructor(wire: Wire, layout: Layout, runtime: Runtime) {
    this.#wire = wire;
    this.layout = layout;
    this.#runtime = runtime;
  }

  /**
   * Sends one conditional write.
   *
   * @throws {LockTableError} When the item under the key is not a lock record.
   */
  async write(name: string, input: UpdateInput, limits: CallLimits = {}): Promise<WriteOutcome> {
    let answer: { Attributes?: Item };
    let skewed = false;
    try {
      // A write carries times of this machine's clock. Where that is wrong the protocol must make the
      // write anew, so the client does not simply sign the same times again.
      answer = await this.#send("UpdateItem", input, { retrySkew: false, ...limits }, (timing) => {
        skewed = timing.kind === "skewed";
      });
    } catch (error) {
      // An abort may come when the request is on its way. Its reason can be anything, even an error
      // of DynamoDB, which must not be taken for the answer.
      const doubtful = limits.signal?.aborted === true;
      if (doubtful || !isDynamoError(error)) return { kind: "failed", error, doubtful, skewed };
      if (error.code === "ConditionalCheckFailedException") {
        return {
          kind: "refused",
          record: this.#see(name, error.item),
          doubtful: error.mayHaveApplied,
        };
      }
      const translated = translate(error, name);
      return { kind: "failed", error: translated, doubtful: error.mayHaveApplied, skewed };
    }
    return { kind: "applied", record: this.#see(name, answer.Attributes, false) };
  }

  /**
   * Reads a record, strongly consistent.
   *
   * @throws {LockTableError} When the item under the key is not a lock record.
   * @throws {LockServiceError} When DynamoDB does not answer.
   */
  async read(name: string, limits: CallLimits = {}): Promise<LockRecord | undefined> {
    try {
      const answer: { Item?: Item } = await this.#send(
        "GetItem",
        this.layout.read(name),
        limits,
      );
      return this.#see(name, answer.Item);
    } catch (error) {
      const own = limits.signal?.aborted || !isDynamoError(error);
      throw own ? error : translate(error, name);
    }
  }

  #send<T>(
    operation: string,
    input: object,
    limits: CallLimits,
    onAnswer?: (timing: AnswerTiming) => void,
  ): Promise<T> {
    return this.#wire.send<T>(operation, input, {
      ...limits as SendOptions,
      onAnswer: (timing) => {
        this.#learnTime(timing);
        onAnswer?.(timing);
      },
    });
  }

  #learnTime(timing: AnswerTiming): void {
    if (timing.kind === "accepted") this.clock.observe(timing);
    else if (timing.kind === "skewed") this.clock.observeSkew(timing);
  }

  /** Takes in an answer; the holder of a write that was applied is ourselves, and not watched. */
  #see(name: string, item: Item | undefined, watch = true): LockRecord | undefined {
    this.answeredAt = this.#runtime.now();
    const record = this.layout.parse(name, item);
    this.memory.see(name, record, watch ? this.answeredAt : undefined);
    return record;
  }
}
