/**
 * Which branches of the protocol's pure choices (`src/lease/decide.ts`) the runs take, by the coverage
 * that V8 counts in a process of its own.
 */

import { ROOT } from "../offline/config.ts";

const FILE = "src/lease/decide.ts";

/** A branch, or a line without one, and how often it was taken. */
export interface Branch {
  readonly line: number;
  readonly source: string;
  readonly times: number;
}

/** Runs seeds from the first one under coverage and answers every branch of the choices. */
export async function countBranches(seeds: number, config: string[]): Promise<Branch[]> {
  const folder = await Deno.makeTempDir({ prefix: "coverage-" });
  try {
    const script = new URL("./kill.ts", import.meta.url).pathname;
    const flags = ["-A", "--no-check", "--quiet", `--coverage=${folder}`, ...config];
    await deno(["run", ...flags, script, String(seeds)]);
    const lcov = await deno(["coverage", "--quiet", "--lcov", `--include=${FILE}`, folder]);
    const source = (await Deno.readTextFile(new URL(FILE, ROOT))).split("\n");
    return [...lcov.matchAll(/^(?:BRDA:(\d+),\d+,\d+,(\d+|-)|DA:(\d+),(\d+))$/gm)].map((match) => {
      const [, branchLine, branchTimes, line, times] = match;
      const number = Number(branchLine ?? line);
      return {
        line: number,
        source: source[number - 1]!.trim(),
        times: Number((branchTimes ?? times)!.replace("-", "0")),
      };
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function deno(args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  if (!success) throw new Error(`Cannot count branches: ${text.decode(stderr)}`);
  return text.decode(stdout);
}
