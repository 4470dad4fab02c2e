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
import { numberFlag, parseOrExit } from "../support/flags.ts";
import { type Result, runSuite } from "./suite.ts";

/** How a result is shown. */
function show({ client, scenario, outcome, why, ms }: Result): string {
  const time = ms === undefined ? "" : ` (${(ms / 1_000).toFixed(1)} s)`;
  const line = `${outcome.padEnd(6)} ${client}: ${scenario}${time}`;
  if (why === undefined) return line;
  return outcome === "FAILED" ? `${line}\n${why.replaceAll(/^/gm, "       ")}` : `${line}: ${why}`;
}

const HELP = `Shares tables of DynamoDB Local with the real lock clients of others.

Usage: deno task interop [options]

  --only <name>      only the clients whose descriptors are called so
  --seconds <n>      how long each guards a counter together with ours, 1 to 3600 (12)
  --help             print this

It ends with code 0, with 1 when a client has failed, and with 2 on wrong options.
`;

const OPTIONS = {
  only: { type: "string", default: "" },
  seconds: { type: "string", default: "12" },
  help: { type: "boolean", default: false },
} as const;

interface Wanted {
  readonly only: string;
  readonly countMs: number;
}

/** Understands the command line; `undefined` where it asks for help. */
function parseFlags(args: string[]): Wanted | undefined {
  const { values } = parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false });
  if (values.help) return undefined;
  return { only: values.only, countMs: numberFlag("seconds", values.seconds, 1, 3_600) * 1_000 };
}

/** Plays everything, prints it, and answers how many have failed. */
async function play(wanted: Wanted): Promise<number> {
  const counts = { ok: 0, FAILED: 0, skip: 0, never: 0 };
  await runSuite({
    ...wanted,
    onResult: (result) => {
      counts[result.outcome]++;
      console.log(show(result));
    },
  });
  const skipped = counts.skip > 0 ? `, ${counts.skip} skipped` : "";
  console.log(`${counts.ok} passed, ${counts.FAILED} failed${skipped}`);
  return counts.FAILED;
}

/** Does what the command line asks for, `defaults` before it, and ends the process. */
export async function main(defaults: readonly string[] = []): Promise<never> {
  const wanted = parseOrExit((args) => parseFlags([...defaults, ...args]), HELP);
  try {
    Deno.exit(await play(wanted) === 0 ? 0 : 1);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    console.error(error.message); // nobody has that name
    Deno.exit(2);
  }
}

if (import.meta.main) await main();
