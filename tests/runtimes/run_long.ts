/**
 * Runs the smoke suite on Deno, Bun, Node 22, Node 24 and workerd, each against DynamoDB in memory
 * behind HTTP, and ends with `N passed, N failed`:
 *
 *     deno run -A tests/runtimes/run_long.ts
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { ownEnv } from "../gate/env.ts";
import { runStep } from "../gate/step.ts";
import { ROOT } from "../offline/config.ts";
import { createTable } from "../../src/table.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { install, InstallError, npmAnswers } from "./install.ts";
import type { SmokeResult } from "./smoke.ts";

const LIMIT_MS = 60_000;
const BUNDLES = ".cache/smoke";

type AwsEnv = Record<string, string>;

/** Makes the command that runs the suite against the table that is found through `aws`. */
type CommandFor = (aws: AwsEnv) => Promise<string[]>;

const RUNTIMES: Record<string, CommandFor> = {
  "Deno": () => Promise.resolve([Deno.execPath(), "run", "-A", "tests/runtimes/process.ts"]),
  "Bun": async () => [await install("bun"), `${BUNDLES}/process.js`],
  "Node 22": async () => [await install("node22"), `${BUNDLES}/process.js`],
  "Node 24": async () => [await install("node24"), `${BUNDLES}/process.js`],
  "workerd": workerd("2026-07-01"),
  // Before there was a `navigator`, by which Workers are known.
  "workerd as of 2022": workerd("2022-01-01"),
};

/** A Worker of this compatibility date. */
function workerd(date: string): CommandFor {
  return async (aws) => [
    await install("node24"),
    "tests/runtimes/workerd_host.ts",
    await install("miniflare"),
    `${BUNDLES}/worker.js`,
    JSON.stringify(aws),
    date,
  ];
}

/** One file for each kind of surroundings, with nothing lowered: what the source has, it has. */
async function bundle(name: "process" | "worker"): Promise<void> {
  const { ok, output } = await runStep([
    ...[Deno.execPath(), "bundle", "--quiet", "--output", `${BUNDLES}/${name}.js`],
    ...["--platform", name === "worker" ? "browser" : "deno", `tests/runtimes/${name}.ts`],
  ]);
  if (!ok) throw new Error(`Cannot bundle the smoke suite: ${output}`);
}

async function results(command: string[], aws: AwsEnv): Promise<SmokeResult[]> {
  const { ok, output } = await runStep(command, {
    env: { ...ownEnv(), ...aws },
    limitMs: LIMIT_MS,
  });
  const json = output.split("\n").findLast((line) => line.startsWith("["));
  if (!ok || json === undefined) return [{ name: "runs to its end", error: output }];
  return JSON.parse(json);
}

async function runOn(runtime: string, commandFor: CommandFor): Promise<SmokeResult[]> {
  await using server = await new MemoryDynamo().listen();
  const aws = {
    AWS_ENDPOINT_URL_DYNAMODB: server.endpoint,
    AWS_REGION: "eu-central-1",
    AWS_ACCESS_KEY_ID: "smoke",
    AWS_SECRET_ACCESS_KEY: "smoke",
  };
  await createTable({ env: aws });
  try {
    return await results(await commandFor(aws), aws);
  } catch (error) {
    if (!(error instanceof InstallError)) throw error;
    if (await npmAnswers()) return [{ name: "can be installed", error: error.message }];
    console.log(`skip   ${runtime}: it comes from npm, which cannot be reached`);
    return [];
  }
}

if (import.meta.main) {
  let passed = 0;
  let failed = 0;
  await Deno.mkdir(new URL(BUNDLES, ROOT), { recursive: true });
  await Promise.all([bundle("process"), bundle("worker")]);
  for (const [runtime, commandFor] of Object.entries(RUNTIMES)) {
    for (const { name, error } of await runOn(runtime, commandFor)) {
      console.log(`${error === undefined ? "ok    " : "FAILED"} ${runtime}: ${name}`);
      if (error !== undefined) console.log(error.replaceAll(/^/gm, "       "));
      if (error === undefined) passed++;
      else failed++;
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  Deno.exit(failed === 0 ? 0 : 1);
}
