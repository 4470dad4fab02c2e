/**
 * The same requests to MemoryDynamo and to DynamoDB Local: the same answers and the same errors,
 * but for the differences listed in `differential/known.ts`.
 *
 * It needs Java 17 and, the first time, npm; `deno test` does not pick it up:
 *
 * ```sh
 * deno test -A tests/testing/differential_long.ts
 * ```
 *
 * `DIFFERENTIAL_RUNS` sets the number of generated sequences (500), `DIFFERENTIAL_SEED` the seed.
 *
 * @module
 */

import fc from "fast-check";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { startDynamoDBLocal } from "../support/dynamodb_local.ts";
import { fixedSequences } from "./differential/cases.ts";
import { sequences } from "./differential/calls.ts";
import { type Call, compare, type Pair, pair } from "./differential/compare.ts";

const RUNS = Number(Deno.env.get("DIFFERENTIAL_RUNS") ?? 500);
const SEED = Number(Deno.env.get("DIFFERENTIAL_SEED") ?? 20261121);

function createTable(TableName: string, sorted: boolean): Call {
  const keys = sorted ? [["k", "HASH", "S"], ["s", "RANGE", "N"]] : [["k", "HASH", "S"]];
  return {
    operation: "CreateTable",
    input: {
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: keys.map(([AttributeName, KeyType]) => ({ AttributeName, KeyType })),
      AttributeDefinitions: keys.map(([AttributeName, , AttributeType]) => ({
        AttributeName,
        AttributeType,
      })),
    },
  };
}

let made = 0;

/** Runs a sequence on two fresh tables, which the calls name as `plain-table`, `sorted-table`. */
async function runFresh(both: Pair, calls: readonly Call[], generated: boolean): Promise<void> {
  made++;
  const names = { plain: `plain-table-${made}`, sorted: `sorted-table-${made}` };
  for (const side of [both.memory, both.local]) {
    await side(createTable(names.plain, false));
    await side(createTable(names.sorted, true));
  }
  try {
    for (const call of calls) {
      const text = JSON.stringify(call)
        .replaceAll("plain-table", names.plain)
        .replaceAll("sorted-table", names.sorted);
      await compare(both, JSON.parse(text), { generated });
    }
  } finally {
    for (const side of [both.memory, both.local]) {
      for (const TableName of Object.values(names)) {
        await side({ operation: "DeleteTable", input: { TableName } });
      }
    }
  }
}

Deno.test("MemoryDynamo answers as DynamoDB Local does", async (t) => {
  await using local = await startDynamoDBLocal();
  const both = pair(new MemoryDynamo().fetch, local.endpoint);
  for (const [name, calls] of Object.entries(fixedSequences())) {
    await t.step(name, () => runFresh(both, calls, false));
  }
  await t.step(`${RUNS} generated sequences, seed ${SEED}`, async () => {
    await fc.assert(
      fc.asyncProperty(
        sequences({ plain: "plain-table", sorted: "sorted-table" }),
        (calls) => runFresh(both, calls, true),
      ),
      { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 600_000, endOnFailure: false },
    );
  });
});
