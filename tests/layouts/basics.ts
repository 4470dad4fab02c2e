/** What holds of every layout whose items say no more than who holds a lock and until when. */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { LayoutChoice } from "../../src/layouts.ts";
import { type LeaseLostError, LockError, type LockManagerOptions } from "../../mod.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { type Process, type Surroundings, World } from "../support/world.ts";

/** A layout and its table. */
export interface Format {
  readonly layout: LayoutChoice;
  readonly table: string;
  /** The names and types of the keys, the partition key first. */
  readonly keys: Readonly<Record<string, "S" | "N">>;
  /** The item of another client that holds `job` for long. */
  readonly other: AttributeMap;
}

/** A world with the table of a layout. */
export class Stage {
  readonly world: World;
  readonly format: Format;

  private constructor(world: World, format: Format) {
    this.world = world;
    this.format = format;
  }

  /** Makes one. */
  static async create(format: Format): Promise<Stage> {
    const world = await World.create();
    const keys = Object.entries(format.keys);
    await world.until(
      world.client(world.time.node()).send("CreateTable", {
        TableName: format.table,
        BillingMode: "PAY_PER_REQUEST",
        AttributeDefinitions: keys.map(([AttributeName, AttributeType]) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: keys.map(([AttributeName], at) => ({
          AttributeName,
          KeyType: at === 0 ? "HASH" : "RANGE",
        })),
      }),
    );
    world.dynamo.clearRequests();
    return new Stage(world, format);
  }

  /** Starts a process of ours. */
  process(options: LockManagerOptions & Surroundings = {}): Process {
    const { layout, table } = this.format;
    return this.world.process({ layout, table, ...options });
  }

  /** All items. */
  items(): AttributeMap[] {
    return this.world.dynamo.table(this.format.table).items();
  }

  /** The only item. */
  item(): AttributeMap {
    const items = this.items();
    assertEquals(items.length, 1);
    return items[0]!;
  }

  /** Writes an item, as another client has. */
  put(item: AttributeMap): void {
    this.world.dynamo.table(this.format.table).put(item);
  }

  /** Sends a request of another client; answers whether its condition held. */
  async send(operation: string, input: object): Promise<boolean> {
    const client = this.world.client(this.world.time.node());
    try {
      await this.world.until(client.send(operation, { TableName: this.format.table, ...input }));
      return true;
    } catch (error) {
      assertEquals((error as { code?: string }).code, "ConditionalCheckFailedException");
      return false;
    }
  }
}

/** The code that something is refused with. */
export async function codeOf(stage: Stage, work: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => stage.world.until(work), LockError)).code;
}

/** Lets two processes compete. */
function exclusion(format: Format): void {
  const { name } = format.layout;

  Deno.test(`${name}: a free lock is one request, one that is held is refused, a release leaves nothing`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process(), stage.process()];
    const lease = (await world.until(one.manager.tryAcquire("job")))!;
    assertEquals(world.sent(), ["PutItem"]);
    assertEquals(lease.held, true);
    const error = assertThrows(() => lease.fencingToken, LockError);
    assertEquals(error.code, "UNSUPPORTED");
    assertEquals(await world.until(two.manager.tryAcquire("job")), null);
    assertEquals(stage.items().length, 1);
    world.sent();
    assertEquals(await world.until(lease.release()), true);
    assertEquals(world.sent(), ["DeleteItem"]);
    assertEquals(stage.items(), []);
    await world.end(one, two);
  });

  Deno.test(`${name}: a holder renews for as long as it likes, and who waits gets it after the release`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process(), stage.process()];
    const lease = await world.until(one.manager.acquire("job"));
    let got = false;
    const waiting = two.manager.acquire("job");
    waiting.then(() => got = true);
    await world.pass(90_000);
    assertEquals([lease.held, got], [true, false]);
    assertEquals(await world.until(lease.release()), true);
    const start = world.time.now;
    const next = await world.until(waiting);
    assert(world.time.now - start < 1_100);
    assertEquals(await world.until(next.release()), true);
    await world.end(one, two);
  });

  Deno.test(`${name}: the lock of a frozen holder is taken over when it has stopped believing, and not before`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process({ leaseMs: 6_000 }), stage.process({ leaseMs: 6_000 })];
    const lease = await world.until(one.manager.acquire("job"));
    await world.pass(11_300);
    one.node.pause();
    const start = world.time.now;
    const next = await world.until(two.manager.acquire("job"));
    assertEquals(lease.held, false, "two believers");
    const took = world.time.now - start;
    assert(took < 11_000, `after ${took} ms`);
    const grants = two.events.filter(({ type }) => type === "grant");
    assertEquals(grants.map((event) => "takeover" in event && event.takeover), [true]);
    one.node.resume();
    await world.pass(2_000);
    assertEquals((lease.signal.reason as LeaseLostError).name, "LeaseLostError");
    assertEquals([next.held, stage.items().length], [true, 1]);
    assertEquals(await world.until(lease.release()), false);
    assertEquals(await world.until(next.release()), true);
    assertEquals(stage.items(), []);
    await world.end(one, two);
  });

  Deno.test(`${name}: callers of one process hand it on without setting it free`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process();
    const first = await world.until(one.manager.acquire("job"));
    const waiting = one.manager.acquire("job");
    await world.pass(100);
    world.sent();
    assertEquals(await world.until(first.release()), true);
    const second = await world.until(waiting);
    assertEquals(world.sent(), ["PutItem"]);
    await world.pass(60_000);
    assertEquals([second.held, stage.items().length], [true, 1]);
    assertEquals(await world.until(second.release()), true);
    assertEquals(stage.items(), []);
    await world.end(one);
  });

  Deno.test(`${name}: what is handed on is one's own, and not what another has put in its place`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process();
    const first = await world.until(one.manager.acquire("job"));
    let got = false;
    const stop = new AbortController();
    const waiting = one.manager.acquire("job", { signal: stop.signal });
    waiting.then(() => got = true, () => {});
    await world.pass(1_000);
    stage.put(format.other);
    assertEquals(await world.until(first.release()), false);
    await world.pass(5_000);
    assertEquals([got, stage.item()], [false, format.other]);
    stop.abort(new Error("enough"));
    await assertRejects(() => world.until(waiting), Error, "enough");
    await world.end(one);
  });

  Deno.test(`${name}: it can be stolen, and the holder learns of it`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process(), stage.process()];
    const lease = await world.until(one.manager.acquire("job"));
    const held = two.manager.request("job", { steal: true }, async (stolen) => {
      await world.pass(20_000);
      assertEquals([lease.held, stolen.held], [false, true]);
      assertEquals((lease.signal.reason as LeaseLostError).code, "LEASE_STOLEN");
      return "done";
    });
    assertEquals(await world.until(held), "done");
    assertEquals(stage.items(), []);
    await world.end(one, two);
  });
}

/** Lets answers and requests get lost. */
function troubles(format: Format): void {
  const { name } = format.layout;

  for (const operation of ["PutItem", "UpdateItem", "DeleteItem"]) {
    Deno.test(`${name}: a ${operation} whose answer is lost is known again`, async () => {
      const stage = await Stage.create(format);
      const { world } = stage;
      const one = stage.process();
      world.fail({ kind: "drop-answer" }, { operation });
      const lease = await world.until(one.manager.acquire("job"));
      assertEquals(stage.items().length, 1);
      await world.pass(20_000);
      assertEquals([lease.held, stage.items().length], [true, 1]);
      assertEquals(one.events.filter(({ type }) => type === "trouble"), []);
      assertEquals(await world.until(lease.release()), true);
      assertEquals(stage.items(), []);
      await world.end(one);
    });
  }

  Deno.test(`${name}: a renewal that comes late, after the next one, changes nothing`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process();
    world.fail({ kind: "late", ms: 8_000, apply: "late" }, { operation: "UpdateItem" });
    const lease = await world.until(one.manager.acquire("job"));
    const start = world.time.now;
    let [applied, last] = [0, JSON.stringify(stage.item())];
    while (world.time.now - start < 15_500) {
      await world.pass(100);
      const item = JSON.stringify(stage.item());
      if (item === last) continue;
      last = item;
      applied++;
    }
    // A third of the lease after the grant, the retry of that; and the next one. The late one is the third.
    assertEquals([applied, lease.held], [2, true]);
    assertEquals(await world.until(lease.release()), true);
    await world.end(one);
  });

  Deno.test(`${name}: what lands after its caller has gone is given back`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process();
    const stop = new AbortController();
    world.fail({ kind: "hang", applied: true }, { operation: "PutItem" });
    const waiting = one.manager.acquire("job", { signal: stop.signal });
    await world.pass(100);
    stop.abort(new Error("enough"));
    await assertRejects(() => world.until(waiting), Error, "enough");
    await world.pass(1_000);
    assertEquals(stage.items(), []);
    await world.end(one);
  });

  Deno.test(`${name}: a request that is delayed for long takes it for nobody, for one lease: what remains`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process({ leaseMs: 12_000 }), stage.process()];
    const stop = new AbortController();
    // Longer than it is looked for, which ends with a pause.
    world.fail({ kind: "late", ms: 8_000, apply: "late" }, { operation: "PutItem" });
    const waiting = one.manager.acquire("job", { signal: stop.signal });
    await world.pass(100);
    stop.abort(new Error("enough"));
    await assertRejects(() => world.until(waiting), Error, "enough");
    await world.pass(9_000);
    assertEquals(stage.items().length, 1);
    const start = world.time.now;
    const lease = await world.until(two.manager.acquire("job"));
    assert(world.time.now - start < 9_000);
    assertEquals(await world.until(lease.release()), true);
    await world.end(one, two);
  });
}

/** Uses all else that a manager can do. */
function others(format: Format): void {
  const { name } = format.layout;

  Deno.test(`${name}: several names are held together or not at all`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process(), stage.process()];
    const lease = await world.until(one.manager.acquire(["a", "b", "c"]));
    assertEquals(world.sent(), ["TransactWriteItems"]);
    assertEquals(await world.until(two.manager.tryAcquire(["b", "d"])), null);
    assertEquals(stage.items().length, 3);
    await world.pass(60_000);
    assertEquals(lease.held, true);
    const waiting = two.manager.acquire(["b", "c", "d"]);
    await world.pass(3_000);
    assertEquals(await world.until(lease.release()), true);
    const next = await world.until(waiting);
    one.node.pause();
    assertEquals(stage.items().length, 3);
    assertEquals(await world.until(next.release()), true);
    assertEquals(stage.items(), []);
    await world.end(two);
  });

  Deno.test(`${name}: writes are committed under a lease, and not after it`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process();
    const write = (text: string) => ({
      Put: { TableName: "dynamo-lock", Item: { key: { S: "x" }, text: { S: text } } },
    });
    const text = () => world.dynamo.table("dynamo-lock").get({ key: { S: "x" } })?.text;
    const lease = await world.until(one.manager.acquire("job"));
    await world.until(lease.transact([write("one")]));
    assertEquals(text(), { S: "one" });
    const checked = [lease.conditionCheck(), write("two")];
    const input = { TransactItems: checked } as object;
    const client = world.client(world.time.node());
    await world.until(client.send("TransactWriteItems", input));
    assertEquals(text(), { S: "two" });
    await world.until(lease.transact([write("three")], { release: true }));
    assertEquals([text(), stage.items()], [{ S: "three" }, []]);
    await assertRejects(() => world.until(client.send("TransactWriteItems", input)));
    const again = await world.until(one.manager.acquire("job"));
    world.dynamo.table(format.table).clear();
    assertEquals(await codeOf(stage, again.transact([write("four")])), "LEASE_DELETED");
    assertEquals(text(), { S: "three" });
    await world.end(one);
  });

  Deno.test(`${name}: who holds what is shown, and taken away by its id`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const [one, two] = [stage.process({ owner: "one:é" }), stage.process()];
    assertEquals(await world.until(two.manager.inspect("job/1")), null);
    const lease = await world.until(one.manager.acquire("job/1"));
    await world.until(one.manager.acquire("job/2"));
    await world.until(one.manager.acquire("other"));
    const info = (await world.until(two.manager.inspect("job/1")))!;
    const [holder] = info.holders;
    assertEquals([info.fencingToken, info.holders.length], [0, 1]);
    assertEquals([holder!.ownerId, holder!.alive, holder!.fencingToken], ["one:é", true, 0]);
    const end = holder!.expiresAt.getTime() - world.time.now;
    assert(end > 19_000 && end < 23_000, `ends in ${end} ms`);
    const names = await world.until(
      Array.fromAsync(two.manager.list({ prefix: "job/" }), ({ name }) => name),
    );
    assertEquals(names.sort(), ["job/1", "job/2"]);
    assertEquals(await world.until(two.manager.breakLock("job/1", { id: "0" })), false);
    await assertRejects(() => two.manager.breakLock("job/1", { token: 1 }), TypeError, "'id'");
    assertEquals(await world.until(two.manager.breakLock("job/1", { id: holder!.id! })), true);
    assertEquals(stage.items().length, 2);
    await world.pass(20_000);
    assertEquals(lease.held, false);
    assertEquals((lease.signal.reason as LeaseLostError).code, "LEASE_DELETED");
    await world.end(one, two);
  });

  Deno.test(`${name}: what it cannot do is refused by name, before any request`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const { manager } = stage.process();
    const refused = [
      ["shared", { mode: "shared" }],
      ["data", { data: "x" }],
      ...(format.layout.at({ name: "t", partitionKey: "k", prefix: "" }).abilities.permits
        ? []
        : [["permits", { permits: 2 }] as const]),
    ] as const;
    for (const [ability, options] of refused) {
      const error = await assertRejects(() => manager.acquire("job", options), LockError);
      assertEquals(error.code, "UNSUPPORTED");
      assert(error.message.includes(`'${name}' has no '${ability}'`), error.message);
    }
    const lease = await world.until(manager.acquire("job"));
    world.sent();
    assertEquals(await codeOf(stage, lease.update("x")), "UNSUPPORTED");
    assertEquals([world.sent(), lease.held], [[], true]);
    await world.until(manager.close());
  });

  Deno.test(`${name}: on Cloudflare Workers the requests share a manager`, async () => {
    const stage = await Stage.create(format);
    const { world } = stage;
    const one = stage.process({ workers: true });
    const lease = await world.until(one.manager.acquire("job"));
    const waiting = one.manager.acquire("job");
    await world.pass(30_000);
    assertEquals(lease.held, true);
    assertEquals(await world.until(lease.release()), true);
    assertEquals(await world.until((await world.until(waiting)).release()), true);
    assertEquals(stage.items(), []);
    await world.end(one);
  });
}

/** Registers all of it. */
export function basics(format: Format): void {
  exclusion(format);
  troubles(format);
  others(format);
}
