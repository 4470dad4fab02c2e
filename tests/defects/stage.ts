/**
 * What the tests of this folder have in common: a world of one record format, and what its requests are
 * for. Each test is named by the client whose defect it is about and by that defect's number in the
 * table of `README.md` beside it.
 */

import { javaLockClient } from "../../src/layouts.ts";
import type { LockManagerOptions } from "../../src/options.ts";
import type { Item } from "../../src/records/record.ts";
import type { LayoutChoice } from "../../src/records/layout.ts";
import type { FaultedRequest } from "../../src/testing/mod.ts";
import { kindOf } from "../support/requests.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

/** A record format to try a defect on. */
export interface Format {
  readonly name: string;
  readonly layout?: LayoutChoice;
}

/** Our own format. */
export const NATIVE: Format = { name: "native" };

/** The formats with a version, in both ways to give a lock back. */
export const JAVA: readonly Format[] = [
  { name: "javaLockClient", layout: javaLockClient() },
  { name: "javaLockClient, kept", layout: javaLockClient({ onRelease: "keep" }) },
];

/** All formats that hold one exclusive lock in one item. */
export const FORMATS: readonly Format[] = [NATIVE, ...JAVA];

/** A world, and a way to start processes of one format in it. */
export interface Stage {
  readonly world: World;
  start(options?: LockManagerOptions & Surroundings): Process;
}

/** A world of a format. */
export async function stage({ layout }: Format = NATIVE): Promise<Stage> {
  const world = await World.create();
  return { world, start: (options) => world.process({ ...(layout && { layout }), ...options }) };
}

/** The item of a lock, as it is on the table. */
export function itemOf(world: World, name = "job"): Item | undefined {
  return world.dynamo.table("dynamo-lock").get({ key: { S: name } }) as Item | undefined;
}

/** How many are in a lock and not known to be dead. */
export async function livingIn(world: World, { manager }: Process, name = "job"): Promise<number> {
  const info = await world.until(manager.inspect(name));
  return info?.holders.filter(({ alive }) => alive).length ?? 0;
}

/** Whether a request renews a lease, in any format. */
export function isRenewal(request: FaultedRequest): boolean {
  const change = String(request.input.UpdateExpression ?? "");
  return kindOf(request) === "renew" && !change.includes("#released");
}

/** Whether a request gives a lock back, in any format. */
export function isRelease(request: FaultedRequest): boolean {
  const change = String(request.input.UpdateExpression ?? "");
  return request.operation === "DeleteItem" || change.includes("#released") ||
    kindOf(request) === "release";
}

/** Whether a request is about this lock. */
export function about(name: string): (request: FaultedRequest) => boolean {
  return ({ input }) => (input.Key ?? input.Item)?.key?.S === name;
}
