/**
 * `deno run -A tests/mutants/run_long.ts [part of a rule]`: takes one rule after the other out of a
 * copy of the source and sees the test of that rule fail. Ends with `N passed, N failed`, a mutant
 * that survives being a failure.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { ownEnv } from "../gate/env.ts";
import { configArgs, ROOT } from "../offline/config.ts";
import { type Mutant, MUTANTS } from "./list.ts";

/** How many mutants are tried at once: each is a process of its own. */
const AT_ONCE = 2;

const COPIED = ["src", "tests", "mod.ts", "deno.json", ".deno.offline.json"];

async function copy(from: URL | string, to: string): Promise<void> {
  const info = await Deno.stat(from).catch(() => undefined);
  if (info === undefined) return;
  if (info.isFile) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const entry of Deno.readDir(from)) {
    await copy(new URL(entry.name, `${from}/`), `${to}/${entry.name}`);
  }
}

/** Whether the test passes. A mutant that does not even load proves nothing, and is an error. */
async function test(folder: string, config: string[], mutant: Mutant): Promise<boolean> {
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["test", "-A", "--no-check", ...config, "--filter", mutant.test, mutant.suite],
    cwd: folder,
    env: ownEnv(),
    clearEnv: true,
    stderr: "null",
  }).output();
  const ran = new TextDecoder().decode(stdout);
  if (!/\b1 (passed|failed)/.test(ran.replace(/\b0 passed \| 0 failed/, ""))) {
    throw new Error(`The test '${mutant.test}' did not run alone without: ${mutant.rule}`);
  }
  return success;
}

/** What is wrong with a mutant; `undefined` where its test kills it. */
async function judge(
  folder: string,
  config: string[],
  mutant: Mutant,
): Promise<string | undefined> {
  const path = `${folder}/${mutant.file}`;
  const source = await Deno.readTextFile(path);
  if (source.split(mutant.find).length !== 2) return "its text is not in the source exactly once";
  if (!await test(folder, config, mutant)) return "its test fails with the rule in place";
  await Deno.writeTextFile(path, source.replace(mutant.find, () => mutant.replace));
  const survived = await test(folder, config, mutant);
  await Deno.writeTextFile(path, source);
  return survived ? "its test passes without the rule" : undefined;
}

if (import.meta.main) {
  const config = await configArgs();
  const chosen = MUTANTS.filter((mutant) => mutant.rule.includes(Deno.args[0] ?? ""));
  const queue = [...chosen];
  let killed = 0;
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mutant-" });
    try {
      for (const name of COPIED) await copy(new URL(name, ROOT), `${folder}/${name}`);
      for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
        const wrong = await judge(folder, config, mutant);
        console.log(`${wrong === undefined ? "killed" : "NOT KILLED"}: ${mutant.rule}`);
        if (wrong === undefined) killed++;
        else console.log(`  ${mutant.file}: ${wrong}`);
      }
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  }));
  console.log(`${killed} passed, ${chosen.length - killed} failed`);
  Deno.exit(killed === chosen.length ? 0 : 1);
}
