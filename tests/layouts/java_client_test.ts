/** The record format of the AWS Java lock client. */

import { javaLockClient } from "../../src/layouts.ts";
import { endures, holds, offers } from "./held_items.ts";
import { type Kind, reads, writes } from "./released_items.ts";

const JAVA: Kind = {
  layout: javaLockClient,
  twenty: "20000",
  four: "4000",
  other: ["20s", "Go dynamolock", "'dynamolock'"],
  damaged: ["", "soon", "--5", "+5", " 5", "9".repeat(16)],
};

writes(JAVA);
reads(JAVA);
holds(JAVA);
offers(JAVA);
endures(JAVA);
