/** What virtual time might hide: leases by the real clocks and timers of this machine. */

import { assertEquals } from "@std/assert";
import { LockManager } from "../../mod.ts";
import { ensureTable } from "../../src/table.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";

Deno.test("leases are renewed by real clocks, lost without renewals, and given back", async () => {
  const dynamo = new MemoryDynamo();
  const options = {
    region: "local",
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
    fetch: dynamo.fetch,
  };
  await ensureTable(options);
  await using manager = new LockManager({ ...options, leaseMs: 3_000 });
  const leases = await Promise.all(
    Array.from({ length: 10 }, (_, at) => manager.acquire(`a${at}`)),
  );
  const forgotten = await manager.acquire("b", { renew: false });
  await new Promise((resolve) => setTimeout(resolve, 4_500));
  assertEquals(leases.map(({ held }) => held), leases.map(() => true));
  assertEquals([forgotten.held, forgotten.signal.reason?.code], [false, "LEASE_EXPIRED"]);
  const answers = await Promise.all(leases.map((lease) => lease.release()));
  assertEquals(answers, leases.map(() => true));
});
