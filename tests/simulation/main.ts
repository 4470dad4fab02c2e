/**
 * `deno task simulate`: runs seeds and says how many a second, which rules were broken by which, and how
 * often everything was met.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { parseArgs } from "node:util";
import { configArgs } from "../offline/config.ts";
import { numberFlag, parseOrExit } from "../support/flags.ts";
import { countBranches } from "./branches.ts";
import { KINDS } from "./kinds.ts";
import { unreached } from "./reached.ts";
import { simulate } from "./run.ts";
import { type Failure, type Sweep, sweep } from "./sweep.ts";

/** What `--help` prints. */
const HELP = `Usage: deno task simulate [options]

  --seeds <n>   how many (2000)
  --from <n>    the first (1)
  --kind <k>    all runs of this kind: ${KINDS.join(", ")}
  --jobs <n>    how many at once (as many as there are processors)
  --trace <n>   runs this seed alone, and prints all that happens in it
  --help        print this

It ends with code 0; with 1 when a rule was broken or something was never met; with 2 on wrong options.
`;

const OPTIONS = {
  seeds: { type: "string", default: "2000" },
  from: { type: "string", default: "1" },
  kind: { type: "string" },
  jobs: { type: "string", default: String(navigator.hardwareConcurrency) },
  trace: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

/** A seed is whole, and so is the one after it. */
const SEED_MAX = 2 ** 52;

/** Enough to take every branch; counting slows the runs down. */
const BRANCH_SEEDS = 300;

/** With fewer seeds, what was not met was just not drawn. */
const ENOUGH_SEEDS = 1_500;

/** Prints all that happens in a run. */
async function trace(seed: number, kind: string | undefined): Promise<boolean> {
  const { trace, violation, scenario } = await simulate(seed, { record: true, kind });
  console.log(JSON.stringify(scenario, null, 2));
  for (const line of trace) console.log(line);
  console.log(violation === undefined ? "No rule was broken." : told({ seed, violation }));
  return violation === undefined;
}

function told({ seed, violation: { rule, text, at } }: Omit<Failure, "kind">): string {
  return `seed ${seed} breaks "${rule}" at ${(at / 1_000).toFixed(3)} s: ${text}`;
}

/** Prints what became of a sweep. */
export function report({ seeds, tally, failures, events, ms }: Sweep): void {
  const groups = new Map<string, string[]>();
  for (const [name, times] of [...tally.counts].sort()) {
    const [group = "", what = name] = name.split(": ");
    groups.set(group, [...groups.get(group) ?? [], `${what} ${times}`]);
  }
  for (const [group, entries] of groups) console.log(`${group}: ${entries.join(", ")}`);
  for (const failure of failures) console.log(`FAILED (${failure.kind}): ${told(failure)}`);
  const [first] = failures;
  if (first !== undefined) console.log(`See: deno task simulate --trace ${first.seed}`);
  const perSecond = (seeds / ms * 1_000).toFixed(0);
  console.log(
    `${seeds} seeds, ${events} events in ${(ms / 1_000).toFixed(1)} s: ${perSecond} seeds per ` +
      `second, ${failures.length} failed`,
  );
}

/** Says what the runs did not meet, and what of the protocol's choices they did not take. */
export async function reportUnreached(run: Sweep): Promise<string[]> {
  const missed = unreached(run.tally);
  const branches = await countBranches(BRANCH_SEEDS, await configArgs());
  const untaken = branches.filter(({ times }) => times === 0);
  console.log(
    `decide.ts: ${branches.length - untaken.length} of ${branches.length} lines and branches taken`,
  );
  missed.push(...untaken.map(({ line, source }) => `decide.ts:${line}: ${source}`));
  for (const name of missed) console.log(`NEVER: ${name}`);
  return missed;
}

interface Wanted {
  readonly kind: string | undefined;
  readonly trace: number | undefined;
  readonly from: number;
  readonly seeds: number;
  readonly jobs: number;
}

/** Understands the command line; `undefined` where it asks for help. */
export function parseFlags(args: string[]): Wanted | undefined {
  const { values } = parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false });
  if (values.help) return undefined;
  const { kind, trace } = values;
  if (kind !== undefined && !KINDS.includes(kind)) {
    const kinds = KINDS.join(", ");
    throw new RangeError(
      `Cannot run as '--kind' must be one of ${kinds}: current value is ${kind}`,
    );
  }
  return {
    kind,
    trace: trace === undefined ? undefined : numberFlag("trace", trace, 1, SEED_MAX),
    from: numberFlag("from", values.from, 1, SEED_MAX),
    seeds: numberFlag("seeds", values.seeds, 1, SEED_MAX),
    jobs: numberFlag("jobs", values.jobs, 1, 256),
  };
}

if (import.meta.main) {
  const { kind, trace: seed, from, seeds, jobs } = parseOrExit(parseFlags, HELP);
  if (seed !== undefined) Deno.exit(await trace(seed, kind) ? 0 : 1);
  const run = await sweep({ from, seeds, kind }, jobs);
  report(run);
  const missed = seeds < ENOUGH_SEEDS || kind !== undefined ? [] : await reportUnreached(run);
  Deno.exit(run.failures.length + missed.length > 0 ? 1 : 0);
}
