/** A `MemoryDynamo` in a process of its own, so that client and server do not share a thread. */

// deno-lint-ignore-file no-console -- it tells its parent where it listens

import { MemoryDynamo } from "../src/testing/mod.ts";

const server = await new MemoryDynamo().listen();
console.log(server.endpoint);
