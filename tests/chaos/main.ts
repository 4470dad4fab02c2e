/**
 * Chaos: real processes fight for locks on DynamoDB Local, behind a proxy that loses, delays, doubles
 * and garbles their requests, while they are frozen and killed. No update of what the locks guard may be
 * lost.
 *
 * ```sh
 * deno task chaos --minutes 10 --seed 7
 * ```
 *
 * It needs Java 17 and, the first time, npm, and a system with signals. The seed decides what is done to
 * whom and when; what real processes make of it differs from run to run.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { parseArgs } from "node:util";
import { numberFlag, parseOrExit } from "../support/flags.ts";
import { describeChecks, describeOptions, describeRun, describeStorm } from "./report.ts";
import type { RunOptions } from "./plan.ts";
import { run } from "./run.ts";
import { type Check, judgeRun } from "./verdict.ts";

/** What `--help` prints. */
const HELP = `Usage: deno task chaos [options]

  --minutes <n>  for how long, 0.5 to 600 (1); there are at least two storms
  --seed <n>     what happens to whom, 0 to 4294967295 (one that is not known before)
  --workers <n>  how many processes, 4 to 8 (6 to 8, as the seed decides)
  --help         print this

It ends with code 0, with 1 when a check failed, and with 2 on wrong options.
`;

const OPTIONS = {
  minutes: { type: "string", default: "1" },
  seed: { type: "string" },
  workers: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

type Wanted = Pick<RunOptions, "seed" | "ms" | "workers">;

/** The exit codes that shells expect of a program that a signal has ended. */
const STOPS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Understands the command line; `undefined` where it asks for help. */
export function parseFlags(args: string[]): Wanted | undefined {
  const { values } = parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false });
  if (values.help) return undefined;
  const seed = values.seed === undefined
    ? crypto.getRandomValues(new Uint32Array(1))[0]!
    : numberFlag("seed", values.seed, 0, 2 ** 32 - 1);
  return {
    seed,
    ms: numberFlag("minutes", values.minutes, 0.5, 600, false) * 60_000,
    workers: values.workers === undefined
      ? 6 + seed % 3
      : numberFlag("workers", values.workers, 4, 8),
  };
}

/** Runs it and reports. Ctrl-C, like anything else that stops it, leaves nothing behind. */
async function runAndReport(wanted: Wanted, stopped: AbortSignal): Promise<Check[]> {
  const options: RunOptions = {
    ...wanted,
    stopped,
    onStorm: (storm) => console.log(describeStorm(storm)),
  };
  console.log(describeOptions(options));
  const result = await run(options);
  const checks = judgeRun(result);
  console.log(`\n${describeRun(result)}\n\n${describeChecks(checks)}\n`);
  return checks;
}

/** Runs it, reports, and ends the process. The last line counts the checks. */
export async function main(wanted: Wanted): Promise<never> {
  const stop = new AbortController();
  for (const signal of Object.keys(STOPS)) {
    Deno.addSignalListener(signal as Deno.Signal, () => stop.abort(signal));
  }
  // What nobody catches must not end the runner before its workers.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    stop.abort(event.reason);
  });
  try {
    const checks = await runAndReport(wanted, stop.signal);
    const failed = checks.filter(({ faults }) => faults.length > 0).length;
    if (failed > 0) console.log(`Try it again with --seed ${wanted.seed}\n`);
    console.log(`${checks.length - failed} passed, ${failed} failed`);
    Deno.exit(failed === 0 ? 0 : 1);
  } catch (error) {
    const reason = stop.signal.aborted ? stop.signal.reason : error;
    console.error(reason in STOPS ? `Stopped by ${reason}` : reason);
    Deno.exit(STOPS[reason as keyof typeof STOPS] ?? 1);
  }
}

if (import.meta.main) await main(parseOrExit(parseFlags, HELP));
