/**
 * Giving up, at every step of an acquisition: the caller's own reason comes back untouched and at
 * once, and nothing is left: no timer, no listener, nobody on the table.
 */

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { AcquireOptions, Lease, LockManagerOptions } from "../../mod.ts";
import { kindOf, only } from "../support/requests.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

/** A signal of a caller, which counts who listens to it. */
class Caller {
  readonly #controller = new AbortController();
  readonly #listeners = new Set<unknown>();

  constructor() {
    const { signal } = this.#controller;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    Object.assign(signal, {
      addEventListener: (
        type: "abort",
        listener: () => void,
        options?: AddEventListenerOptions,
      ) => {
        this.#listeners.add(listener);
        add(type, listener, options);
      },
      removeEventListener: (type: "abort", listener: () => void) => {
        this.#listeners.delete(listener);
        remove(type, listener);
      },
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  leave(reason: unknown): void {
    this.#controller.abort(reason);
  }
}

interface Step {
  readonly name: string;
  readonly options?: LockManagerOptions & Surroundings;
  readonly acquire?: AcquireOptions;
  /** Makes the situation; what else runs in it. */
  readonly before?: (world: World, process: Process) => Promise<Process[] | void>;
  /** How long after the call the caller leaves. */
  readonly afterMs: number;
  /** The last request of the acquisition that had been sent by then. */
  readonly last: string | undefined;
  /** How many hold the lock at the end, besides the caller. */
  readonly others?: number;
}

async function heldByOther(world: World): Promise<Process[]> {
  const other = world.process();
  await world.until(other.manager.acquire("job", { leaseMs: 600_000 }));
  return [other];
}

async function heldHere(world: World, { manager }: Process): Promise<void> {
  await world.until(manager.acquire("job", { leaseMs: 600_000 }));
}

const STEPS: readonly Step[] = [
  {
    name: "the first write is on its way there",
    options: { latencyMs: 500 },
    afterMs: 300,
    last: undefined,
  },
  {
    name: "the first write was applied and its answer is on its way back",
    options: { latencyMs: 500 },
    afterMs: 700,
    last: "acquire",
  },
  {
    name: "the first write is never answered",
    before: (world) => Promise.resolve(world.fail({ kind: "hang" })),
    afterMs: 2_000,
    last: "acquire",
  },
  {
    name: "the first write was applied and is never answered",
    before: (world) => Promise.resolve(world.fail({ kind: "hang", applied: true })),
    afterMs: 2_000,
    last: "acquire",
  },
  {
    name: "the first write comes late",
    before: (world) => Promise.resolve(world.fail({ kind: "late", ms: 20_000, apply: "late" })),
    afterMs: 2_000,
    last: "acquire",
  },
  {
    name: "the client pauses before its next attempt",
    before: (world) =>
      Promise.resolve(world.fail({
        kind: "error",
        status: 400,
        type: "ThrottlingException",
        headers: { "x-amz-retry-after": "3000" },
      })),
    afterMs: 1_000,
    last: "acquire",
  },
  {
    name: "a second proposal is on its way",
    options: { latencyMs: 500 },
    before: async (world) => {
      const ahead = world.process({ wallOffsetMs: 60_000 });
      await world.until((await world.until(ahead.manager.acquire("job"))).release());
      return [ahead];
    },
    afterMs: 1_700,
    last: "acquire",
  },
  {
    name: "it sleeps between two looks",
    before: heldByOther,
    afterMs: 30_001,
    last: "read",
    others: 1,
  },
  {
    name: "a look is on its way back",
    options: { latencyMs: 500 },
    before: heldByOther,
    afterMs: 1_700,
    last: "read",
    others: 1,
  },
  {
    name: "a look is never answered",
    before: async (world) => {
      const others = await heldByOther(world);
      world.fail({ kind: "hang" }, { operation: "GetItem" });
      return others;
    },
    afterMs: 3_000,
    last: "read",
    others: 1,
  },
  {
    name: "an open proposal of an earlier write is not closed yet",
    before: async (world) => {
      const others = await heldByOther(world);
      world.fail({ kind: "late", ms: 20_000, apply: "late" }, { operation: "UpdateItem" });
      return others;
    },
    afterMs: 8_000,
    last: "read",
    others: 1,
  },
  {
    name: "it is second in the queue",
    before: async (world, { manager }) => {
      const others = await heldByOther(world);
      manager.acquire("job").catch(() => {});
      return others;
    },
    afterMs: 5_000,
    last: "read",
    others: 1,
  },
  {
    name: "it is the head of the queue",
    before: heldHere,
    afterMs: 5_000,
    last: "read",
    others: 1,
  },
  {
    name: "a take-over is never answered",
    before: async (world) => {
      const crashed = world.process();
      await world.until(crashed.manager.acquire("job", { leaseMs: 2_000 }));
      crashed.node.pause();
      await world.pass(5_000);
      world.fail({ kind: "hang", applied: true }, { when: only("take over") });
    },
    afterMs: 1_000,
    last: "take over",
  },
  {
    name: "it confirms a lease of which too little is left",
    options: { latencyMs: 600 },
    acquire: { leaseMs: 2_000 },
    afterMs: 1_500,
    last: "acquire",
  },
  {
    name: "the confirming renewal was applied",
    options: { latencyMs: 600 },
    acquire: { leaseMs: 2_000 },
    afterMs: 2_000,
    last: "renew",
  },
];

for (const step of STEPS) {
  for (const reason of [new Error("enough"), "a text", undefined]) {
    const what = reason === undefined ? "no reason" : typeof reason;
    Deno.test(`acquire() leaves at once, with ${what} and nothing left over, when ${step.name}`, async () => {
      const world = await World.create();
      const process = world.process(step.options);
      const others = await step.before?.(world, process) ?? [];
      const caller = new Caller();
      world.sent();
      const waiting = process.manager.acquire("job", { ...step.acquire, signal: caller.signal });
      const outcome = waiting.then(() => "granted", (error) => ({ error }));
      await world.pass(step.afterMs);
      const steps = world.kinds().filter((kind) => kind !== "renew" || step.last === "renew");
      assertEquals(steps.at(-1), step.last, "the step that was meant");
      caller.leave(reason);
      const start = world.time.now;
      const result = await world.until(outcome);
      assertEquals(world.time.now, start, "at once");
      assert(typeof result === "object");
      assertStrictEquals(result.error, caller.signal.reason);
      if (reason !== undefined) assertStrictEquals(result.error, reason);
      assertEquals(caller.listeners, 0);
      await world.pass(60_000);
      assertEquals(world.holders("job"), step.others ?? 0);
      await world.end(process, ...others);
    });
  }
}

Deno.test("acquire() rejects without a request when its signal had aborted before", async () => {
  const world = await World.create();
  const process = world.process();
  const caller = new Caller();
  const reason = { not: "even an error" };
  caller.leave(reason);
  for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
    const outcome = process.manager[verb]("job", { signal: caller.signal })
      .then(() => "granted", (error: unknown) => error);
    assertStrictEquals(await world.until(outcome), reason);
  }
  assertEquals([world.sent(), caller.listeners], [[], 0]);
  await world.end(process);
});

Deno.test("tryAcquire() leaves at once, and nothing behind, when its write is not answered", async () => {
  for (const applied of [true, false]) {
    const world = await World.create();
    const process = world.process();
    const caller = new Caller();
    world.fail({ kind: "hang", applied });
    const outcome = process.manager.tryAcquire("job", { signal: caller.signal })
      .then(() => "answered", (error: unknown) => error);
    await world.pass(1_000);
    const reason = new Error("enough");
    caller.leave(reason);
    assertStrictEquals(await world.until(outcome), reason);
    assertEquals(caller.listeners, 0);
    await world.pass(5_000);
    assertEquals(world.holders("job"), 0);
    await world.end(process);
  }
});

Deno.test("a signal has no effect after the grant, and nobody listens to it any more", async () => {
  const world = await World.create();
  const process = world.process();
  const caller = new Caller();
  const lease = await world.until(process.manager.acquire("job", { signal: caller.signal }));
  assertEquals(caller.listeners, 0);
  caller.leave(new Error("too late"));
  await world.pass(60_000);
  assertEquals(lease.held, true);
  await world.until(lease.renew());
  assertEquals(await world.until(lease.release()), true);
  await world.end(process);
});

Deno.test("a signal serves many acquisitions, and has no listener afterwards", async () => {
  const world = await World.create();
  const process = world.process();
  const caller = new Caller();
  for (let round = 0; round < 50; round++) {
    const lease = await world.until(process.manager.acquire("job", { signal: caller.signal }));
    await world.until(lease.release());
  }
  assertEquals(caller.listeners, 0);
  await world.end(process);
});

Deno.test("giving up while standing back after a run of hand-overs leaves nothing", async () => {
  const world = await World.create();
  const process = world.process({ maxHandoffMs: 0, pollMs: 10_000 });
  const lease = await world.until(process.manager.acquire("job"));
  const caller = new Caller();
  const outcome = process.manager.acquire("job", { signal: caller.signal })
    .then(() => "granted", (error: unknown) => error);
  await world.pass(3_000);
  await world.until(lease.release());
  await world.pass(100);
  const reason = new Error("enough");
  caller.leave(reason);
  assertStrictEquals(await world.until(outcome), reason);
  assertEquals([caller.listeners, world.time.pending], [0, 0]);
  await world.end(process);
});

Deno.test("giving up at any moment of a contended acquisition leaves nothing", async () => {
  // The holder releases after 300 ms; the caller leaves every few milliseconds around that.
  for (let leaveAt = 0; leaveAt <= 700; leaveAt += 7) {
    const world = await World.create();
    const holder = world.process();
    const process = world.process({ latencyMs: 20 });
    const held = await world.until(holder.manager.acquire("job"));
    const caller = new Caller();
    const waiting = process.manager.acquire("job", { signal: caller.signal });
    const outcome = waiting.then((lease) => lease as Lease | null, () => null);
    world.time.at(world.time.now + 300, () => void held.release());
    world.time.at(world.time.now + leaveAt, () => caller.leave(new Error("enough")));
    await world.pass(2_000);
    const lease = await world.until(outcome);
    assertEquals(caller.listeners, 0);
    assertEquals(world.holders("job"), lease === null ? 0 : 1);
    if (lease !== null) assertEquals(await world.until(lease.release()), true);
    await world.pass(2_000);
    assertEquals(world.holders("job"), 0);
    await world.end(holder, process);
  }
});

Deno.test("giving up at any moment of a hand-over leaves nothing", async () => {
  let handOvers = 0;
  for (let leaveAt = 0; leaveAt <= 120; leaveAt += 3) {
    const world = await World.create();
    const process = world.process({ latencyMs: 20 });
    const held = await world.until(process.manager.acquire("job"));
    const caller = new Caller();
    const waiting = process.manager.acquire("job", { signal: caller.signal });
    const outcome = waiting.then((lease) => lease as Lease | null, () => null);
    await world.pass(3_000);
    const released = held.release();
    world.time.at(world.time.now + leaveAt, () => caller.leave(new Error("enough")));
    assertEquals(await world.until(released), true);
    const lease = await world.until(outcome);
    if (lease !== null) assertEquals(await world.until(lease.release()), true);
    await world.pass(2_000);
    assertEquals([world.holders("job"), caller.listeners], [0, 0]);
    if (world.dynamo.requests.some((request) => kindOf(request) === "hand over")) handOvers++;
    await world.end(process);
  }
  assert(handOvers > 20, `${handOvers} hand-overs`);
});
