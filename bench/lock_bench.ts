/**
 * What does a lock cost besides its two requests? Each group has two bare signed requests as its
 * baseline, in the same run; the ratio is the answer, the absolute times are this machine's.
 */

import { LockManager } from "../mod.ts";
import { MemoryDynamo } from "../src/testing/mod.ts";
import { bareCycle, makeTable, settings } from "./support.ts";

async function cycle(manager: LockManager): Promise<void> {
  const lease = await manager.acquire("ours");
  await lease.release();
}

/** Nobody else wants the lock: no turn is to be over. */
const alone = { maxHandoffMs: 600_000 };

const here = "http://127.0.0.1:1";
const memory = new MemoryDynamo();
await makeTable(here, memory.fetch);
const inMemory = new LockManager({ ...settings(here, memory.fetch), ...alone });

Deno.bench("two bare signed requests", { group: "in memory", baseline: true }, async () => {
  await bareCycle(here, memory.fetch);
  memory.clearRequests();
});

Deno.bench("acquire and release", { group: "in memory" }, async () => {
  await cycle(inMemory);
  memory.clearRequests();
});

const server = new Deno.Command(Deno.execPath(), {
  args: ["run", "-A", new URL("./server.ts", import.meta.url).pathname],
  stdout: "piped",
}).spawn();
addEventListener("unload", () => server.kill());
const output = server.stdout.pipeThrough(new TextDecoderStream()).getReader();
const there = ((await output.read()).value ?? "").trim();
await makeTable(there, fetch);
const overHttp = new LockManager({ ...settings(there, fetch), ...alone });

Deno.bench("two bare signed requests", { group: "over HTTP", baseline: true }, async () => {
  await bareCycle(there, fetch);
});

Deno.bench("acquire and release", { group: "over HTTP" }, async () => {
  await cycle(overHttp);
});
