/** Terraform's state locks, by its documented requests: it comes from no registry of packages. */

import { LockManager } from "../../../mod.ts";
import { terraform } from "../../../src/layouts.ts";
import type { InteropClient, Play } from "../client.ts";
import { nodeCommand } from "../drivers/node/install.ts";
import { NEVER_ENDS, oursStaysUntilForced, theirsStays } from "../endless.ts";
import { must } from "../stage.ts";

/** The digest of a state is no lock: neither listed, nor in the way, nor touched. */
const digest: Play = async (stage) => {
  const theirs = await stage.one("theirs");
  const name = stage.name();
  await theirs.tell({ cmd: "digest", name });
  const before = JSON.stringify(await stage.items(`${name}-md5`));
  await using manager = new LockManager({
    client: stage.dynamo,
    table: stage.table,
    layout: CLIENT.layout,
  });
  await using lease = await manager.acquire(name);
  const listed = (await Array.fromAsync(manager.list({ prefix: name }))).map((lock) => lock.name);
  must(listed.join() === name, `only the lock is listed: ${listed}`);
  must(await lease.release(), "the lock was held");
  must(JSON.stringify(await stage.items(`${name}-md5`)) === before, "the digest is as it was");
};

/** A holder of ours learns of `force-unlock`, and its release leaves the next lock alone. */
const forced: Play = async (stage) => {
  const theirs = await stage.one("theirs");
  const name = stage.name();
  await using manager = new LockManager({
    client: stage.dynamo,
    table: stage.table,
    layout: CLIENT.layout,
    leaseMs: 2_000,
  });
  const lease = await manager.acquire(name);
  const [holder] = (await manager.inspect(name))!.holders;
  await theirs.tell({ cmd: "force", name, id: holder!.id });
  await theirs.acquire(name);
  await new Promise((lost) => lease.signal.addEventListener("abort", lost));
  must(lease.signal.reason.code === "LEASE_STOLEN", `told of it, by ${lease.signal.reason.code}`);
  must(!await lease.release(), "it was not ours any more");
  must(await theirs.release(name), "theirs was left alone");
};

/** The client. */
export const CLIENT: InteropClient = {
  name: "Terraform's state lock",
  layout: terraform(),
  table: {
    AttributeDefinitions: [{ AttributeName: "LockID", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "LockID", KeyType: "HASH" }],
  },
  registry: "none",
  install: () => Promise.resolve(),
  command: () => nodeCommand("terraform.mjs"),
  impossible: {
    "they crash, we take over": NEVER_ENDS,
    "we crash, they take over": NEVER_ENDS,
  },
  instead: {
    "they crash, we take over": theirsStays,
    "we crash, they take over": oursStaysUntilForced,
  },
  varies: ["Info"],
  also: {
    "a digest beside it is no lock": digest,
    "a holder learns of force-unlock": forced,
  },
};
