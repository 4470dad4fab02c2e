/**
 * The npm package `dynamodb-lock-client` as a driver: `node npm_client.mjs <folder it is installed in>`.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createRequire } from "node:module";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { drive } from "./loop.mjs";

const require = createRequire(`${process.argv[2]}/`);
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";

/** How often a fail-closed waiter asks. */
const PERIOD_MS = 100;

let mode;
let config;

/**
 * A document client that writes guids as texts in base64, as the package's forks for the AWS SDK v3 do.
 * Those are in no public registry; the package itself takes what it reads as it is.
 */
function withTexts(documents) {
  const text = (guid) => Buffer.isBuffer(guid) ? guid.toString("base64") : guid;
  const put = ({ Item, ExpressionAttributeValues: values, ...rest }, callback) =>
    documents.put({
      ...rest,
      Item: { ...Item, guid: text(Item.guid) },
      ...(values && {
        ExpressionAttributeValues: { ...values, ":guid": text(values[":guid"]) },
      }),
    }, callback);
  return {
    put,
    get: (input, callback) => documents.get(input, callback),
    delete: ({ ExpressionAttributeValues: values, ...rest }, callback) =>
      documents.delete({
        ...rest,
        ExpressionAttributeValues: { ...values, ":guid": text(values[":guid"]) },
      }, callback),
  };
}

function open({ endpoint, table, leaseMs, guid, trustLocalTime, ...order }) {
  const AWS = require("aws-sdk");
  const { DocumentClient } = AWS.DynamoDB;
  const documents = new DocumentClient({ endpoint, region: process.env.AWS_REGION });
  mode = order.mode;
  config = {
    dynamodb: guid === "string" ? withTexts(documents) : documents,
    lockTable: table,
    partitionKey: "key",
    retryCount: 0,
    ...(mode === "fail-closed" ? { acquirePeriodMs: PERIOD_MS } : {
      leaseDurationMs: leaseMs,
      heartbeatPeriodMs: Math.floor(leaseMs / 3),
      ...(trustLocalTime && { trustLocalTime }),
    }),
  };
}

/** One try: a fail-open client sleeps for the whole lease that it finds. */
function tryOnce(name) {
  const { FailClosed, FailOpen } = require("dynamodb-lock-client");
  const client = new (mode === "fail-closed" ? FailClosed : FailOpen)(config);
  return new Promise((resolve, reject) =>
    client.acquireLock(name, (error, lock) => {
      if (error?.code === "FailedToAcquireLock") return resolve(undefined);
      if (error) return reject(error);
      lock.on("error", () => {}); // a heartbeat that failed ends the process otherwise
      resolve(lock);
    })
  );
}

async function acquire(name, until) {
  for (;;) {
    const lock = await tryOnce(name);
    if (lock !== undefined || Date.now() >= until) return lock;
    if (mode === "fail-closed") await sleep(PERIOD_MS);
  }
}

function release(lock) {
  return new Promise((resolve, reject) =>
    lock.release((error) => {
      if (error?.code === "FailedToReleaseLock") return resolve(false);
      error ? reject(error) : resolve(true);
    })
  );
}

await drive({ open, acquire, release });
