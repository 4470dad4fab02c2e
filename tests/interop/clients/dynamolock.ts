/** Go dynamolock as it is by default: it keeps what it releases. */

import { dynamolock, javaLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { readEachOther, refusedBy } from "../data.ts";
import { goCommand, installGo } from "../drivers/go/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "cirello.io/dynamolock v2.0.2",
  layout: dynamolock(),
  table: {
    AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
  },
  registry: "go",
  install: installGo,
  command: goCommand,
  impossible: {},
  varies: ["ownerName", "recordVersionNumber"],
  also: {
    "what is stored beside it": readEachOther,
    "refused by the layout with the same names": refusedBy(javaLockClient()),
  },
};
