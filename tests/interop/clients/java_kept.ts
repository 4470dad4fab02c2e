/** The AWS Java lock client with a sort key, which keeps what it releases and asks for it consistently. */

import { javaLockClient } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { readEachOther } from "../data.ts";
import { CLIENT as JAVA } from "./java.ts";

const SORT = { sortKey: "place", sortValue: "here" };

/** The client. */
export const CLIENT: InteropClient = {
  ...JAVA,
  name: `${JAVA.name}, keeping`,
  layout: {
    ...javaLockClient({ onRelease: "keep" }),
    table: { partitionKey: "key", ...SORT },
  },
  table: {
    AttributeDefinitions: ["key", "place"].map((AttributeName) => ({
      AttributeName,
      AttributeType: "S",
    })),
    KeySchema: [
      { AttributeName: "key", KeyType: "HASH" },
      { AttributeName: "place", KeyType: "RANGE" },
    ],
  },
  also: { "what is stored beside it": readEachOther },
  open: { ...SORT, keep: true, consistent: true },
};
