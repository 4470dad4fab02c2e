/**
 * Where one client and ours meet: a table, and processes of both kinds.
 *
 * @module
 */

import { DynamoClient } from "../../src/dynamodb/mod.ts";
import type { AttributeValue } from "../../src/dynamodb/values.ts";
import type { InteropClient } from "./client.ts";
import { Driver, type DriverCommand } from "./driver.ts";

/** An item as DynamoDB answers it. */
export type RawItem = Record<string, AttributeValue>;

/** The lease of both sides, in milliseconds. */
export const LEASE_MS = 3_000;

/** Waits. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Throws where something does not hold. */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`Not so: ${what}`);
}

/** One client's stage. */
export class Stage implements AsyncDisposable {
  readonly client: InteropClient;
  /** Speaks to the table. */
  readonly dynamo: DynamoClient;
  /** The table. */
  readonly table: string;
  /** How long many processes count. */
  readonly countMs: number;
  readonly #endpoint: string;
  readonly #commands: Readonly<Record<"ours" | "theirs", DriverCommand>>;
  readonly #drivers: Driver[] = [];
  readonly #resident: Partial<Record<"ours" | "theirs", Driver>> = {};
  #names = 0;

  constructor(
    client: InteropClient,
    commands: Readonly<Record<"ours" | "theirs", DriverCommand>>,
    { endpoint, table, countMs }: { endpoint: string; table: string; countMs: number },
  ) {
    this.client = client;
    this.table = table;
    this.countMs = countMs;
    this.#endpoint = endpoint;
    this.#commands = commands;
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    this.dynamo = new DynamoClient({ region: "us-east-1", endpoint, credentials });
  }

  /** Makes the table. */
  async open(): Promise<void> {
    const billing = { BillingMode: "PAY_PER_REQUEST" };
    const input = { TableName: this.table, ...billing, ...this.client.table };
    await this.dynamo.send("CreateTable", input);
  }

  /** The process that stays, of ours or of theirs. */
  async one(side: "ours" | "theirs"): Promise<Driver> {
    return this.#resident[side] ??= await this.another(side);
  }

  /** One more process. */
  async another(side: "ours" | "theirs"): Promise<Driver> {
    const driver = await Driver.start(
      side === "ours" ? "ours" : this.client.name,
      this.#commands[side],
      {
        ...(side === "theirs" && this.client.open),
        ...{ endpoint: this.#endpoint, table: this.table, leaseMs: LEASE_MS },
      },
    );
    this.#drivers.push(driver);
    return driver;
  }

  /** The name of a lock that nobody has used. */
  name(): string {
    return `lock-${++this.#names}`;
  }

  /** All items of a lock, as they are. */
  async items(name: string): Promise<RawItem[]> {
    const input = { TableName: this.table, ConsistentRead: true };
    const { Items } = await this.dynamo.send<{ Items: RawItem[] }>("Scan", input);
    const { partitionKey = "key" } = this.client.layout.table;
    return Items.filter((item) => (item[partitionKey] as { S?: string }).S === name);
  }

  /** Ends all processes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#drivers.map((driver) => driver.exit()));
  }
}
