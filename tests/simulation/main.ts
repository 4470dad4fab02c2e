/**
 * `deno task simulate [--seeds N] [--from S] [--jobs J]`: runs seeds and says how many a second, which
 * rules were broken by which, and how often everything was met. `--trace S` runs one seed and prints
 * all that happens in it; with `--kind K` the runs are all of one kind.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { configArgs } from "../offline/config.ts";
import { countBranches } from "./branches.ts";
import { PROFILES } from "./profiles.ts";
import { unreached } from "./reached.ts";
import { simulate } from "./run.ts";
import { type Failure, type Sweep, sweep } from "./sweep.ts";

const DEFAULT_SEEDS = 2_000;

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

function text(flag: string): string | undefined {
  const at = Deno.args.indexOf(flag);
  return at < 0 ? undefined : Deno.args[at + 1];
}

function number(flag: string, otherwise: number): number {
  const value = Number(text(flag) ?? otherwise);
  if (!Number.isSafeInteger(value) || value < 1) throw new RangeError(`Cannot use '${flag}'`);
  return value;
}

if (import.meta.main) {
  const kind = text("--kind");
  if (kind !== undefined && PROFILES[kind] === undefined) {
    throw new RangeError("Cannot use '--kind'");
  }
  if (Deno.args.includes("--trace")) Deno.exit(await trace(number("--trace", 1), kind) ? 0 : 1);
  const seeds = number("--seeds", DEFAULT_SEEDS);
  const run = await sweep(
    { from: number("--from", 1), seeds, kind },
    number("--jobs", navigator.hardwareConcurrency),
  );
  report(run);
  const missed = seeds < ENOUGH_SEEDS || kind !== undefined ? [] : await reportUnreached(run);
  Deno.exit(run.failures.length + missed.length > 0 ? 1 : 0);
}
