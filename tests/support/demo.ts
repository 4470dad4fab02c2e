/** The demo as a process that signals reach: `deno task` would stand between. */

import { ROOT } from "../offline/config.ts";

/** A folder that goes away at the end. */
export async function temporaryFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await Deno.makeTempDir({ prefix: "dynamo-lock-test-" });
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Starts the demo with the flags of its task. It puts its own folder into this one. */
export function startDemo(folder: string, ...flags: string[]): Deno.ChildProcess {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const [, ...args] = tasks.demo.command.split(" ");
  return new Deno.Command(Deno.execPath(), {
    args: [...args, ...flags],
    cwd: ROOT,
    env: { TMPDIR: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}
