/** The defects of dynamo-dlm, and what is so here instead. */

import { assert, assertEquals } from "@std/assert";
import { FORMATS, livingIn, stage } from "./stage.ts";

Deno.test("dlm 1: who waits for a place in a semaphore reads, about twice a second", async () => {
  const { world, start } = await stage();
  const [inside, waiter] = [start(), start()];
  for (let place = 0; place < 2; place++) {
    await world.until(
      inside.manager.acquire("job", { permits: 2, renew: false, leaseMs: 600_000 }),
    );
  }
  const waiting = waiter.manager.acquire("job", { permits: 2 });
  waiting.catch(() => {});
  await world.pass(2_000);
  world.sent();
  await world.pass(60_000);
  const sent = world.sent();
  assertEquals(new Set(sent), new Set(["GetItem"]));
  assert(sent.length < 200, `${sent.length} requests in a minute`);
  await world.end(inside, waiter);
});

Deno.test("dlm 2: what a manager goes by is what its leases have", async () => {
  const { world, start } = await stage();
  const process = start({ leaseMs: 7_500, owner: "me" });
  const own = await world.until(process.manager.acquire("own", { leaseMs: 9_000 }));
  const lease = await world.until(process.manager.acquire("job"));
  const [holder] = (await world.until(process.manager.inspect("job")))!.holders;
  assertEquals([holder!.leaseMs, holder!.ownerId], [7_500, "me"]);
  assert(lease.remainingMs < 7_500 && own.remainingMs > 7_500);
  await world.end(process);
});

for (const format of FORMATS) {
  Deno.test(`dlm 3: a "no" of tryAcquire() leaves nothing in the way of the next try (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const [holder, asker] = [start(), start()];
    const lease = await world.until(holder.manager.acquire("job"));
    for (let round = 0; round < 5; round++) {
      assertEquals(await world.until(asker.manager.tryAcquire("job")), null);
    }
    await world.until(lease.release());
    assertEquals((await world.until(asker.manager.tryAcquire("job")))?.held, true);
    await world.end(holder, asker);
  });
}

Deno.test("dlm 7: an entry to a semaphore whose answer was lost takes one place", async () => {
  const { world, start } = await stage();
  const [one, other, third] = [start(), start(), start()];
  world.fail({ kind: "drop-answer" }, { times: 2 });
  const first = await world.until(one.manager.acquire("job", { permits: 2 }));
  assertEquals(world.holders("job"), 1);
  const second = await world.until(other.manager.tryAcquire("job", { permits: 2 }));
  assertEquals([first.held, second?.held], [true, true]);
  assertEquals(await world.until(third.manager.tryAcquire("job", { permits: 2 })), null);
  await world.until(Promise.all([first.release(), second!.release()]));
  assertEquals(world.holders("job"), 0);
  await world.end(one, other, third);
});

Deno.test("dlm 8: how many are in is counted from one consistent read, without the dead", async () => {
  const { world, start } = await stage();
  const [crashing, living] = [start({ leaseMs: 2_000 }), start()];
  for (let place = 0; place < 3; place++) {
    await world.until(crashing.manager.acquire("job", { permits: 5 }));
  }
  const lease = await world.until(living.manager.acquire("job", { permits: 5 }));
  assertEquals(await livingIn(world, living), 4);
  crashing.node.pause();
  await world.pass(5_000);
  world.dynamo.clearRequests();
  assertEquals(await livingIn(world, living), 1);
  const [{ operation, input }] = world.dynamo.requests as [{ operation: string; input: object }];
  assertEquals([operation, (input as { ConsistentRead: true }).ConsistentRead], ["GetItem", true]);
  await world.until(lease.release());
  assertEquals(await livingIn(world, living), 0);
  await world.end(living);
});
