/**
 * What is played with every client: each side holds, waits, crashes and takes over.
 *
 * @module
 */

import { LockManager, LockTableError } from "../../mod.ts";
import type { Always, Play, Scenario } from "./client.ts";
import type { Driver } from "./driver.ts";
import { LEASE_MS, must, type RawItem, sleep, type Stage } from "./stage.ts";

type Side = "ours" | "theirs";

/** A waiter looks every second or so; some sleep a whole lease. */
const SOON_MS = 2 * LEASE_MS;

/** Times in whole seconds make a lease shorter by up to one of them. */
const SHORTER_MS = 1_100;

/** How long a holder holds: over its first lease, where it renews. */
function holdMs({ client }: Stage, holder: Side): number {
  return holder === "theirs" && client.renews === false ? LEASE_MS / 3 : 1.4 * LEASE_MS;
}

/** One holds, the other waits until it is released, and the same in turn. */
async function wait(stage: Stage, side: Side): Promise<string> {
  const [holder, waiter] = await pair(stage, side);
  const name = stage.name();
  await holder.acquire(name);
  must(!await waiter.tryAcquire(name), "who tries does not get what is held");
  let got = false;
  const waiting = waiter.acquire(name).then(() => got = true);
  await sleep(holdMs(stage, side));
  must(!got, "who waits does not get what is held");
  must(await holder.release(name), "it was held until it was released");
  const released = Date.now();
  await waiting;
  const took = Date.now() - released;
  must(took < SOON_MS, `who waits gets it soon after the release, not after ${took} ms`);
  must(await waiter.release(name), "the waiter held it in turn");
  await holder.acquire(name);
  must(await holder.release(name), "the first one held it again");
  return `granted ${took} ms after the release`;
}

/** One crashes, the other takes over: after the lease, and not before. */
async function crash(stage: Stage, side: Side): Promise<string> {
  const [, waiter] = await pair(stage, side);
  const victim = await stage.another(side);
  const name = stage.name();
  await victim.acquire(name);
  const renewed = !(side === "theirs" && stage.client.renews === false);
  const start = Date.now();
  must(!await waiter.tryAcquire(name), "who tries does not get what is held");
  if (renewed) await sleep(holdMs(stage, side));
  await victim.kill();
  const killed = Date.now();
  await waiter.acquire(name);
  const took = Date.now() - (renewed ? killed : start);
  // A renewal may be a third of the lease ago; or half of it.
  const least = (renewed ? LEASE_MS / 2 : LEASE_MS) - SHORTER_MS;
  must(took >= least, `the lease of the dead is over, not after ${took} ms`);
  must(took <= 4 * LEASE_MS, `it is taken over soon after, not after ${took} ms`);
  must(await waiter.release(name), "who took over held it");
  return `taken over after ${took} ms`;
}

async function pair(stage: Stage, side: Side): Promise<[Driver, Driver]> {
  return [await stage.one(side), await stage.one(side === "ours" ? "theirs" : "ours")];
}

/** Processes of both kinds add to one number. */
async function counter(stage: Stage): Promise<string> {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "0");
  const name = stage.name();
  const counts = { ours: 0, theirs: 0 };
  const sides: Side[] = ["ours", "theirs", "ours", "theirs"];
  const drivers = await Promise.all(
    sides.map((side, at) => at < 2 ? stage.one(side) : stage.another(side)),
  );
  const start = Date.now();
  // Longer where a side that looks seldom has had no luck yet.
  const goesOn = () => {
    const each = counts.ours > 0 && counts.theirs > 0 ? stage.countMs : 2 * stage.countMs;
    return Date.now() - start < each;
  };
  try {
    await Promise.all(drivers.map(async (driver, at) => {
      while (goesOn()) {
        const done = await driver.count(name, file, 3);
        counts[sides[at]!] += done;
      }
    }));
    const number = Number(await Deno.readTextFile(file));
    const sum = counts.ours + counts.theirs;
    must(number === sum, `no update is lost of ${sum}: ${number}`);
    must(counts.ours > 0 && counts.theirs > 0, "each side gets a turn");
    return `${counts.ours} updates of ours, ${counts.theirs} of theirs`;
  } finally {
    await Deno.remove(file);
  }
}

/** What we write is what they write: the same attributes, types and constant values. */
async function items(stage: Stage): Promise<void> {
  const name = stage.name();
  const play = async (driver: Driver): Promise<[held: RawItem[], released: RawItem[]]> => {
    await driver.acquire(name);
    const held = await stage.items(name);
    must(await driver.release(name), "it was held");
    return [held, await stage.items(name)];
  };
  const ours = await play(await stage.one("ours"));
  const [theirs, again] = [
    await play(await stage.one("theirs")),
    await (async () => {
      // By then all times in seconds are others.
      await sleep(1_100);
      return await play(await stage.another("theirs"));
    })(),
  ];
  for (const [at, state] of (["held", "released"] as const).entries()) {
    const shape = JSON.stringify(theirs[at]!.map(shapeOf));
    const { adds = [] } = stage.client;
    const own = JSON.stringify(ours[at]!.map((item) => {
      must(adds.every((name) => name in item), `ours has ${adds} of its own`);
      return shapeOf(item).filter((attribute) => !adds.includes(attribute.split(" ")[0]!));
    }));
    must(own === shape, `${state} by us it looks as by them, ${shape}, not ${own}`);
    for (const [index, item] of theirs[at]!.entries()) {
      for (const [attribute, value] of Object.entries(item)) {
        const constant = JSON.stringify(value);
        if (stage.client.varies?.includes(attribute)) continue;
        if (constant !== JSON.stringify(again[at]![index]?.[attribute])) continue;
        const written = JSON.stringify(ours[at]![index]![attribute]);
        must(written === constant, `${state} by us '${attribute}' is ${constant}, not ${written}`);
      }
    }
  }
}

/** The names and types of an item's attributes. */
function shapeOf(item: RawItem): string[] {
  return Object.entries(item).map(([name, value]) => `${name} ${Object.keys(value)}`).sort();
}

/** Under our own layout their item is an error that says whose it is, and how to read it. */
async function named(stage: Stage): Promise<void> {
  const { client, table, dynamo } = stage;
  const { partitionKey = "key", sortKey, sortValue } = client.layout.table;
  const theirs = await stage.one("theirs");
  const name = stage.name();
  await theirs.acquire(name);
  const place = { name: table, partitionKey, ...(sortKey && { sortKey, sortValue: sortValue! }) };
  await using manager = new LockManager({ client: dynamo, table: place });
  const error = await manager.inspect(name).catch((error) => error);
  must(await theirs.release(name), "their lock is left alone");
  must(error instanceof LockTableError, `it is an error, not ${JSON.stringify(error)}`);
  must(error.code === "RECORD_FOREIGN", `it has the code RECORD_FOREIGN, not ${error.code}`);
  const { name: layout } = client.layout;
  must(error.message.includes(layout), `the message has '${layout}' in it: ${error.message}`);
}

/** The scenarios whose outcome depends on the client's protocol. */
export const SCENARIOS: Record<Scenario, Play> = {
  "they hold, we wait": (stage) => wait(stage, "theirs"),
  "we hold, they wait": (stage) => wait(stage, "ours"),
  "they crash, we take over": (stage) => crash(stage, "theirs"),
  "we crash, they take over": (stage) => crash(stage, "ours"),
  counter,
};

/** What holds of every client. */
export const ALWAYS: Record<Always, Play> = {
  "the same items": items,
  "named by our own layout": named,
};
