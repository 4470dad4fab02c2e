import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { CORPUS } from "./corpus.ts";
import { simulate } from "./run.ts";

/** As many as take a second or two. */
const QUICK_SEEDS = 60;

Deno.test("simulate() breaks no rule in the first seeds", async () => {
  for (let seed = 1; seed <= QUICK_SEEDS; seed++) {
    const { violation } = await simulate(seed);
    assertEquals(violation, undefined, `seed ${seed}: ${JSON.stringify(violation)}`);
  }
});

Deno.test("simulate() breaks no rule in seeds that once broke one", async () => {
  for (const { seed, kind, found } of CORPUS) {
    const { violation } = await simulate(seed, { kind });
    assertEquals(violation, undefined, `seed ${seed} (${found}): ${JSON.stringify(violation)}`);
  }
});

Deno.test("simulate() does the same again when it runs a seed again", async () => {
  for (const seed of [3, 5, 8, 13, 21, 34]) {
    const once = await simulate(seed, { record: true });
    const again = await simulate(seed, { record: true });
    assert(once.trace.length > 10, `seed ${seed} did nothing`);
    assertEquals(once.trace.join("\n"), again.trace.join("\n"), `seed ${seed}`);
    assertEquals([...once.tally.counts], [...again.tally.counts]);
  }
});

Deno.test("simulate() does the same when nobody records it", async () => {
  const recorded = await simulate(7, { record: true });
  const silent = await simulate(7);
  assertEquals(silent.trace, []);
  assertEquals([silent.events, silent.endedAt], [recorded.events, recorded.endedAt]);
});

Deno.test("simulate() does something else for another seed", async () => {
  const one = await simulate(1, { record: true });
  const other = await simulate(2, { record: true });
  assertNotEquals(one.trace, other.trace);
});
