/**
 * The npm package dynamodb-lock-client with what it has two of: guids that are texts, as its forks write
 * them, and waiters that trust their clock.
 */

import { npmLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { refusedBy } from "../data.ts";
import { installNpm, npmCommand } from "../drivers/node/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynamodb-lock-client 0.7.3, fail-open, string guids, trustLocalTime",
  layout: npmLockClient({ mode: "fail-open", guid: "string" }),
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
  open: { mode: "fail-open", guid: "string", trustLocalTime: true },
};
