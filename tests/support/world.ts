/** A small world for tests of the protocol: virtual time, one table in memory, and processes. */

import { DynamoClient } from "../../src/dynamodb/client.ts";
import type { Signer } from "../../src/dynamodb/signer.ts";
import type { LockEvent } from "../../src/events.ts";
import { LockManager } from "../../src/manager.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import type { Runtime } from "../../src/runtime.ts";
import { type Fault, MemoryDynamo } from "../../src/testing/mod.ts";
import { idle, type VirtualNode, VirtualTime } from "./virtual.ts";

/** Signs nothing worth checking, without WebCrypto, whose answers come when they like. */
export const quickSigner: Signer = {
  sign: (request) =>
    Promise.resolve(
      new Headers({
        ...request.headers,
        authorization: "AWS4-HMAC-SHA256 Credential=test/20260101/local/dynamodb/aws4_request, " +
          "SignedHeaders=host;x-amz-date, Signature=0",
        "x-amz-date": new Date(request.time).toISOString().replace(/[-:]|\.\d+/g, ""),
      }),
    ),
};

/** A process with its manager, and what the manager told. */
export interface Process {
  readonly node: VirtualNode;
  readonly manager: LockManager;
  readonly events: LockEvent[];
}

/** Where a process runs. */
export interface Surroundings {
  /** How far its wall clock is ahead. */
  wallOffsetMs?: number;
  /** The way to the server, and the way back. */
  latencyMs?: number;
  /** Whether it is a Cloudflare Worker. */
  workers?: boolean;
  /** Whether answers reach it with their dates. */
  dates?: boolean;
}

function withoutDates(server: typeof fetch): typeof fetch {
  return async (...request) => {
    const answer = await server(...request);
    const headers = new Headers(answer.headers);
    headers.delete("date");
    return new Response(answer.body, { status: answer.status, headers });
  };
}

/** Everything that a test of the protocol needs. */
export class World {
  readonly time: VirtualTime = new VirtualTime();
  readonly dynamo: MemoryDynamo;
  #processes = 0;

  private constructor() {
    this.dynamo = new MemoryDynamo({
      now: () => this.time.now,
      delay: (ms) => this.time.delay(ms),
    });
  }

  /** A world with the table `dynamo-lock`. */
  static async create(): Promise<World> {
    const world = new World();
    const client = world.client(world.time.node());
    await world.time.until(client.send("CreateTable", {
      TableName: "dynamo-lock",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
    }));
    world.dynamo.clearRequests();
    return world;
  }

  /** A client on a node. */
  client(node: VirtualNode, surroundings: Surroundings = {}): DynamoClient {
    return new DynamoClient({
      region: "local",
      endpoint: "http://127.0.0.1:1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      signer: quickSigner,
      runtime: this.#runtime(node, surroundings),
    });
  }

  /** Starts a process. */
  process(options: LockManagerOptions & Surroundings = {}): Process {
    const { wallOffsetMs = 0, latencyMs = 1, workers = false, dates = true, ...rest } = options;
    const node = this.time.node({ wallOffsetMs, seed: ++this.#processes });
    const events: LockEvent[] = [];
    const surroundings = { latencyMs, workers, dates };
    const manager = new LockManager({
      client: this.client(node, surroundings),
      runtime: this.#runtime(node, surroundings),
      onEvent: (event) => events.push(event),
      ...rest,
    });
    return { node, manager, events };
  }

  #runtime(node: VirtualNode, { dates = true, ...options }: Surroundings): Runtime {
    const server = dates ? this.dynamo.fetch : withoutDates(this.dynamo.fetch);
    return node.runtime(server, options);
  }

  /** The operations that reached the server since the last call. */
  sent(): string[] {
    const operations = this.dynamo.requests.map((request) => request.operation);
    this.dynamo.clearRequests();
    return operations;
  }

  /** The next matching requests meet this fault. */
  fail(fault: Fault, options?: Parameters<MemoryDynamo["failNext"]>[1]): void {
    this.dynamo.failNext(fault, options);
  }

  /** Lets time pass. */
  pass(ms: number): Promise<void> {
    return this.time.advance(ms);
  }

  /** Lets time pass until `work` is done. */
  until<T>(work: Promise<T>, limitMs?: number): Promise<T> {
    // A rejection that comes before anybody looks is not an unhandled one.
    work.catch(() => {});
    return this.time.until(work, limitMs);
  }

  /** Closes every process and checks that nothing is left: no timer, no request. */
  async end(...processes: Process[]): Promise<void> {
    for (const { manager } of processes) await this.until(manager.close());
    await idle();
    if (this.time.pending > 0) throw new Error(`${this.time.pending} timers were left over`);
  }
}
