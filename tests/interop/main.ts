/**
 * Shares tables of DynamoDB Local with the real lock clients of others, each in processes of its own:
 *
 *     deno task interop [--only java] [--seconds 60]
 *
 * `--only` plays the clients whose descriptors are called so; `--seconds` is how long each guards a counter
 * together with ours. A client that cannot be installed is named and skipped; where its registry can
 * be reached it has failed. Ends with `N passed, N failed`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { parseArgs } from "node:util";
import { numberFlag } from "../support/flags.ts";
import { type Result, runSuite } from "./suite.ts";

/** How a result is shown. */
function show({ client, scenario, outcome, why, ms }: Result): string {
  const time = ms === undefined ? "" : ` (${(ms / 1_000).toFixed(1)} s)`;
  const line = `${outcome.padEnd(6)} ${client}: ${scenario}${time}`;
  if (why === undefined) return line;
  return outcome === "FAILED" ? `${line}\n${why.replaceAll(/^/gm, "       ")}` : `${line}: ${why}`;
}

/** Plays everything, prints it, and answers how many have failed. */
export async function main(args: readonly string[]): Promise<number> {
  const options = { only: { type: "string", default: "" }, seconds: { type: "string" } } as const;
  const { values } = parseArgs({ args: [...args], options });
  const counts = { ok: 0, FAILED: 0, skip: 0, never: 0 };
  await runSuite({
    countMs: numberFlag("seconds", values.seconds ?? "12", 1, 3_600) * 1_000,
    only: values.only,
    onResult: (result) => {
      counts[result.outcome]++;
      console.log(show(result));
    },
  });
  const skipped = counts.skip > 0 ? `, ${counts.skip} skipped` : "";
  console.log(`${counts.ok} passed, ${counts.FAILED} failed${skipped}`);
  return counts.FAILED;
}

if (import.meta.main) Deno.exit(await main(Deno.args) === 0 ? 0 : 1);
