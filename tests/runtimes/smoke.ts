/**
 * What must work on every runtime: the same script runs on Deno, Bun, Node and workerd, against a
 * real HTTP server. It uses only what they all have, so it brings its own assertions.
 *
 * @module
 */

import { isLockError, type Lease, lock, LockManager, type LockManagerOptions } from "../../mod.ts";
import { DynamoClient } from "../../src/dynamodb/mod.ts";

/** What became of one check. */
export interface SmokeResult {
  readonly name: string;
  /** What went wrong; absent when nothing did. */
  readonly error?: string;
}

/** The variables of the environment that a runtime hands over. */
export type Env = Record<string, string | undefined>;

const TABLE = "dynamo-lock";
const LEASE_MS = 2_000;

function expect(actual: unknown, expected: unknown, what: string): void {
  if (!Object.is(actual, expected)) {
    throw new Error(`Expected ${what} to be ${String(expected)}: it is ${String(actual)}`);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Resolves with the reason that the signal aborts with, and rejects when it does not in time. */
function aborted(signal: AbortSignal, withinMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return resolve(signal.reason);
    const late = setTimeout(() => reject(new Error("The signal did not abort in time")), withinMs);
    signal.addEventListener("abort", () => {
      clearTimeout(late);
      resolve(signal.reason);
    });
  });
}

/** One process' view of the table, with a count of the requests it has sent and a log. */
class Party {
  readonly manager: LockManager;
  readonly events: string[] = [];
  requests = 0;

  constructor(env: Env) {
    const options: LockManagerOptions = {
      env,
      leaseMs: LEASE_MS,
      onEvent: (event) => this.events.push(JSON.stringify(event)),
      fetch: (input, init) => {
        this.requests++;
        return fetch(input, init);
      },
    };
    this.manager = new LockManager(options);
  }
}

type Check = (name: string, us: Party, them: Party, env: Env) => Promise<void>;

async function acquireAndRelease(name: string, us: Party): Promise<void> {
  // A first lease as short as the others may need a renewal at once: the server's second is unknown.
  const lease = await us.manager.acquire(name, { leaseMs: 20_000 });
  expect(lease.held, true, "lease.held");
  expect(lease.name, name, "lease.name");
  expect(lease.signal.aborted, false, "lease.signal.aborted");
  expect(lease.remainingMs > 10_000, true, "more than half of the lease left");
  expect(await lease.release(), true, "the answer of release()");
  expect(lease.held, false, "lease.held after release()");
  expect(us.requests, 2, "the number of requests");
  const next = await us.manager.acquire(name);
  expect(next.fencingToken > lease.fencingToken, true, "a rising token");
  await next[Symbol.asyncDispose]();
  expect(next.held, false, "lease.held after disposal");
}

async function contend(name: string, us: Party, them: Party): Promise<void> {
  const theirs = await them.manager.acquire(name);
  expect(await us.manager.tryAcquire(name), null, "a contended tryAcquire()");
  expect(us.requests, 1, "the number of requests");
  await theirs.release();
}

async function wait(name: string, us: Party, them: Party): Promise<void> {
  const theirs = await them.manager.acquire(name);
  let ours: Lease | undefined;
  const waiting = us.manager.acquire(name).then((lease) => ours = lease);
  await pause(150);
  expect(ours, undefined, "the lease while another holds it");
  await theirs.release();
  const lease = await waiting;
  expect(lease.held, true, "lease.held");
  expect(lease.fencingToken > theirs.fencingToken, true, "a rising token");
  await lease.release();
}

async function cancel(name: string, us: Party, them: Party): Promise<void> {
  const theirs = await them.manager.acquire(name);
  const reason = new Error("changed my mind");
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  const error = await us.manager.acquire(name, { signal: controller.signal }).catch((e) => e);
  expect(error, reason, "the error of a cancelled wait");
  await theirs.release();
}

async function renew(name: string, us: Party): Promise<void> {
  const lease = await us.manager.acquire(name);
  await pause(LEASE_MS * 1.25); // outlives the lease, were it not renewed in the background
  expect(lease.held, true, "lease.held after more than a lease");
  const before = lease.remainingMs;
  await lease.renew();
  expect(lease.remainingMs >= before, true, "more time after renew()");
  await lease.release();
}

async function lose(name: string, us: Party, _them: Party, env: Env): Promise<void> {
  const lease = await us.manager.acquire(name);
  await new DynamoClient({ env }).send("UpdateItem", {
    TableName: TABLE,
    Key: { key: { S: name } },
    UpdateExpression: "SET #holders = :nobody REMOVE #exclusive",
    ConditionExpression: "attribute_exists(#holders)",
    ExpressionAttributeNames: { "#holders": "holders", "#exclusive": "exclusive" },
    ExpressionAttributeValues: { ":nobody": { M: {} } },
  });
  const reason = await aborted(lease.signal, LEASE_MS * 2);
  expect(isLockError(reason), true, "isLockError() of the signal's reason");
  expect((reason as { code: string }).code, "LEASE_DELETED", "the code of the loss");
  expect(lease.held, false, "lease.held");
  expect(await lease.release(), false, "the answer of release()");
}

async function webLocks(name: string, us: Party, them: Party): Promise<void> {
  const odd = "\ud800" + name;
  expect(await us.manager.request(odd, (lease) => lease.name), odd, "a name of no Unicode");
  const stolen = us.manager.request(name, { mode: "shared" }, async (lease) => {
    const miss = them.manager.request(name, { ifAvailable: true }, (none) => none);
    expect(await miss, null, "the lease of ifAvailable while another holds");
    const { held } = await them.manager.query();
    const found = held.find((one) => one.name === name && one.clientId === lease.ownerId);
    expect(found?.mode, "shared", "the mode in query()");
    const thief = them.manager.request(name, { steal: true }, () => "mine");
    expect(await thief, "mine", "the answer of one that steals");
    await aborted(lease.signal, LEASE_MS * 2);
  });
  const error = await stolen.then(() => undefined, (error) => error);
  expect(error instanceof DOMException, true, "whether a stolen lock rejects with a DOMException");
  expect(error.name, "AbortError", "its name");
  expect(error.cause?.code, "LEASE_STOLEN", "the code of its cause");
}

/** Only where the process has an environment: on Workers it comes with each request. */
async function frontDoor(name: string): Promise<void> {
  const lease = await lock(name);
  expect(lease.held, true, "lease.held");
  expect(await lease.release(), true, "the answer of release()");
}

async function outcome(name: string, check: Check, env: Env): Promise<SmokeResult> {
  const us = new Party(env);
  const them = new Party(env);
  try {
    await check(`smoke/${name}/${crypto.randomUUID()}`, us, them, env);
    return { name };
  } catch (error) {
    const text = error instanceof Error ? `${error.message}\n${error.stack}` : String(error);
    return { name, error: [text, "our events:", ...us.events].join("\n") };
  } finally {
    await us.manager.close();
    await them.manager.close();
  }
}

/** Runs every check at once, each on a lock of its own. Needs a table named `dynamo-lock`. */
export function smoke(env: Env, hasProcessEnv: boolean): Promise<SmokeResult[]> {
  const checks: Record<string, Check> = {
    "takes a free lock and gives it back in two requests": acquireAndRelease,
    "answers tryAcquire with null in one request while another holds": contend,
    "waits until the other releases": wait,
    "stops waiting when its signal aborts": cancel,
    "renews in the background and by hand": renew,
    "learns that it was lost through its signal": lose,
    "has the Web Locks": webLocks,
    ...(hasProcessEnv ? { "opens the front door from the environment": frontDoor } : {}),
  };
  return Promise.all(Object.entries(checks).map(([name, check]) => outcome(name, check, env)));
}
