/**
 * How the Python drivers are installed and started.
 *
 * @module
 */

import { ROOT } from "../../../offline/config.ts";
import type { DriverCommand } from "../../driver.ts";
import { run } from "../../registry.ts";

const DRIVER = new URL("tests/interop/drivers/python/driver.py", ROOT).pathname;

/** What all of them need: AWS's own client, in a version that all of them were tried with. */
const BOTO = "boto3==1.44.8";

/** Installs packages of PyPI, by name and version, once. */
export async function installPython(folder: string, ...packages: string[]): Promise<void> {
  const installed = `${folder}/installed`;
  const wanted = [BOTO, ...packages].join("\n");
  if (await Deno.readTextFile(installed).catch(() => "") === wanted) return;
  // A folder, and no virtual environment: that is a package of its own on some systems.
  await run("python3", [
    ...["-m", "pip", "install", "--quiet", "--upgrade", "--disable-pip-version-check"],
    ...["--root-user-action", "ignore", "--target", `${folder}/packages`, BOTO, ...packages],
  ]);
  await Deno.writeTextFile(installed, wanted);
}

/** The command that starts the driver of a package. */
export function pythonCommand(folder: string, client: string): DriverCommand {
  return {
    cmd: "python3",
    args: ["-B", DRIVER, client],
    env: { PYTHONPATH: `${folder}/packages` },
  };
}
