/**
 * What CI runs, from `.ci/run`: the gate, then every longer suite. It adds up how many tests
 * passed and failed and ends with `N passed, N failed`, the only line of that form that stands
 * alone: what the steps print is shown with a bar before it.
 *
 * A longer suite is any `tests/**\/*_long.ts`. One with `Deno.test` in it is run by `deno test`, any
 * other by `deno run`; that one should print a line `N passed, N failed` of its own, or it counts as
 * one test. A suite that crashes counts as failed whatever it printed.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { ROOT } from "../offline/config.ts";
import { findFiles } from "./files.ts";
import { runStep } from "./step.ts";

/** How to run a suite: `deno` with these arguments. */
async function suite(path: string): Promise<string[]> {
  const source = await Deno.readTextFile(new URL(path, ROOT));
  const command = source.includes("Deno.test") ? ["test"] : ["run", "-A"];
  return ["run", "-A", "tests/offline/run.ts", ...command, path];
}

async function steps(): Promise<[name: string, args: string[]][]> {
  const long = await findFiles("tests", "_long.ts");
  return [
    ["gate", ["task", "ok"]],
    ...await Promise.all(
      long.map(async (path): Promise<[string, string[]]> => [path, await suite(path)]),
    ),
  ];
}

if (import.meta.main) {
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  for (const [name, args] of await steps()) {
    console.log(`\n== ${name}`);
    const onLine = (line: string) => console.log(`| ${line}`);
    const outcome = await runStep([Deno.execPath(), ...args], { onLine });
    console.log(
      `== ${name}: ${outcome.passed} passed, ${outcome.failed} failed` +
        ` in ${(outcome.ms / 1000).toFixed(1)} s`,
    );
    passed += outcome.passed;
    failed += outcome.failed;
    if (!outcome.ok) broken.push(name);
  }
  console.log(broken.length > 0 ? `\nNot ok: ${broken.join(", ")}\n` : "");
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}
