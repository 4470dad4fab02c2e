/** Go dynamolock with a sort key, which deletes what it releases. */

import { dynamolock } from "../../../src/layouts.ts";
import type { InteropClient } from "../client.ts";
import { readEachOther } from "../data.ts";
import { CLIENT as GO } from "./dynamolock.ts";
import { CLIENT as KEPT } from "./java_kept.ts";

const SORT = { sortKey: "place", sortValue: "here" };

/** The client. */
export const CLIENT: InteropClient = {
  ...GO,
  name: `${GO.name}, deleting`,
  layout: {
    ...dynamolock({ onRelease: "delete" }),
    table: { partitionKey: "key", ...SORT },
  },
  table: KEPT.table,
  also: { "what is stored beside it": readEachOther },
  open: { ...SORT, delete: true },
};
