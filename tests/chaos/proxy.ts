/**
 * The proxy between the workers and DynamoDB: it lets requests meet faults, tells who sent what, and
 * keeps what DynamoDB itself said about the locks.
 *
 * A request that was let through is applied whatever becomes of its client, as in a real network.
 *
 * @module
 */

import { kindOf } from "../support/requests.ts";
import { type Commit, laterGrant, type Write, writesOf } from "./commits.ts";
import { type Exchange, FAULT_NAMES, fitting, meet } from "./faults.ts";
import { type HttpReply, type HttpRequest, RequestReader, withoutHop, writeReply } from "./http.ts";
import { Random } from "./random.ts";
import { type Sighting, sightingOf } from "./sightings.ts";

/**
 * The steps at which somebody can lie in wait: those of a lock, the update of a counter, and the one that
 * comes too late where its lease is over: `lease.transact`, or a plain write in its place.
 */
export type Step = ReturnType<typeof kindOf> | "count" | "commit";

/** Something that happens to the sender of a request at a certain moment. */
export interface Ambush {
  readonly step: Step;
  /** Before DynamoDB gets it, or when it has been applied and before the answer goes out. */
  readonly moment: "before" | "after";
  /**
   * The request waits for what this returns, and then meets nothing else; only before. `untilLate`
   * waits until somebody else was granted the lock whose counter it writes, for so long at the most.
   */
  spring(worker: string, untilLate: (ms: number) => Promise<void>): Promise<void> | undefined;
}

/** Where the faults come from: for each step its own. */
export type FaultSource = (step: Step) => string | undefined;

/** Options of the proxy. */
export interface ProxyOptions {
  /** Where DynamoDB is. */
  readonly upstream: string;
  /** Where redirects point to. */
  readonly canary: string;
  readonly lockTable: string;
  readonly leaseMs: number;
}

/** A request that was read and understood. */
interface Call {
  readonly worker: string;
  readonly operation: string;
  readonly step: Step;
  readonly onLocks: boolean;
  readonly writes: readonly Write[];
  readonly request: HttpRequest;
}

const LOOK_EVERY_MS = 20;

const decoder = new TextDecoder();

/** The fault-injecting proxy. */
export class ChaosProxy {
  /**
   * Where the workers find their locks. Half of the answers keep the connection, as usual. Deno's
   * `fetch` then sends a request again by itself, unknown to its caller, where such a connection breaks:
   * duplicates that no seed has planned.
   */
  readonly lockEndpoint: string;
  /**
   * Where the workers find their counters. Here a connection serves one request, so that a worker knows
   * how often it has asked, and "refused" means that the update was not made.
   */
  readonly dataEndpoint: string;
  /** How often each fault was met. */
  readonly faults: Map<string, number> = new Map(FAULT_NAMES.map((name) => [name, 0]));
  /** Everything that DynamoDB showed of the locks. */
  readonly sightings: Sighting[] = [];
  /** Every write of a counter that was let through. */
  readonly commits: Commit[] = [];
  requests = 0;
  /** Requests of workers that were cut off. */
  cutOff = 0;
  /** What went wrong between the proxy and DynamoDB, which nobody planned. */
  readonly troubles: string[] = [];
  readonly #options: ProxyOptions;
  readonly #listeners: Deno.TcpListener[];
  readonly #connections = new Set<Deno.Conn>();
  readonly #timers = new Map<ReturnType<typeof setTimeout>, () => void>();
  readonly #held = new Set<Promise<unknown>>();
  readonly #ambushes = new Set<Ambush>();
  readonly #isolated = new Map<string, { readonly until: number; readonly locksOnly: boolean }>();
  #faults: FaultSource | undefined;
  #random = new Random(0);
  #closed = false;

  constructor(options: ProxyOptions) {
    this.#options = options;
    const [lock, data] = [this.#listen(true), this.#listen(false)];
    this.#listeners = [lock.listener, data.listener];
    this.lockEndpoint = lock.endpoint;
    this.dataEndpoint = data.endpoint;
  }

  /** From now on each request may meet a fault, by its name. */
  brew(faults: FaultSource, random: Random): void {
    this.#faults = faults;
    this.#random = random;
  }

  /** From now on every request gets through. What is delayed already still comes late. */
  heal(): void {
    this.#faults = undefined;
    this.#ambushes.clear();
    this.#isolated.clear();
  }

  /** Lies in wait for the next such request; returns how to give up. */
  lieInWait(ambush: Ambush): () => void {
    this.#ambushes.add(ambush);
    return () => void this.#ambushes.delete(ambush);
  }

  /** Cuts a worker off from DynamoDB for a while, or from the locks only. */
  isolate(worker: string, ms: number, locksOnly: boolean): void {
    this.#isolated.set(worker, { until: performance.now() + ms, locksOnly });
  }

  /** Resolves when no request is on its way any more. */
  async idle(): Promise<void> {
    while (this.#held.size > 0) await Promise.allSettled(this.#held);
  }

  /** Stops at once, whatever is on its way. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const listener of this.#listeners) listener.close();
    for (const [timer, ring] of this.#timers) {
      clearTimeout(timer);
      ring();
    }
    for (const connection of this.#connections) this.#hangUp(connection);
    await this.idle();
  }

  #listen(keepAlive: boolean): { listener: Deno.TcpListener; endpoint: string } {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    void (async () => {
      for await (const connection of listener) void this.#serve(connection, keepAlive);
    })();
    return { listener, endpoint: `http://127.0.0.1:${listener.addr.port}` };
  }

  async #serve(connection: Deno.TcpConn, keepAlive: boolean): Promise<void> {
    this.#connections.add(connection);
    connection.setNoDelay();
    const reader = new RequestReader(connection);
    try {
      for (;;) {
        const request = await reader.next();
        if (request === undefined) return;
        const reply = await this.#hold(this.#answer(this.#understand(request, keepAlive)));
        if (reply === undefined) return;
        const last = !keepAlive || reply.cutAt !== undefined || this.#random.chance(0.5);
        await writeReply(connection, reply, last);
        if (last) return;
      }
    } catch (error) {
      // A client that was killed, or gave up, breaks its connection: that is what clients do here.
      if (error instanceof Deno.errors.BadResource || this.#closed) return;
      const gone = error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionAborted;
      if (!gone) this.troubles.push(String(error));
    } finally {
      this.#hangUp(connection);
    }
  }

  #hangUp(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }

  #hold<T>(work: Promise<T>): Promise<T> {
    this.#held.add(work);
    void work.catch(() => {}).finally(() => this.#held.delete(work));
    return work;
  }

  #understand(request: HttpRequest, onLocks: boolean): Call {
    const operation = request.headers.get("x-amz-target")?.split(".")[1] ?? "";
    const input = JSON.parse(decoder.decode(request.body));
    // Each worker has an access key of its own, which tells the proxy who is asking.
    const worker = /Credential=(\w+)/.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const writes = writesOf(input);
    const isCommit = writes.some(({ guard }) => guard === "commit" || guard === "lock");
    const step = isCommit
      ? "commit"
      : onLocks
      ? kindOf({ operation, input })
      : operation === "GetItem"
      ? "GetItem"
      : "count";
    return { worker, operation, step, onLocks, writes, request };
  }

  async #answer(call: Call): Promise<HttpReply | undefined> {
    this.requests++;
    const waiting = this.#spring(call, "before");
    if (waiting !== undefined) {
      await waiting;
      return await this.#forward(call);
    }
    if (this.#isIsolated(call)) {
      this.cutOff++;
      return undefined;
    }
    const drawn = this.#faults?.(call.step);
    const exchange: Exchange = {
      operation: call.operation,
      random: this.#random,
      leaseMs: this.#options.leaseMs,
      canary: this.#options.canary,
      forward: () => this.#forward(call),
      forwardLater: (ms) => {
        void this.#hold(this.#wait(ms).then(() => this.#forward(call))).catch(() => {});
      },
      wait: (ms) => this.#wait(ms),
    };
    if (drawn === undefined) return await exchange.forward();
    const name = fitting(drawn, call.operation);
    this.faults.set(name, this.faults.get(name)! + 1);
    return await meet(name, exchange);
  }

  async #untilLate({ writes }: Call, ms: number): Promise<void> {
    const end = performance.now() + ms;
    const isLate = () =>
      writes.some((write) => laterGrant(write, this.sightings, Infinity) !== undefined);
    while (!this.#closed && performance.now() < end && !isLate()) {
      await this.#wait(LOOK_EVERY_MS);
    }
  }

  #isIsolated({ worker, onLocks }: Call): boolean {
    const isolation = this.#isolated.get(worker);
    if (isolation === undefined || isolation.until < performance.now()) return false;
    return onLocks || !isolation.locksOnly;
  }

  async #forward(call: Call): Promise<HttpReply> {
    if (this.#closed) throw new Deno.errors.ConnectionAborted("The proxy was closed");
    const { method, headers, body } = call.request;
    const forwardedAt = performance.now();
    const response = await fetch(this.#options.upstream, {
      method,
      headers: withoutHop(headers),
      body,
    });
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (call.onLocks && response.ok) this.#witness(call, forwardedAt, bytes);
    for (const write of call.writes) {
      this.commits.push({ ...write, forwardedAt, applied: response.ok });
    }
    this.#spring(call, "after");
    return { status: response.status, headers: withoutHop(response.headers), body: bytes };
  }

  /** Keeps what a write on a lock's record left there, if it says. */
  #witness({ request }: Call, forwardedAt: number, bytes: Uint8Array): void {
    const sighting = sightingOf(decoder.decode(request.body), decoder.decode(bytes));
    if (sighting === undefined) return;
    this.sightings.push({ ...sighting, forwardedAt, answeredAt: performance.now() });
  }

  #spring(call: Call, moment: Ambush["moment"]): Promise<void> | undefined {
    const { step, worker } = call;
    for (const ambush of this.#ambushes) {
      if (ambush.step !== step || ambush.moment !== moment) continue;
      this.#ambushes.delete(ambush);
      return ambush.spring(worker, (ms) => this.#untilLate(call, ms));
    }
    return undefined;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#closed) return resolve();
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.set(timer, resolve);
    });
  }
}
