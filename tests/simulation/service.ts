/**
 * DynamoDB: `MemoryDynamo` with the service's clock and its check of signing times, one request at a
 * time in the order of their arrival. Tells what each request did to a lock's record.
 */

import { crc32 } from "../../src/testing/checksum.ts";
import { type Fault, MemoryDynamo } from "../../src/testing/mod.ts";
import { elementsOf, type WireRequest } from "../support/requests.ts";
import { quickSigner } from "../support/world.ts";
import type { Random } from "./random.ts";

/** The lock table. */
export const TABLE = "dynamo-lock";

/** Requests signed longer ago are refused, and those signed further in the future. */
const SIGNED_AGO_MS = 5 * 60_000;
const SIGNED_AHEAD_MS = 15 * 60_000;

/** A record as it is on the table. */
export interface RawRecord {
  readonly fence?: { readonly N: string };
  readonly holders?: { readonly M: Readonly<Record<string, { readonly M: RawHolder }>> };
  readonly exclusive?: { readonly S: string };
  readonly permits?: { readonly N: string };
  readonly waiting?: { readonly N: string };
}

/** A holder as it is on the table. */
export interface RawHolder {
  readonly t: { readonly N: string };
  readonly m: { readonly S: string };
  readonly o: { readonly S: string };
  readonly e: { readonly N: string };
  readonly l: { readonly N: string };
}

/** A request on its way to the service. */
export interface Message {
  readonly headers: Headers;
  readonly body: string;
}

/** An answer on its way back. The names of its headers are in lower case. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** An item after a write that was applied to it, by its key: a lock's record, or what a lock guards. */
export interface Written {
  readonly name: string;
  readonly record: RawRecord | undefined;
}

/** A request as the service dealt with it. */
export interface Served {
  readonly call: WireRequest;
  readonly answer: Answer;
  /** What it wrote, all at the same moment; nothing where it was not applied. */
  readonly written: readonly Written[];
}

/** What a request asks for. */
export function callOf({ headers, body }: Message): WireRequest {
  const target = headers.get("x-amz-target") ?? "";
  return { operation: target.replace(/^.*\./, ""), input: JSON.parse(body) };
}

/** The service. */
export class Service {
  /** By how much `Date` headers may be off, either way. */
  dateErrorMs = 0;
  readonly #dynamo: MemoryDynamo;
  readonly #now: () => number;
  readonly #random: Random;
  #turn = 0;

  constructor(now: () => number, random: Random) {
    this.#now = now;
    this.#random = random;
    this.#dynamo = new MemoryDynamo({ now, maxSigningSkewMs: SIGNED_AHEAD_MS, maxRequests: 0 });
  }

  /** Makes the lock table. */
  async createTable(): Promise<void> {
    await this.run("CreateTable", {
      TableName: TABLE,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
    });
    await this.run("UpdateTimeToLive", {
      TableName: TABLE,
      TimeToLiveSpecification: { AttributeName: "purge", Enabled: true },
    });
  }

  /** Drops it, with all that is in it. */
  async dropTable(): Promise<void> {
    await this.run("DeleteTable", { TableName: TABLE });
  }

  /** Whether there is a lock table. */
  get hasTable(): boolean {
    try {
      return this.#table.name === TABLE;
    } catch {
      return false;
    }
  }

  /** The record of a lock, as it is now. */
  record(name: string): RawRecord | undefined {
    return this.hasTable
      ? this.#table.get({ key: { S: name } }) as unknown as RawRecord
      : undefined;
  }

  /** An operator deletes a record, empties it of holders, or puts something else in its place. */
  tamper(name: string, how: "delete" | "empty" | "replace"): void {
    if (!this.hasTable) return;
    const key = { key: { S: name } };
    if (how === "delete") this.#table.delete(key);
    if (how === "replace") this.#table.put({ ...key, other: { S: "item" } });
    if (how !== "empty") return;
    const { exclusive: _, ...item } = this.#table.get(key) ?? {};
    if (item.holders !== undefined) this.#table.put({ ...item, holders: { M: {} } });
  }

  /** Deletes what is due by its time to live. */
  purge(): void {
    this.#dynamo.purgeExpired();
  }

  /**
   * Answers a request; with a fault as that has it. With `beside` a transaction that is refused for a
   * condition is refused for a conflict as well.
   */
  async answer(message: Message, fault?: Fault, beside = false): Promise<Served> {
    const call = callOf(message);
    const names = namesOf(call);
    // Under a fault the answer does not tell whether the write was applied; and a transaction that comes
    // again is answered like the first time, and does nothing.
    const telling = fault === undefined && call.operation === "UpdateItem";
    const before = telling ? [] : names.map((name) => JSON.stringify(this.record(name)));
    const real = this.#tooOld(message) ?? await this.#exchange(message, fault);
    const answer = beside ? withConflict(real) : real;
    if (answer.status !== 200 && fault === undefined) return { call, answer, written: [] };
    const written = names.map((name) => ({ name, record: this.record(name) }))
      .filter(({ record }, at) => telling || before[at] !== JSON.stringify(record));
    return { call, answer, written };
  }

  /** Runs an operation at once; answers whether it was done. */
  async run(operation: string, input: object): Promise<boolean> {
    const headers = await quickSigner.sign({
      method: "POST",
      url: "http://127.0.0.1:1/",
      headers: { "x-amz-target": `DynamoDB_20120810.${operation}` },
      body: "",
      region: "local",
      service: "dynamodb",
      identity: { accessKeyId: "test", secretAccessKey: "test" },
      time: this.#now(),
    });
    const { status } = await this.#exchange({ headers, body: JSON.stringify(input) });
    return status === 200;
  }

  get #table(): ReturnType<MemoryDynamo["table"]> {
    return this.#dynamo.table(TABLE);
  }

  async #exchange({ headers, body }: Message, fault?: Fault): Promise<Answer> {
    // For this request and no other, also where it is refused before it meets the fault.
    const turn = ++this.#turn;
    if (fault !== undefined) this.#dynamo.failNext(fault, { when: () => turn === this.#turn });
    const init = { method: "POST", headers, body };
    const response = await this.#dynamo.fetch("http://127.0.0.1:1/", init);
    const bytes = new Uint8Array(await response.arrayBuffer());
    const answered = { ...Object.fromEntries(response.headers), date: this.#date() };
    return { status: response.status, headers: answered, body: bytes };
  }

  /** What the service's clock shows, to the second. */
  #date(): string {
    const error = this.dateErrorMs === 0 ? 0 : this.#random.between(-1, 1) * this.dateErrorMs;
    return new Date(this.#now() + error).toUTCString();
  }

  /** Requests that were held up are refused long before those from the future. */
  #tooOld({ headers }: Message): Answer | undefined {
    const header = headers.get("x-amz-date") ?? "";
    const [, year, month, day, hour, minute, second] =
      /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(header) ?? [];
    const signed = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
    if (this.#now() - signed <= SIGNED_AGO_MS) return undefined;
    const message = `Signature expired: ${header} is now earlier than allowed`;
    const text = JSON.stringify({ __type: "x#InvalidSignatureException", message });
    return { status: 400, headers: { date: this.#date() }, body: new TextEncoder().encode(text) };
  }
}

/** The keys of what a request writes. */
function namesOf(call: WireRequest): string[] {
  return elementsOf(call).filter(({ action }) => action !== "ConditionCheck")
    .map(({ input }) => (input.Item ?? input.Key).key!.S);
}

/** The refusal of a transaction, one of whose items met a conflict besides. */
function withConflict(answer: Answer): Answer {
  const text = new TextDecoder().decode(answer.body);
  if (!text.includes("TransactionCanceledException")) return answer;
  const changed = text.replace('{"Code":"None"}', '{"Code":"TransactionConflict"}');
  const body = new TextEncoder().encode(changed);
  return { ...answer, headers: { ...answer.headers, "x-amz-crc32": String(crc32(body)) }, body };
}
