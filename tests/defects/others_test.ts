/** Defects of other clients and libraries, and what is so here instead. */

import { assertEquals, assertLess, assertMatch, assertRejects } from "@std/assert";
import { LockTableError } from "../../mod.ts";
import { about, FORMATS, isRelease, JAVA, livingIn, stage } from "./stage.ts";

/** What other clients have written, or mistaken for, a lease. */
const LEASES: Record<string, { N: string } | { S: string } | undefined> = {
  "a number, as delta-rs writes it": { N: "1767225600" },
  "a duration of Go": { S: "20s" },
  "a fraction": { S: "20.5" },
  "a negative": { S: "-1" },
  "an empty text": { S: "" },
  "no lease at all": undefined,
};

for (const [what, lease] of Object.entries(LEASES)) {
  Deno.test(`delta-rs 1: a lease that is ${what} is an error, and neither over nor for ever`, async () => {
    const { world, start, item: read } = await stage(JAVA[0]);
    const process = start();
    const item = {
      key: { S: "job" },
      ownerName: { S: "somebody" },
      recordVersionNumber: { S: "1" },
      ...(lease && { leaseDuration: lease }),
    };
    world.dynamo.table("dynamo-lock").put(item);
    for (let round = 0; round < 3; round++) {
      const error = await assertRejects(
        () => world.until(process.manager.tryAcquire("job")),
        LockTableError,
      );
      assertMatch(error.code, /^RECORD_(FOREIGN|INVALID)$/);
      await world.pass(60_000);
    }
    await assertRejects(() => world.until(process.manager.acquire("job")), LockTableError);
    assertEquals(read(), item, "and nothing was written");
    await world.end(process);
  });
}

for (const format of FORMATS) {
  Deno.test(`delta-rs 1, TrueLayer 1: what was written is understood, and taken over in time (${format.name})`, async () => {
    for (const leaseMs of [2_000, 2_001, 20_000, 3_600_000]) {
      const { world, start } = await stage(format);
      const [crashing, other] = [start({ leaseMs }), start()];
      await world.until(crashing.manager.acquire("job"));
      crashing.node.pause();
      const begin = world.time.now;
      const lease = await world.until(other.manager.acquire("job"), 2 * leaseMs + 10_000);
      assertEquals(lease.held, true);
      assertLess(world.time.now - begin, leaseMs + 6_000);
      await world.end(other);
    }
  });

  Deno.test(`redlock 1: a wait is cancelled at once, and nothing of it stays (${format.name})`, async () => {
    for (let ms = 0; ms < 40; ms += 3) {
      const { world, start } = await stage(format);
      const process = start({ latencyMs: 10 });
      const controller = new AbortController();
      const acquiring = process.manager.acquire("job", { signal: controller.signal });
      acquiring.catch(() => {});
      await world.pass(ms);
      controller.abort(new Error("enough"));
      const lease = await world.until(acquiring.catch(() => null));
      if (lease !== null) await world.until(lease.release());
      await world.pass(1_000);
      assertEquals(await livingIn(world, process), 0, `after ${ms} ms`);
      await world.end(process);
    }
  });

  Deno.test(`redlock 3: several names of which one is held leave none behind (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [holder, asker] = [start(), start()];
    await world.until(holder.manager.acquire("b"));
    assertEquals(await world.until(asker.manager.tryAcquire(["a", "b", "c"])), null);
    assertEquals([await livingIn(world, asker, "a"), await livingIn(world, asker, "c")], [0, 0]);
    await world.end(holder, asker);
  });
}

Deno.test("redlock 2: to leave a scope does not wait for a release that cannot be for longer than its retries", async () => {
  const { world, start } = await stage();
  const process = start();
  const lease = await world.until(process.manager.acquire("job"));
  const isJob = about("job");
  world.fail({ kind: "drop-request" }, {
    when: (request) => isRelease(request) && isJob(request),
    times: 8,
  });
  const begin = world.time.now;
  await world.until(lease[Symbol.asyncDispose]());
  assertLess(world.time.now - begin, 3_000);
  await world.pass(30_000);
  assertEquals(world.holders("job"), 0, "it went on in the background");
  await world.end(process);
});
