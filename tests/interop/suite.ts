/**
 * Installs the clients and plays all scenarios with each.
 *
 * @module
 */

import { configArgs, ROOT } from "../offline/config.ts";
import { startDynamoDBLocal } from "../support/dynamodb_local.ts";
import type { Always, InteropClient, Play, Scenario } from "./client.ts";
import type { DriverCommand } from "./driver.ts";
import { registryAnswers } from "./registry.ts";
import { ALWAYS, SCENARIOS } from "./scenarios.ts";
import { Stage } from "./stage.ts";

/** What became of one scenario of one client. */
export interface Result {
  readonly client: string;
  readonly scenario: string;
  readonly outcome: "ok" | "FAILED" | "skip" | "never";
  /** What went wrong, why it was not played, or what was seen. */
  readonly why?: string;
  readonly ms?: number;
}

/** How the suite is run. */
export interface SuiteOptions {
  /** How long the processes of a client count, in milliseconds. */
  readonly countMs: number;
  /** Only clients whose descriptors have this in their paths. */
  readonly only?: string;
  readonly onResult: (result: Result) => void;
}

const CLIENTS = "tests/interop/clients";

/** How many clients are played at once: each has six processes, most of which wait. */
const AT_ONCE = 3;

interface Found {
  readonly client: InteropClient;
  readonly file: string;
}

/** The clients that have a descriptor. */
export async function findClients(): Promise<Found[]> {
  const names = (await Array.fromAsync(Deno.readDir(new URL(CLIENTS, ROOT)))).map((e) => e.name);
  return await Promise.all(
    names.filter((name) => name.endsWith(".ts")).sort().map(async (name) => {
      const file = `${CLIENTS}/${name}`;
      return { file, client: (await import(new URL(file, ROOT).href)).CLIENT };
    }),
  );
}

/** Where a client is installed: `.cache/interop/java@1.4.0`. */
function folderOf({ name }: InteropClient): string {
  return new URL(`.cache/interop/${name.replaceAll(/[^\w.@-]+/g, "-")}`, ROOT).pathname;
}

/**
 * Installs a client; what keeps it from that is the client's failure where its registry answers, and
 * skips it where not.
 */
export async function install(
  client: InteropClient,
  answers: (registry: InteropClient["registry"]) => Promise<boolean> = registryAnswers,
): Promise<Result | undefined> {
  const folder = folderOf(client);
  const about = { client: client.name, scenario: "can be installed" };
  try {
    await Deno.mkdir(folder, { recursive: true });
    await client.install(folder);
    return undefined;
  } catch (error) {
    const why = (error as Error).message;
    const skip = !await answers(client.registry);
    return skip
      ? {
        ...about,
        outcome: "skip",
        why: `it comes from ${client.registry}, which cannot be reached, or its tool is missing`,
      }
      : { ...about, outcome: "FAILED", why };
  }
}

function ours(config: readonly string[], file: string): DriverCommand {
  const args = ["run", "--quiet", "--no-prompt", "--no-check", ...config, "-A"];
  return {
    cmd: Deno.execPath(),
    args: [...args, "tests/interop/ours.ts", file],
    cwd: ROOT.pathname,
  };
}

async function play(stage: Stage, scenario: string, action: Play): Promise<Result> {
  const start = Date.now();
  const about = { client: stage.client.name, scenario };
  try {
    const why = await action(stage) ?? "";
    return { ...about, outcome: "ok", ms: Date.now() - start, ...(why && { why }) };
  } catch (error) {
    return { ...about, outcome: "FAILED", why: String((error as Error).stack ?? error) };
  }
}

async function playAll(stage: Stage, onResult: SuiteOptions["onResult"]): Promise<void> {
  const { client } = stage;
  const all = Object.entries({ ...SCENARIOS, ...ALWAYS }) as [Scenario | Always, Play][];
  for (const [scenario, action] of all) {
    const why = client.impossible[scenario];
    if (why === undefined) onResult(await play(stage, scenario, action));
    else onResult({ client: client.name, scenario, outcome: "never", why });
    const instead = client.instead?.[scenario];
    if (instead) onResult(await play(stage, `instead of '${scenario}'`, instead));
  }
  for (const [name, action] of Object.entries(client.also ?? {})) {
    onResult(await play(stage, name, action));
  }
}

/** Plays everything. */
export async function runSuite({ countMs, only = "", onResult }: SuiteOptions): Promise<void> {
  const found = (await findClients()).filter(({ file }) => file.includes(only));
  if (found.length === 0) throw new RangeError(`Cannot play as no client is called '${only}'`);
  const installed: Found[] = [];
  for (const each of found) {
    const problem = await install(each.client);
    if (problem) onResult(problem);
    else installed.push(each);
  }
  await using local = await startDynamoDBLocal();
  const { endpoint } = local;
  const next = installed.entries();
  const config = await configArgs();
  await Promise.all(Array.from({ length: AT_ONCE }, async () => {
    for (const [index, { client, file }] of next) {
      const commands = { theirs: client.command(folderOf(client)), ours: ours(config, file) };
      const table = `interop-${index}`;
      await using stage = new Stage(client, commands, { endpoint, table, countMs });
      await stage.open();
      await playAll(stage, onResult);
    }
  }));
}
