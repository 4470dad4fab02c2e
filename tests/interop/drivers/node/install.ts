/**
 * How the drivers on Node are installed and started.
 *
 * @module
 */

import { ROOT } from "../../../offline/config.ts";
import type { DriverCommand } from "../../driver.ts";
import { run } from "../../registry.ts";

const SOURCE = new URL("tests/interop/drivers/node/", ROOT).pathname;

/** What the npm driver needs. */
const PACKAGES = ["dynamodb-lock-client@0.7.3", "aws-sdk@2.1693.0"];

/** Fetches the npm package and the AWS SDK that it is used with, once. */
export async function installNpm(folder: string): Promise<void> {
  const installed = `${folder}/installed`;
  if (await Deno.stat(installed).then(() => true, () => false)) return;
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", ["install", "--prefix", folder, ...quiet, ...PACKAGES], folder);
  await Deno.writeTextFile(installed, "");
}

/** The command that starts a driver. */
export function nodeCommand(driver: string, ...args: string[]): DriverCommand {
  return { cmd: "node", args: [`${SOURCE}${driver}`, ...args] };
}
