/** Waiting for a lock that another process holds. */

import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { type Lease, LockServiceError } from "../../mod.ts";
import { kindOf } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

interface Contended {
  readonly world: World;
  readonly holder: Process;
  readonly waiter: Process;
  readonly lease: Lease;
  readonly waiting: Promise<Lease>;
}

/** Somebody holds the lock, and somebody in another process waits for it. */
async function contend(options: { pollMs?: number; leaseMs?: number } = {}): Promise<Contended> {
  const world = await World.create();
  const holder = world.process();
  const waiter = world.process(options);
  const lease = await world.until(holder.manager.acquire("job"));
  world.sent();
  const waiting = waiter.manager.acquire("job");
  waiting.catch(() => {});
  return { world, holder, waiter, lease, waiting };
}

/** The steps that the waiter sent: everything but the holder's renewals. */
function waiterSteps(world: World): string[] {
  return world.kinds().filter((kind) => kind !== "renew" && kind !== "release");
}

Deno.test("acquire() writes once and then only reads while the lock is held", async () => {
  const { world, holder, waiter, lease } = await contend();
  await world.pass(600_000);
  const [first, ...others] = waiterSteps(world);
  assertEquals(first, "acquire");
  assertEquals(new Set(others), new Set(["read"]));
  assertEquals(lease.held, true);
  await world.end(holder, waiter);
});

Deno.test("acquire() polls more and more seldom, up to pollMs, and never in step", async () => {
  const { world, holder, waiter } = await contend();
  await world.pass(2_000);
  const early = waiterSteps(world).length;
  assert(early >= 5, `${early} requests in the first two seconds`);
  await world.pass(120_000);
  const late = waiterSteps(world).length;
  // A pause is random between a tenth and the whole of pollMs: 120 s have 110 to 440 of them.
  assert(late > 150 && late < 320, `${late} requests in two minutes`);
  await world.end(holder, waiter);
});

Deno.test("pollMs sets the longest pause between two looks", async () => {
  const looks: number[] = [];
  for (const pollMs of [50, 1_000, 10_000]) {
    const { world, holder, waiter } = await contend({ pollMs });
    await world.pass(60_000);
    looks.push(waiterSteps(world).length);
    await world.end(holder, waiter);
  }
  const [often, usual, seldom] = looks as [number, number, number];
  assert(often > 10 * usual && usual > 3 * seldom, looks.join(", "));
});

Deno.test("acquire() gets the lock within pollMs of a release, with one more write", async () => {
  for (const heldMs of [300, 5_000, 61_234]) {
    const { world, holder, waiter, lease, waiting } = await contend();
    await world.pass(heldMs);
    await world.until(lease.release());
    const released = world.time.now;
    waiterSteps(world);
    const next = await world.until(waiting);
    const waited = world.time.now - released;
    assert(waited <= 1_010, `${waited} ms after the release`);
    assertEquals(waiterSteps(world), ["read", "acquire"]);
    assertEquals(next.held, true);
    assert(next.fencingToken > lease.fencingToken);
    await world.end(holder, waiter);
  }
});

Deno.test("acquire() sleeps no longer than until the holder may be dead", async () => {
  const { world, holder, waiter, waiting } = await contend({ pollMs: 60_000 });
  holder.node.pause();
  const start = world.time.now;
  await world.until(waiting);
  const waited = world.time.now - start;
  assert(waited < 20_000 + 1_000 + 1_000 + 6_000, `waited ${waited} ms`);
  await world.end(waiter);
});

Deno.test("twenty waiters of other processes are served one after the other", async () => {
  const world = await World.create();
  const all = Array.from({ length: 20 }, () => world.process());
  let inside = 0;
  let most = 0;
  const tokens: number[] = [];
  const done = all.map(async ({ manager }) => {
    const lease = await manager.acquire("job");
    most = Math.max(most, ++inside);
    tokens.push(lease.fencingToken);
    await world.time.delay(100);
    inside--;
    assertEquals(await lease.release(), true);
  });
  await world.until(Promise.all(done));
  assertEquals([most, tokens.length], [1, 20]);
  assertEquals(tokens, tokens.toSorted((one, other) => one - other));
  await world.end(...all);
});

Deno.test("acquire() goes on waiting when DynamoDB is away for less than a lease", async () => {
  const { world, holder, waiter, lease, waiting } = await contend();
  await world.pass(3_000);
  let down = true;
  world.fail({ kind: "drop-request" }, {
    when: (request) => down && kindOf(request) === "read",
    times: 100_000,
  });
  await world.pass(15_000);
  down = false;
  const troubles = waiter.events.filter((event) => event.type === "trouble");
  assert(troubles.length > 0);
  for (const trouble of troubles) {
    assertEquals([trouble.name, trouble.step, trouble.code], ["job", "wait", "UNAVAILABLE"]);
  }
  await world.until(lease.release());
  assertEquals((await world.until(waiting)).held, true);
  await world.end(holder, waiter);
});

Deno.test("acquire() rejects when DynamoDB has been away for a whole lease", async () => {
  const { world, holder, waiter, waiting } = await contend();
  await world.pass(3_000);
  const start = world.time.now;
  world.fail({ kind: "drop-request" }, {
    when: (request) => kindOf(request) === "read",
    times: 100_000,
  });
  const error = await assertRejects(() => world.until(waiting), LockServiceError);
  const endured = world.time.now - start;
  assertEquals([error.code, error.lockName], ["UNAVAILABLE", "job"]);
  assert(endured > 19_000 && endured < 23_000, `after ${endured} ms`);
  waiterSteps(world);
  await world.pass(60_000);
  assertEquals(waiterSteps(world), []);
  await world.end(holder, waiter);
});

Deno.test("acquire() rejects after the retries of one request when DynamoDB never answered", async () => {
  for (const verb of ["acquire", "tryAcquire"] as const) {
    const world = await World.create();
    const process = world.process();
    const start = world.time.now;
    world.fail({ kind: "drop-request" }, { times: 100_000 });
    const error = await assertRejects(
      () => world.until(process.manager[verb]("job")),
      LockServiceError,
    );
    assertEquals(error.code, "UNAVAILABLE");
    assertInstanceOf(error.cause, Error);
    assert(world.time.now - start < 1_000, "its caller does not wait for the clean-up");
    assertEquals(world.kinds().slice(0, 4), Array(4).fill("acquire"));
    await world.pass(120_000);
    assertEquals(world.time.pending, 0);
    await world.end(process);
  }
});

Deno.test("acquire() rejects at once when a permission is missing, also while waiting", async () => {
  const { world, holder, waiter, waiting } = await contend();
  await world.pass(3_000);
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" }, {
    operation: "GetItem",
  });
  const error = await assertRejects(() => world.until(waiting), LockServiceError);
  assertEquals(error.code, "ACCESS_DENIED");
  await world.end(holder, waiter);
});

Deno.test("acquire() takes the lock when the record is deleted while it waits", async () => {
  const { world, holder, waiter, lease, waiting } = await contend();
  await world.pass(3_000);
  holder.node.pause(); // an operator knows that it is gone
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  const next = await world.until(waiting, 1_500);
  assert(next.fencingToken > lease.fencingToken);
  await world.end(waiter);
});

Deno.test("acquire() tells how long it waited", async () => {
  const { world, holder, waiter, lease, waiting } = await contend();
  await world.pass(10_000);
  await world.until(lease.release());
  await world.until(waiting);
  const grant = waiter.events.find((event) => event.type === "grant");
  assert(grant?.type === "grant");
  assert(grant.waitedMs >= 10_000 && grant.waitedMs <= 11_050, `${grant.waitedMs} ms`);
  await world.end(holder, waiter);
});
