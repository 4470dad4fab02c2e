/**
 * The DynamoDB that the demo runs on: its own, in memory, or a real one.
 *
 * @module
 */

import { LockManager } from "../mod.ts";
import { ensureTable } from "../src/table.ts";
import { MemoryDynamo } from "../src/testing/mod.ts";
import type { Flags } from "./flags.ts";
import type { Connection } from "./messages.ts";

/** A DynamoDB with a lock table. */
export interface Backend extends AsyncDisposable {
  /** What it is, for people. */
  readonly label: string;
  readonly connection: Connection;
  readonly table: string;
}

/** Anything will do where nobody checks signatures. DynamoDB Local wants letters only. */
const LOCAL: Connection = {
  region: "local",
  credentials: { accessKeyId: "demo", secretAccessKey: "demo" },
};

/**
 * Opens the DynamoDB that the flags name, and makes sure of the table. A real one is used only where
 * it was asked for: a demo must not make tables in somebody's account just because there are keys.
 */
export async function openBackend(flags: Flags, signal: AbortSignal): Promise<Backend> {
  const { aws, endpoint } = flags;
  const table = flags.table ?? ((aws && Deno.env.get("DYNAMO_LOCK_TABLE")) || "dynamo-lock");
  if (aws || endpoint !== undefined) {
    const connection = aws ? {} : { ...(hasKeys() ? {} : LOCAL), endpoint: endpoint! };
    const { created } = await ensureTable({ ...connection, table, signal });
    const label = `table '${table}' ${created ? "(made now) " : ""}on ${endpoint ?? "AWS"}`;
    return { label, connection, table, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const server = await new MemoryDynamo().listen();
  const connection = { ...LOCAL, endpoint: server.endpoint };
  await ensureTable({ ...connection, table });
  const label = `DynamoDB in memory, ${server.endpoint}`;
  return { label, connection, table, [Symbol.asyncDispose]: () => server.close() };
}

function hasKeys(): boolean {
  return (Deno.env.get("AWS_ACCESS_KEY_ID") ?? "") !== "";
}

/** Counts the HTTP requests that one acquire and one release of a free lock take. */
export async function countRequests(
  { connection, table }: Backend,
  name: string,
): Promise<number> {
  let requests = 0;
  await using locks = new LockManager({
    ...connection,
    table,
    fetch(input, init) {
      requests++;
      return fetch(input, init);
    },
  });
  const lease = await locks.acquire(name);
  await lease.release();
  return requests;
}
