/**
 * Runs the examples of the README and of all doc comments, in a surrounding where they work as they
 * stand: DynamoDB in memory behind HTTP, with a lock table, found through the usual variables of the
 * AWS environment. What they say that they print they must print.
 *
 * @module
 */

import { DynamoClient } from "../../src/dynamodb/mod.ts";
import { createTable } from "../../src/table.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { ROOT } from "../offline/config.ts";
import { DLM_KEYS } from "../support/dlm_table.ts";
import { ownEnv } from "./env.ts";
import { findFiles } from "./files.ts";
import { claimsOf, lies, printedBy } from "./prints.ts";
import { type Outcome, runStep, type StepOptions } from "./step.ts";

const FILES = ["README.md", "MIGRATION.md", "mod.ts", "src/"];

/** The tables of others that examples share, by the names of their keys. */
const TABLES: Readonly<Record<string, readonly string[]>> = {
  users: ["id"],
  orders: ["id"],
  accounts: ["id"],
  lockTable: ["key"],
  locks: ["key"],
  DynamoDBLockTable: ["lock_key", "sort_key"],
  deploys: ["LockId"],
  "my-locks": ["id"],
  "terraform-locks": ["LockID"],
};

/** The table of dynamo-dlm, whose sort key is a number: no lock of ours could live there. */
const SLOTS = {
  TableName: "slots",
  BillingMode: "PAY_PER_REQUEST",
  ...DLM_KEYS,
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
  await new DynamoClient({ env: aws }).send("CreateTable", SLOTS);
  const outcome = await runStep(
    [Deno.execPath(), "test", "-A", "--doc", "--trace-leaks", ...config, ...FILES],
    { ...options, env: { ...ownEnv(), ...aws } },
  );
  return await checkPrints(outcome, options);
}

/** One more failure for each example that did not print what it says. */
async function checkPrints(outcome: Outcome, { onLine }: StepOptions): Promise<Outcome> {
  const paths = [...FILES.filter((path) => path !== "src/"), ...await findFiles("src", ".ts")];
  const claims = await Promise.all(
    paths.map(async (path) => claimsOf(path, await Deno.readTextFile(new URL(path, ROOT)))),
  );
  const wrong = lies(claims.flat(), printedBy(outcome.output, ROOT.href));
  for (const line of wrong) onLine?.(line);
  return {
    ...outcome,
    ok: outcome.ok && wrong.length === 0,
    failed: outcome.failed + wrong.length,
    output: [outcome.output, ...wrong].join("\n"),
  };
}
