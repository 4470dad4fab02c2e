/** Answers that come slowly or contradict each other: each of these made two believers once. */

import { assertEquals, assertNotEquals } from "@std/assert";
import type { Lease } from "../../mod.ts";
import type { WireInput } from "../support/requests.ts";
import { type Process, World } from "../support/world.ts";

/** What befalls one request on its way, and its answer, besides the latency of the process. */
interface Journey {
  /** How much longer the way to the server takes. */
  readonly thereMs?: number;
  /** How much longer the way back takes. */
  readonly backMs?: number;
  /** How long after its headers the body of the answer comes. */
  readonly bodyMs?: number;
  /** How far ahead the clock is that dates the answer. */
  readonly dateOffsetMs?: number;
}

function bodyAfter(delay: Promise<void>, bytes: Uint8Array): ReadableStream<Uint8Array> {
  return new ReadableStream({
    async start(controller) {
      await delay;
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** The service, and on the way to it what `journeyOf` has in store for a request about a lock. */
function farAway(world: World, journeyOf: (name: string) => Journey | undefined): typeof fetch {
  return async (url, init) => {
    const { Key } = JSON.parse(String(init?.body)) as WireInput;
    const { thereMs = 0, backMs = 0, bodyMs = 0, dateOffsetMs } = journeyOf(Key.key!.S) ?? {};
    if (thereMs > 0) await world.time.delay(thereMs);
    const answer = await world.dynamo.fetch(url, init);
    const headers = new Headers(answer.headers);
    if (dateOffsetMs !== undefined) {
      headers.set("date", new Date(world.time.now + dateOffsetMs).toUTCString());
    }
    const bytes = new Uint8Array(await answer.arrayBuffer());
    if (backMs > 0) await world.time.delay(backMs);
    const body = bodyMs > 0 ? bodyAfter(world.time.delay(bodyMs), bytes) : bytes;
    return new Response(body, { status: answer.status, headers });
  };
}

/** Asks for a held lock: whether its holder believes after that, and whether the asker does. */
async function believers(world: World, lease: Lease, asker: Process): Promise<[boolean, boolean]> {
  const taken = await world.until(asker.manager.tryAcquire(lease.name));
  return [lease.held, taken?.held ?? false];
}

Deno.test("no two believe when the confirming answer contradicts the bounds and the wall clock is slow", async () => {
  const world = await World.create();
  await world.pass(585); // 15 ms before the end of a second
  const journeys: Record<string, Journey> = {
    a: { thereMs: 3 }, // answered in this second
    b: { thereMs: 20 }, // in the next one: now the server's time is known to some milliseconds
    c: { dateOffsetMs: -900 }, // by a front end whose clock is slow, within maxClockSkewMs
  };
  const server = farAway(world, (name) => journeys[name]);
  const process = world.process({ wallOffsetMs: -60_000, renew: false, server });
  // The answer about c comes last, by a retry, and its date is that of the second before.
  process.node.fixedRandom = 0; // no jitter on top of what the server asks for
  world.fail({
    kind: "error",
    status: 400,
    type: "ProvisionedThroughputExceededException",
    headers: { "x-amz-retry-after": "150" },
  }, { when: ({ input }) => input.Key.key.S === "c" });
  const leases = ["a", "b", "c"].map((name) => process.manager.acquire(name));
  const [, , lease] = await world.until(Promise.all(leases));
  const other = world.process();
  assertEquals(await believers(world, lease!, other), [true, false]);
  await world.end(process, other);
});

Deno.test("no two believe when a slow wall clock is set back further during the first write", async () => {
  const world = await World.create();
  const journeys: Journey[] = [{ backMs: 500 }];
  const server = farAway(world, () => journeys.shift());
  const process = world.process({ wallOffsetMs: -5 * 60_000, renew: false, server });
  const acquiring = process.manager.acquire("job");
  await world.pass(100);
  process.node.wallOffsetMs -= 60 * 60_000; // the answer is on its way back
  const lease = await world.until(acquiring);
  const other = world.process();
  assertEquals(await believers(world, lease, other), [true, false]);
  await world.end(process, other);
});

const ASKERS = [{ maxClockSkewMs: 0, thereMs: 0 }, { maxClockSkewMs: 1_000, thereMs: 1_500 }];

/** Takes a lock and asks for it, after an answer whose body was overtaken by another answer. */
async function askAfterSlowBody(
  acquireAfterMs: number,
  { maxClockSkewMs, thereMs }: typeof ASKERS[number],
): Promise<[boolean, boolean]> {
  const world = await World.create();
  const journeys: Journey[] = [];
  const server = farAway(world, () => journeys.shift());
  const holder = world.process({ leaseMs: 5_000, renew: false });
  const asker = world.process({ maxClockSkewMs, server });
  // The holder knows the server's time well: by two answers around the end of a second.
  await world.pass(590);
  await world.until(holder.manager.inspect("x"));
  await world.pass(20);
  await world.until(holder.manager.inspect("x"));
  journeys.push({ thereMs: 2_300, bodyMs: 2_600 });
  const slow = asker.manager.inspect("slow");
  slow.catch(() => {});
  await world.pass(acquireAfterMs);
  const lease = await world.until(holder.manager.acquire("job"));
  await world.pass(3_990 - acquireAfterMs); // the headers have come, the body has not
  await world.until(asker.manager.inspect("quick"));
  await world.until(slow);
  journeys.push({ thereMs });
  const found = await believers(world, lease, asker);
  await world.end(holder, asker);
  return found;
}

Deno.test("no two believe when the body of one answer was slow", async () => {
  for (const asker of ASKERS) {
    for (let afterMs = 0; afterMs < 3_200; afterMs += 25) {
      const found = await askAfterSlowBody(afterMs, asker);
      assertNotEquals(found, [true, true], `two believers, the first after ${afterMs} ms`);
    }
  }
});
