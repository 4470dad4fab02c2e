/** The Python package `dynamo-dlm`. */

import { LockManager, LockTableError } from "../../../mod.ts";
import { dynamoDlm } from "../../../src/layouts.ts";
import { DLM_KEYS } from "../../support/dlm_table.ts";
import type { InteropClient } from "../client.ts";
import type { Driver } from "../driver.ts";
import { must, type Stage } from "../stage.ts";
import { installPython, pythonCommand } from "../drivers/python/install.ts";

const PERMITS = 2;

async function enter(driver: Driver, name: string, wait: boolean): Promise<boolean> {
  const order = { cmd: "acquire", name, wait, timeoutMs: 20_000, permits: PERMITS };
  return (await driver.tell(order) as { held: boolean }).held;
}

/** Both are in at once, and nobody else: the first to leave lets one of the other kind in. */
async function share(stage: Stage): Promise<void> {
  const [ours, theirs] = [await stage.one("ours"), await stage.one("theirs")];
  const [more, others] = [await stage.another("ours"), await stage.another("theirs")];
  for (const [first, second] of [[ours, theirs], [theirs, ours]] as const) {
    const name = stage.name();
    must(await enter(first, name, false), "the first one is in");
    must(await enter(second, name, false), "the second one is in");
    must((await stage.items(name)).length === PERMITS, "each has a slot");
    must(!await enter(more, name, false), "a third one of ours is not in");
    must(!await enter(others, name, false), "a third one of theirs is not in");
    const next = first === ours ? others : more;
    const waiting = enter(next, name, true);
    must(await first.release(name), "the first one was in");
    must(await waiting, "one more gets in");
    must(await second.release(name), "the second one was in");
    must(await next.release(name), "the third one was in");
    must((await stage.items(name)).length === 0, "nothing is left");
  }
}

/** Another of the same kind is in, and one of the other kind takes the slot of a dead one. */
async function crash(stage: Stage): Promise<void> {
  for (const side of ["ours", "theirs"] as const) {
    const name = stage.name();
    const [victim, taker] = [await stage.another(side), await stage.another("theirs")];
    must(await enter(victim, name, false), "the victim is in");
    const ours = await stage.one("ours");
    must(await enter(ours, name, false), "ours is in");
    await victim.kill();
    const waiter = side === "ours" ? taker : await stage.another("ours");
    must(await enter(waiter, name, true), "the slot of the dead is taken");
    must(await waiter.release(name), "it was held");
    must(await ours.release(name), "ours was in all the time");
  }
}

/** Many of both kinds share it for a while: never more than may. */
async function crowd(stage: Stage): Promise<void> {
  const folder = await Deno.makeTempDir();
  const name = stage.name();
  const end = Date.now() + stage.countMs / 2;
  const sides = ["ours", "theirs", "ours", "theirs"] as const;
  const drivers = await Promise.all(sides.map((side) => stage.another(side)));
  let most = 0;
  try {
    await Promise.all(drivers.map(async (driver) => {
      while (Date.now() < end) {
        const order = { cmd: "crowd", name, folder, rounds: 3, permits: PERMITS };
        most = Math.max(most, (await driver.tell(order) as { most: number }).most);
      }
    }));
    must(most === PERMITS, `${PERMITS} were in at once, and never more: ${most}`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Under our own layout its table is not one of locks. */
async function mismatch({ client, table, dynamo }: Stage): Promise<void> {
  const { partitionKey = "key" } = client.layout.table;
  await using manager = new LockManager({ client: dynamo, table: { name: table, partitionKey } });
  const error = await manager.inspect("any").catch((error) => error);
  must(error instanceof LockTableError, `it is an error, not ${JSON.stringify(error)}`);
  must(error.code === "TABLE_MISMATCH", `it has the code TABLE_MISMATCH, not ${error.code}`);
}

/** The client. */
export const CLIENT: InteropClient = {
  name: "dynamo-dlm 2.1.0",
  layout: dynamoDlm(),
  table: DLM_KEYS,
  registry: "pypi",
  install: (folder) => installPython(folder, "dynamo-dlm==2.1.0", "backoff==2.2.1"),
  command: (folder) => pythonCommand(folder, "dynamo_dlm"),
  impossible: {
    "named by our own layout":
      "its sort key is a number, and ours a text: no item can be asked for",
  },
  instead: { "named by our own layout": mismatch },
  also: { "a semaphore": share, "a crash of one of several": crash, "a crowd": crowd },
  renews: false,
  varies: ["release_code"],
};
