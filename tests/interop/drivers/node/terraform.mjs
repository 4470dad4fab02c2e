/**
 * What Terraform's S3 backend sends for a state lock, as a driver: Terraform itself comes from no registry
 * of packages. The requests are those of its documentation and of its `dynamodb_table` client:
 *
 * - lock: a put where there is no item, of `Info` in JSON; `-lock-timeout` tries again after 1 s, and
 *   then after twice as long each time, up to 16 s;
 * - unlock and `force-unlock`: a consistent read, a comparison of the ID, and a delete without a
 *   condition;
 * - beside it an item of its own, `<path>-md5`, with the digest of the state.
 *
 * @module
 */

import { createHash, randomUUID } from "node:crypto";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { send } from "./dynamodb.mjs";
import { drive } from "./loop.mjs";

const FIRST_PAUSE_MS = 1_000;
const PAUSE_MAX_MS = 16_000;

let endpoint;
let table;

const ask = (operation, input) => send(endpoint, operation, { TableName: table, ...input });

function open(order) {
  ({ endpoint, table } = order);
}

/** One try; answers the lock's info, or nothing where it is held. */
async function lock(path) {
  const info = {
    ID: randomUUID(),
    Operation: "OperationTypeApply",
    Info: "",
    Who: `me@${process.pid}`,
    Version: "1.9.8",
    Created: new Date().toISOString(),
    Path: path,
  };
  try {
    await ask("PutItem", {
      Item: { LockID: { S: path }, Info: { S: JSON.stringify(info) } },
      ConditionExpression: "attribute_not_exists(LockID)",
    });
    return info;
  } catch (error) {
    if (error.code !== "ConditionalCheckFailedException") throw error;
    await infoOf(path); // shown to whoever waits: it must be what Terraform can read
    return undefined;
  }
}

/** Reads a lock, as strictly as Terraform does: times must be in RFC 3339. */
async function infoOf(path) {
  const { Item } = await ask("GetItem", {
    Key: { LockID: { S: path } },
    ProjectionExpression: "LockID, Info",
    ConsistentRead: true,
  });
  if (Item?.Info?.S === undefined) return undefined;
  const info = JSON.parse(Item.Info.S);
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(info.Created);
  if (!isTime) throw new Error(`no time: ${info.Created}`);
  for (const name of ["ID", "Operation", "Info", "Who", "Version", "Path"]) {
    if (typeof info[name] !== "string") throw new Error(`no text '${name}'`);
  }
  return info;
}

async function acquire(path, until) {
  for (let pause = FIRST_PAUSE_MS;; pause = Math.min(2 * pause, PAUSE_MAX_MS)) {
    const info = await lock(path);
    if (info !== undefined || Date.now() >= until) return info;
    await sleep(pause);
  }
}

/** Gives a lock back, or breaks it. */
async function unlock(path, id) {
  const info = await infoOf(path);
  if (info?.ID !== id) return false;
  await ask("DeleteItem", { Key: { LockID: { S: path } } });
  return true;
}

async function writeDigest({ name }) {
  const digest = createHash("md5").update(name).digest("hex");
  await ask("PutItem", { Item: { LockID: { S: `${name}-md5` }, Digest: { S: digest } } });
}

await drive({
  open,
  acquire,
  release: ({ Path, ID }) => unlock(Path, ID),
  others: {
    digest: writeDigest,
    force: async ({ name, id }) => ({ broken: await unlock(name, id) }),
  },
});
