/**
 * The gate, `deno task ok`: everything that must hold before a change is handed in. It runs every
 * step, shows the output of those that failed, and names them at the end.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { configArgs, ROOT } from "../offline/config.ts";
import { type Outcome, runStep } from "./step.ts";

interface Step {
  readonly name: string;
  readonly args: string[];
}

async function existing(paths: string[]): Promise<string[]> {
  const found = await Promise.all(
    paths.map((path) => Deno.stat(new URL(path, ROOT)).then(() => path, () => undefined)),
  );
  return found.filter((path) => path !== undefined);
}

async function steps(): Promise<Step[]> {
  const config = await configArgs();
  const manifest = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.values<string>(manifest.exports);
  const sources = await existing(["mod.ts", "src", "tests", "bench", "demo"]);
  return [
    { name: "fmt", args: ["fmt", "--check"] },
    { name: "lint", args: ["lint"] },
    { name: "check", args: ["check", ...config, ...sources] },
    { name: "doc", args: ["doc", "--lint", ...entries] },
    { name: "publish", args: ["publish", "--dry-run", "--allow-dirty"] },
    { name: "size", args: ["run", "-A", "tests/gate/size.ts"] },
    { name: "test", args: ["run", "-A", "tests/offline/run.ts", "test"] },
    { name: "simulate", args: ["run", "-A", "tests/simulation/main.ts"] },
  ];
}

function report(name: string, outcome: Outcome): void {
  const seconds = `${(outcome.ms / 1000).toFixed(1)} s`;
  const size = /^size: (.*)$/m.exec(outcome.output)?.[1];
  const seeds = /^\d+ seeds, .*$/m.exec(outcome.output)?.[0];
  const note = size ?? seeds ??
    (name === "test" ? `${outcome.passed} passed, ${outcome.failed} failed` : "");
  console.log(
    `${outcome.ok ? "ok    " : "FAILED"} ${name.padEnd(8)} ${seconds.padStart(7)}  ${note}`,
  );
  if (!outcome.ok) console.log(outcome.output.replaceAll(/^/gm, "       "));
}

if (import.meta.main) {
  let passed = 0;
  let failed = 0;
  const broken: string[] = [];
  for (const { name, args } of await steps()) {
    const outcome = await runStep([Deno.execPath(), ...args]);
    report(name, outcome);
    passed += outcome.passed;
    failed += outcome.failed;
    if (!outcome.ok) broken.push(name);
  }
  console.log(`gate: ${passed} passed, ${failed} failed`);
  if (broken.length > 0) {
    console.error(`Not ok: ${broken.join(", ")}`);
    Deno.exit(1);
  }
}
