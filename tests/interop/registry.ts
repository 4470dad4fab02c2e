/**
 * Whether the registries can be reached from here, where a client could not be installed: then the
 * client has failed, and otherwise it is skipped. Each is asked by its own ordinary tool.
 *
 * @module
 */

import { ROOT } from "../offline/config.ts";
import type { InteropClient } from "./client.ts";

/** Runs a command; throws with what it said where it fails. */
export async function run(
  cmd: string,
  args: string[],
  cwd: string = ROOT.pathname,
  env: Record<string, string> = {},
): Promise<void> {
  const child = new Deno.Command(cmd, { args, cwd, env, stdin: "null" });
  const { success, stdout, stderr } = await child.output();
  if (success) return;
  const text = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
  throw new Error(`'${cmd} ${args.join(" ")}' has failed: ${text.trim().slice(-2_000)}`);
}

const PROBES: Record<InteropClient["registry"], (folder: string) => Promise<void>> = {
  npm: (folder) => run("npm", ["view", "is-number@7.0.0", "version"], folder),
  pypi: (folder) =>
    run("python3", [
      ...["-m", "pip", "download", "--no-deps", "--no-cache-dir", "--quiet"],
      ...["--dest", folder, "six==1.16.0"],
    ], folder),
  // A module cache of its own, in which nothing is yet.
  go: (folder) =>
    run(
      "go",
      ["mod", "download", "golang.org/x/xerrors@v0.0.0-20191011141410-1b5146add898"],
      folder,
      {
        ...{ GOMODCACHE: `${folder}/modules`, GOFLAGS: "-modcacherw" },
      },
    ),
  maven: (folder) =>
    run("mvn", [
      ...["-q", "-B", `-Dmaven.repo.local=${folder}`, "-Dartifact=junit:junit:4.13.2:pom"],
      ...["-Dtransitive=false", "dependency:get"],
    ], folder),
  none: () => Promise.resolve(),
};

/** Whether a registry answers. */
export async function registryAnswers(registry: InteropClient["registry"]): Promise<boolean> {
  const folder = await Deno.makeTempDir();
  try {
    return await PROBES[registry](folder).then(() => true, () => false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
