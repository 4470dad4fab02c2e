/** The npm package dynamodb-lock-client: locks that never end. */

import { npmLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { refusedBy } from "../data.ts";
import { installNpm, npmCommand } from "../drivers/node/install.ts";
import { NEVER_ENDS, oursStays, theirsStays } from "../endless.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynamodb-lock-client 0.7.3, fail-closed",
  layout: npmLockClient({ mode: "fail-closed" }),
  table: {
    AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
  },
  registry: "npm",
  install: installNpm,
  command: npmCommand,
  impossible: {
    "they crash, we take over": NEVER_ENDS,
    "we crash, they take over": NEVER_ENDS,
  },
  instead: {
    "they crash, we take over": theirsStays,
    "we crash, they take over": oursStays,
  },
  varies: ["owner", "guid"],
  also: {
    "refused by the layout of the other mode": refusedBy(npmLockClient({ mode: "fail-open" })),
  },
  open: { mode: "fail-closed" },
};
