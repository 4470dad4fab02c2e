/**
 * Where the restated tests of the Web Locks run: on a `LockManager`, in virtual time, and on the
 * runtime's own `navigator.locks`, where it has one. What both pass is no invention of ours.
 */

import { World } from "../support/world.ts";

/** A lock as the specification has it. */
export interface WebLock {
  readonly name: string;
  readonly mode: "exclusive" | "shared";
}

/** Options of the specification. */
export interface WebLockOptions {
  mode?: "exclusive" | "shared";
  ifAvailable?: boolean;
  steal?: boolean;
  signal?: AbortSignal;
}

/** Somebody in a snapshot of the specification. */
export interface WebLockInfo {
  name?: string;
  mode?: "exclusive" | "shared";
  clientId?: string;
}

/** The specification's `LockManager`. */
export interface WebLocks {
  request<T>(name: string, callback: (lock: WebLock | null) => T): Promise<Awaited<T>>;
  request<T>(
    name: string,
    options: WebLockOptions,
    callback: (lock: WebLock | null) => T,
  ): Promise<Awaited<T>>;
  query(): Promise<{ held?: WebLockInfo[]; pending?: WebLockInfo[] }>;
}

/** A request whose callback is at work. */
export interface Holding {
  /** What the request answers. Its rejection is not an unhandled one. */
  readonly done: Promise<unknown>;
  /** Resolves with the lock when it is granted. */
  readonly granted: Promise<WebLock | null>;
  /** Ends the callback. */
  finish(value?: unknown): void;
}

/** Asks for a lock with a callback that works until it is told to end. */
export function holding(locks: WebLocks, name: string, options: WebLockOptions = {}): Holding {
  const { promise: granted, resolve: grant } = Promise.withResolvers<WebLock | null>();
  const { promise: work, resolve: finish } = Promise.withResolvers<unknown>();
  const done = locks.request(name, options, (lock) => {
    grant(lock);
    return work;
  });
  done.catch(() => {});
  return { done, granted, finish };
}

/** What a restated test has. */
export interface Stage {
  readonly locks: WebLocks;
  /** A client of its own on the same locks, or the same where there is only one. */
  readonly other: WebLocks;
  /** A name that no other test uses. */
  name(): string;
  /** Lets time pass until `work` is done. */
  until<T>(work: Promise<T>): Promise<T>;
  /** Lets time pass. */
  pass(ms: number): Promise<void>;
}

let names = 0;

async function onOurs(test: (stage: Stage) => Promise<void>): Promise<void> {
  const world = await World.create();
  const [one, other] = [world.process(), world.process()];
  await test({
    locks: one.manager,
    other: other.manager,
    name: () => `job-${++names}`,
    until: (work) => world.until(work, 60_000),
    pass: (ms) => world.pass(ms),
  });
  await world.end(one, other);
}

const own = (globalThis as { navigator?: { locks?: WebLocks } }).navigator?.locks;

/** Longer than anything takes that needs no network. */
const LIMIT_MS = 5_000;

async function limited<T>(work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Not done in ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}

async function onRuntimes(test: (stage: Stage) => Promise<void>): Promise<void> {
  await test({
    locks: own!,
    other: own!,
    name: () => `job-${++names}`,
    until: limited,
    pass: (ms) => new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20))),
  });
}

/** Registers a test of behaviour that the specification asks for. */
export function webTest(title: string, test: (stage: Stage) => Promise<void>): void {
  Deno.test(title, () => onOurs(test));
  Deno.test({
    name: `${title} (on navigator.locks)`,
    ignore: own === undefined,
    fn: () => onRuntimes(test),
  });
}

/** Fails unless `work` rejects with a `DOMException` of this name. */
export async function assertRejectsAs(work: Promise<unknown>, name: string): Promise<DOMException> {
  try {
    await work;
  } catch (error) {
    if (error instanceof DOMException && error.name === name) return error;
    throw new Error(`Expected a DOMException ${name}, got ${String(error)}`);
  }
  throw new Error(`Expected a DOMException ${name}, got an answer`);
}
