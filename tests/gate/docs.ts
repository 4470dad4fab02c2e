/**
 * Runs the examples of the README and of all doc comments, in a surrounding where they work as they
 * stand: DynamoDB in memory behind HTTP, with a lock table, found through the usual variables of the
 * AWS environment.
 *
 * @module
 */

import { createTable } from "../../src/table.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { ownEnv } from "./env.ts";
import { type Outcome, runStep, type StepOptions } from "./step.ts";

const FILES = ["README.md", "MIGRATION.md", "mod.ts", "src/"];

/** The tables of other clients that examples share, by the names of their keys. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  lockTable: ["key"],
  locks: ["key"],
  DynamoDBLockTable: ["lock_key", "sort_key"],
  deploys: ["LockId"],
  "my-locks": ["id"],
  "terraform-locks": ["LockID"],
};

/** Runs the examples with the given configuration arguments of `deno`. */
export async function runExamples(config: string[], options: StepOptions = {}): Promise<Outcome> {
  await using server = await new MemoryDynamo().listen();
  const aws = {
    AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "example",
    AWS_SECRET_ACCESS_KEY: "example",
  };
  await createTable({ env: aws });
  for (const [name, [partitionKey, sortKey]] of Object.entries(TABLES)) {
    const keys = { partitionKey: partitionKey!, ...(sortKey && { sortKey }) };
    await createTable({ env: aws, table: { name, ...keys }, timeToLive: false });
  }
  return await runStep(
    [Deno.execPath(), "test", "-A", "--doc", "--trace-leaks", ...config, ...FILES],
    { ...options, env: { ...ownEnv(), ...aws } },
  );
}
