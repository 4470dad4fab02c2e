/** Two believers that a review found, by answers that come slowly or contradict each other. */

import { assert, assertEquals } from "@std/assert";
import { World } from "../support/world.ts";
import { DynamoClient } from "../../src/dynamodb/client.ts";
import { quickSigner } from "../support/world.ts";
import { LockManager, type LockManagerOptions } from "../../mod.ts";

/** Ways and Dates, one request each, in the order of sending. */
function custom(
  world: World,
  wallOffsetMs: number,
  plan: (
    n: number,
    body: string,
  ) => { there?: number; back?: number; dateOffset?: number } | undefined,
  options: LockManagerOptions = {},
) {
  const node = world.time.node({ wallOffsetMs, seed: 99 });
  let n = 0;
  const server: typeof fetch = async (url, init) => {
    const p = plan(n++, String(init?.body)) ?? {};
    if (p.there) await world.time.delay(p.there);
    const r = await world.dynamo.fetch(url, init);
    const headers = new Headers(r.headers);
    if (p.dateOffset !== undefined) {
      headers.set("date", new Date(world.time.now + p.dateOffset).toUTCString());
    }
    const bytes = await r.arrayBuffer();
    if (p.back) await world.time.delay(p.back);
    return new Response(bytes, { status: r.status, headers });
  };
  const runtime = node.runtime(server, { latencyMs: 1 });
  const manager = new LockManager({
    client: new DynamoClient({
      region: "local",
      endpoint: "http://127.0.0.1:1",
      credentials: { accessKeyId: "t", secretAccessKey: "t" },
      signer: quickSigner,
      runtime,
    }),
    runtime,
    ...options,
  });
  return { node, manager };
}

Deno.test("no two believe when the confirming answer contradicts the bounds and the wall clock is slow", async () => {
  const world = await World.create();
  // wall clock 60 s slow; three first acquisitions at once, around a second's end.
  // START is .400
  await world.pass(585); // .985
  const { manager } = custom(world, -60_000, (_n, body) =>
    body.includes('"a"')
      ? { there: 3 } // server at .989, date x
      : body.includes('"b"')
      ? { there: 20 } // server at (x+1).006
      : { dateOffset: -900 }, { renew: false });
  world.fail({
    kind: "error",
    status: 400,
    type: "ProvisionedThroughputExceededException",
    headers: { "x-amz-retry-after": "150" },
  }, { when: ({ input }) => input.Key.key.S === "c" }); // one retry // this front end is 500 ms slow: within maxClockSkewMs
  const all = ["a", "b", "c"].map((name) => manager.acquire(name));
  const [_a, _b, c] = await world.until(Promise.all(all));
  const other = world.process();
  const theirs = await world.until(other.manager.tryAcquire("c"));
  const both = c!.held && theirs?.held;
  await world.end({ manager } as never, other);
  assert(!both, "two believers");
});

Deno.test("no two believe when a slow wall clock is set back further during the first write", async () => {
  const world = await World.create();
  const { manager, node } = custom(world, -5 * 60_000, (n) => n === 0 ? { back: 500 } : {}, {
    renew: false,
  });
  const acquiring = manager.acquire("job");
  await world.pass(100);
  node.wallOffsetMs -= 60 * 60_000;
  const lease = await world.until(acquiring);
  const other = world.process();
  const theirs = await world.until(other.manager.tryAcquire("job"));
  const both = lease.held && theirs?.held;
  await world.end({ manager } as never, other);
  assert(!both, "two believers");
});

Deno.test("no two believe when the body of one answer was slow", async () => {
  let found = 0;
  for (const [maxClockSkewMs, lastWay] of [[0, 0], [1_000, 1_500]] as const) {
    for (let wait = 4_000; wait < 10_400; wait += 50) {
      const world = await World.create();
      const holderP = world.process({ leaseMs: 5_000, renew: false });
      const node = world.time.node({ seed: 77 });
      let slowBody = 0;
      let slowWay = 0;
      const server: typeof fetch = async (url, init) => {
        const way = slowWay, body = slowBody;
        slowWay = slowBody = 0;
        if (way) await world.time.delay(way);
        const r = await world.dynamo.fetch(url, init);
        if (!body) return r;
        const bytes = new Uint8Array(await r.arrayBuffer());
        const stream = new ReadableStream({
          async start(c) {
            await world.time.delay(body);
            c.enqueue(bytes);
            c.close();
          },
        });
        return new Response(stream, { status: r.status, headers: r.headers });
      };
      const runtime = node.runtime(server, { latencyMs: 1 });
      const manager = new LockManager({
        client: new DynamoClient({
          region: "local",
          endpoint: "http://127.0.0.1:1",
          credentials: { accessKeyId: "t", secretAccessKey: "t" },
          signer: quickSigner,
          runtime,
        }),
        runtime,
        maxClockSkewMs,
      });
      // the holder knows the time well: two answers around a second's end
      await world.pass(590);
      await world.until(holderP.manager.inspect("x"));
      await world.pass(20);
      await world.until(holderP.manager.inspect("x"));
      slowWay = 2_300;
      slowBody = 2_600;
      const slow = manager.inspect("other-a").catch((e) => e);
      await world.pass((wait - 4_000) / 2);
      const lease = await world.until(holderP.manager.acquire("job"));
      await world.pass(3_990 - (wait - 4_000) / 2); // the headers came at 2300
      await world.until(manager.inspect("other-b"));
      await world.until(slow);
      if (lease.held) {
        slowWay = lastWay;
        const other = await world.until(manager.tryAcquire("job"));
        if (lease.held && other?.held) found++;
      }
      await world.until(manager.close());
    }
  }
  assertEquals(found, 0);
});
