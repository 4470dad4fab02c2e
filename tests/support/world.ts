/** A small world for tests of the protocol: virtual time, one table in memory, and processes. */

import { DynamoClient } from "../../src/dynamodb/client.ts";
import type { Signer } from "../../src/dynamodb/signer.ts";
import type { LockEvent } from "../../src/events.ts";
import type { Lease } from "../../src/lease/lease.ts";
import { LockManager } from "../../src/manager.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import type { Runtime } from "../../src/runtime.ts";
import { type Fault, MemoryDynamo } from "../../src/testing/mod.ts";
import { kindOf } from "./requests.ts";
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
  /** How its requests are signed. */
  signer?: Signer;
  /** What its requests reach in place of the service itself. */
  server?: typeof fetch;
}

/** A record as it is on the table. */
export interface RawRecord {
  format: { N: string };
  fence: { N: string };
  holders: { M: Record<string, { M: Record<string, { S: string } & { N: string }> }> };
  purge: { N: string };
  exclusive?: { S: string };
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

  private constructor(checksSigningTime: boolean) {
    this.dynamo = new MemoryDynamo({
      now: () => this.time.now,
      delay: (ms) => this.time.delay(ms),
      // As the service: nobody with a clock further off is answered. Emulators answer everybody.
      ...(checksSigningTime && { maxSigningSkewMs: 15 * 60_000 }),
    });
  }

  /** A world with the table `dynamo-lock`. */
  static async create(options: { checksSigningTime?: boolean } = {}): Promise<World> {
    const world = new World(options.checksSigningTime ?? true);
    await world.createTable("dynamo-lock");
    return world;
  }

  /** Makes a table with these keys, the partition key first, all of them strings. */
  async createTable(name: string, ...keys: string[]): Promise<void> {
    const names = keys.length > 0 ? keys : ["key"];
    const client = this.client(this.time.node());
    await this.until(client.send("CreateTable", {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: names.map((key) => ({ AttributeName: key, AttributeType: "S" })),
      KeySchema: names.map((key, at) => ({
        AttributeName: key,
        KeyType: at === 0 ? "HASH" : "RANGE",
      })),
    }));
    await this.until(client.send("UpdateTimeToLive", {
      TableName: name,
      TimeToLiveSpecification: { AttributeName: "purge", Enabled: true },
    }));
    this.dynamo.clearRequests();
  }

  /** Deletes a table behind everybody's back. */
  async deleteTable(name = "dynamo-lock"): Promise<void> {
    await this.until(this.client(this.time.node()).send("DeleteTable", { TableName: name }));
    this.dynamo.clearRequests();
  }

  /** A client on a node. */
  client(node: VirtualNode, surroundings: Surroundings = {}): DynamoClient {
    return new DynamoClient({
      region: "local",
      endpoint: "http://127.0.0.1:1",
      credentials: { accessKeyId: "test", secretAccessKey: "test" },
      signer: surroundings.signer ?? quickSigner,
      runtime: this.#runtime(node, surroundings),
    });
  }

  /** Starts a process. */
  process(options: LockManagerOptions & Surroundings = {}): Process {
    const { wallOffsetMs = 0, latencyMs = 1, workers = false, dates = true, ...others } = options;
    const { signer, server, ...rest } = others;
    const node = this.time.node({ wallOffsetMs, seed: ++this.#processes });
    const events: LockEvent[] = [];
    const own = { ...(signer && { signer }), ...(server && { server }) };
    const surroundings = { latencyMs, workers, dates, ...own };
    const manager = new LockManager({
      client: this.client(node, surroundings),
      runtime: this.#runtime(node, surroundings),
      onEvent: (event) => events.push(event),
      ...rest,
    });
    return { node, manager, events };
  }

  #runtime(node: VirtualNode, surroundings: Surroundings): Runtime {
    const { dates = true, server = this.dynamo.fetch, ...options } = surroundings;
    return node.runtime(dates ? server : withoutDates(server), options);
  }

  /** The operations that reached the server since the last call. */
  sent(): string[] {
    const operations = this.dynamo.requests.map((request) => request.operation);
    this.dynamo.clearRequests();
    return operations;
  }

  /** The steps that reached the server since the last call. */
  kinds(): string[] {
    const kinds = this.dynamo.requests.map(kindOf);
    this.dynamo.clearRequests();
    return kinds;
  }

  /** A record as it is on the table. */
  record(name: string): RawRecord | undefined {
    const item = this.dynamo.table("dynamo-lock").get({ key: { S: name } });
    return item as unknown as RawRecord | undefined;
  }

  /** How many hold a lock by the table's word. */
  holders(name: string): number {
    return Object.keys(this.record(name)?.holders.M ?? {}).length;
  }

  /** Changes a record behind everybody's back. */
  tamper(name: string, change: (record: RawRecord) => void): void {
    const record = this.record(name)!;
    change(record);
    const item = record as unknown as Parameters<ReturnType<MemoryDynamo["table"]>["put"]>[0];
    this.dynamo.table("dynamo-lock").put(item);
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

/** A world in which a process, with these options, holds `job`. */
export async function hold(
  options: LockManagerOptions & Surroundings = {},
): Promise<{ world: World; process: Process; lease: Lease }> {
  const world = await World.create();
  const process = world.process(options);
  const lease = await world.until(process.manager.acquire("job"));
  world.sent();
  return { world, process, lease };
}
