/** The Python package `dynamo-dlm`. */

import { dynamoDlm } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { installPython, pythonCommand } from "../drivers/python/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynamo-dlm 2.1.0",
  layout: dynamoDlm(),
  table: {
    AttributeDefinitions: [
      { AttributeName: "resource_id", AttributeType: "S" },
      { AttributeName: "concurrency_id", AttributeType: "N" },
    ],
    KeySchema: [
      { AttributeName: "resource_id", KeyType: "HASH" },
      { AttributeName: "concurrency_id", KeyType: "RANGE" },
    ],
  },
  registry: "pypi",
  install: (folder) => installPython(folder, "dynamo-dlm==2.1.0", "backoff==2.2.1"),
  command: (folder) => pythonCommand(folder, "dynamo_dlm"),
  impossible: {},
  renews: false,
  varies: ["release_code"],
};
