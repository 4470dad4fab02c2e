/** The Python package `dynalock`. */

import { dynaLock } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { LEASE_MS, must, sleep, type Stage } from "../stage.ts";
import { installPython, pythonCommand } from "../drivers/python/install.ts";

/** It gives back what is not its own any more: ours learns of it, as the documentation says. */
async function overstay(stage: Stage): Promise<void> {
  const [ours, theirs] = [await stage.one("ours"), await stage.one("theirs")];
  const name = stage.name();
  await theirs.acquire(name);
  await ours.acquire(name);
  must((await stage.items(name)).some(({ grant }) => grant), "ours has taken over what was over");
  await theirs.release(name);
  must((await stage.items(name)).length === 0, "their release deletes ours");
  await sleep(LEASE_MS / 2);
  must(!await ours.release(name), "by its next renewal ours knows that it is lost");
}

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynalock 0.3.0",
  layout: dynaLock(),
  table: {
    AttributeDefinitions: [{ AttributeName: "LockId", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "LockId", KeyType: "HASH" }],
  },
  registry: "pypi",
  install: (folder) => installPython(folder, "dynalock==0.3.0"),
  command: (folder) => pythonCommand(folder, "dynalock"),
  impossible: {},
  renews: false,
  adds: ["grant"],
  also: { "they stay past their time": overstay },
};
