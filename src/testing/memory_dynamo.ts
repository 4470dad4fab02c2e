/**
 * DynamoDB in memory.
 *
 * @module
 */

import { systemRuntime } from "../runtime.ts";
import { type Answering, answerTo, ConnectionLost, faultedAnswer } from "./answering.ts";
import { Database } from "./database.ts";
import { ServiceError } from "./errors.ts";
import { type Fault, type FaultOptions, FaultPlan } from "./faults.ts";
import { type ListenOptions, type MemoryServer, serve } from "./server.ts";
import { type MemoryTable, memoryTable } from "./memory_table.ts";
import { AnswerMaker, httpDate, readCall, type WireAnswer, type WireRequest } from "./wire.ts";

/** Options of {@link MemoryDynamo}. */
export interface MemoryDynamoOptions {
  /** The server's wall clock: milliseconds since 1970. The system's by default. */
  now?: (() => number) | undefined;
  /** Waits, for answers that are late. A timer by default. */
  delay?: ((ms: number) => Promise<void>) | undefined;
  /** Whether answers carry a `Date` header. `"exact"` by default. */
  date?: "exact" | "none" | undefined;
  /**
   * How far the time of signing may be from the server's clock before the request is refused, as
   * the service does after 15 minutes. Not looked at by default.
   */
  maxSigningSkewMs?: number | undefined;
  /** How many requests are remembered; older ones are forgotten. 100 000 by default. */
  maxRequests?: number | undefined;
}

/** A request that reached the wire. */
export interface RecordedRequest {
  /** The operation's name, as `PutItem`. */
  readonly operation: string;
  /** The parsed body. */
  readonly input: unknown;
}

const OPTIONS: ReadonlySet<string> = new Set<keyof MemoryDynamoOptions>([
  "now",
  "delay",
  "date",
  "maxSigningSkewMs",
  "maxRequests",
]);

/**
 * DynamoDB in memory: as a `fetch` for tests in one process, and as an HTTP server on loopback.
 *
 * It has the operations on items, transactions, batches, queries and scans, tables and time to
 * live, with the service's checks, limits and error texts. It has no secondary indexes, streams,
 * PartiQL or the legacy parameters that expressions replaced; what it does not know it refuses by
 * name. A request must carry a signature, but there is no secret to check it with. Every request is
 * applied in one synchronous step.
 *
 * @example
 * ```ts
 * import { DynamoClient } from "@x/dynamo-lock/client";
 * import { MemoryDynamo } from "@x/dynamo-lock/testing";
 *
 * const dynamo = new MemoryDynamo();
 * const client = new DynamoClient({
 *   region: "us-east-1",
 *   credentials: { accessKeyId: "test", secretAccessKey: "test" },
 *   fetch: dynamo.fetch,
 * });
 * await client.send("CreateTable", {
 *   TableName: "things",
 *   KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
 *   AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
 *   BillingMode: "PAY_PER_REQUEST",
 * });
 * dynamo.failNext({ kind: "drop-answer" }, { operation: "PutItem" });
 * await client.send("PutItem", { TableName: "things", Item: { id: { S: "one" } } }); // retried
 * ```
 */
export class MemoryDynamo {
  /** Answers requests to any host. Bound, so that it can be handed on as it is. */
  readonly fetch: typeof fetch;
  readonly #answering: Answering;
  readonly #faults = new FaultPlan();
  readonly #maxSigningSkewMs: number;
  readonly #maxRequests: number;
  #requests: RecordedRequest[] = [];

  /**
   * Makes an empty database.
   *
   * @throws {TypeError} for an option that does not exist.
   */
  constructor(options: MemoryDynamoOptions = {}) {
    for (const name in options) {
      if (!OPTIONS.has(name)) throw new TypeError(`Cannot make a MemoryDynamo with '${name}'`);
    }
    const { now = () => systemRuntime.now().wall, delay = wait, date = "exact" } = options;
    if (date !== "exact" && date !== "none") {
      throw new TypeError(
        `Cannot make a MemoryDynamo as 'date' must be 'exact' or 'none': current value is ${date}`,
      );
    }
    const answers = new AnswerMaker(() => date === "exact" ? httpDate(now()) : undefined);
    this.#answering = { database: new Database(now), answers, delay };
    this.#maxSigningSkewMs = options.maxSigningSkewMs ?? Infinity;
    this.#maxRequests = options.maxRequests ?? 100_000;
    this.fetch = (input, init) => this.#fetch(input, init);
  }

  /** What reached the wire, in order, requests that met a fault included. */
  get requests(): readonly RecordedRequest[] {
    return this.#requests;
  }

  /** Forgets the requests so far. */
  clearRequests(): void {
    this.#requests = [];
  }

  /**
   * The next request that matches meets a fault. A request meets one fault at most; where several
   * match, the one planned first.
   */
  failNext(fault: Fault, options: FaultOptions = {}): void {
    this.#faults.add(fault, options);
  }

  /**
   * Starts an HTTP server on this database, on Deno, Node and Bun.
   *
   * @param options a free port of `127.0.0.1` by default.
   */
  listen(options: ListenOptions = {}): Promise<MemoryServer> {
    return serve((request, signal) => this.#answer(request, signal), options);
  }

  /**
   * A table's items, to look at and to change behind the lock's back.
   *
   * @throws where there is no table of that name.
   */
  table(name: string): MemoryTable {
    return memoryTable(this.#answering.database.tables, name);
  }

  /**
   * Deletes the items whose time to live has passed, as the service does sooner or later. Nothing
   * is deleted without this call.
   *
   * @returns how many were deleted.
   */
  purgeExpired(): number {
    return this.#answering.database.purgeExpired();
  }

  async #fetch(input: RequestInfo | URL, init: RequestInit | undefined): Promise<Response> {
    const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    signal?.throwIfAborted();
    const request = await wireRequest(input, init);
    try {
      const { status, headers, body } = await this.#answer(request, signal);
      return new Response(status === 204 ? null : body as BodyInit, { status, headers });
    } catch (error) {
      // What `fetch` throws where the network fails.
      if (error instanceof ConnectionLost) throw new TypeError(error.message);
      throw error;
    }
  }

  async #answer(request: WireRequest, signal: AbortSignal | undefined): Promise<WireAnswer> {
    const { database, answers } = this.#answering;
    let call;
    try {
      call = readCall(request, { now: database.now(), maxSkewMs: this.#maxSigningSkewMs });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      return answers.error(error);
    }
    this.#record(call);
    const fault = this.#faults.take(call);
    if (fault === undefined) return answerTo(call, this.#answering);
    return await faultedAnswer(call, fault, this.#answering, signal);
  }

  #record(request: RecordedRequest): void {
    this.#requests.push(request);
    // Dropped by the quarter: taking one off the front each time would move all the others.
    if (this.#requests.length > this.#maxRequests * 1.25) {
      this.#requests = this.#requests.slice(-this.#maxRequests);
    }
  }
}

async function wireRequest(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
): Promise<WireRequest> {
  // The usual call needs no Request object, which costs more than the operation.
  if (!(input instanceof Request) && typeof init?.body === "string") {
    const headers = init.headers instanceof Headers ? init.headers : new Headers(init.headers);
    return {
      method: init.method ?? "GET",
      header: (name) => headers.get(name),
      query: String(input).split("?")[1] ?? "",
      body: init.body,
    };
  }
  const request = new Request(input, init);
  return {
    method: request.method,
    header: (name) => request.headers.get(name),
    query: request.url.split("?")[1] ?? "",
    body: await request.text(),
  };
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => systemRuntime.setTimer(resolve, ms));
}
