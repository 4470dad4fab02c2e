/** The defects of Go dynamolock, and what is so here instead. */

import { assertEquals, assertInstanceOf, assertLess, assertRejects } from "@std/assert";
import { LeaseLostError, LockError } from "../../mod.ts";
import { FORMATS, isRenewal, JAVA, livingIn, stage } from "./stage.ts";

for (const format of FORMATS) {
  Deno.test(`Go 2: a renewal whose answer was lost, and then the item, is a loss and no crash (${format.name})`, async () => {
    const { world, start, item, wipe } = await stage(format);
    const process = start();
    const lease = await world.until(process.manager.acquire("job"));
    world.fail({ kind: "drop-answer" }, {
      when: (request) => {
        // Applied; then somebody deletes the item, before it is sent again.
        if (!isRenewal(request)) return false;
        void world.time.delay(1).then(() => wipe());
        return true;
      },
    });
    await world.pass(8_000);
    assertEquals(lease.held, false);
    assertInstanceOf(lease.signal.reason, LeaseLostError);
    assertEquals([lease.signal.reason.code, item()], ["LEASE_DELETED", undefined]);
    await world.end(process);
  });

  Deno.test(`Go 3: close() beside one who waits gives back at once, and nothing stalls (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [holder, process] = [start(), start()];
    await world.until(holder.manager.acquire("wanted"));
    const lease = await world.until(process.manager.acquire("job"));
    const waiting = process.manager.acquire("wanted");
    waiting.catch(() => {});
    await world.pass(10 * 60_000);
    assertEquals(lease.held, true, "it is renewed beside who waits");
    const begin = world.time.now;
    await world.until(process.manager.close());
    assertLess(world.time.now - begin, 1_000);
    const error = await assertRejects(() => waiting, LockError);
    assertEquals([error.code, await livingIn(world, holder)], ["MANAGER_CLOSED", 0]);
    await world.end(holder);
  });

  Deno.test(`Go 7: who asks for the signal of a lost lease only then is told all the same (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start();
    const lease = await world.until(process.manager.acquire("job", { renew: false }));
    await world.pass(60_000);
    const { signal } = lease;
    assertEquals(signal.aborted, true);
    await assertRejects(async () => await world.until(fetchUnder(signal)), LeaseLostError);
    await world.end(process);
  });
}

/** Work that a signal cancels. */
async function fetchUnder(signal: AbortSignal): Promise<void> {
  await fetch("http://127.0.0.1:1/", { signal });
}

Deno.test("Go 8: processes that delete on release and processes that keep share a table", async () => {
  const [deletes, keeps] = JAVA;
  const { world, start } = await stage(deletes);
  const processes = [start(), start({ layout: keeps!.layout! })];
  for (let round = 0; round < 6; round++) {
    const [one, other] = round % 2 === 0 ? processes : processes.toReversed();
    const lease = await world.until(one!.manager.acquire("job"));
    assertEquals(await world.until(other!.manager.tryAcquire("job")), null);
    const waiting = other!.manager.acquire("job");
    await world.pass(1_000);
    assertEquals(await world.until(lease.release()), true);
    const next = await world.until(waiting, 2_000);
    assertEquals([next.held, await world.until(next.release())], [true, true]);
  }
  await world.end(...processes);
});
