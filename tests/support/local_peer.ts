/** A lock table on DynamoDB Local, and managers that know nothing of each other. */

import { type LockEvent, LockManager, type LockManagerOptions } from "../../mod.ts";
import { DynamoClient } from "../../src/dynamodb/mod.ts";
import { createTable } from "../../src/table.ts";
import { type DynamoDBLocal, startDynamoDBLocal } from "./dynamodb_local.ts";
import { kindOf } from "./requests.ts";

export const TABLE = "dynamo-lock";
const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

/** A crashed holder's lease of 2 s, the skew allowance, and a second each that two dates are wide. */
export const SURELY_DEAD_MS = 5_300;

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A record as it is on the table. */
export interface RawRecord {
  readonly fence: { readonly N: string };
  readonly holders: { readonly M: Record<string, { M: Record<string, { S: string; N: string }> }> };
  readonly exclusive?: { readonly S: string };
  readonly permits?: { readonly N: string };
  readonly waiting?: { readonly N: string };
}

/** A manager as another process would have it, with the steps that it sent. */
export class Peer implements AsyncDisposable {
  readonly manager: LockManager;
  readonly events: LockEvent[] = [];
  steps: string[] = [];
  /** Requests of a peer that is cut off never arrive. */
  cutOff = false;
  /** Of the next request for this step the answer is lost. */
  loses: string | undefined;

  constructor(endpoint: string, options: LockManagerOptions = {}) {
    this.manager = new LockManager({
      region: "us-east-1",
      endpoint,
      credentials: CREDENTIALS,
      table: TABLE,
      onEvent: (event) => this.events.push(event),
      fetch: async (url, init) => {
        if (this.cutOff) throw new TypeError("cut off");
        const operation = new Headers(init!.headers).get("x-amz-target")!.split(".")[1]!;
        const step = kindOf({ operation, input: JSON.parse(String(init!.body)) });
        this.steps.push(step);
        const response = await fetch(url, init);
        if (step !== this.loses) return response;
        this.loses = undefined;
        await response.body?.cancel();
        throw new TypeError("lost");
      },
      ...options,
    });
  }

  /** The steps since the last call. */
  sent(): string[] {
    return this.steps.splice(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.manager.close();
  }
}

/** DynamoDB Local with a lock table. */
export class LocalTable implements AsyncDisposable {
  readonly client: DynamoClient;
  readonly #local: DynamoDBLocal;

  private constructor(local: DynamoDBLocal) {
    this.#local = local;
    this.client = new DynamoClient({
      region: "us-east-1",
      endpoint: local.endpoint,
      credentials: CREDENTIALS,
    });
  }

  static async start(): Promise<LocalTable> {
    const table = new LocalTable(await startDynamoDBLocal());
    await createTable({ client: table.client, table: TABLE });
    return table;
  }

  /** Where it is. */
  get endpoint(): string {
    return this.#local.endpoint;
  }

  peer(options?: LockManagerOptions): Peer {
    return new Peer(this.endpoint, options);
  }

  /** The item under a key, whatever it is. */
  async item(name: string): Promise<Record<string, unknown> | undefined> {
    const input = { TableName: TABLE, Key: { key: { S: name } }, ConsistentRead: true };
    return (await this.client.send<{ Item?: Record<string, unknown> }>("GetItem", input)).Item;
  }

  async record(name: string): Promise<RawRecord | undefined> {
    return await this.item(name) as RawRecord | undefined;
  }

  /** The tokens of those who are in, in order. */
  async tokens(name: string): Promise<number[]> {
    const holders = Object.values((await this.record(name))?.holders.M ?? {});
    return holders.map(({ M }) => Number(M.t!.N)).sort((one, other) => one - other);
  }

  async delete(name: string): Promise<void> {
    await this.client.send("DeleteItem", { TableName: TABLE, Key: { key: { S: name } } });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#local.stop();
  }
}
