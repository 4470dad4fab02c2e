/** Observers: what they tell, when, and that they leave nothing. */

import { assert, assertEquals, assertGreater, assertLess, assertStrictEquals } from "@std/assert";
import { assertRejects } from "@std/assert";
import { LockError, LockServiceError } from "../../mod.ts";
import { type Leader, observeLeader, type ObserveOptions } from "../../src/election.ts";
import { insideOf } from "../../src/manager.ts";
import { Candidate, countedSignal, leave } from "../support/candidate.ts";
import { only } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

/** An observer by hand, with all that it has told. */
class Watcher {
  readonly process: Process;
  readonly told: (Leader | null)[] = [];
  readonly #iterator: AsyncIterator<Leader | null>;
  readonly #world: World;

  constructor(world: World, options: ObserveOptions = {}, process: Process = world.process()) {
    this.#world = world;
    this.process = process;
    const all = { locks: process.manager, ...options };
    this.#iterator = observeLeader("job", all)[Symbol.asyncIterator]();
  }

  next(): Promise<IteratorResult<Leader | null>> {
    const next = this.#iterator.next();
    next.catch(() => {}); // looked at by whoever cares
    return next;
  }

  /** The next change, within a time. */
  async change(withinMs = 30_000): Promise<Leader | null> {
    const { done, value } = await this.#world.until(this.next(), withinMs);
    assertEquals(done, false);
    return value;
  }

  /** Collects every change from now on. */
  collect(): this {
    const go = async () => {
      for (let next = await this.next(); !next.done; next = await this.next()) {
        this.told.push(next.value);
      }
    };
    go().catch(() => {});
    return this;
  }

  /** Who was told, as names and data. */
  get names(): (string | null)[] {
    return this.told.map((leader) =>
      leader && leader.ownerId + (leader.data === undefined ? "" : `:${leader.data}`)
    );
  }

  async end(): Promise<void> {
    assertEquals(await this.#world.until(this.#iterator.return!()), {
      done: true,
      value: undefined,
    });
    await this.#world.until(this.process.manager.close());
  }
}

Deno.test("an observer tells at once who leads, and then every change in order", async () => {
  const world = await World.create();
  const watcher = new Watcher(world);
  assertEquals(await watcher.change(10), null, "nobody has ever led");
  watcher.collect();
  const a = new Candidate(world, { owner: "a", pauseMs: 60_000 });
  await world.pass(2_000);
  await world.until(a.term.announce("x"));
  await world.pass(1_100);
  await world.until(a.term.announce("y"));
  await world.pass(1_100);
  await world.until(a.term.announce(null));
  await world.pass(60_000); // renewals are no change
  await world.until(a.term.resign());
  await world.pass(1_100);
  const b = new Candidate(world, { owner: "b", data: "z" });
  await world.pass(1_100);
  assertEquals(watcher.names, ["a", "a:x", "a:y", "a", null, "b:z"]);
  const { expiresAt, ...leader } = watcher.told.at(-1)!;
  assertEquals(leader, { ownerId: "b", data: "z", fencingToken: b.term.fencingToken });
  const left = expiresAt.getTime() - world.time.now;
  assert(left > 18_000 && left < 22_000, `${left} ms`);
  const late = new Watcher(world);
  assertEquals((await late.change(10))?.ownerId, "b");
  await late.end();
  await watcher.end();
  await leave(world, a, b);
});

Deno.test("an observer needs GetItem only, one for each look", async () => {
  const world = await World.create();
  const watcher = new Watcher(world, { pollMs: 5_000 }).collect();
  await world.pass(60_000);
  const sent = world.sent();
  assertEquals(sent, sent.map(() => "GetItem"));
  assert(sent.length >= 12 && sent.length <= 15, `${sent.length} looks`);
  await watcher.end();
});

for (const dates of [true, false]) {
  Deno.test(`a leader that crashed is nobody when its lease is over, ${dates ? "with" : "without"} dates`, async () => {
    const world = await World.create();
    const one = new Candidate(world);
    const watcher = new Watcher(world, {}, world.process({ dates })).collect();
    await world.pass(30_000);
    assertEquals(watcher.told.length, 1);
    one.process.node.pause();
    const { term } = one;
    await world.pass(12_000); // its last renewal was up to a third of the lease ago
    assertEquals(watcher.told.length, 1);
    await world.pass(12_000);
    assertEquals(watcher.told.slice(1), [null]);
    // On waking it does not believe, so nobody is told of it again, whatever its clean-up writes.
    one.process.node.resume();
    assertEquals(term.leading, false);
    await world.pass(10_000);
    assertEquals([watcher.told.length, one.leading], [3, true]);
    assertGreater(watcher.told[2]!.fencingToken, term.fencingToken);
    await watcher.end();
    await leave(world, one);
  });
}

Deno.test("an observer never calls a leader nobody that still believes", async () => {
  for (const wallOffsetMs of [-800_000, 0, 800_000]) {
    const world = await World.create();
    const one = new Candidate(world, { leaseMs: 2_000 });
    await world.pass(100);
    const watcher = new Watcher(world, { pollMs: 100 }, world.process({ wallOffsetMs })).collect();
    await world.pass(500);
    one.process.node.pause();
    let believed = 0;
    while (watcher.told.length < 2) {
      if (one.term.remainingMs > 0) believed = world.time.now;
      await world.pass(50);
    }
    assertEquals(watcher.told[1], null);
    assertGreater(world.time.now, believed + 50);
    one.process.node.resume();
    await watcher.end();
    await leave(world, one);
  }
});

Deno.test("a slow consumer gets the newest state and no backlog, and costs nothing while it is away", async () => {
  const world = await World.create();
  const watcher = new Watcher(world);
  assertEquals(await watcher.change(), null);
  for (const owner of ["a", "b", "c"]) {
    const one = new Candidate(world, { owner });
    await world.pass(3_000);
    if (owner !== "c") await leave(world, one);
    else {
      world.sent();
      await world.pass(3_000);
      assertEquals(world.sent(), []);
      assertEquals((await watcher.change(10))?.ownerId, "c", "without a pause first");
      await watcher.end();
      await leave(world, one);
    }
  }
});

Deno.test("what is older than what was told is left out", async () => {
  const world = await World.create();
  const one = new Candidate(world, { owner: "old", data: "first" });
  await world.pass(100);
  const copy = structuredClone(world.record("job")!);
  Object.values(copy.holders.M)[0]!.M.d!.S = "older";
  const put = (record: typeof copy) =>
    world.tamper("job", (now) => Object.assign(now, structuredClone(record)));
  await world.pass(8_000); // it has been renewed
  const renewed = structuredClone(world.record("job")!);
  const watcher = new Watcher(world, { pollMs: 100 }).collect();
  await world.pass(200);
  put(copy); // the same term before its renewal, with other data
  await world.pass(500);
  put(renewed);
  assertEquals(watcher.names, ["old:first"]);
  await world.until(one.term.resign());
  await world.pass(200);
  const next = new Candidate(world, { owner: "new" });
  await world.pass(300);
  const names = ["old:first", null, "new"];
  assertEquals(watcher.names, names);
  const current = structuredClone(world.record("job")!);
  put(copy); // an earlier term
  await world.pass(300);
  put(current);
  await world.pass(300);
  assertEquals(watcher.names, names);
  await watcher.end();
  await leave(world, one, next);
});

Deno.test("a leader that was found dead is not told of again, whatever is written for it", async () => {
  const world = await World.create();
  const one = new Candidate(world);
  const watcher = new Watcher(world).collect();
  await world.pass(1_000);
  one.process.node.pause();
  await world.pass(25_000);
  assertEquals(watcher.told.at(-1), null);
  const told = watcher.told.length;
  // A renewal that was under way for all that time lands.
  world.tamper("job", (record) => {
    const [holder] = Object.values(record.holders.M);
    holder!.M.e!.N = String(world.time.now + 20_000);
  });
  await world.pass(5_000);
  assertEquals(watcher.told.length, told);
  one.process.node.resume();
  await watcher.end();
  await leave(world, one);
});

Deno.test("a leader whose first lease was too short, by a slow clock, is told when it leads", async () => {
  const world = await World.create();
  const watcher = new Watcher(world, { pollMs: 100 }).collect();
  await world.pass(1_000);
  // The lock looks at its lease before it hands it out; the observer sees it first.
  world.fail({ kind: "late", ms: 500, apply: "late" }, { when: only("renew") });
  const one = new Candidate(world, { manager: { wallOffsetMs: -30_000 }, leaseMs: 3_000 });
  await world.pass(5_000);
  assertEquals([one.term.leading, watcher.told.at(-1)?.ownerId], [true, one.term.ownerId]);
  await watcher.end();
  await leave(world, one);
});

Deno.test("a look whose answer comes late buries nobody", async () => {
  for (const manager of [{}, { maxClockSkewMs: Infinity }]) {
    const world = await World.create();
    const one = new Candidate(world, { leaseMs: 3_000 });
    await world.pass(100);
    const process = world.process(manager);
    const watcher = new Watcher(world, { pollMs: 100 }, process).collect();
    await world.pass(450);
    world.fail({ kind: "late", ms: 4_500, apply: "at-once" }, { when: only("read") });
    await world.pass(10_000);
    assertEquals(watcher.told.map((leader) => leader?.ownerId), [one.term.ownerId]);
    await watcher.end();
    await leave(world, one);
  }
});

Deno.test("holders that share the lock do not lead", async () => {
  const world = await World.create();
  const one = new Candidate(world);
  await world.pass(100);
  world.tamper("job", (record) => {
    for (const { M } of Object.values(record.holders.M)) M.m!.S = "s";
  });
  const watcher = new Watcher(world);
  assertEquals(await watcher.change(), null);
  await watcher.end();
  await leave(world, one);
});

Deno.test("return() ends an observer at any moment, also in the middle of a look, and leaves nothing", async () => {
  for (const at of [0, 1, 5, 500, 970, 1_005]) {
    const world = await World.create();
    const watcher = new Watcher(world);
    assertEquals(await watcher.change(), null);
    const pending = [watcher.next(), watcher.next()];
    await world.pass(at);
    await watcher.end();
    for (const next of pending) assertEquals(await next, { done: true, value: undefined });
    assertEquals(await watcher.next(), { done: true, value: undefined });
    assertEquals(world.time.pending, 0);
    world.sent();
    await world.pass(10_000);
    assertEquals(world.sent(), []);
  }
});

Deno.test("to leave the loop ends an observer, and each loop observes on its own", async () => {
  const world = await World.create();
  const one = new Candidate(world, { owner: "a" });
  await world.pass(100);
  const process = world.process();
  const leaders = observeLeader("job", { locks: process.manager });
  const loop = async () => {
    const told: (string | undefined)[] = [];
    for await (const leader of leaders) {
      told.push(leader?.ownerId);
      if (leader === null) break;
    }
    return told;
  };
  const loops = Promise.all([loop(), loop()]);
  await world.pass(2_500);
  await world.until(one.term.resign());
  assertEquals(await world.until(loops), [["a", undefined], ["a", undefined]]);
  await leave(world, one);
  await world.end(process);
});

Deno.test("calls of next() are answered in their order", async () => {
  const world = await World.create();
  const watcher = new Watcher(world);
  const all = [watcher.next(), watcher.next(), watcher.next()];
  const order: number[] = [];
  world.sent();
  all.forEach((next, at) => void next.then(() => order.push(at)));
  await world.pass(100);
  const one = new Candidate(world, { owner: "a", data: "x" });
  await world.pass(2_500);
  await world.until(one.term.announce("y"));
  const told = await world.until(Promise.all(all));
  assertEquals(told.map(({ value }) => value && value.data), [null, "x", "y"]);
  assertEquals(order, [0, 1, 2]);
  const looks = world.sent().filter((operation) => operation === "GetItem").length;
  assert(looks <= 5, `${looks} looks`);
  await watcher.end();
  await leave(world, one);
});

Deno.test("the signal of an observer rejects the pending next() with its reason", async () => {
  const world = await World.create();
  const reason = { any: "thing" };
  for (const at of [1, 500]) {
    const stop = new AbortController();
    const watcher = new Watcher(world, { signal: stop.signal });
    if (at === 500) assertEquals(await watcher.change(), null);
    const pending = watcher.next();
    await world.pass(at);
    stop.abort(reason);
    assertStrictEquals(await world.until(pending.catch((error) => error), 10), reason);
    assertEquals(await watcher.next(), { done: true, value: undefined }, "as a generator");
    await world.pass(5); // what was on its way has arrived
    assertEquals(world.time.pending, 0);
    const late = new Watcher(world, { signal: stop.signal });
    world.sent();
    assertStrictEquals(await late.next().catch((error) => error), reason);
    assertEquals(world.sent(), []);
    await watcher.end();
    await late.end();
  }
});

Deno.test("an observer bears with DynamoDB being away for less than a minute", async () => {
  const world = await World.create();
  let down = false;
  const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
  world.fail(fault, { times: Infinity, when: () => down });
  const watcher = new Watcher(world).collect();
  await world.pass(5_000);
  down = true;
  await world.pass(50_000);
  down = false;
  const one = new Candidate(world, { owner: "a" });
  await world.pass(11_000);
  assertEquals(watcher.names, [null, "a"]);
  await watcher.end();
  await leave(world, one);
});

Deno.test("an observer bears with one failure after the other", async () => {
  const world = await World.create();
  let down = false;
  const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
  world.fail(fault, { times: Infinity, when: () => down });
  const watcher = new Watcher(world, { pollMs: 100 });
  assertEquals(await watcher.change(), null);
  const next = watcher.next();
  for (let minute = 0; minute < 5; minute++) {
    down = true;
    await world.pass(40_000);
    down = false;
    await world.pass(20_000);
  }
  const one = new Candidate(world, { owner: "a" });
  assertEquals((await world.until(next, 1_000)).value?.ownerId, "a");
  await watcher.end();
  await leave(world, one);
});

Deno.test("an observer leaves nothing at its signal and its manager between two calls", async () => {
  const world = await World.create();
  const { stop, listeners } = countedSignal();
  const watcher = new Watcher(world, { signal: stop.signal });
  const cancels = insideOf(watcher.process.manager)[1];
  assertEquals(await watcher.change(), null);
  assertEquals([listeners(), cancels.size], [0, 0]);
  const pending = watcher.next();
  await world.pass(5_000);
  assertEquals([listeners(), cancels.size], [1, 1]);
  stop.abort("enough");
  assertEquals(await world.until(pending.catch((reason) => reason)), "enough");
  assertEquals([listeners(), cancels.size], [0, 0]);
  await watcher.end();
});

Deno.test("on Workers an observer notices at its next look that its manager was closed", async () => {
  const world = await World.create();
  const watcher = new Watcher(world, {}, world.process({ workers: true }));
  assertEquals(await watcher.change(), null);
  const next = watcher.next();
  await world.pass(100);
  await world.until(watcher.process.manager.close());
  let settled = false;
  next.catch(() => settled = true);
  await world.pass(500);
  assertEquals(settled, false);
  const error = await assertRejects(() => world.until(next), LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
});

Deno.test("an observer rejects when DynamoDB was away for a minute, and looks less and less until then", async () => {
  const world = await World.create();
  const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
  world.fail(fault, { times: Infinity });
  const watcher = new Watcher(world);
  const start = world.time.now;
  const error = await assertRejects(() => world.until(watcher.next()), LockServiceError);
  const spent = world.time.now - start;
  assertEquals(error.code, "UNAVAILABLE");
  assert(spent > 60_000 && spent < 75_000, `${spent} ms`);
  assertLess(world.sent().length, 60);
  assertEquals(await watcher.next(), { done: true, value: undefined });
  await watcher.end();
});

Deno.test("an observer rejects at once where it is refused, and where its manager is closed", async () => {
  const world = await World.create();
  const refused = new Watcher(world);
  world.fail({ kind: "error", status: 400, type: "AccessDeniedException" });
  const denied = await assertRejects(() => world.until(refused.next(), 100), LockServiceError);
  assertEquals(denied.code, "ACCESS_DENIED");
  const closed = new Watcher(world);
  assertEquals(await closed.change(), null);
  const pending = closed.next();
  await world.pass(100);
  const closing = closed.process.manager.close();
  const error = await assertRejects(() => world.until(pending, 10), LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
  await world.until(closing);
  const late = new Watcher(world, {}, closed.process);
  assertEquals((await assertRejects(() => late.next(), LockError)).code, "MANAGER_CLOSED");
  for (const watcher of [refused, closed, late]) await watcher.end();
  assertEquals(world.time.pending, 0);
});

Deno.test("an observer that was paused for minutes goes on", async () => {
  const world = await World.create();
  const watcher = new Watcher(world).collect();
  await world.pass(1_500);
  await watcher.process.node.suspend(600_000);
  const one = new Candidate(world, { owner: "a" });
  await world.pass(2_500);
  assertEquals(watcher.names, [null, "a"]);
  await watcher.end();
  await leave(world, one);
});
