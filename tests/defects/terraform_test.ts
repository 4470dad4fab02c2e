/** The defect of Terraform's lock, and what is so here instead. */

import { assertEquals, assertLess } from "@std/assert";
import { FORMATS, isRead, NATIVE, stage } from "./stage.ts";

for (const format of FORMATS) {
  Deno.test(`Terraform 1: a lock that is given back right after a "no" is no error (${format.name})`, async () => {
    // At any moment of the wait of another one, whatever it is about to send.
    for (let ms = 0; ms < 60; ms += 3) {
      const { world, start } = await stage(format);
      const [holder, waiter] = [start(), start({ latencyMs: 10 })];
      const lease = await world.until(holder.manager.acquire("job"));
      const waiting = waiter.manager.acquire("job");
      await world.pass(ms);
      await world.until(lease.release());
      const begin = world.time.now;
      assertEquals((await world.until(waiting)).held, true);
      assertLess(world.time.now - begin, 1_100);
      await world.end(holder, waiter);
    }
  });

  Deno.test(`Terraform 1: a take-over that finds nothing to take over is a lock that is free (${format.name})`, async () => {
    const { world, start, item, wipe } = await stage(format);
    const [crashing, other] = [start({ leaseMs: 2_000 }), start()];
    await world.until(crashing.manager.acquire("job"));
    crashing.node.pause();
    await world.pass(5_000);
    // Judged dead by the first answer; deleted before the take-over comes: its refusal has no item.
    let writes = 0;
    world.fail({ kind: "no-date" }, {
      when: (request) => {
        if (!isRead(request) && ++writes === 2) wipe();
        return false;
      },
    });
    assertEquals((await world.until(other.manager.tryAcquire("job")))?.held, true);
    assertEquals(item() !== undefined, true);
    await world.end(other);
  });
}

Deno.test("Terraform 2: a release says what it deletes, in every format and step", async () => {
  const { world, start } = await stage(NATIVE);
  const [one, other] = [start(), start()];
  const lease = await world.until(one.manager.acquire("job"));
  one.node.pause();
  await world.pass(25_000);
  const next = await world.until(other.manager.tryAcquire("job"));
  one.node.resume();
  assertEquals(await world.until(lease.release()), false);
  assertEquals([next?.held, world.holders("job")], [true, 1]);
  await world.end(one, other);
});
