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

/** Where they are: once for all descriptors, as the AWS SDK is large. */
function sharedBy(folder: string): string {
  return `${folder}/../${PACKAGES[0]}`;
}

/** Fetches the npm package and the AWS SDK that it is used with, once. */
export async function installNpm(own: string): Promise<void> {
  const folder = sharedBy(own);
  await Deno.mkdir(folder, { recursive: true });
  const installed = `${folder}/installed`;
  if (await Deno.stat(installed).then(() => true, () => false)) return;
  const quiet = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await run("npm", ["install", "--prefix", folder, ...quiet, ...PACKAGES], folder);
  await Deno.writeTextFile(installed, "");
}

/** The command that starts the npm driver. */
export function npmCommand(folder: string): DriverCommand {
  return nodeCommand("npm_client.mjs", sharedBy(folder));
}

/** The command that starts a driver. */
export function nodeCommand(driver: string, ...args: string[]): DriverCommand {
  return { cmd: "node", args: [`${SOURCE}${driver}`, ...args] };
}
