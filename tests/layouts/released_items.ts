/**
 * What holds of the layouts of the AWS Java lock client and of Go dynamolock, which differ in how they
 * write a lease and in what they do to a lock that is given back.
 */

import { assertEquals, assertRejects } from "@std/assert";
import { LockManager, type LockManagerOptions, LockTableError } from "../../mod.ts";
import type { LayoutChoice, ReleaseOptions } from "../../src/layouts.ts";
import type { AttributeMap } from "../../src/testing/mod.ts";
import { type Process, World } from "../support/world.ts";

/** One of the two. */
export interface Kind {
  readonly layout: (options?: ReleaseOptions) => LayoutChoice;
  /** How its client writes leases of 20 seconds and of 4. */
  readonly twenty: string;
  readonly four: string;
  /** How the other one writes 20 seconds, what it is called and its layout. */
  readonly other: readonly [lease: string, client: string, layout: string];
  /** Leases that it cannot have written. */
  readonly damaged: readonly string[];
}

/** The ways to release. */
export const WAYS = ["delete", "keep"] as const;

/** The item of a lock on the table of a world. */
export function itemOf(world: World, name = "job"): AttributeMap | undefined {
  return world.dynamo.table("dynamo-lock").get({ key: { S: name } });
}

/** An item as their client writes it; `undefined` takes an attribute out. */
export function theirs(lease: string, attributes: Record<string, unknown> = {}): AttributeMap {
  const all = {
    key: { S: "job" },
    ownerName: { S: "host-1" },
    leaseDuration: { S: lease },
    recordVersionNumber: { S: "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1" },
    ...attributes,
  };
  const there = Object.entries(all).filter(([, value]) => value !== undefined);
  return Object.fromEntries(there) as AttributeMap;
}

/** Puts an item on the table behind everybody's back. */
export function put(world: World, item: AttributeMap): void {
  world.dynamo.table("dynamo-lock").put(item);
}

/** Takes an item off it. */
export function drop(world: World): void {
  world.dynamo.table("dynamo-lock").clear();
}

function versionOf(world: World): string {
  return (itemOf(world)!.recordVersionNumber as { S: string }).S;
}

/** A world with processes that use a layout. */
export async function stage(
  layout: LayoutChoice,
  ...each: LockManagerOptions[]
): Promise<[World, ...Process[]]> {
  const world = await World.create();
  return [world, ...each.map((options) => world.process({ layout, ...options }))];
}

/** What is written, attribute by attribute. */
export function writes({ layout, twenty }: Kind): void {
  for (const onRelease of WAYS) {
    const choice = layout({ onRelease });
    const { name } = choice;

    Deno.test(`${name}, ${onRelease}: the items are those that its client writes`, async () => {
      const [world, one] = await stage(choice, { owner: "me" });
      const lease = await world.until(one!.manager.acquire("job", { data: "hé" }));
      const first = versionOf(world);
      const held = {
        key: { S: "job" },
        ownerName: { S: "me" },
        leaseDuration: { S: twenty },
        recordVersionNumber: { S: first },
        data: { B: btoa("h\u00c3\u00a9") },
      };
      assertEquals([itemOf(world), world.sent()], [held, ["PutItem"]]);
      assertEquals(/^[0-9a-f]{32}:\d{16}$/.test(first), true, first);

      await world.pass(8_000);
      const renewed = versionOf(world);
      assertEquals([renewed.slice(0, 33), renewed > first], [first.slice(0, 33), true]);
      assertEquals(itemOf(world), { ...held, recordVersionNumber: { S: renewed } });

      await world.until(lease.update("x"));
      assertEquals(itemOf(world)?.data, { B: btoa("x") });
      await world.until(lease.update(null));
      assertEquals(Object.keys(itemOf(world)!).sort(), [
        ...["key", "leaseDuration", "ownerName", "recordVersionNumber"],
      ]);

      const last = versionOf(world);
      assertEquals(await world.until(lease.release()), true);
      const kept = { ...held, recordVersionNumber: { S: last }, isReleased: { S: "1" } };
      const { data: _, ...released } = kept;
      assertEquals(itemOf(world), onRelease === "keep" ? released : undefined);

      // And what was kept is taken again, without the mark.
      const again = await world.until(one!.manager.acquire("job"));
      assertEquals([again.held, "isReleased" in itemOf(world)!], [true, false]);
      await world.end(one!);
    });

    Deno.test(`${name}, ${onRelease}: a sort key stands beside the name, with its own value`, async () => {
      const world = await World.create();
      await world.createTable("theirs", "id", "kind");
      const table = { name: "theirs", partitionKey: "id", sortKey: "kind", sortValue: "x" };
      const [one, other] = [
        world.process({ layout: choice, table }),
        world.process({ layout: choice, table: { ...table, sortValue: "y" } }),
      ];
      const lease = await world.until(one.manager.acquire("job"));
      const another = await world.until(other.manager.tryAcquire("job"));
      assertEquals([lease.held, another?.held], [true, true], "two locks");
      const keys = world.dynamo.table("theirs").items().map(({ id, kind }) => [id, kind]);
      assertEquals(keys, [[{ S: "job" }, { S: "x" }], [{ S: "job" }, { S: "y" }]]);
      const listed = await world.until(Array.fromAsync(one.manager.list()));
      assertEquals(listed.map(({ holders }) => holders.length), [1]);
      await world.pass(60_000);
      assertEquals([lease.held, another?.held], [true, true]);
      assertEquals(await world.until(lease.release()), true);
      await world.end(one, other);
    });
  }
}

/** What becomes of items that their client has written. */
export function reads({ layout, twenty, four, other, damaged }: Kind): void {
  const choice = layout();
  const { name } = choice;

  Deno.test(`${name}: inspect() shows its client's holder, and list() finds it`, async () => {
    const [world, one] = await stage(choice, {});
    put(world, theirs(four, { data: { B: btoa("h\u00c3\u00a9") }, extra: { N: "7" } }));
    const info = await world.until(one!.manager.inspect("job"));
    const [holder] = info!.holders;
    assertEquals([info!.fencingToken, info!.holders.length], [0, 1]);
    const { ownerId, data, leaseMs, alive, fencingToken, id } = holder!;
    assertEquals({ ownerId, data, leaseMs, alive, fencingToken, id }, {
      ...{ ownerId: "host-1", data: "hé", leaseMs: 4_000, alive: true, fencingToken: 0 },
      id: "0d6ad30b-3b1c-4a3f-8f6c-2f8f3c8cb3a1",
    });
    await world.pass(4_300);
    const later = await world.until(one!.manager.inspect("job"));
    assertEquals(later!.holders[0]!.alive, false, "seen unchanged for its lease");
    put(world, theirs(four, { key: { S: "joke" }, isReleased: { S: "1" } }));
    put(world, { key: { S: "job/1" }, colour: { S: "blue" } });
    const locks = await world.until(Array.fromAsync(one!.manager.list({ prefix: "jo" })));
    const found = locks.map((lock) => `${lock.name} ${lock.holders.length}`).sort();
    assertEquals(found, ["job 1", "joke 0"]);
    await world.end(one!);
  });

  Deno.test(`${name}: a holder of its client is waited for while it renews, and no longer than its lease`, async () => {
    const [world, one] = await stage(choice, { leaseMs: 60_000 });
    put(world, theirs(four));
    assertEquals(await world.until(one!.manager.tryAcquire("job")), null);
    let got = false;
    const waiting = one!.manager.acquire("job").then((lease) => {
      got = true;
      return lease;
    });
    for (let beat = 0; beat < 10; beat++) {
      await world.pass(3_000);
      assertEquals(got, false);
      put(world, theirs(four, { recordVersionNumber: { S: `beat-${beat}` } }));
    }
    const last = world.time.now;
    const lease = await world.until(waiting);
    const took = world.time.now - last;
    assertEquals(took >= 4_000 && took < 5_500, true, `${took}`);
    await world.pass(100_000);
    assertEquals(lease.held, true);
    await world.end(one!);
  });

  for (const mark of [{ S: "1" }, { S: "0" }, { BOOL: false }]) {
    Deno.test(`${name}: what it kept is free, whatever ${JSON.stringify(mark)} says, and nothing of it stays`, async () => {
      const [world, one] = await stage(choice, {});
      put(world, theirs(twenty, { isReleased: mark, data: { B: "AAEC" }, extra: { N: "7" } }));
      assertEquals((await world.until(one!.manager.inspect("job")))!.holders, []);
      world.sent();
      const lease = await world.until(one!.manager.tryAcquire("job"));
      assertEquals([lease?.held, world.sent()], [true, ["PutItem", "PutItem"]]);
      assertEquals(Object.keys(itemOf(world)!).sort(), [
        ...["key", "leaseDuration", "ownerName", "recordVersionNumber"],
      ]);
      await world.end(one!);
    });
  }

  Deno.test(`${name}: what it kept is not taken when another has taken it meanwhile`, async () => {
    const [world, one] = await stage(choice, {});
    put(world, theirs(twenty, { isReleased: { S: "1" } }));
    // Between our first write, which shows the item, and our second one.
    const taken = theirs(twenty, { recordVersionNumber: { S: "another" }, ownerName: { S: "b" } });
    world.fail({ kind: "no-date" }, {
      after: 1,
      when: () => {
        put(world, taken);
        return false;
      },
    });
    const done = one!.manager.tryAcquire("job");
    await world.pass(1);
    assertEquals(await world.until(done), null);
    assertEquals(itemOf(world), taken);
    await world.end(one!);
  });

  const cases: [string, AttributeMap, string, string][] = [
    [`${other[1]}`, theirs(other[0]), "RECORD_FOREIGN", other[1]],
    [`${other[1]}`, theirs(other[0]), "RECORD_FOREIGN", other[2]],
    [
      "this package's own layout",
      {
        key: { S: "job" },
        ...{ format: { N: "1" }, fence: { N: "1" }, holders: { M: {} }, purge: { N: "1" } },
      },
      "RECORD_FOREIGN",
      "this package",
    ],
    ["an application", { key: { S: "job" }, colour: { S: "blue" } }, "RECORD_FOREIGN", "colour"],
    ...damaged.map((lease): [string, AttributeMap, string, string] => [
      `damage: a lease of '${lease}'`,
      theirs(lease),
      "RECORD_INVALID",
      "its 'leaseDuration' is damaged",
    ]),
    [
      "damage: no owner",
      theirs(twenty, { ownerName: undefined }),
      "RECORD_INVALID",
      "its 'ownerName' is damaged",
    ],
  ];
  for (const [what, item, code, says] of cases) {
    Deno.test(`${name}: an item is refused, named and left alone when it is of ${what} (${says})`, async () => {
      const [world, one] = await stage(choice, {});
      put(world, item);
      for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
        const error = await assertRejects(
          () => world.until<unknown>(one!.manager[verb]("job")),
          LockTableError,
          says,
        );
        assertEquals([error.code, error.lockName], [code, "job"]);
      }
      await world.pass(60_000);
      await world.end(one!);
      assertEquals(itemOf(world), item);
    });
  }

  Deno.test(`${name}: under our own layout its items are refused with its name`, async () => {
    const world = await World.create();
    const { manager } = world.process();
    put(world, theirs(twenty));
    const error = await assertRejects(() => world.until(manager.acquire("job")), LockTableError);
    assertEquals([error.code, error.message.includes(name)], ["RECORD_FOREIGN", true]);
    await world.until(manager.close());
  });

  Deno.test(`${name}: misuse is refused before any request`, () => {
    const refused = (options: object, type: typeof TypeError | typeof RangeError) => {
      let error: unknown;
      try {
        layout(options as ReleaseOptions);
      } catch (thrown) {
        error = thrown;
      }
      assertEquals(error instanceof type, true, String(error));
      assertEquals(String(error).includes(name), true, String(error));
    };
    refused({ onRelease: "drop" }, TypeError);
    refused({ onRelease: 1 }, TypeError);
    refused({ onrelease: "keep" }, TypeError);
    const place = (partitionKey: string) =>
      new LockManager({ layout: choice, table: { name: "table", partitionKey } });
    place("id");
    for (const key of ["ownerName", "isReleased"]) {
      let error: unknown;
      try {
        choice.at({ name: "table", partitionKey: key, prefix: "" });
      } catch (thrown) {
        error = thrown;
      }
      assertEquals(error instanceof RangeError, true, key);
    }
  });
}
