/**
 * How the Java driver is installed and started.
 *
 * @module
 */

import { ROOT } from "../../../offline/config.ts";
import type { DriverCommand } from "../../driver.ts";
import { run } from "../../registry.ts";

const SOURCE = new URL("tests/interop/drivers/java/", ROOT).pathname;

/** Fetches what it needs, once, and compiles it. */
export async function installJava(folder: string): Promise<void> {
  const installed = `${folder}/installed`;
  if (!await Deno.stat(installed).then(() => true, () => false)) {
    await run("mvn", [
      ...["-q", "-B", "-f", `${SOURCE}pom.xml`, `-DoutputDirectory=${folder}/lib`],
      ...["-DincludeScope=runtime", "dependency:copy-dependencies"],
    ]);
    await Deno.writeTextFile(installed, "");
  }
  await run("javac", ["-cp", `${folder}/lib/*`, "-d", `${folder}/classes`, `${SOURCE}Driver.java`]);
}

/** The command that starts it. */
export function javaCommand(folder: string): DriverCommand {
  return {
    cmd: "java",
    args: [
      ...["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx256m"],
      ...["-cp", `${folder}/classes:${folder}/lib/*`, "Driver"],
    ],
  };
}
