/** What a listener is told, in which order, and that it can break nothing. */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { type LockEvent, LockManager } from "../mod.ts";
import { MemoryDynamo } from "../src/testing/mod.ts";
import { only } from "./support/requests.ts";
import { type Process, World } from "./support/world.ts";

const types = ({ events }: Process) => events.map((event) => event.type);

function last<T extends LockEvent["type"]>(
  { events }: Process,
  type: T,
): Extract<LockEvent, { type: T }> {
  const event = events.findLast((one) => one.type === type);
  assert(event !== undefined, `no event '${type}'`);
  return event as Extract<LockEvent, { type: T }>;
}

Deno.test("events tell of a lock that is taken, renewed and given back", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  const { fencingToken } = lease;
  await world.pass(7_000);
  await world.until(lease.release());
  assertEquals(types(process), ["request", "grant", "renew", "release"]);
  const [request, grant, renew, release] = process.events;
  const subject = { name: "job", names: ["job"], ticket: 1 };
  assertEquals(request, { type: "request", ...subject, wait: true, mode: "exclusive" });
  assert(grant?.type === "grant");
  const { waitedMs, ...rest } = grant;
  assertEquals(rest, { type: "grant", ...subject, fencingToken, takeover: false, requests: 1 });
  assert(waitedMs >= 2 && waitedMs < 3, `waited for ${waitedMs} ms`);
  assert(renew?.type === "renew" && release?.type === "release");
  assertEquals([renew.name, renew.fencingToken], ["job", fencingToken]);
  assert(renew.remainingMs > 18_000 && renew.remainingMs <= 19_000);
  assertEquals([release.name, release.fencingToken, release.held], ["job", fencingToken, true]);
  assert(Math.abs(release.heldMs - 7_004) < 5, `held for ${release.heldMs} ms`);
  await world.end(process);
});

Deno.test("events tell of a lock that tryAcquire() does not get", async () => {
  const world = await World.create();
  const holder = world.process();
  const asker = world.process();
  await world.until(holder.manager.acquire("job"));
  await world.until(asker.manager.tryAcquire("job"));
  const subject = { name: "job", names: ["job"], ticket: 1 };
  const [request, miss] = asker.events;
  assertEquals(request, { type: "request", ...subject, wait: false, mode: "exclusive" });
  assert(miss?.type === "miss" && miss.waitedMs >= 2);
  assertEquals(miss, { type: "miss", ...subject, waitedMs: miss.waitedMs, requests: 1 });
  assertEquals(asker.events.length, 2);
  await world.end(holder, asker);
});

Deno.test("events tell of a take-over", async () => {
  const world = await World.create();
  const crashed = world.process();
  const next = world.process();
  await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
  crashed.node.pause();
  await world.until(next.manager.acquire("job"));
  const grant = last(next, "grant");
  assertEquals(grant.takeover, true);
  assertGreater(grant.waitedMs, 2_000);
  await world.end(next);
});

Deno.test("events tell of a hand-over as of any other grant, in order", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  const waiting = process.manager.acquire("job");
  await world.pass(1_000);
  await world.until(lease.release());
  const next = await world.until(waiting);
  assertEquals(types(process).sort(), ["grant", "grant", "release", "request", "request"]);
  assertEquals(last(process, "grant").fencingToken, next.fencingToken);
  assertEquals(last(process, "grant").takeover, false);
  assertEquals(last(process, "release").held, true);
  await world.end(process);
});

Deno.test("events tell of every lost lease once, with the code of its error", async () => {
  const ways: [string, (world: World, process: Process) => Promise<void> | void][] = [
    ["LEASE_DELETED", (world) => void world.dynamo.table("dynamo-lock").clear()],
    ["LEASE_STOLEN", (world) =>
      world.tamper("job", (record) => {
        record.fence.N = String(Number(record.fence.N) + 1);
        record.holders.M = {};
      })],
    ["LEASE_EXPIRED", (_, { node }) => node.suspend(30_000)],
  ];
  for (const [code, lose] of ways) {
    const world = await World.create();
    const process = world.process();
    const lease = await world.until(process.manager.acquire("job"));
    await lose(world, process);
    await world.pass(30_000);
    assertEquals(lease.held, false);
    assertEquals(await world.until(lease.release()), false);
    const { fencingToken } = lease;
    const lost = process.events.filter((event) => event.type === "lost");
    assertEquals(lost.map((event) => [event.name, event.ticket, event.fencingToken, event.code]), [
      ["job", 1, fencingToken, code],
    ]);
    assert(lost[0]!.heldMs > 6_000, `held for ${lost[0]!.heldMs} ms`);
    assertEquals(types(process).includes("release"), false, "it was not given back");
    await world.end(process);
  }
});

Deno.test("a release that finds the lock gone is told with held false", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  world.dynamo.table("dynamo-lock").clear();
  assertEquals(await world.until(lease.release()), false);
  assertEquals(last(process, "release").held, false);
  await world.end(process);
});

Deno.test("events tell of trouble with renewals, releases and clean-ups, with a code", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "error", status: 500, type: "InternalServerError" }, {
    when: only("renew"),
    times: 4,
  });
  await world.pass(8_000);
  assertEquals(last(process, "trouble"), {
    type: "trouble",
    name: "job",
    names: ["job"],
    ticket: 1,
    step: "renew",
    code: "UNAVAILABLE",
  });
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" }, {
    when: only("release"),
    times: 2,
  });
  await assertRejects(() => world.until(lease.release()));
  await world.pass(1_000);
  const steps = process.events.flatMap((event) =>
    event.type === "trouble" ? [[event.step, event.code]] : []
  );
  assertEquals(steps.slice(-2), [["release", "ACCESS_DENIED"], ["clean-up", "ACCESS_DENIED"]]);
  await world.end(process);
});

Deno.test("events tell of requests that are sent again", async () => {
  const dynamo = new MemoryDynamo();
  const events: LockEvent[] = [];
  await using manager = new LockManager({
    region: "local",
    endpoint: "http://127.0.0.1:1",
    credentials: { accessKeyId: "test", secretAccessKey: "test" },
    fetch: dynamo.fetch,
    onEvent: (event) => events.push(event),
  });
  dynamo.failNext({ kind: "drop-request" });
  await assertRejects(() => manager.acquire("job")); // there is no table
  const [request, retry, fail, ...others] = events;
  assertEquals([request?.type, fail?.type, others], ["request", "fail", []]);
  assert(fail?.type === "fail" && fail.waitedMs >= 0);
  assertEquals([fail.ticket, fail.code, fail.requests], [1, "TABLE_NOT_FOUND", 2]);
  assert(retry?.type === "retry");
  assertEquals([retry.operation, retry.attempt, retry.code], ["UpdateItem", 1, "NetworkError"]);
  assert(retry.delayMs >= 0 && retry.delayMs < 30);
});

Deno.test("a listener that throws breaks nothing", async () => {
  const world = await World.create();
  let told = 0;
  const process = world.process({
    onEvent: () => {
      told++;
      throw new Error("of the listener");
    },
  });
  const other = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  await world.pass(30_000);
  assertEquals(lease.held, true);
  const waiting = process.manager.acquire("job");
  await world.pass(1_000);
  assertEquals(await world.until(lease.release()), true);
  const next = await world.until(waiting);
  assertEquals(await world.until(process.manager.tryAcquire("job")), null);
  assertEquals(await world.until(next.release()), true);
  assert(await world.until(other.manager.tryAcquire("job")));
  assertGreater(told, 8);
  await world.end(process, other);
});

Deno.test("a listener may use the lease and the manager that it is told of", async () => {
  const world = await World.create();
  const done: Promise<unknown>[] = [];
  let grants = 0;
  const process = world.process({
    onEvent: (event) => {
      if (event.type !== "grant" || ++grants > 1) return;
      done.push(process.manager.inspect("job"), process.manager.tryAcquire("job"));
    },
  });
  const lease = await world.until(process.manager.acquire("job"));
  const [info, second] = await world.until(Promise.all(done));
  assertEquals((info as { holders: unknown[] }).holders.length, 1);
  assertEquals(second, null);
  assertEquals(lease.held, true);
  await world.end(process);
});

Deno.test("events tell once that a renewal is overdue, while it can still be saved", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  let down = true;
  world.fail({ kind: "hang" }, { when: (request) => down && only("renew")(request), times: 100 });
  await world.pass(7_500);
  assertEquals(types(process).includes("endangered"), false);
  await world.pass(2_000);
  const { fencingToken, remainingMs } = last(process, "endangered");
  assertEquals(fencingToken, lease.fencingToken);
  assert(remainingMs > 9_000 && remainingMs <= 10_000, `${remainingMs} ms are left`);
  down = false;
  await world.pass(7_000);
  assertEquals([lease.held, types(process).filter((type) => type === "endangered").length], [
    true,
    1,
  ]);
  await world.end(process);
});

Deno.test("a lease that is not renewed in the background is never said to be in danger", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job", { renew: false }));
  await world.pass(12_000);
  await world.until(lease.renew());
  assertEquals(types(process), ["request", "grant", "renew"]);
  await world.end(process);
});

Deno.test("a lease that was renewed meanwhile is not said to be in danger", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  await world.pass(6_000);
  // The second waits for the first, which comes back with a whole lease; and then it hangs.
  world.fail({ kind: "late", ms: 1_500, apply: "at-once" }, { when: only("renew") });
  world.fail({ kind: "hang" }, { when: only("renew") });
  const start = world.time.now;
  const both = Promise.all([lease.renew(), lease.renew()]);
  await world.until(both);
  assertGreater(world.time.now - start, 5_000);
  assertEquals(types(process).includes("endangered"), false);
  await world.end(process);
});

Deno.test("events tell of an acquisition that was rejected, and by whose will", async () => {
  const world = await World.create();
  const [holder, process] = [world.process(), world.process()];
  await world.until(holder.manager.acquire("job"));
  const controller = new AbortController();
  const waiting = process.manager.acquire("job", { signal: controller.signal });
  waiting.catch(() => {});
  await world.pass(2_000);
  controller.abort();
  await assertRejects(() => world.until(waiting));
  const { code, waitedMs, requests } = last(process, "fail");
  assertEquals(code, "ABORTED");
  assert(waitedMs >= 2_000 && requests >= 2, `${waitedMs} ms, ${requests} requests`);
  await assertRejects(() => world.until(process.manager.acquire("job", { maxRequests: 2 })));
  assertEquals([last(process, "fail").code, last(process, "fail").requests], ["MAX_REQUESTS", 2]);
  await world.end(holder, process);
});

/** How often each ticket has ended. */
function endings({ events }: Process): number[] {
  const ends: number[] = [];
  for (const event of events) {
    if (event.type === "retry") continue;
    ends[event.ticket - 1] ??= 0;
    if (/^(miss|fail|lost|release)$/.test(event.type)) ends[event.ticket - 1]!++;
  }
  return ends;
}

Deno.test("each ticket ends once, also where a release fails or a listener closes the manager", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  let away = true;
  world.fail({ kind: "drop-request" }, { times: Infinity, when: () => away });
  await assertRejects(() => world.until(lease.release()));
  assertEquals(last(process, "release").held, undefined);
  away = false;
  const again = { reentrant: true };
  const one = await world.until(process.manager.acquire("b", again));
  const two = await world.until(process.manager.acquire("b", again));
  await world.until(one.release());
  away = true;
  await assertRejects(() => world.until(two.release()));
  away = false;
  await world.until(process.manager.acquire("c", again));
  await world.until(process.manager.acquire("c", again));
  await process.node.suspend(60_000);
  await world.pass(1_000);
  assertEquals(endings(process), [1, 1, 1, 1, 1]);
  assertEquals(last(process, "lost").code, "LEASE_EXPIRED");
  await world.end(process);

  const closing = world.process({
    onEvent: (event) => {
      closing.events.push(event);
      if (event.type === "request") void closing.manager.close();
    },
  });
  await assertRejects(() => world.until(closing.manager.acquire("d")));
  assertEquals([last(closing, "fail").code, endings(closing)], ["MANAGER_CLOSED", [1]]);
  await world.end(closing);
});

Deno.test("events tell of every request of a lease, whatever became of it", async () => {
  const world = await World.create();
  const process = world.process();
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "error", status: 500, type: "InternalServerError" }, {
    when: only("renew"),
    times: 6,
  });
  await world.pass(12_000);
  const put = { Put: { TableName: "dynamo-lock", Item: { key: { S: "x" } } } };
  await world.until(lease.transact([put]));
  await world.until(lease.release());
  const told = process.events.reduce(
    (sum, event) => sum + ("requests" in event ? event.requests : 0),
    0,
  );
  assertEquals(told, world.sent().length);
  await world.end(process);
});
