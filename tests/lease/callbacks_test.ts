/** Callbacks of the caller that throw, or that call the lock again: neither breaks it. */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { LockError } from "../../mod.ts";
import { hold, type Process, World } from "../support/world.ts";

/** A `waitUntil` that was taken off its object, and now misses its `this`. */
const waitUntil = () => {
  throw new TypeError("Illegal invocation");
};

/** A process that closes its manager as soon as it is asked for a lock; `closed` is when it has. */
function closesWhenAsked(world: World): { process: Process; closed: Promise<void> } {
  const { promise: closed, resolve } = Promise.withResolvers<void>();
  const process: Process = world.process({
    onEvent: (event) => {
      if (event.type === "request") resolve(process.manager.close());
    },
  });
  return { process, closed };
}

Deno.test("held answers when waitUntil throws", async () => {
  const { world, process, lease } = await hold({ renew: false, leaseMs: 2_000, waitUntil });
  process.node.pause(); // so that `held` notices the end, and starts the clean-up, not a timer
  await world.pass(5_000);
  process.node.resume();
  assertEquals(lease.held, false);
  await world.end(process);
});

Deno.test("a waitUntil that throws does not hide the caller's own reason", async () => {
  const world = await World.create();
  const process = world.process({ waitUntil });
  const stop = new AbortController();
  world.fail({ kind: "hang" }); // it may have been applied, so it is cleaned up in the background
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  await world.pass(100);
  const reason = new Error("enough");
  stop.abort(reason);
  assertStrictEquals(await assertRejects(() => world.until(waiting), Error), reason);
  await world.end(process);
});

Deno.test("a waitUntil that throws does not break the renewal", async () => {
  const { world, process, lease } = await hold({ waitUntil });
  await world.pass(8_000); // what the timer of the renewal throws would be thrown here
  assertEquals([world.kinds(), lease.held], [["renew"], true]);
  await world.until(lease.release());
  await world.end(process);
});

Deno.test("close() from a listener of the request does not wait for the lock", async () => {
  const world = await World.create();
  const holder = world.process();
  const lease = await world.until(holder.manager.acquire("job"));
  const { process, closed } = closesWhenAsked(world);
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  await world.until(closed, 60_000);
  assertEquals(lease.held, true);
  const error = await assertRejects(() => world.until(waiting), LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
  await world.end(holder, process);
});

Deno.test("close() from a listener of the request: nothing is granted after it", async () => {
  const world = await World.create();
  const { process, closed } = closesWhenAsked(world);
  const waiting = process.manager.acquire("job");
  waiting.catch(() => {});
  await world.until(closed);
  const error = await assertRejects(() => world.until(waiting), LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
  assertEquals(world.holders("job"), 0);
  await world.end(process);
});

Deno.test("release() from the lease's own abort listener answers as the outer call", async () => {
  const { world, process, lease } = await hold();
  const inner = Promise.withResolvers<boolean>();
  lease.signal.addEventListener("abort", () => inner.resolve(lease.release()));
  const outer = lease.release();
  assertEquals(await world.until(Promise.all([outer, inner.promise])), [true, true]);
  assertEquals(world.kinds(), ["release"]);
  await world.end(process);
});

Deno.test("a waitUntil that rejects is ignored: unheard, it would end the process", async () => {
  const { world, process, lease } = await hold({
    waitUntil: () => Promise.reject(new Error("no")),
  });
  await world.pass(8_000); // a renewal
  assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});
