/** The record format of Go dynamolock. */

import { dynamolock } from "../../src/layouts.ts";
import { endures, holds, offers } from "./held_items.ts";
import { type Kind, reads, writes } from "./released_items.ts";

const GO: Kind = {
  layout: dynamolock,
  twenty: "20s",
  four: "0h0m3.9999999995s",
  other: ["20000", "the AWS Java lock client", "'javaLockClient'"],
  damaged: ["1h 2m", "-20s", "5x", "1m30", "1.5.5s", "2562048h"],
};

writes(GO);
reads(GO);
holds(GO);
offers(GO);
endures(GO);
