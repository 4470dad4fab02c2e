/** Fail-open locks of the npm dynamodb-lock-client: what we write, and all that it may have written. */

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { LeaseLostError, LockError, LockTableError } from "../../mod.ts";
import { npmLockClient } from "../../src/layouts.ts";
import type { Item } from "../../src/records/record.ts";
import { START } from "../support/virtual.ts";
import { World } from "../support/world.ts";
import { Shelf } from "./shelf.ts";

const layout = npmLockClient({ mode: "fail-open" });
const LEASE = 20_000;

/** A guid of theirs: 64 bytes. */
const GUID = btoa("\x00\xfeguid".padEnd(64, "~"));

/** A lock as the package writes it. */
function theirs(change: Partial<Record<string, Item[string] | undefined>> = {}): Item {
  const item = {
    owner: { S: "dynamodb-lock-client@0.7.3_me@host" },
    guid: { B: GUID },
    fencingToken: { N: "41" },
    leaseDurationMs: { N: "5000" },
    ...change,
  };
  return Object.fromEntries(Object.entries(item).filter(([, value]) => value)) as Item;
}

function timeOf({ lockAcquiredTimeUnixMs: time }: Item): number {
  return Number((time as { N: string }).N);
}

async function stage(): Promise<{ world: World; shelf: Shelf }> {
  const world = await World.create();
  return { world, shelf: new Shelf(world) };
}

for (const guid of ["binary", "string"] as const) {
  const kind = guid === "binary" ? "B" : "S";

  Deno.test(`the items of a lock with a ${guid} guid: taken, renewed and released`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({
      layout: npmLockClient({ mode: "fail-open", guid }),
      owner: "me",
    });
    const lease = await world.until(process.manager.acquire("job", { leaseMs: LEASE }));
    assertEquals(world.sent(), ["PutItem"]);
    const taken = shelf.get("job")!;
    const { [kind]: text } = taken.guid as Record<string, string>;
    assertEquals(atob(text!).length, 64, "bytes of a guid");
    assertEquals(taken, {
      owner: { S: "me" },
      guid: { [kind]: text } as Item[string],
      fencingToken: { N: "1" },
      leaseDurationMs: { N: `${LEASE}` },
      lockAcquiredTimeUnixMs: { N: `${timeOf(taken)}` },
    });
    assert(Math.abs(timeOf(taken) - START) < 100, "as the clock of the writer shows");
    assertEquals(lease.fencingToken, 1);
    await world.pass(LEASE / 3 + 100);
    assertEquals(world.sent(), ["UpdateItem"]);
    const renewed = shelf.get("job")!;
    const { [kind]: next } = renewed.guid as Record<string, string>;
    assertEquals([next!.slice(0, 32), next === text], [text!.slice(0, 32), false]);
    const time = timeOf(renewed);
    assert(time > START + LEASE / 3 - 100 && time < START + LEASE / 3 + 2_000, `${time}`);
    const { guid: _, lockAcquiredTimeUnixMs: __, ...others } = renewed;
    assertEquals(others, {
      owner: { S: "me" },
      fencingToken: { N: "1" },
      leaseDurationMs: { N: `${LEASE}` },
    });
    assertEquals(await world.until(lease.release()), true);
    assertEquals(shelf.get("job"), { ...renewed, leaseDurationMs: { N: "1" } });
    await world.end(process);
  });
}

Deno.test("without trustLocalTime no time is written, neither taken nor renewed nor closed", async () => {
  const { world, shelf } = await stage();
  const silent = npmLockClient({ mode: "fail-open", trustLocalTime: false });
  const process = world.process({ layout: silent });
  const names = "fencingToken guid leaseDurationMs owner";
  const lease = await world.until(process.manager.acquire("job"));
  assertEquals(Object.keys(shelf.get("job")!).sort().join(" "), names);
  await world.until(lease.renew());
  assertEquals(Object.keys(shelf.get("job")!).sort().join(" "), names);
  world.fail({ kind: "hang" }, { operation: "PutItem", times: 9 });
  const stop = new AbortController();
  const trying = process.manager.tryAcquire("other", { signal: stop.signal });
  trying.catch(() => {});
  await world.pass(1_000);
  stop.abort("enough");
  await world.pass(1_000);
  assertEquals(Object.keys(shelf.get("other")!).sort().join(" "), names);
  await world.end(process);
});

Deno.test("tokens count from 1: over releases, hand-overs, other processes and other clients", async () => {
  const { world, shelf } = await stage();
  const [one, two] = [world.process({ layout }), world.process({ layout })];
  const tokens: number[] = [];
  for (const { manager } of [one, two, one]) {
    const lease = await world.until(manager.acquire("job"));
    tokens.push(lease.fencingToken);
    await world.until(lease.release());
  }
  const held = await world.until(one.manager.acquire("job"));
  const waiting = one.manager.acquire("job");
  await world.pass(100);
  assertEquals(await world.until(held.release()), true);
  const handed = await world.until(waiting);
  tokens.push(held.fencingToken, handed.fencingToken);
  assertEquals(shelf.get("job")!.fencingToken, { N: "5" });
  await world.until(handed.release());
  shelf.put("job", theirs({ fencingToken: { N: "900" }, leaseDurationMs: { N: "1" } }));
  const after = await world.until(two.manager.acquire("job"));
  tokens.push(after.fencingToken);
  assertEquals(tokens, [1, 2, 3, 4, 5, 901]);
  await world.end(one, two);
});

Deno.test("the tokens of an item that was deleted begin again with 1", async () => {
  const { world, shelf } = await stage();
  const [one, two] = [world.process({ layout }), world.process({ layout })];
  shelf.put("job", theirs({ leaseDurationMs: { N: "1" } }));
  const lease = await world.until(one.manager.acquire("job"));
  assertEquals(lease.fencingToken, 42);
  await world.until(lease.release());
  shelf.delete("job");
  assertEquals((await world.until(two.manager.acquire("job"))).fencingToken, 1);
  await world.end(one, two);
});

for (const lease of ["1", "0"]) {
  Deno.test(`their lock with a lease of ${lease} ms was released, and is taken at once`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    shelf.put("job", theirs({ leaseDurationMs: { N: lease } }));
    const taken = await world.until(process.manager.tryAcquire("job"));
    assertEquals(taken?.fencingToken, 42);
    assertEquals(world.sent(), ["PutItem", "PutItem"]);
    await world.end(process);
  });
}

const GUIDS: readonly [string, Item[string]][] = [
  ["a binary guid", { B: GUID }],
  ["a string guid", { S: GUID }],
  ["a string guid that is no base64", { S: "not base64!" }],
];

for (const [what, guid] of GUIDS) {
  Deno.test(`their lock with ${what} is watched for its lease, and then taken over`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    shelf.put("job", theirs({ guid }));
    assertEquals(await world.until(process.manager.tryAcquire("job")), null);
    const [holder] = (await world.until(process.manager.inspect("job")))!.holders;
    assertEquals(
      [holder!.ownerId, holder!.fencingToken, holder!.leaseMs, holder!.alive, holder!.data],
      ["dynamodb-lock-client@0.7.3_me@host", 41, 5_000, true, undefined],
    );
    const waiting = process.manager.acquire("job");
    await world.pass(3_000);
    shelf.put("job", theirs({ guid: { B: btoa("x".repeat(64)) } })); // a heartbeat
    const start = world.time.now;
    const lease = await world.until(waiting);
    const tookMs = world.time.now - start;
    assert(tookMs >= 5_000 && tookMs < 7_000, `taken over after ${tookMs} ms`);
    assertEquals([lease.fencingToken, lease.held], [42, true]);
    await world.end(process);
  });

  Deno.test(`breakLock() takes their lock with ${what}, and their next heartbeat fails`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    shelf.put("job", theirs({ guid }));
    assertEquals(await world.until(process.manager.breakLock("job", { token: 40 })), false);
    assertEquals(shelf.get("job"), theirs({ guid }));
    assertEquals(await world.until(process.manager.breakLock("job", { token: 41 })), true);
    const { guid: next, ...rest } = shelf.get("job")!;
    // Their heartbeat is conditioned on the guid alone, whatever the lease says.
    assertEquals(JSON.stringify(next) === JSON.stringify(guid), false);
    const { guid: _, ...was } = theirs();
    assertEquals(rest, { ...was, fencingToken: { N: "42" }, leaseDurationMs: { N: "1" } });
    const lease = await world.until(process.manager.tryAcquire("job"));
    assertEquals(lease?.fencingToken, 43);
    await world.end(process);
  });
}

Deno.test("a heartbeat that comes between the look and the take-over wins", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("job", theirs());
  const waiting = process.manager.acquire("job");
  world.fail({ kind: "late", ms: 500, apply: "late" }, {
    operation: "PutItem",
    when: ({ input }) => input.ConditionExpression.includes("="),
  });
  await world.pass(5_000 * 1.05 + 700);
  const beat = theirs({ guid: { B: btoa("y".repeat(64)) } });
  shelf.put("job", beat);
  await world.pass(2_000);
  assertEquals(shelf.get("job"), beat, "left alone");
  assertEquals((await world.until(waiting)).fencingToken, 42);
  await world.end(process);
});

Deno.test("a take-over is conditioned on the token too, which a closed proposal has raised", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("job", theirs());
  const waiting = process.manager.acquire("job");
  await world.pass(3_000);
  shelf.put("job", theirs({ fencingToken: { N: "50" } }));
  const lease = await world.until(waiting);
  assertEquals(lease.fencingToken, 51);
  await world.end(process);
});

Deno.test("our crashed holder is taken over after its lease by who waits, and by who asks once", async () => {
  const { world } = await stage();
  const dead = world.process({ layout });
  const [other, third] = [world.process({ layout }), world.process({ layout })];
  const lease = await world.until(dead.manager.acquire("job"));
  dead.node.pause();
  assertEquals(await world.until(other.manager.tryAcquire("job")), null);
  await world.pass(LEASE + 5_000);
  // The end is in the guid: nobody need have seen it alive.
  const taken = await world.until(third.manager.tryAcquire("job"));
  assertEquals(taken?.fencingToken, 2);
  dead.node.resume();
  await world.pass(100);
  assertEquals(lease.held, false);
  await world.end(dead, other, third);
});

Deno.test("a lease is lost with LEASE_STOLEN where they took over, LEASE_DELETED where the item went", async () => {
  for (
    const [loss, act] of [
      ["LEASE_STOLEN", (shelf: Shelf) => shelf.put("job", theirs())],
      ["LEASE_DELETED", (shelf: Shelf) => shelf.delete("job")],
    ] as const
  ) {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    const lease = await world.until(process.manager.acquire("job"));
    act(shelf);
    await world.pass(LEASE / 3 + 100);
    assertEquals([lease.held, (lease.signal.reason as LeaseLostError).code], [false, loss]);
    const before = shelf.get("job");
    assertEquals(await world.until(lease.release()), false);
    assertEquals(shelf.get("job"), before);
    await world.end(process);
  }
});

Deno.test("breakLock() takes a lock of another process of ours, which is told LEASE_STOLEN", async () => {
  const { world } = await stage();
  const [holder, operator] = [world.process({ layout }), world.process({ layout })];
  const lease = await world.until(holder.manager.acquire("job"));
  const info = await world.until(operator.manager.inspect("job"));
  const token = info!.holders[0]!.fencingToken;
  assertEquals("id" in info!.holders[0]!, false);
  assertEquals(await world.until(operator.manager.breakLock("job", { token })), true);
  await world.pass(LEASE / 3 + 100);
  assertEquals((lease.signal.reason as LeaseLostError).code, "LEASE_STOLEN");
  assertEquals((await world.until(operator.manager.tryAcquire("job")))?.fencingToken, 3);
  await world.end(holder, operator);
});

for (const state of ["absent", "released"] as const) {
  for (const kind of ["drop-answer", "drop-request"] as const) {
    Deno.test(`a lost answer (${kind}) costs a retry, where the lock was ${state}`, async () => {
      const { world, shelf } = await stage();
      const process = world.process({ layout });
      if (state === "released") shelf.put("job", theirs({ leaseDurationMs: { N: "1" } }));
      world.fail({ kind }, { operation: "PutItem", after: state === "released" ? 1 : 0 });
      const start = world.time.now;
      const lease = await world.until(process.manager.acquire("job"));
      assert(world.time.now - start < 500, "at once");
      world.fail({ kind }, { operation: "UpdateItem" });
      await world.until(lease.renew());
      assertEquals(lease.held, true);
      world.fail({ kind }, { operation: "UpdateItem" });
      assertEquals(await world.until(lease.release()), true);
      assertEquals(shelf.get("job")!.leaseDurationMs, { N: "1" });
      await world.end(process);
    });

    Deno.test(`an acquisition that ends in doubt (${kind}) leaves nothing, where it was ${state}`, async () => {
      const { world, shelf } = await stage();
      const [process, other] = [world.process({ layout }), world.process({ layout })];
      if (state === "released") shelf.put("job", theirs({ leaseDurationMs: { N: "1" } }));
      const stop = new AbortController();
      // The request comes to the table long after its caller has gone.
      const apply = kind === "drop-answer" ? "at-once" : "late";
      world.fail({ kind: "late", ms: 4_000, apply }, {
        operation: "PutItem",
        after: state === "released" ? 1 : 0,
      });
      const trying = process.manager.tryAcquire("job", { signal: stop.signal });
      trying.catch(() => {});
      await world.pass(1_000);
      stop.abort("enough");
      await world.pass(500);
      // Closed by now, or given back: somebody else gets it at once, and keeps it.
      const lease = await world.until(other.manager.tryAcquire("job"));
      assertEquals(lease?.fencingToken, state === "released" ? 43 : 2);
      await world.pass(10_000);
      assertEquals(lease?.held, true);
      await world.end(process, other);
    });
  }
}

Deno.test("a take-over that ends in doubt can not be applied later, to a lock whose holder is dead", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("job", theirs());
  const stop = new AbortController();
  const waiting = process.manager.acquire("job", { signal: stop.signal });
  waiting.catch(() => {});
  world.fail({ kind: "late", ms: 4_000, apply: "late" }, {
    operation: "PutItem",
    when: ({ input }) => input.ConditionExpression.includes("="),
  });
  await world.pass(5_000 * 1.05 + 500);
  stop.abort("enough");
  await world.pass(10_000);
  // The guid is the one that it was for, and the token has passed it.
  const { lockAcquiredTimeUnixMs: _, ...rest } = shelf.get("job")!;
  assertEquals(rest, theirs({ fencingToken: { N: "42" } }));
  await world.end(process);
});

Deno.test("a renewal that comes late does not take back a later one", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  const lease = await world.until(process.manager.acquire("job"));
  world.fail({ kind: "late", ms: 9_000, apply: "late" }, { operation: "UpdateItem" });
  await world.until(lease.renew());
  await world.until(lease.renew());
  const before = shelf.get("job");
  await world.pass(4_500);
  assertEquals(shelf.get("job"), before);
  assertEquals(world.sent(), ["PutItem", "UpdateItem", "UpdateItem", "UpdateItem"]);
  await world.end(process);
});

Deno.test("several locks are one transaction, with a token above those of all", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  shelf.put("b", theirs({ leaseDurationMs: { N: "1" } }));
  const lease = await world.until(process.manager.acquire(["a", "b"]));
  assertEquals(lease.fencingToken, 42);
  assertEquals(world.sent(), ["TransactWriteItems", "TransactWriteItems"]);
  await world.pass(2 * LEASE);
  assertEquals(lease.held, true);
  assertEquals(["a", "b"].map((name) => shelf.get(name)!.fencingToken), [{ N: "42" }, { N: "42" }]);
  assertEquals(await world.until(lease.release()), true);
  assertEquals(["a", "b"].map((name) => shelf.get(name)!.leaseDurationMs), [{ N: "1" }, {
    N: "1",
  }]);
  await world.end(process);
});

Deno.test("transact() and conditionCheck() write only while the lock is ours", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  const put = (name: string) => ({
    Put: { TableName: "dynamo-lock", Item: { key: { S: name }, done: { BOOL: true } } },
  });
  const lease = await world.until(process.manager.acquire("job"));
  const check = lease.conditionCheck({ format: "document" }).ConditionCheck;
  const values = Object.values(check.ExpressionAttributeValues!);
  assert(values.some((value) => value instanceof Uint8Array) && values.includes(1), "plain values");
  await world.until(lease.transact([put("x")], { release: true }));
  assertEquals(shelf.get("job")!.leaseDurationMs, { N: "1" });
  const next = await world.until(process.manager.acquire("job"));
  shelf.put("job", theirs({ leaseDurationMs: { N: "1" }, guid: shelf.get("job")!.guid }));
  const error = await assertRejects(() => world.until(next.transact([put("y")])), LeaseLostError);
  assertEquals(error.code, "LEASE_STOLEN");
  assertEquals([shelf.get("x") === undefined, shelf.get("y")], [false, undefined]);
  await world.end(process);
});

Deno.test("list() shows the locks of both, held and released", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout, owner: "me" });
  shelf.put("a", theirs());
  shelf.put("b", theirs({ leaseDurationMs: { N: "1" }, guid: { S: GUID } }));
  shelf.put("an item of something else", { colour: { S: "blue" } });
  await world.until(process.manager.acquire("c"));
  const locks = await world.until(Array.fromAsync(process.manager.list()));
  assertEquals(
    locks.map(({ name, fencingToken, holders }) => [name, fencingToken, holders.length]).sort(),
    [["a", 41, 1], ["b", 41, 0], ["c", 1, 1]],
  );
  await world.end(process);
});

Deno.test("what the format cannot do is refused by the names of the layout and of the ability", async () => {
  const { world } = await stage();
  const process = world.process({ layout });
  const { manager } = process;
  const lease = await world.until(manager.acquire("job"));
  for (
    const [ability, act] of [
      ["shared", () => manager.acquire("x", { mode: "shared" })],
      ["permits", () => manager.acquire("x", { permits: 3 })],
      ["data", () => manager.acquire("x", { data: "y" })],
      ["data", () => lease.update("y")],
    ] as const
  ) {
    const error = await assertRejects<LockError>(() => world.until<unknown>(act()), LockError);
    assertEquals(error.code, "UNSUPPORTED");
    assertStringIncludes(error.message, `'${ability}'`);
    assertStringIncludes(error.message, `npmLockClient({ mode: "fail-open" })`);
  }
  await world.end(process);
});

const DAMAGED: readonly [string, Partial<Record<string, Item[string] | undefined>>][] = [
  ["a lease that is a text", { leaseDurationMs: { S: "5000" } }],
  ["a lease with a fraction", { leaseDurationMs: { N: "1.5" } }],
  ["a lease below zero", { leaseDurationMs: { N: "-1" } }],
  ["no token", { fencingToken: undefined }],
  ["a token with a fraction", { fencingToken: { N: "1.5" } }],
  ["a guid that is a number", { guid: { N: "5" } }],
  ["an empty guid", { guid: { S: "" } }],
  ["an owner that is a number", { owner: { N: "5" } }],
];

for (const [what, change] of DAMAGED) {
  Deno.test(`${what} is damage, and never a lock that is free`, async () => {
    const { world, shelf } = await stage();
    const process = world.process({ layout });
    shelf.put("job", theirs(change));
    for (const verb of ["tryAcquire", "acquire", "inspect"] as const) {
      const error = await assertRejects(
        () => world.until<unknown>(process.manager[verb]("job")),
        LockTableError,
      );
      assertEquals(error.code, "RECORD_INVALID");
      assertStringIncludes(error.message, `its '${Object.keys(change)[0]}' is damaged`);
    }
    assertEquals(shelf.get("job"), theirs(change));
    await world.end(process);
  });
}

Deno.test("a fail-closed lock under it, and other items, are errors that name what to use", async () => {
  const { world, shelf } = await stage();
  const process = world.process({ layout });
  const { owner, guid } = theirs();
  for (
    const [item, says] of [
      [
        { owner, guid },
        /'npmLockClient.*open.*' as .* fail-closed: .*'npmLockClient.*closed" }\)'/,
      ],
      [{ format: { N: "1" }, fence: { N: "1" }, holders: { M: {} } }, /a format of this package/],
      [{ colour: { S: "blue" } }, /no lock, with the attributes colour, key/],
    ] as const
  ) {
    shelf.put("job", item as Item);
    const error = await assertRejects(
      () => world.until(process.manager.tryAcquire("job")),
      LockTableError,
    );
    assertEquals(error.code, "RECORD_FOREIGN");
    assertMatch(error.message, says);
    assertEquals(shelf.get("job"), item as Item);
  }
  await world.end(process);
});
