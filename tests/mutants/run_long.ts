/**
 * `deno run -A tests/mutants/run_long.ts`: takes one rule after the other
 * out of a copy of the source, and sees that it is missed: by the test that the mutant names, and by
 * the simulation within the seeds that it states (or N). Ends with `N passed, N failed`, a mutant that
 * survives anything that should kill it being a failure.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { parseArgs } from "node:util";
import { ownEnv } from "../gate/env.ts";
import { configArgs, ROOT } from "../offline/config.ts";
import { numberFlag, parseOrExit } from "../support/flags.ts";
import { MUTANTS } from "./list.ts";
import type { Edit, Mutant } from "./mutant.ts";

/** What `--help` prints. */
const HELP = `Usage: deno run -A tests/mutants/run_long.ts [pattern] [options]

  pattern      takes out only the rules whose text it matches, a regular expression
  --seeds <n>  within how many seeds the simulation must see it (what each mutant states)
  --help       print this

It ends with code 0, with 1 when a mutant was not killed, and with 2 on wrong options.
`;

const OPTIONS = { seeds: { type: "string" }, help: { type: "boolean", default: false } } as const;

/** How many mutants are tried at once: each is a process of its own. */
const AT_ONCE = 2;

const COPIED = ["src", "tests", "mod.ts", "deno.json", ".deno.offline.json"];

/** The exit code of a simulation that has seen a broken rule. */
const BROKEN = 3;

/** A copy of the source that may be broken. */
class Copy {
  readonly #folder: string;
  readonly #config: string[];

  constructor(folder: string, config: string[]) {
    this.#folder = folder;
    this.#config = config;
  }

  /** Runs `work` without a rule; answers what is wrong with the edits, if something is. */
  async without<T>({ also = [], ...mutant }: Mutant, work: () => Promise<T>): Promise<T> {
    const edits: Edit[] = [mutant, ...also];
    const originals = new Map<string, string>();
    try {
      for (const { file, find, replace } of edits) {
        const path = `${this.#folder}/${file}`;
        const source = await Deno.readTextFile(path);
        if (!originals.has(path)) originals.set(path, source);
        if (source.split(find).length !== 2) {
          throw new Error(`'${find}' is not exactly once in ${file}`);
        }
        await Deno.writeTextFile(path, source.replace(find, () => replace));
      }
      return await work();
    } finally {
      for (const [path, source] of originals) await Deno.writeTextFile(path, source);
    }
  }

  /** Whether a named test passes. One that does not even run proves nothing, and is an error. */
  async passes(suite: string, name: string): Promise<boolean> {
    const { success, text } = await this.#deno(["test", "-A"], ["--filter", name, suite]);
    if (!/\b(1 passed \| 0 failed|0 passed \| 1 failed)\b/.test(text)) {
      throw new Error(`the test '${name}' of ${suite} did not run alone`);
    }
    return success;
  }

  /** The first seed that breaks a rule of the simulation, and which; `undefined` where none does. */
  async simulate(seeds: number, kind?: string): Promise<string | undefined> {
    const script = "tests/simulation/kill.ts";
    const { code, text } = await this.#deno(["run", "-A"], [
      script,
      String(seeds),
      ...(kind === undefined ? [] : [kind]),
    ]);
    if (code === BROKEN) return text.trim();
    if (code === 0) return undefined;
    throw new Error("the simulation itself failed");
  }

  async #deno(verb: string[], args: string[]) {
    const { success, code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [...verb, "--no-check", ...this.#config, ...args],
      cwd: this.#folder,
      env: { ...ownEnv(), NO_COLOR: "1" },
      clearEnv: true,
      stderr: "null",
    }).output();
    return { success, code, text: new TextDecoder().decode(stdout) };
  }
}

async function copy(from: URL | string, to: string): Promise<void> {
  const info = await Deno.stat(from).catch(() => undefined);
  if (info === undefined) return;
  if (info.isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    await copy(new URL(entry.name, `${from}/`), `${to}/${entry.name}`);
  }
}

/** Who missed the rule; throws where somebody who should have did not. */
async function kill(source: Copy, mutant: Mutant, seeds: number | undefined): Promise<string[]> {
  const { suite, test } = mutant;
  if (suite !== undefined && !await source.passes(suite, test!)) {
    throw new Error(`the test '${test}' fails with the rule in place`);
  }
  return await source.without(mutant, async () => {
    const killers: string[] = [];
    if (suite !== undefined) {
      if (await source.passes(suite, test!)) throw new Error(`the test '${test}' passes`);
      killers.push("its test");
    }
    const limit = seeds ?? mutant.seeds;
    const broken = await source.simulate(limit, mutant.kind);
    if (broken === undefined) throw new Error(`${limit} seeds see nothing`);
    killers.push(mutant.kind === undefined ? broken : `${mutant.kind} ${broken}`);
    return killers;
  });
}

interface Wanted {
  readonly chosen: readonly Mutant[];
  readonly seeds: number | undefined;
}

/** Understands the command line; `undefined` where it asks for help. */
function parseFlags(args: string[]): Wanted | undefined {
  const { values, positionals } = parseArgs({
    args,
    options: OPTIONS,
    strict: true,
    allowPositionals: true,
  });
  if (values.help) return undefined;
  const pattern = new RegExp(positionals.join(" "));
  const chosen = MUTANTS.filter((mutant) => pattern.test(mutant.rule));
  if (chosen.length === 0) {
    throw new RangeError(`Cannot run as no rule has '${pattern.source}' in it`);
  }
  const { seeds } = values;
  return { chosen, seeds: seeds === undefined ? undefined : numberFlag("seeds", seeds, 1, 1e9) };
}

if (import.meta.main) {
  const { chosen, seeds } = parseOrExit(parseFlags, HELP);
  const config = await configArgs();
  const queue = [...chosen];
  let killed = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mutant-" });
    try {
      for (const name of COPIED) await copy(new URL(name, ROOT), `${folder}/${name}`);
      const source = new Copy(folder, config);
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        try {
          const killers = await kill(source, mutant, seeds);
          console.log(`killed: ${mutant.rule}\n  by ${killers.join("\n  by ")}`);
          killed++;
        } catch (error) {
          console.log(`NOT KILLED: ${mutant.rule}\n  ${(error as Error).message}`);
        }
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));
  console.log(`${killed} passed, ${chosen.length - killed} failed`);
  Deno.exit(killed === chosen.length ? 0 : 1);
}
