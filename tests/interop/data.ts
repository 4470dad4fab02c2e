/**
 * What clients store beside a lock, for those that can.
 *
 * @module
 */

import { LockManager, LockTableError } from "../../mod.ts";
import type { LockInfo } from "../../src/inspect.ts";
import type { LayoutChoice } from "../../src/layouts.ts";
import type { Play } from "./client.ts";
import { LEASE_MS, must, type Stage } from "./stage.ts";

/** No letter of it is a byte of its own, in every code. */
const DATA = "hé ✓";

/** Each reads what the other has stored, its name and its lease; attributes that we do not know stay. */
export async function readEachOther(stage: Stage): Promise<void> {
  const [ours, theirs] = [await stage.one("ours"), await stage.one("theirs")];
  const name = stage.name();
  const order = { cmd: "acquire", name, wait: true, timeoutMs: 10_000, data: DATA };

  await theirs.tell({ ...order, extra: "kept" });
  const { info } = await ours.tell({ cmd: "inspect", name }) as { info: LockInfo };
  const [holder] = info.holders;
  const [item] = await stage.items(name);
  must(holder?.data === DATA, `we read their data: ${holder?.data}`);
  must(holder.leaseMs === LEASE_MS, `we read their lease: ${holder.leaseMs}`);
  const owner = (item!.ownerName as { S: string }).S;
  must(holder.ownerId === owner, `we read their name: ${holder.ownerId}`);
  must((item!.extra as { S: string }).S === "kept", "what we do not know is there");
  must(await theirs.release(name), "they held it");

  await ours.tell(order);
  const read = await theirs.tell({ cmd: "read", name }) as { data?: string; owner?: string };
  const [own] = await stage.items(name);
  must(read.data === DATA, `they read our data: ${read.data}`);
  must(read.owner === (own!.ownerName as { S: string }).S, `they read our name: ${read.owner}`);
  must(await ours.release(name), "we held it");
}

/** Under the layout of the other client that uses the same names, their item is an error that says so. */
export function refusedBy(other: LayoutChoice): Play {
  return async (stage) => {
    const theirs = await stage.one("theirs");
    const name = stage.name();
    await theirs.acquire(name);
    const { dynamo: client, table, client: { layout } } = stage;
    await using manager = new LockManager({ client, table, layout: other });
    const error = await manager.tryAcquire(name).catch((error) => error);
    must(error instanceof LockTableError, `it is an error, not ${JSON.stringify(error)}`);
    must(error.code === "RECORD_FOREIGN", `it has the code RECORD_FOREIGN, not ${error.code}`);
    must(error.message.includes(`'${layout.name}'`), `it names the layout: ${error.message}`);
    must(await theirs.release(name), "their lock is left alone");
  };
}
