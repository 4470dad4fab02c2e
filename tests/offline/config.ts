/**
 * Chooses the configuration that Deno is run with, so that every task works with and without JSR.
 *
 * `deno.json` maps `@std/*` to `jsr:`, as everyone expects. Some networks serve npm packages but not
 * JSR. There a second configuration is written to `.deno.offline.json`: `deno.json` itself plus
 * `links` to the small stand-ins beside this file. It is made anew whenever it is needed, so it
 * cannot fall behind, and it stays out of the repository.
 *
 * There is no lock file (`"lock": false`). One that was written where JSR cannot be reached has no
 * entries for `jsr:` packages, and one that was written elsewhere would be rewritten by every run
 * there, or refused with `--frozen`. `deno.json` pins its few dependencies by range, as the users of
 * a library get them.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

/** The root of the project. */
export const ROOT: URL = new URL("../../", import.meta.url);

const OFFLINE_CONFIG = ".deno.offline.json";
const STAND_INS = ["./tests/offline/std_assert", "./tests/offline/std_testing"];
const PROBE = "tests/offline/probe.ts";

/** How long JSR may take before it counts as out of reach. Packages in Deno's cache take none. */
const PROBE_MS = 8_000;

async function jsrAnswers(): Promise<boolean> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--config", "deno.json", PROBE],
    cwd: ROOT,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const limit = setTimeout(() => child.kill("SIGKILL"), PROBE_MS);
  try {
    return (await child.status).success;
  } finally {
    clearTimeout(limit);
  }
}

async function writeOfflineConfig(): Promise<void> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const text = JSON.stringify({ ...config, links: STAND_INS }, null, 2) + "\n";
  const target = new URL(OFFLINE_CONFIG, ROOT);
  if (await Deno.readTextFile(target).catch(() => "") === text) return;
  // Written beside and moved into place: another run may be reading the one that is there.
  const draft = new URL(`${OFFLINE_CONFIG}.${Deno.pid}`, ROOT);
  await Deno.writeTextFile(draft, text);
  await Deno.rename(draft, target);
}

/**
 * The arguments that make a `deno` command use the right configuration: none where JSR answers,
 * `--config .deno.offline.json` where it does not, which it then says in one line.
 */
export async function configArgs(): Promise<string[]> {
  if (await jsrAnswers()) return [];
  await writeOfflineConfig();
  console.error("JSR cannot be reached: using the stand-ins for @std in tests/offline.");
  return ["--config", OFFLINE_CONFIG];
}
