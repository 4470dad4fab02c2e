/**
 * The lock table as the protocol sees it: sends the requests of a layout, feeds the server's clock and
 * the memory, and tells the three outcomes of a write apart.
 *
 * @module
 */

import type { AnswerTiming } from "../dynamodb/attempt.ts";
import type { SendSettings } from "../dynamodb/options.ts";
import { type DynamoError, isDynamoError } from "../dynamodb/errors.ts";
import { classify } from "../dynamodb/retry.ts";
import type { Wire } from "../dynamodb/wire.ts";
import type { Layout, WriteInput } from "../records/layout.ts";
import type { Item, LockRecord } from "../records/record.ts";
import type { Moment, Runtime } from "../runtime.ts";
import type { ProtocolSettings } from "./context.ts";
import { heldForMs, type View } from "./decide.ts";
import { LockMemory } from "./memory.ts";
import { Outage } from "./outage.ts";
import { ServerClock } from "./server_clock.ts";
import { translate } from "./translate.ts";

/** A conditional write to the record of one name. */
export interface RecordWrite {
  readonly name: string;
  readonly input: WriteInput;
}

/** What the table has shown of the records, by name; `undefined` where there is none. */
export type Records = ReadonlyMap<string, LockRecord | undefined>;

/** What became of a write, over all attempts of it. Without `applied` and `error` a condition failed. */
export interface WriteOutcome {
  /** DynamoDB said that it was applied; with an `error` too where what it showed is damaged. */
  readonly applied?: boolean;
  /** The record after it, where the table tells it; as they are, those whose condition failed. */
  readonly records?: Records;
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

/** What answers have in them. */
interface Answer {
  readonly Item?: Item;
  readonly Items?: readonly Item[];
  readonly LastEvaluatedKey?: Item;
  readonly Attributes?: Item;
}

/** What a request came to. */
interface Sent {
  readonly answer: Answer | undefined;
  /** What DynamoDB, or the wire, said where there is no answer. */
  readonly error: DynamoError | undefined;
  /** What to throw in its place: that error, or what the caller's signal aborted with. */
  readonly reason: unknown;
  readonly requests: number;
  readonly skewed: boolean;
}

/** The lock table. Holds no promise and no timer: requests of a Worker may share it. */
export class LockTable {
  readonly layout: Layout;
  readonly clock: ServerClock = new ServerClock();
  readonly memory: LockMemory = new LockMemory();
  readonly outage: Outage = new Outage();
  /** When it last said anything about any record. */
  answeredAt: Moment | undefined;
  readonly #wire: Pick<Wire, "send">;
  readonly #runtime: Runtime;

  constructor(wire: Pick<Wire, "send">, layout: Layout, runtime: Runtime) {
    this.#wire = wire;
    this.layout = layout;
    this.#runtime = runtime;
  }

  /** Sends conditional writes, of which all are applied or none. Never throws. */
  write(writes: readonly RecordWrite[], limits?: CallLimits): Promise<WriteOutcome> {
    const names = writes.map(({ name }) => name);
    if (writes.length === 1) {
      const { operation = "UpdateItem", ...input } = writes[0]!.input;
      return this.#write(operation, input, names, limits);
    }
    const elements = writes.map(({ input }) => elementOf(input));
    return this.transact(elements, names, limits);
  }

  /**
   * Runs a transaction whose first elements are about these names. The token makes all attempts of it
   * the same transaction: no other may have it. Never throws.
   */
  transact(
    elements: readonly object[],
    names: readonly string[],
    limits?: CallLimits,
    token: string = this.#runtime.randomId(),
  ): Promise<WriteOutcome> {
    const input = { TransactItems: elements, ClientRequestToken: token };
    return this.#write("TransactWriteItems", input, names, limits);
  }

  async #write(
    operation: string,
    input: object,
    names: readonly string[],
    limits: CallLimits = {},
  ): Promise<WriteOutcome> {
    const { answer, error, reason, requests, skewed } = await this.#send(operation, input, limits);
    const doubtful = error ? error.mayHaveApplied : limits.signal?.aborted === true;
    const [name] = names as [string];
    // Somebody was quicker: that is an answer too.
    const isQuicker = error && classify(error)?.[0] === "conflict";
    if (answer || isQuicker) this.answeredAt = this.#runtime.now();
    try {
      if (answer) {
        const { Attributes } = answer;
        const records = new Map(Attributes && [[name, this.#see(name, Attributes, false)]]);
        // An attempt before the one that was answered may still be under way.
        return { applied: true, records, doubtful: requests > 1 };
      }
      const records = this.#failed(names, error);
      if (records.size > 0) return { records, doubtful };
      return { error: error ? translate(error, name) : reason, doubtful, skewed };
    } catch (error) {
      // The item under a key is not a lock, or is damaged: another entry than the one that was written.
      return { error, doubtful, applied: answer !== undefined };
    }
  }

  /** The records whose condition failed. */
  #failed(names: readonly string[], error: DynamoError | undefined): Records {
    const reasons = error?.code === "ConditionalCheckFailedException"
      ? [{ code: "ConditionalCheckFailed", item: error.item }]
      : error?.cancellationReasons ?? [];
    const records = new Map<string, LockRecord | undefined>();
    names.forEach((name, index) => {
      const { code, item } = reasons[index] ?? {};
      if (code === "ConditionalCheckFailed") records.set(name, this.#see(name, item));
    });
    return records;
  }

  /**
   * Reads a record, strongly consistent.
   *
   * @throws {LockTableError} When the item under the key is not a lock record.
   * @throws {LockServiceError} When DynamoDB does not answer.
   */
  async read(name: string, limits: CallLimits = {}): Promise<LockRecord | undefined> {
    const { operation = "GetItem", ...input } = this.layout.read(name);
    // Of a part alone it could not be told who is in.
    const items: Item[] = [];
    for await (const [item] of this.#items(operation, input, name, limits)) items.push(item);
    return this.#see(name, items[0], true, items);
  }

  /**
   * Reads all records whose names begin with `prefix`, in pages as DynamoDB has them; and then throws,
   * where one of them is damaged.
   *
   * @throws As {@linkcode read}.
   */
  async *scan(
    prefix: string,
    limits: CallLimits,
  ): AsyncGenerator<[string, LockRecord | undefined, askedAt: Moment]> {
    // A record may be several items. They come one after the other.
    let items: Item[] = [];
    let since = this.#runtime.now();
    let damage: unknown;
    const record = (): [string, LockRecord | undefined, Moment][] => {
      const name = this.layout.nameOf(items[0]!);
      try {
        return [[name, this.#see(name, items[0], "in passing", items), since]];
      } catch (error) {
        damage ??= error;
        return [];
      }
    };
    const pages = this.#items("Scan", this.layout.scan(prefix), undefined, limits);
    for await (const [item, askedAt] of pages) {
      if (items[0] && this.layout.nameOf(items[0]) !== this.layout.nameOf(item)) {
        yield* record();
        items = [];
      }
      if (items.length === 0) since = askedAt;
      items.push(item);
    }
    if (items.length > 0) yield* record();
    if (damage !== undefined) throw damage; // the last: it hides none of the others
  }

  /** Reads items, page by page where there are more of them than a megabyte. */
  async *#items(
    operation: string,
    input: object,
    name: string | undefined,
    limits: CallLimits,
  ): AsyncGenerator<[Item, askedAt: Moment], void, undefined> {
    let ExclusiveStartKey: Item | undefined;
    do {
      const page = { ...input, ExclusiveStartKey };
      const askedAt = this.#runtime.now();
      const { answer, error, reason } = await this.#send(operation, page, limits);
      if (!answer) throw error ? translate(error, name) : reason;
      for (const item of answer.Items ?? [answer.Item]) if (item) yield [item, askedAt];
      ExclusiveStartKey = answer.LastEvaluatedKey;
    } while (ExclusiveStartKey);
  }

  /** Sends a request, and tells what it came to. Never throws. */
  async #send(operation: string, input: object, limits: CallLimits): Promise<Sent> {
    const { spent, ...options } = limits;
    let last: AnswerTiming | undefined;
    let answer: Answer | undefined;
    let reason: unknown = new TypeError("no answer");
    try {
      answer = await this.#wire.send(operation, input, {
        ...options as SendSettings,
        onAnswer: (timing) => {
          last = timing;
          this.clock.observe(timing);
        },
      });
    } catch (thrown) {
      reason = thrown;
    }
    // An abort may come when the request is on its way. Its reason can be anything, even an error of
    // DynamoDB, which must not be taken for the answer.
    const error = !limits.signal?.aborted && isDynamoError(reason) ? reason : undefined;
    const requests = error?.attempts ?? last?.attempt ?? 0;
    spent?.(requests);
    return { answer, error, reason, requests, skewed: last?.kind === "skewed" };
  }

  /** What a waiter knows when it judges a record; with `since` one as it may have been as long ago. */
  view({ maxClockSkewMs, pollMs }: ProtocolSettings, since?: Moment): View {
    const now = this.#runtime.now();
    const agoMs = since ? heldForMs(since, now) : 0;
    return {
      serverLower: this.clock.lower(now),
      serverNow: this.clock.estimate(now),
      maxClockSkewMs: maxClockSkewMs + agoMs,
      pollMs,
      unchangedMs: (holder) => this.memory.unchangedMs(holder, now) - agoMs,
    };
  }

  /** Takes in an answer; the holder of a write that was applied is ourselves, and not watched. */
  #see(
    name: string,
    item: Item | undefined,
    watch: boolean | "in passing" = true,
    items?: readonly Item[],
  ): LockRecord | undefined {
    this.answeredAt = this.#runtime.now();
    const record = this.layout.parse(name, item, items);
    this.memory.see(name, record, watch ? this.answeredAt : undefined, watch === "in passing");
    return record;
  }
}

/** A write as an element of a transaction, which returns nothing where it is applied. */
export function elementOf({ operation, ReturnValues: _, ...input }: WriteInput): object {
  return { [operation?.slice(0, -4) ?? "Update"]: input };
}
