/** The npm package dynamodb-lock-client: locks whose lease ends. */

import { npmLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { refusedBy } from "../data.ts";
import { installNpm, npmCommand } from "../drivers/node/install.ts";

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
  command: npmCommand,
  impossible: {},
  varies: ["owner", "guid"],
  also: {
    "refused by the layout of the other mode": refusedBy(npmLockClient({ mode: "fail-closed" })),
  },
  open: { mode: "fail-open" },
};
