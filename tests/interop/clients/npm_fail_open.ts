/** The npm package dynamodb-lock-client: locks whose lease ends. */

import { npmLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { installNpm, nodeCommand } from "../drivers/node/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynamodb-lock-client 0.7.3, fail-open",
  layout: npmLockClient({ mode: "fail-open", trustLocalTime: false }),
  table: {
    AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
  },
  registry: "npm",
  install: installNpm,
  command: (folder) => nodeCommand("npm_client.mjs", folder),
  impossible: {},
  varies: ["owner", "guid"],
  open: { mode: "fail-open" },
};
