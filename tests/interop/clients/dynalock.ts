/** The Python package `dynalock`. */

import { dynaLock } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { installPython, pythonCommand } from "../drivers/python/install.ts";

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
};
