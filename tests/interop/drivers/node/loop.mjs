/**
 * What the drivers on Node have in common: they take orders as lines of JSON, one after the other.
 *
 * @module
 */

// deno-lint-ignore-file explicit-module-boundary-types -- plain JavaScript, for Node

import { readFile, writeFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";

/** How long the work under a lock takes. */
const WORK_MS = 3;

/** How long a counter waits for each lock. */
const COUNT_WAIT_MS = 50_000;

/**
 * Carries out the orders. `lockClient.open(order)` makes it ready, `acquire(name, untilMs)` answers a
 * lock, or nothing where there is none by then (0 asks once), and `release(lock)` whether it was held.
 */
export async function drive(lockClient) {
  const locks = new Map();
  const commands = {
    open: async (order) => void await lockClient.open(order),
    acquire: async ({ name, wait, timeoutMs }) => {
      const lock = await lockClient.acquire(name, wait ? Date.now() + timeoutMs : 0);
      if (lock !== undefined) locks.set(name, lock);
      return { held: lock !== undefined };
    },
    release: async ({ name }) => {
      const lock = locks.get(name);
      locks.delete(name);
      return { released: lock !== undefined && await lockClient.release(lock) };
    },
    count: async ({ name, file, rounds }) => {
      for (let round = 0; round < rounds; round++) {
        const lock = await lockClient.acquire(name, Date.now() + COUNT_WAIT_MS);
        if (lock === undefined) throw new Error(`no lock in ${COUNT_WAIT_MS} ms`);
        const number = Number(await readFile(file, "utf8"));
        await sleep(WORK_MS);
        await writeFile(file, `${number + 1}`);
        await lockClient.release(lock);
      }
      return { done: rounds };
    },
    ...lockClient.others,
    exit: () => process.exit(0),
  };
  for await (const line of createInterface({ input: process.stdin })) {
    let answer;
    try {
      const order = JSON.parse(line);
      answer = { ok: true, ...await commands[order.cmd](order) };
    } catch (error) {
      answer = { ok: false, error: String(error?.stack ?? error) };
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`);
  }
}
