/**
 * Starts a Worker in workerd, sends it its requests and prints the answers. Run by Node, which strips
 * the types; miniflare comes by path, as it is not a dependency of the project.
 *
 *     node workerd_host.ts <path of miniflare> <path of the bundled worker> <bindings as JSON> <date>
 */

// deno-lint-ignore-file no-console -- its output is its result

import { readFile } from "node:fs/promises";
import process from "node:process";
import { pathToFileURL } from "node:url";

type Arguments = [miniflare: string, worker: string, bindings: string, compatibilityDate: string];
const [miniflarePath, workerPath, bindings, compatibilityDate] = process.argv.slice(2) as Arguments;
const { Miniflare } = await import(pathToFileURL(miniflarePath).href);
const worker = new Miniflare({
  modules: [{ type: "ESModule", path: "worker.js", contents: await readFile(workerPath, "utf8") }],
  compatibilityDate,
  bindings: JSON.parse(bindings),
});
async function get(path: string): Promise<unknown[]> {
  const answer = await worker.dispatchFetch(`http://worker.test${path}`);
  return JSON.parse(await answer.text());
}

try {
  const alone = await get("/");
  const together = await Promise.all(["/share", "/share", "/share"].map(get));
  console.log(JSON.stringify([...alone, ...together.flat()]));
} finally {
  await worker.dispose();
}
