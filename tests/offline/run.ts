/**
 * `deno run -A tests/offline/run.ts <command> [arguments]`: runs a `deno` command with the
 * configuration that fits the network (see `config.ts`).
 *
 * `test` without arguments runs everything that `deno task test` promises: the tests under `tests/`
 * (not the longer suites, `*_long.ts`) and the examples of the documentation. With arguments it is
 * plain `deno test -A` with them, for instance `deno task test tests/lease/`.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { ownEnv } from "../gate/env.ts";
import { configArgs, ROOT } from "./config.ts";

async function deno(args: string[], env: Record<string, string>): Promise<boolean> {
  const command = { args, cwd: ROOT, env, clearEnv: true };
  return (await new Deno.Command(Deno.execPath(), command).spawn().status).success;
}

function test(args: string[]): Promise<boolean> {
  return deno(["test", "-A", "--parallel", "--trace-leaks", ...args], ownEnv());
}

async function testAll(config: string[]): Promise<boolean> {
  const unit = await test([...config, "tests/"]);
  const { runExamples } = await import("../gate/docs.ts");
  const examples = await runExamples(config, { onLine: console.log });
  return unit && examples.ok;
}

async function run(command: string, args: string[]): Promise<boolean> {
  const config = await configArgs();
  if (command !== "test") return await deno([command, ...config, ...args], Deno.env.toObject());
  return await (args.length > 0 ? test([...config, ...args]) : testAll(config));
}

if (import.meta.main) {
  const [command = "test", ...args] = Deno.args;
  Deno.exit(await run(command, args) ? 0 : 1);
}
