/**
 * How the Go driver is installed and started.
 *
 * @module
 */

import { ROOT } from "../../../offline/config.ts";
import type { DriverCommand } from "../../driver.ts";
import { run } from "../../registry.ts";

const SOURCE = new URL("tests/interop/drivers/go/", ROOT).pathname;

/** Fetches its modules, by the versions in `go.mod` and the sums in `go.sum`, and builds it. */
export function installGo(folder: string): Promise<void> {
  return run("go", ["build", "-mod=readonly", "-o", `${folder}/driver`, "."], SOURCE);
}

/** The command that starts it. */
export function goCommand(folder: string): DriverCommand {
  return { cmd: `${folder}/driver`, args: [] };
}
