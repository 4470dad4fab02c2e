/** The AWS Java lock client as it is by default: it deletes what it releases. */

import { dynamolock, javaLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { readEachOther, refusedBy } from "../data.ts";
import { installJava, javaCommand } from "../drivers/java/install.ts";

/** The client. */
export const CLIENT: InteropClient = {
  name: "com.amazonaws:dynamodb-lock-client 1.4.0",
  layout: javaLockClient(),
  table: {
    AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
  },
  registry: "maven",
  install: installJava,
  command: javaCommand,
  impossible: {},
  varies: ["ownerName", "recordVersionNumber"],
  also: {
    "what is stored beside it": readEachOther,
    "refused by the layout with the same names": refusedBy(dynamolock()),
  },
};
