/**
 * Holds the size budget: what a program pays for `mod.ts` with everything it imports, bundled,
 * minified and compressed as a web server would.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { gzipSync } from "node:zlib";
import { ROOT } from "../offline/config.ts";

/** What the core is meant to take, in bytes after `gzip -9`. It does not: see below. */
const GOAL = 14 * 1024;

/**
 * What it may take at most: the budget that the gate holds, a little above what it takes. A ratchet:
 * lowered whenever the core gets smaller, and raised only for what the root must have (modes, several
 * names, transactions, Web Locks, turns, outages, the interface of other record formats) or what makes a lock safer.
 * Everything else has an entry point of its own.
 */
export const BUDGET: number = 25_864;

/** Bundles and minifies `entry` with all its dependencies and answers its size after `gzip -9`. */
export async function gzippedSize(entry: string): Promise<number> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bundle", "--quiet", "--minify", "--platform", "browser", entry],
    cwd: ROOT,
    stdin: "null",
  }).output();
  if (!success) throw new Error(`Cannot bundle '${entry}': ${new TextDecoder().decode(stderr)}`);
  return gzipSync(stdout, { level: 9 }).byteLength;
}

if (import.meta.main) {
  const size = await gzippedSize(Deno.args[0] ?? "mod.ts");
  console.log(`size: ${size} bytes gzipped of ${BUDGET} (the goal is ${GOAL})`);
  if (size > BUDGET) {
    console.error(`The size budget is exceeded by ${size - BUDGET} bytes.`);
    Deno.exit(1);
  }
}
