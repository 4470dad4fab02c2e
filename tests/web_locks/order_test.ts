/** The order of requests that are made in one turn: as they were made, though their answers race. */

import { assert, assertEquals } from "@std/assert";
import { type Process, World } from "../support/world.ts";

/** The next request takes longer than the ones after it. */
function slowFirst(world: World): void {
  world.fail({ kind: "late", ms: 20, apply: "late" });
}

function work(process: Process, log: string[], id: string, options: object): Promise<unknown> {
  const run = async () => {
    log.push(`${id} in`);
    const runtime = process.node.runtime(fetch, {});
    await new Promise<void>((resolve) => runtime.setTimer(() => resolve(), 500));
  };
  return process.manager.request("a", options, run).then(
    () => log.push(`${id} done`),
    (error) => log.push(`${id} ${error.name}`),
  );
}

Deno.test("a request that is made after one that steals waits for it", async () => {
  const world = await World.create();
  const process = world.process();
  const log: string[] = [];
  slowFirst(world);
  const all = [work(process, log, "thief", { steal: true }), work(process, log, "later", {})];
  await world.until(Promise.all(all));
  await world.end(process);
  assertEquals(log, ["thief in", "thief done", "later in", "later done"]);
});

Deno.test("of two that steal, the later one has the lock", async () => {
  const world = await World.create();
  const process = world.process();
  const log: string[] = [];
  slowFirst(world);
  const all = [
    work(process, log, "first", { steal: true }),
    work(process, log, "second", { steal: true }),
  ];
  await world.until(Promise.all(all));
  await world.end(process);
  assertEquals(log.filter((line) => line !== "first in"), [
    "first AbortError",
    "second in",
    "second done",
  ]);
});

Deno.test("a shared request after one that steals from a shared holder waits for it", async () => {
  const world = await World.create();
  const process = world.process();
  const log: string[] = [];
  const held = work(process, log, "held", { mode: "shared" });
  await world.pass(100);
  slowFirst(world);
  const thief = work(process, log, "thief", { steal: true });
  const later = work(process, log, "later", { mode: "shared" });
  await world.until(Promise.all([held, thief, later]));
  await world.end(process);
  assertEquals(log.filter((line) => line.startsWith("later")), ["later in", "later done"]);
});

for (const mode of ["exclusive", "shared"] as const) {
  Deno.test(`an ifAvailable request (${mode}) of a free lock comes before later requests`, async () => {
    const world = await World.create();
    const process = world.process();
    const { manager } = process;
    const order: string[] = [];
    const first = manager.request("a", { ifAvailable: true, mode }, (lease) => {
      order.push(lease === null ? "first: null" : "first: granted");
    });
    const second = manager.request("a", () => {
      order.push("second: granted");
    });
    await world.until(Promise.all([first, second]));
    assertEquals(order, ["first: granted", "second: granted"]);
    await world.end(process);
  });
}

Deno.test("ifAvailable is answered in about one request, however many ask", async () => {
  const world = await World.create();
  const [other, process] = [world.process(), world.process({ latencyMs: 10 })];
  await world.until(other.manager.acquire("job"));
  const took: number[] = [];
  const all = Array.from({ length: 200 }, async (_, at) => {
    await world.time.delay(at);
    const from = world.time.now;
    await process.manager.request("job", { ifAvailable: true }, () => {});
    took.push(world.time.now - from);
  });
  await world.until(Promise.all(all));
  assert(Math.max(...took) < 100, `${Math.max(...took)} ms`);
  await world.end(process, other);
});
