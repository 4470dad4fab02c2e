/**
 * A MemoryDynamo with two tables, and short ways to talk to it through its `fetch`.
 *
 * @module
 */

import { MemoryDynamo, type MemoryDynamoOptions } from "../../src/testing/mod.ts";
import { type Answer, errorMessage, errorType, send } from "./send.ts";

/** The input of `CreateTable` for keys of these types. */
export function tableInput(TableName: string, keys: Record<string, "S" | "N" | "B">): object {
  return {
    TableName,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: Object.keys(keys).map((AttributeName, i) => ({
      AttributeName,
      KeyType: i === 0 ? "HASH" : "RANGE",
    })),
    AttributeDefinitions: Object.entries(keys).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
  };
}

/** A database with `plain` (key `k` of S) and `sorted` (keys `k` of S, `s` of N). */
export class Memory {
  readonly dynamo: MemoryDynamo;

  constructor(options: MemoryDynamoOptions = {}) {
    this.dynamo = new MemoryDynamo(options);
  }

  static async withTables(options: MemoryDynamoOptions = {}): Promise<Memory> {
    const memory = new Memory(options);
    await memory.ok("CreateTable", tableInput("plain", { k: "S" }));
    await memory.ok("CreateTable", tableInput("sorted", { k: "S", s: "N" }));
    memory.dynamo.clearRequests();
    return memory;
  }

  /** Sends a request. */
  send(operation: string, input: object | string, init?: RequestInit): Promise<Answer> {
    return send(this.dynamo.fetch, "http://memory/", operation, input, init);
  }

  /** The body of an answer that must be good. */
  // deno-lint-ignore no-explicit-any
  async ok(operation: string, input: object): Promise<any> {
    const answer = await this.send(operation, input);
    if (answer.status !== 200) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  }

  /** The type and text of an answer that must be an error. */
  async refusal(operation: string, input: object | string): Promise<string> {
    const answer = await this.send(operation, input);
    if (answer.status === 200) throw new Error(`Not refused: ${JSON.stringify(answer.body)}`);
    return `${errorType(answer)}: ${errorMessage(answer)}`;
  }

  /** Puts an item into `plain` under the key `one`. */
  put(attributes: Record<string, unknown>): Promise<unknown> {
    return this.ok("PutItem", { TableName: "plain", Item: { ...ONE, ...attributes } });
  }

  /** The attributes of that item beside the key. */
  async get(): Promise<Record<string, unknown> | undefined> {
    const { Item } = await this.ok("GetItem", { TableName: "plain", Key: ONE });
    if (Item === undefined) return undefined;
    const { k: _, ...attributes } = Item;
    return attributes;
  }
}

/** The key of the item that most tests are about. */
export const ONE = { k: { S: "one" } };
