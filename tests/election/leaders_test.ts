/** At no moment do two candidates believe to lead, whatever happens to their processes. */

import { assert, assertEquals, assertGreater, assertLessOrEqual } from "@std/assert";
import type { Term } from "../../src/election.ts";
import { Candidate, leave, untilOver } from "../support/candidate.ts";
import { World } from "../support/world.ts";

Deno.test("a leader that is frozen past its lease does not believe on waking, and another leads", async () => {
  const world = await World.create();
  const frozen = new Candidate(world);
  await world.pass(1_000);
  const other = new Candidate(world);
  await world.pass(1_000);
  const { term } = frozen;
  assertEquals([term.leading, other.terms.length], [true, 0]);
  frozen.process.node.pause();
  await world.pass(24_000);
  assertEquals(other.leading, true);
  frozen.process.node.resume();
  // Before a timer of the process that was frozen can run, and before any answer reaches it.
  assertEquals([term.signal.aborted, term.leading, term.remainingMs], [false, false, 0]);
  assertEquals([term.signal.aborted, term.signal.reason.code], [true, "LEASE_EXPIRED"]);
  assertGreater(other.term.fencingToken, term.fencingToken);
  await world.pass(60_000);
  assertEquals([frozen.terms.length, other.terms.length, other.leading], [1, 1, true]);
  // Its campaign has gone on: it leads again when the other one is gone.
  other.process.node.pause();
  await world.pass(24_000);
  assertEquals([frozen.terms.length, frozen.leading], [2, true]);
  other.process.node.resume();
  await leave(world, frozen, other);
});

Deno.test("a leader whose machine was suspended does not believe on waking", async () => {
  const world = await World.create();
  const asleep = new Candidate(world);
  await world.pass(1_000);
  const other = new Candidate(world);
  await asleep.process.node.suspend(60_000);
  assertEquals([asleep.terms[0]!.leading, other.leading], [false, true]);
  await leave(world, asleep, other);
});

Deno.test("a grant that reaches its candidate too late starts no callback", async () => {
  const world = await World.create();
  const late = new Candidate(world, { manager: { latencyMs: 500 } });
  await world.pass(600); // granted; the answer is on its way
  assertEquals([world.holders("job"), late.terms.length], [1, 0]);
  late.process.node.pause();
  const other = new Candidate(world);
  await world.pass(30_000);
  assertEquals(other.leading, true);
  late.process.node.resume();
  await world.pass(30_000);
  assertEquals([late.terms.length, other.terms.length, other.leading], [0, 1, true]);
  late.stop.abort(new Error("leaves"));
  await world.pass(1_000); // what was on its way has arrived
  await leave(world, late, other);
});

/** Random numbers in [0, 1) from a seed. */
function randomOf(seed: number): () => number {
  let state = seed * 2_654_435_761 >>> 0;
  return () => {
    state = Math.imul(state, 1_664_525) + 1_013_904_223 >>> 0;
    return state / 2 ** 32;
  };
}

/** Three candidates, and what happened to them. */
class Storm {
  readonly tokens: number[] = [];
  readonly candidates: Candidate[];
  lost = 0;
  readonly #world: World;
  readonly #random: () => number;
  readonly #pausedAt = new Map<Candidate, number>();

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#random = randomOf(seed);
    this.candidates = [-4_000, 0, 4_000].map((wallOffsetMs) =>
      new Candidate(
        world,
        { leaseMs: 4_000, pauseMs: 200, manager: { wallOffsetMs } },
        (term) => this.#work(term),
      )
    );
  }

  /** Some stop in time, some late, some resign, some just return. */
  async #work(term: Term): Promise<void> {
    this.tokens.push(term.fencingToken);
    const kind = this.#random();
    if (kind < 0.25) await this.#world.time.delay(1_000 + 5_000 * this.#random());
    else if (kind < 0.5) await term.resign().catch(() => {});
    else await untilOver(term);
    if (kind > 0.75) await this.#world.time.delay(10_000 * this.#random());
    if (term.signal.aborted && term.signal.reason.code !== "LEASE_RELEASED") this.lost++;
    if (kind > 0.6 && !term.leading) throw new Error("anything");
  }

  /** Something befalls one of them. */
  upset(): void {
    const one = this.candidates[Math.floor(this.#random() * this.candidates.length)]!;
    const { node } = one.process;
    const kind = this.#random();
    if (node.paused) this.wake(one, kind < 0.5);
    else if (kind < 0.7) {
      node.pause();
      this.#pausedAt.set(one, this.#world.time.now);
    } else node.wallOffsetMs += 20_000 * (this.#random() - 0.5);
  }

  /** Wakes one, whose monotonic clock may have stood still. */
  wake(one: Candidate, stoodStill: boolean): void {
    const { node } = one.process;
    if (!node.paused) return;
    if (stoodStill) node.monoLostMs += this.#world.time.now - this.#pausedAt.get(one)!;
    node.resume();
    this.check();
  }

  /** One believer at the most among those that could ask themselves. */
  check(): void {
    const awake = this.candidates.filter(({ process }) => !process.node.paused);
    assertLessOrEqual(awake.filter((one) => one.leading).length, 1);
    for (const { mostRunning } of this.candidates) assertLessOrEqual(mostRunning, 1);
  }
}

Deno.test("no two candidates believe to lead in a storm of pauses, suspends and clocks that are set", async () => {
  let terms = 0;
  let lost = 0;
  for (let seed = 1; seed <= 10; seed++) {
    const world = await World.create();
    const storm = new Storm(world, seed);
    for (let step = 0; step < 400; step++) {
      if (step % 4 === 0) storm.upset();
      await world.pass(250);
      storm.check();
    }
    for (const one of storm.candidates) storm.wake(one, false);
    // When all is well again, they go on taking turns.
    let led = 0;
    for (let step = 0; step < 240; step++) {
      await world.pass(250);
      storm.check();
      if (storm.candidates.some(({ leading }) => leading)) led++;
    }
    assertGreater(led, 60, `seed ${seed}: hardly anybody leads any more`);
    assert(storm.tokens.every((token, at) => at === 0 || token > storm.tokens[at - 1]!));
    terms += storm.tokens.length;
    lost += storm.lost;
    await leave(world, ...storm.candidates);
  }
  assertGreater(terms, 100);
  assertGreater(lost, 30);
});
