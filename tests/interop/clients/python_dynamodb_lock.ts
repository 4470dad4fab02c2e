/** The Python package `python_dynamodb_lock`. */

import { pythonDynamodbLock } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { installPython, pythonCommand } from "../drivers/python/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "python_dynamodb_lock 0.9.1",
  layout: pythonDynamodbLock(),
  table: {
    AttributeDefinitions: [
      { AttributeName: "lock_key", AttributeType: "S" },
      { AttributeName: "sort_key", AttributeType: "S" },
    ],
    KeySchema: [
      { AttributeName: "lock_key", KeyType: "HASH" },
      { AttributeName: "sort_key", KeyType: "RANGE" },
    ],
  },
  registry: "pypi",
  install: (folder) => installPython(folder, "python-dynamodb-lock==0.9.1"),
  command: (folder) => pythonCommand(folder, "python_dynamodb_lock"),
  impossible: {},
  varies: ["owner_name", "record_version_number"],
};
