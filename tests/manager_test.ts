/** The manager: inspecting, closing, and keeping out of the way of others. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { isLockError, type Lease, LockError, LockManager } from "../mod.ts";
import { only } from "./support/requests.ts";
import { type Process, World } from "./support/world.ts";

async function isClosed(world: World, work: Promise<unknown>): Promise<void> {
  const error = await assertRejects(() => world.until(work), LockError);
  assertEquals([error.code, isLockError(error)], ["MANAGER_CLOSED", true]);
}

/** Nothing is left: no timer, nobody on the table, and no request comes any more. */
async function isQuiet(world: World): Promise<void> {
  assertEquals(world.time.pending, 0);
  world.sent();
  await world.pass(120_000);
  assertEquals(world.sent(), []);
  assertEquals(world.holders("job"), 0);
}

Deno.test("new LockManager() sends nothing and reads nothing of the environment", async () => {
  const world = await World.create();
  const read: string[] = [];
  const base = world.time.node().runtime(world.dynamo.fetch);
  const runtime = { ...base, env: (name: string) => void read.push(name) };
  const manager = new LockManager({ runtime });
  assertEquals([read, world.sent(), world.time.pending], [[], [], 0]);
  await world.until(manager.close());
  assertEquals([read, world.sent()], [[], []]);
});

Deno.test("the table comes from DYNAMO_LOCK_TABLE when no option names it", async () => {
  const world = await World.create();
  await world.createTable("from-env");
  await world.createTable("from-option");
  const runtime = world.time.node().runtime(world.dynamo.fetch);
  const client = world.client(world.time.node());
  const env = (name: string) => name === "DYNAMO_LOCK_TABLE" ? "from-env" : undefined;
  const rows = () =>
    ["dynamo-lock", "from-env", "from-option"].map((name) => world.dynamo.table(name).size);
  for (
    const [options, expected] of [
      [{ runtime }, [1, 0, 0]],
      [{ runtime: { ...runtime, env } }, [1, 1, 0]],
      [{ runtime: { ...runtime, env }, table: "from-option" }, [1, 1, 1]],
      [{ runtime: { ...runtime, env: () => "" } }, [1, 1, 1]],
    ] as const
  ) {
    const manager = new LockManager({ client, ...options });
    const lease = await world.until(manager.acquire("job"));
    await world.until(lease.release());
    assertEquals(rows(), [...expected]);
    await world.until(manager.close());
  }
});

Deno.test("the option env replaces the environment of the process", async () => {
  const world = await World.create();
  await world.createTable("from-worker");
  const hosts: string[] = [];
  const base = world.time.node().runtime(world.dynamo.fetch);
  const manager = new LockManager({
    runtime: { ...base, env: () => "never-read" },
    fetch: (url, init) => {
      hosts.push(new URL(String(url)).host);
      return world.dynamo.fetch(url, init);
    },
    env: {
      AWS_REGION: "eu-west-1",
      AWS_ACCESS_KEY_ID: "id",
      AWS_SECRET_ACCESS_KEY: "key",
      DYNAMO_LOCK_TABLE: "from-worker",
    },
  });
  // Real signing takes real time, so virtual time may only stand still.
  const lease = await manager.acquire("job");
  assertEquals([hosts, world.dynamo.table("from-worker").size], [[
    "dynamodb.eu-west-1.amazonaws.com",
  ], 1]);
  assertEquals(await lease.release(), true);
});

Deno.test("inspect() shows who holds a lock, with one read", async () => {
  const world = await World.create();
  const holder = world.process();
  const other = world.process();
  const lease = await world.until(
    holder.manager.acquire("job", { owner: "me", leaseMs: 30_000, data: "page 7" }),
  );
  world.sent();
  const info = await world.until(other.manager.inspect("job"));
  assertEquals(world.kinds(), ["read"]);
  assert(info !== null);
  assertEquals([info.name, info.fencingToken], ["job", lease.fencingToken]);
  const [{ expiresAt, ...shown } = { expiresAt: undefined }, ...others] = info.holders;
  assertEquals(others, []);
  assertEquals(shown as unknown, {
    ownerId: "me",
    mode: "exclusive",
    fencingToken: lease.fencingToken,
    alive: true,
    leaseMs: 30_000,
    data: "page 7",
  });
  assert(expiresAt instanceof Date);
  const ahead = expiresAt.getTime() - world.time.now;
  assert(ahead > 29_900 && ahead < 31_100, `${ahead} ms ahead`);
  await world.end(holder, other);
});

Deno.test("inspect() answers null where the lock was never taken, and no holders where it is free", async () => {
  const world = await World.create();
  const process = world.process();
  assertEquals(await world.until(process.manager.inspect("job")), null);
  const lease = await world.until(process.manager.acquire("job"));
  await world.until(lease.release());
  assertEquals(await world.until(process.manager.inspect("job")), {
    name: "job",
    fencingToken: lease.fencingToken,
    holders: [],
  });
  assertEquals(world.dynamo.table("dynamo-lock").size, 1);
  await world.end(process);
});

Deno.test("inspect() shows a dead holder as it is on the table, and that it is dead", async () => {
  const world = await World.create();
  const crashed = world.process();
  const other = world.process();
  await world.until(crashed.manager.acquire("job"));
  crashed.node.pause();
  await world.pass(60_000);
  const info = await world.until(other.manager.inspect("job"));
  const [holder] = info!.holders;
  assert(holder!.expiresAt.getTime() < world.time.now);
  assertEquals(holder!.alive, false);
  await world.end(other);
});

Deno.test("inspect() calls no holder dead before its lease is over by the clock of DynamoDB", async () => {
  const world = await World.create();
  const crashed = world.process();
  const fast = world.process({ wallOffsetMs: 600_000 });
  const slow = world.process({ wallOffsetMs: -600_000 });
  await world.until(crashed.manager.acquire("job"));
  const alive = async () => {
    const infos = [fast, slow].map((one) => world.until(one.manager.inspect("job")));
    return (await Promise.all(infos)).map((info) => info!.holders[0]!.alive);
  };
  assertEquals(await alive(), [true, true]);
  crashed.node.pause();
  await world.pass(19_000);
  assertEquals(await alive(), [true, true]);
  await world.pass(4_000);
  assertEquals(await alive(), [false, false]);
  await world.end(fast, slow);
});

Deno.test("inspect() without dates calls a holder dead once it was seen unchanged for its lease", async () => {
  const world = await World.create();
  const crashed = world.process();
  const other = world.process({ dates: false });
  await world.until(crashed.manager.acquire("job"));
  crashed.node.pause();
  await world.pass(60_000);
  const alive = async () => (await world.until(other.manager.inspect("job")))!.holders[0]!.alive;
  assertEquals(await alive(), true, "seen for the first time");
  await world.pass(20_900);
  assertEquals(await alive(), true);
  await world.pass(200);
  assertEquals(await alive(), false);
  await world.end(other);
});

Deno.test("close() releases every lease, and leaves nothing", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const leases: Lease[] = [];
  for (const name of ["job", "two", "three"]) leases.push(await world.until(manager.acquire(name)));
  world.sent();
  await world.until(manager.close());
  assertEquals(world.kinds(), ["release", "release", "release"]);
  for (const lease of leases) {
    assertEquals([lease.held, lease.signal.aborted], [false, true]);
    assertEquals(await world.until(lease.release()), true);
  }
  for (const name of ["job", "two", "three"]) assertEquals(world.holders(name), 0);
  await isQuiet(world);
});

Deno.test("close() rejects every waiter with MANAGER_CLOSED, and leaves nothing", async () => {
  const world = await World.create();
  const holder = world.process();
  const { manager } = world.process();
  const lease = await world.until(holder.manager.acquire("job"));
  const waiting = ["job", "job", "job"].map((name) => manager.acquire(name));
  for (const one of waiting) one.catch(() => {});
  await world.pass(5_000);
  const closed = manager.close();
  for (const one of waiting) await isClosed(world, one);
  await world.until(closed);
  assertEquals(lease.held, true);
  await world.end(holder);
  await isQuiet(world);
});

Deno.test("close() waits until what was under way has been cleaned up", async () => {
  for (const applied of [true, false]) {
    const world = await World.create();
    const { manager } = world.process({ latencyMs: 50 });
    world.fail({ kind: "hang", applied });
    const waiting = manager.acquire("job");
    waiting.catch(() => {});
    await world.pass(1_000);
    const closed = manager.close();
    await isClosed(world, waiting);
    await world.until(closed);
    assertEquals(world.holders("job"), 0);
    await isQuiet(world);
  }
});

Deno.test("close() at any moment of an acquisition leaves nobody on the table", async () => {
  for (let at = 0; at <= 100; at += 4) {
    const world = await World.create();
    const { manager } = world.process({ latencyMs: 20 });
    const outcome = manager.acquire("job").then((lease) => lease as Lease | null, () => null);
    await world.pass(at);
    await world.until(manager.close());
    const lease = await world.until(outcome);
    assert(lease === null || !lease.held, "a lease was handed out that nobody looks after");
    await isQuiet(world);
  }
});

Deno.test("close() called by a listener of the grant leaves nobody on the table", async () => {
  const world = await World.create();
  let closed: Promise<void> | undefined;
  const process: Process = world.process({
    onEvent: (event) => {
      if (event.type === "grant") closed = process.manager.close();
    },
  });
  const outcome = process.manager.acquire("job").then((lease) => lease as Lease | null, () => null);
  const lease = await world.until(outcome);
  await world.until(closed!);
  assert(lease === null || !lease.held, "a lease was handed out that nobody looks after");
  await world.pass(1_000);
  await isQuiet(world);
});

Deno.test("close() called again, and disposal, wait for the same end", async () => {
  const world = await World.create();
  const { manager } = world.process({ latencyMs: 50 });
  await world.until(manager.acquire("job"));
  world.sent();
  const all = Promise.all([manager.close(), manager.close(), manager[Symbol.asyncDispose]()]);
  await world.until(all);
  assertEquals(world.kinds(), ["release"]);
  assertEquals(world.holders("job"), 0);
  await isQuiet(world);
});

Deno.test("close() does not reject when a lease cannot be released", async () => {
  const world = await World.create();
  const { manager } = world.process();
  await world.until(manager.acquire("job"));
  world.fail({ kind: "drop-request" }, { times: 6 });
  await world.until(manager.close());
  assertEquals(world.holders("job"), 0, "the clean-up goes on until it worked");
  await isQuiet(world);
});

for (const [leaseMs, mostMs] of [[2_000, 4_100], [20_000, 26_000], [3_600_000, 26_000]] as const) {
  Deno.test(`close() ends in time when DynamoDB stays away, with leases of ${leaseMs} ms`, async () => {
    const world = await World.create();
    const { manager } = world.process({ leaseMs });
    for (const name of ["a", "b", "c"]) await world.until(manager.acquire(name));
    world.fail({ kind: "hang" }, { times: Infinity });
    const start = world.time.now;
    await world.until(manager.close());
    assert(world.time.now - start <= mostMs, `${world.time.now - start} ms`);
    assertEquals(world.time.pending, 0);
  });
}

Deno.test("close() ends a clean-up that sleeps, after one more try", async () => {
  const world = await World.create();
  const { manager } = world.process({ leaseMs: 3_600_000 });
  let away = true;
  world.fail({ kind: "drop-answer" }, { times: Infinity, when: () => away });
  await world.until(manager.tryAcquire("job").catch(() => {}));
  await world.pass(15_000);
  assertEquals(world.holders("job"), 1);
  away = false;
  const start = world.time.now;
  await world.until(manager.close());
  assert(world.time.now - start < 100, `${world.time.now - start} ms`);
  assertEquals(world.holders("job"), 0);
  await isQuiet(world);
});

Deno.test("close() waits for a release that its lease's owner had called", async () => {
  const world = await World.create();
  const { manager } = world.process({ latencyMs: 500 });
  const lease = await world.until(manager.acquire("job"));
  const released = lease.release();
  await world.until(manager.close());
  assertEquals(world.holders("job"), 0);
  assertEquals(await world.until(released), true);
  await isQuiet(world);
});

Deno.test("a closed manager refuses to acquire and to inspect, without a request", async () => {
  const world = await World.create();
  const { manager, events } = world.process();
  await world.until(manager.close());
  await isClosed(world, manager.acquire("job"));
  await isClosed(world, manager.tryAcquire("job"));
  await isClosed(world, manager.inspect("job"));
  assertEquals([world.sent(), events], [[], []]);
  await assertRejects(() => world.until(manager.acquire("")), RangeError);
});

Deno.test("await using closes a manager at the end of its scope", async () => {
  const world = await World.create();
  const process = world.process();
  async function work(): Promise<void> {
    await using manager = process.manager;
    await manager.acquire("job");
  }
  await world.until(work());
  assertEquals(world.holders("job"), 0);
  await isQuiet(world);
});

Deno.test("two managers of one process exclude each other", async () => {
  const world = await World.create();
  const one = world.process();
  const other = world.process();
  const lease = await world.until(one.manager.acquire("job"));
  assertEquals(await world.until(other.manager.tryAcquire("job")), null);
  await world.until(one.manager.close());
  assertEquals(lease.held, false);
  assert(await world.until(other.manager.tryAcquire("job")));
  await world.end(other);
});

Deno.test("a manager goes on when one of its acquisitions failed", async () => {
  const world = await World.create();
  const process = world.process();
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" }, {
    when: only("acquire"),
  });
  await assertRejects(() => world.until(process.manager.acquire("job")));
  assertEquals((await world.until(process.manager.acquire("job"))).held, true);
  await world.end(process);
});

Deno.test("close() waits for an inspection that is under way", async () => {
  const world = await World.create();
  const { manager } = world.process();
  world.fail({ kind: "late", ms: 500, apply: "at-once" }, { operation: "GetItem" });
  let ended = false;
  manager.inspect("job").finally(() => ended = true);
  await world.pass(10);
  await world.until(manager.close());
  assertEquals(ended, true);
});
