/**
 * What the tests of this folder have in common: a world of one record format, and what its requests are
 * for. Each test is named by the client whose defect it is about and by that defect's number in the
 * table of `README.md` beside it.
 */

import {
  dynaLock,
  dynamoDlm,
  dynamolock,
  javaLockClient,
  npmLockClient,
  pythonDynamodbLock,
} from "../../src/layouts.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import type { LayoutChoice } from "../../src/records/layout.ts";
import type { Item } from "../../src/records/record.ts";
import type { FaultedRequest } from "../../src/testing/mod.ts";
import { kindOf } from "../support/requests.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

type Key = Record<string, { S: string } | { N: string }>;

/** A record format to try a defect on. */
export interface Format {
  readonly name: string;
  readonly layout?: LayoutChoice;
  /** The sort key of a lock's item, where it has one. */
  readonly sort?: Key;
}

/** Our own format. */
export const NATIVE: Format = { name: "native" };

/** Java's format, in both ways to give a lock back. */
export const JAVA: readonly Format[] = [
  { name: "javaLockClient", layout: javaLockClient() },
  { name: "javaLockClient, kept", layout: javaLockClient({ onRelease: "keep" }) },
];

/** All formats in which the lease of a holder ends. */
export const FORMATS: readonly Format[] = [
  NATIVE,
  ...JAVA,
  { name: "dynamolock", layout: dynamolock() },
  { name: "pythonDynamodbLock", layout: pythonDynamodbLock(), sort: { sort_key: { S: "-" } } },
  { name: "dynaLock", layout: dynaLock() },
  { name: "dynamoDlm", layout: dynamoDlm(), sort: { concurrency_id: { N: "0" } } },
  { name: "npmLockClient", layout: npmLockClient({ mode: "fail-open" }) },
];

/** Whether a holder of a format can store data beside the lock. */
export function hasData({ layout }: Format): boolean {
  const place = { name: "dynamo-lock", partitionKey: "key", prefix: "" };
  return layout === undefined || layout.at(place).abilities.data;
}

/** A world, and a way to start processes of one format in it. */
export interface Stage {
  readonly world: World;
  /** Starts a process. */
  start(options?: LockManagerOptions & Surroundings): Process;
  /** The item of a lock, as it is on the table. */
  item(name?: string): Item | undefined;
  /** Deletes the item of a lock behind everybody's back. */
  wipe(name?: string): void;
}

/** A world of a format. */
export async function stage({ layout, sort = {} }: Format = NATIVE): Promise<Stage> {
  const world = await World.create();
  const [range] = Object.entries(sort);
  if (range !== undefined) {
    await world.deleteTable();
    const keys = [["key", "S"], [range[0], Object.keys(range[1])[0]]] as const;
    await world.until(
      world.client(world.time.node()).send("CreateTable", {
        TableName: "dynamo-lock",
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: keys.map(([AttributeName], at) => ({
          AttributeName,
          KeyType: at === 0 ? "HASH" : "RANGE",
        })),
      }),
    );
  }
  const own = layout && { layout, table: { name: "dynamo-lock", partitionKey: "key" } };
  const table = world.dynamo.table("dynamo-lock");
  const keyOf = (name: string): Key => ({ key: { S: name }, ...sort });
  return {
    world,
    start: (options) => world.process({ ...own, ...options }),
    item: (name = "job") => table.get(keyOf(name)) as Item | undefined,
    wipe: (name = "job") => void table.delete(keyOf(name)),
  };
}

/** How many are in a lock and not known to be dead. */
export async function livingIn(world: World, { manager }: Process, name = "job"): Promise<number> {
  const info = await world.until(manager.inspect(name));
  return info?.holders.filter(({ alive }) => alive).length ?? 0;
}

/** Whether a request renews a lease, in any format. */
export function isRenewal(request: FaultedRequest): boolean {
  const change = String(request.input.UpdateExpression ?? "");
  return kindOf(request) === "renew" && !change.includes("released");
}

/** Whether a request gives a lock back, in any format. */
export function isRelease(request: FaultedRequest): boolean {
  const change = String(request.input.UpdateExpression ?? "");
  return request.operation === "DeleteItem" || change.includes("released") ||
    kindOf(request) === "release";
}

/** Whether a request only reads. */
export function isRead({ operation }: FaultedRequest): boolean {
  return /^(GetItem|Query|Scan)$/.test(operation);
}

/** Whether a request is about this lock. */
export function about(name: string): (request: FaultedRequest) => boolean {
  return ({ input }) => (input.Key ?? input.Item)?.key?.S === name;
}
