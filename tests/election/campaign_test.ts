/** Campaigns: who gets a callback, when it stands again, and how it ends. */

import { assert, assertEquals, assertGreater, assertLess, assertStrictEquals } from "@std/assert";
import { assertRejects, assertThrows } from "@std/assert";
import { LeaseLostError, LockError, LockManager } from "../../mod.ts";
import { campaign, type CampaignOptions, observeLeader, type Term } from "../../src/election.ts";
import { insideOf } from "../../src/manager.ts";
import { Candidate, countedSignal, leave, untilOver } from "../support/candidate.ts";
import { only } from "../support/requests.ts";
import { World } from "../support/world.ts";

/** Nobody answers as long as this is true. */
function outage(world: World, isDown: () => boolean): void {
  const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
  world.fail(fault, { times: Infinity, when: isDown });
}

Deno.test("one candidate leads, the others wait, and the next one leads when it leaves", async () => {
  const world = await World.create();
  const [a, b] = [new Candidate(world), new Candidate(world)];
  await world.pass(30_000);
  const [leader, waiting] = a.leading ? [a, b] : [b, a];
  assertEquals([leader.running, waiting.terms.length], [1, 0]);
  const { term } = leader;
  assertEquals([term.name, term.ownerId, term.leading], ["job", term.lease.ownerId, true]);
  assertEquals([term.fencingToken, term.signal.aborted], [term.lease.fencingToken, false]);
  assert(term.remainingMs > 10_000 && term.remainingMs <= 19_000, `${term.remainingMs} ms`);
  leader.stop.abort(new Error("leaves"));
  await world.pass(1_200);
  assertEquals([term.leading, term.remainingMs, waiting.leading], [false, 0, true]);
  assertGreater(waiting.term.fencingToken, term.fencingToken);
  await leave(world, a, b);
});

Deno.test("to return is to resign: after a pause the candidate stands again", async () => {
  for (const pauseMs of [0, 1_000, 60_000]) {
    const world = await World.create();
    const starts: number[] = [];
    const one = new Candidate(world, { pauseMs }, async () => {
      starts.push(world.time.now);
      await world.time.delay(500);
    });
    await world.pass(600);
    assertEquals(world.holders("job"), pauseMs === 0 ? 1 : 0);
    await world.pass(pauseMs + 10);
    assertEquals(starts.length, 2);
    const gap = starts[1]! - starts[0]! - 500 - pauseMs;
    assert(gap >= 0 && gap < 10, `${gap} ms`);
    const [first, second] = one.terms;
    assertEquals(first!.signal.reason.code, "LEASE_RELEASED");
    assertGreater(second!.fencingToken, first!.fencingToken);
    await leave(world, one);
  }
});

Deno.test("with the usual pause candidates that return take turns", async () => {
  const world = await World.create();
  const work = () => world.time.delay(2_000);
  const all = [1, 2, 3].map(() => new Candidate(world, {}, work));
  await world.pass(300_000);
  for (const { terms } of all) assertGreater(terms.length, 15);
  assertEquals(all.map(({ mostRunning }) => mostRunning), [1, 1, 1]);
  await leave(world, ...all);
});

Deno.test("a lost term is over when its callback has settled, and not before", async () => {
  const world = await World.create();
  let settle = (_error?: Error) => {};
  const one = new Candidate(world, {}, (_term) =>
    new Promise((resolve, reject) => {
      settle = (error) => error ? reject(error) : resolve();
    }));
  await world.pass(100);
  for (const error of [undefined, new Error("anything after the loss")]) {
    const { term, terms: { length } } = one;
    assertEquals(term.leading, true);
    world.tamper("job", (record) => record.holders.M = {});
    await world.pass(10_000); // the next renewal finds it gone
    assertEquals([term.leading, term.signal.reason.code], [false, "LEASE_DELETED"]);
    await world.pass(120_000);
    assertEquals([one.terms.length, one.running, world.holders("job")], [length, 1, 0]);
    settle(error);
    await world.pass(1_100);
    assertEquals([one.terms.length, one.leading, one.mostRunning], [length + 1, true, 1]);
  }
  one.stop.abort(new Error("enough"));
  settle();
  await leave(world, one);
});

Deno.test("a callback that rethrows why it lost its term does not end the campaign", async () => {
  const world = await World.create();
  const one = new Candidate(world, {}, async (term) => {
    await untilOver(term);
    throw term.signal.reason;
  });
  await world.pass(100);
  world.dynamo.table("dynamo-lock").delete({ key: { S: "job" } });
  await world.pass(10_000);
  assertEquals([one.terms.length, one.leading], [2, true]);
  await world.until(one.term.resign());
  await world.pass(2_000);
  assertEquals([one.terms.length, one.leading], [3, true]);
  await leave(world, one);
});

for (
  const [how, work] of Object.entries({
    "rejects": () => Promise.reject(MISHAP),
    "throws before its first await": () => {
      throw MISHAP;
    },
    "throws nothing at all": () => Promise.reject(undefined),
  })
) {
  Deno.test(`a callback that ${how} while it leads ends the campaign`, async () => {
    const world = await World.create();
    const one = new Candidate(world, {}, work);
    const reason = await world.until(one.reason());
    assertStrictEquals(reason, how.endsWith("all") ? undefined : MISHAP);
    assertEquals([world.holders("job"), one.term.leading, one.term.signal.aborted], [
      0,
      false,
      true,
    ]);
    await world.end(one.process);
  });
}

/** What went wrong in a callback. */
const MISHAP = new Error("a mishap");

Deno.test("the error of a callback is rethrown also where the lead cannot be given back", async () => {
  const world = await World.create();
  const one = new Candidate(world, {}, () => Promise.reject(MISHAP));
  world.fail({ kind: "drop-request" }, { when: only("release"), times: 4 });
  assertStrictEquals(await world.until(one.reason()), MISHAP);
  await world.end(one.process);
  assertEquals(world.holders("job"), 0, "given back in the background");
});

Deno.test("the signal of a campaign that leads aborts the term, and the lead is kept until the callback has settled", async () => {
  const world = await World.create();
  const reason = { any: "thing" };
  for (const error of [undefined, MISHAP]) {
    const one = new Candidate(world, {}, async (term) => {
      await untilOver(term);
      await world.time.delay(45_000);
      if (error) throw error;
    });
    await world.pass(100);
    one.stop.abort(reason);
    assertStrictEquals(one.term.signal.reason, reason);
    await world.pass(44_000);
    assertEquals([one.term.leading, one.running, world.holders("job")], [true, 1, 1]);
    assertStrictEquals(await world.until(one.reason()), reason);
    assertEquals([one.term.leading, world.holders("job")], [false, 0]);
    await world.end(one.process);
  }
});

Deno.test("the signal ends a campaign at any moment, with its reason, and leaves nothing", async () => {
  const reason = new Error("enough");
  let called = 0;
  for (let at = 0; at < 2_600; at += at < 8 ? 1 : 97) {
    const world = await World.create();
    // It has two terms of half a second within this time.
    const one = new Candidate(world, {}, async () => {
      called++;
      await world.time.delay(500);
    });
    await world.pass(at);
    one.stop.abort(reason);
    assertStrictEquals(await world.until(one.reason()), reason);
    await world.end(one.process);
    assertEquals([one.running, one.leading, world.holders("job")], [0, false, 0]);
  }
  assertGreater(called, 20);
});

Deno.test("a campaign whose signal has aborted sends nothing", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const signal = AbortSignal.abort("too late");
  const ended = campaign("job", { locks: manager, signal }, untilOver);
  assertEquals(await ended.catch((reason) => reason), "too late");
  assertEquals([world.sent(), world.time.pending], [[], 0]);
});

Deno.test("the signal ends the wait for a leader, and the pauses of an outage", async () => {
  const world = await World.create();
  const leader = new Candidate(world);
  await world.pass(100);
  const waiting = new Candidate(world);
  await world.pass(3_000);
  waiting.stop.abort("enough");
  assertEquals(await world.until(waiting.reason(), 10), "enough");
  await leave(world, leader);
  outage(world, () => true);
  const away = new Candidate(world);
  await world.pass(120_000);
  away.stop.abort("enough");
  assertEquals(await world.until(away.reason(), 10), "enough");
  assertEquals(away.terms.length, 0);
});

Deno.test("resign() gives the lead to another at once; the candidate stands again when its callback has settled", async () => {
  const world = await World.create();
  const one = new Candidate(world, {}, async (term) => {
    await untilOver(term);
    await world.time.delay(60_000);
  });
  await world.pass(100);
  const other = new Candidate(world);
  await world.pass(5_000);
  const { term } = one;
  const resigned = term.resign();
  assertEquals([term.leading, term.signal.reason.code], [false, "LEASE_RELEASED"]);
  assertEquals(await world.until(resigned), true);
  assertEquals(await world.until(term.resign()), true);
  await world.pass(1_200);
  assertEquals([other.leading, one.running], [true, 1]);
  assertEquals(await world.until(other.term.resign()), true);
  await world.pass(500);
  assertEquals([one.running, one.terms.length], [1, 1], "it does not even stand yet");
  await world.until(Promise.resolve(other.stop.abort("leaves")));
  await world.pass(70_000);
  assertEquals([one.leading, one.terms.length, one.mostRunning], [true, 2, 1]);
  await leave(world, one, other);
});

Deno.test("resign() after a loss answers false", async () => {
  const world = await World.create();
  const one = new Candidate(world);
  await world.pass(100);
  const { term } = one;
  await one.process.node.suspend(60_000);
  assertEquals([term.leading, await world.until(term.resign())], [false, false]);
  await leave(world, one);
});

Deno.test("announce() changes what is beside the lead, and needs the lead", async () => {
  const world = await World.create();
  const one = new Candidate(world, { data: "first" });
  await world.pass(100);
  const { term } = one;
  const data = () => Object.values(world.record("job")!.holders.M)[0]?.M.d?.S;
  assertEquals(data(), "first");
  await world.until(term.announce("second"));
  assertEquals(data(), "second");
  await world.until(term.announce(null));
  assertEquals(data(), undefined);
  await assertRejects(() => term.announce("x".repeat(2_049)), RangeError, "'data'");
  await world.until(term.resign());
  const error = await assertRejects(() => term.announce("third"), LeaseLostError);
  assertEquals(error.code, "LEASE_RELEASED");
  await leave(world, one);
});

Deno.test("a term has the options of its candidate, and is renewed whatever the manager says", async () => {
  const world = await World.create();
  const one = new Candidate(world, {
    leaseMs: 5_000,
    owner: "me",
    data: "page 7",
    manager: { renew: false, leaseMs: 60_000 },
  });
  await world.pass(60_000);
  assertEquals([one.terms.length, one.leading], [1, true]);
  const [entry] = Object.values(world.record("job")!.holders.M);
  assertEquals([entry!.M.o!.S, entry!.M.l!.N, entry!.M.d!.S], ["me", "5000", "page 7"]);
  await leave(world, one);
});

Deno.test("maxHoldMs ends a term, whose lead another candidate gets", async () => {
  const world = await World.create();
  const [a, b] = [1, 2].map(() => new Candidate(world, { maxHoldMs: 10_000 }));
  await world.pass(65_000);
  const counts = [a!.terms.length, b!.terms.length];
  assert(Math.min(...counts) >= 2, `${counts}`);
  for (const { terms } of [a!, b!]) {
    assertEquals(terms[0]!.signal.reason.code, "LEASE_EXPIRED");
  }
  await leave(world, a!, b!);
});

Deno.test("a campaign goes on after DynamoDB was away, with growing pauses", async () => {
  const world = await World.create();
  let down = true;
  outage(world, () => down);
  const one = new Candidate(world);
  const perMinute: number[] = [];
  for (let minute = 0; minute < 5; minute++) {
    one.process.events.length = 0;
    await world.pass(60_000);
    perMinute.push(one.process.events.filter(({ type }) => type === "request").length);
  }
  assertLess(perMinute[4]!, perMinute[0]!);
  assert(perMinute.every((asked) => asked >= 4 && asked <= 12), `${perMinute}`);
  down = false;
  await world.pass(10_500);
  assertEquals(one.leading, true);
  await leave(world, one);
});

Deno.test("a leader that cannot renew loses its term in time, and leads again when DynamoDB is back", async () => {
  const world = await World.create();
  let down = false;
  outage(world, () => down);
  const one = new Candidate(world);
  await world.pass(1_000);
  down = true;
  await world.pass(20_000);
  assertEquals([one.leading, one.term.signal.reason.code], [false, "LEASE_EXPIRED"]);
  await world.pass(120_000);
  down = false;
  await world.pass(25_000);
  assertEquals([one.leading, one.terms.length], [true, 2]);
  await leave(world, one);
});

Deno.test("a campaign goes on where answers were too slow for its lease", async () => {
  const world = await World.create();
  const one = new Candidate(world, { leaseMs: 4_000 });
  await world.until(one.term?.resign() ?? Promise.resolve());
  await world.pass(100);
  await world.until(one.term.resign());
  const slow = { kind: "late", ms: 2_500, apply: "at-once" } as const;
  world.fail(slow, { operation: "UpdateItem", times: 6 });
  await world.pass(60_000);
  assertEquals([one.leading, one.terms.length], [true, 2]);
  const codes = one.process.events.filter((event) => event.type === "request").length;
  assertGreater(codes, 2, "the acquisition of the second term failed at least once");
  await leave(world, one);
});

Deno.test("errors that do not pass end a campaign", async () => {
  const world = await World.create();
  const fault = { kind: "error", status: 400, type: "AccessDeniedException" } as const;
  world.fail(fault);
  for (const [table, code] of [["dynamo-lock", "ACCESS_DENIED"], ["nowhere", "TABLE_NOT_FOUND"]]) {
    const one = new Candidate(world, { manager: { table: table! } });
    const error = await world.until(one.reason(), 1_000) as LockError;
    assertEquals([error instanceof LockError, error.code], [true, code]);
    await world.end(one.process);
  }
});

Deno.test("to close the manager ends its campaigns at once, wherever they are", async () => {
  const world = await World.create();
  const leader = new Candidate(world);
  await world.pass(100);
  const waiting = new Candidate(world);
  const pausing = new Candidate(world, { pauseMs: 60_000 }, () => {});
  await world.pass(100);
  await world.until(leader.term.resign());
  await world.pass(5_000);
  assertEquals(pausing.terms.length + waiting.terms.length, 2);
  for (const one of [leader, waiting, pausing]) {
    const closed = one.process.manager.close();
    const error = await world.until(one.reason(), 100) as LockError;
    assertEquals(error.code, "MANAGER_CLOSED");
    await world.until(closed);
    if (one.terms.length > 0) {
      assertEquals([one.term.leading, one.term.signal.aborted], [false, true]);
    }
  }
  const late = campaign("job", { locks: leader.process.manager }, untilOver);
  const error = await assertRejects(() => late, LockError);
  assertEquals(error.code, "MANAGER_CLOSED");
  await world.end();
});

Deno.test("to close the manager of a leader aborts its term with MANAGER_CLOSED, and waits for no callback", async () => {
  const world = await World.create();
  const one = new Candidate(world, {}, () => world.time.delay(30_000));
  await world.pass(100);
  await world.until(one.process.manager.close(), 100);
  assertEquals([one.term.signal.reason.code, one.term.leading], ["MANAGER_CLOSED", false]);
  assertEquals([one.running, world.holders("job")], [1, 0]);
  const error = await world.until(one.reason()) as LockError;
  assertEquals(error.code, "MANAGER_CLOSED");
  await world.end();
});

Deno.test("two candidates of one process take turns", async () => {
  const world = await World.create();
  const { manager, ...process } = world.process();
  const stop = new AbortController();
  const tokens: number[] = [];
  const leads = [0, 0];
  let running = 0;
  const all = leads.map((_, at) =>
    campaign("job", { locks: manager, signal: stop.signal }, async (term) => {
      assertEquals(++running, 1);
      assertGreater(term.fencingToken, tokens.at(-1) ?? 0);
      tokens.push(term.fencingToken);
      leads[at]!++;
      await world.time.delay(1_500);
      running--;
    }).catch((reason) => reason)
  );
  await world.pass(30_000);
  stop.abort("enough");
  assertEquals(await world.until(Promise.all(all)), ["enough", "enough"]);
  assert(Math.min(...leads) > 5, `${leads}`);
  await world.end({ manager, ...process });
});

Deno.test("on Workers a campaign is reached by its own signal only", async () => {
  const world = await World.create();
  const one = new Candidate(world, { manager: { workers: true } });
  await world.pass(100);
  await world.until(one.process.manager.close());
  await world.pass(60_000);
  assertEquals([one.leading, one.terms.length], [true, 1]);
  one.stop.abort("enough");
  assertEquals(await world.until(one.reason()), "enough");
  assertEquals([world.holders("job"), world.time.pending], [0, 0]);
});

Deno.test("a campaign keeps its process alive also where nothing else does", async () => {
  const world = await World.create();
  const base = world.time.node().runtime(world.dynamo.fetch);
  const foreground = new Set<unknown>();
  const runtime: typeof base = {
    ...base,
    setTimer: (ring, ms, background) => {
      const timer = base.setTimer(() => {
        foreground.delete(timer);
        ring();
      }, ms);
      if (!background) foreground.add(timer);
      return timer;
    },
    clearTimer: (timer) => {
      foreground.delete(timer);
      base.clearTimer(timer);
    },
  };
  const locks = new LockManager({ client: world.client(world.time.node()), runtime });
  const stop = new AbortController();
  let leading = false;
  const leaseMs = 7 * 24 * 60 * 60_000; // few renewals, for the days to come
  const ended = campaign("job", { locks, signal: stop.signal, leaseMs }, (term) => {
    leading = term.leading;
    return untilOver(term);
  });
  await world.pass(100_000);
  assertEquals([leading, foreground.size], [true, 1]);
  await world.pass(24 * 24 * 60 * 60_000 - 100_000); // longer than the longest timer
  assertEquals(foreground.size, 1);
  stop.abort("enough");
  assertEquals(await world.until(ended.catch((reason) => reason)), "enough");
  assertEquals(foreground.size, 0);
  await world.until(locks.close());
});

Deno.test("a campaign leaves nothing at its signal and its manager, neither by term nor at its end", async () => {
  const world = await World.create();
  const { manager } = world.process();
  const { stop, listeners } = countedSignal();
  let terms = 0;
  const most: number[] = [];
  const ended = campaign("job", { locks: manager, signal: stop.signal, pauseMs: 10 }, async () => {
    most.push(listeners());
    await world.time.delay(10);
    if (++terms === 20) throw MISHAP;
  });
  assertStrictEquals(await world.until(ended.catch((error) => error)), MISHAP);
  assertEquals([Math.max(...most), listeners()], [most[0]!, 0]);
  assertEquals(insideOf(manager)[1].size, 0);
  await world.until(manager.close());
});

Deno.test("no callback starts where the campaign, or the lead, is over before it", async () => {
  const world = await World.create();
  const stop = new AbortController();
  const { manager } = world.process({
    onEvent: ({ type }) => type === "grant" && stop.abort("late"),
  });
  let called = 0;
  const ended = campaign("job", { locks: manager, signal: stop.signal }, () => void called++);
  assertEquals(await world.until(ended.catch((reason) => reason)), "late");
  assertEquals([called, world.holders("job")], [0, 0]);
  // The machine is suspended just then.
  let suspend = true;
  const one = new Candidate(world, {
    manager: {
      onEvent: ({ type }) => {
        if (type === "grant" && suspend) one.process.node.wallOffsetMs += 60_000;
      },
    },
  });
  await world.pass(10_000);
  assertEquals(one.terms.length, 0);
  suspend = false;
  await world.pass(25_000);
  assertEquals([one.terms.length, one.leading], [1, true]);
  await leave(world, one);
  await world.until(manager.close());
});

Deno.test("misuse is refused before anything is sent", async () => {
  const world = await World.create();
  const { manager: locks } = world.process();
  const refusals: [options: object, type: typeof TypeError | typeof RangeError, text: string][] = [
    [{ leaseMs: 1 }, RangeError, "'leaseMs' must be from 2000 to 604800000: current value is 1"],
    [{ maxHoldMs: "1s" }, TypeError, "'maxHoldMs' must be of type number"],
    [{ pauseMs: -1 }, RangeError, "'pauseMs' must be from 0 to 60000: current value is -1"],
    [{ pauseMs: 60_001 }, RangeError, "'pauseMs'"],
    [{ pauseMs: 0.5 }, RangeError, "'pauseMs' must be a whole number"],
    [{ owner: "" }, RangeError, "'owner'"],
    [{ data: 7 }, TypeError, "'data'"],
    [{ signal: {} }, TypeError, "'signal'"],
    [{ locks: {} }, TypeError, "'locks' must be a LockManager"],
    [{ renew: false }, TypeError, "option 'renew' does not exist"],
    [{ mode: "shared" }, TypeError, "option 'mode' does not exist"],
  ];
  for (const [options, type, text] of refusals) {
    const all = { locks, ...options } as CampaignOptions;
    await assertRejects(() => campaign("job", all, untilOver), type, text);
  }
  const text = "Cannot campaign as 'name' must be";
  await assertRejects(() => campaign("", { locks }, untilOver), RangeError, text);
  await assertRejects(() => campaign(7 as never, { locks }, untilOver), TypeError, text);
  const loose = campaign as (...values: unknown[]) => Promise<void>;
  await assertRejects(
    () => loose("job", { locks }),
    TypeError,
    "'callback' must be of type function",
  );
  await assertRejects(() => loose("job"), TypeError, "'options' must be of type object");
  await assertRejects(() => loose("job", untilOver, untilOver), TypeError, "'options'");
  assertThrows(
    () => observeLeader("job", { pollMs: 99 }),
    RangeError,
    "Cannot observe a leader as",
  );
  assertThrows(() => observeLeader("job", { pollMs: 60_001 }), RangeError, "'pollMs'");
  assertThrows(() => observeLeader("job", { locks: 1 as never }), TypeError, "'locks'");
  assertThrows(() => observeLeader("job", { leaseMs: 1 } as never), TypeError, "'leaseMs'");
  assertThrows(() => observeLeader(""), RangeError, "'name'");
  assertEquals([world.sent(), world.time.pending], [[], 0]);
});

Deno.test("a term shows what is, not what was", async () => {
  const world = await World.create();
  const seen: number[] = [];
  let kept: Term | undefined;
  const one = new Candidate(world, {}, async (term) => {
    kept ??= term;
    seen.push(term.remainingMs);
    await world.time.delay(5_000);
    seen.push(term.remainingMs);
  });
  await world.pass(5_500);
  const passed = seen[0]! - seen[1]!;
  assert(passed >= 5_000 && passed < 5_200, `${passed} ms`);
  assertEquals([kept!.leading, kept!.remainingMs], [false, 0]);
  await leave(world, one);
});
