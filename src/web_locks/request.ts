/**
 * `request` of the Web Locks: a callback that runs while a lock is held.
 *
 * @module
 */

import { lostError } from "../lease/hold.ts";
import type { LeaseLostError } from "../errors.ts";
import type { Lease } from "../lease/lease.ts";
import { type CheckedRequest, checkRequest } from "./options.ts";
import type { LockSource } from "./source.ts";

/**
 * Runs a callback while a lock is held, and answers as it does when the lock was given back. All that
 * is wrong with the arguments is a rejection, never thrown.
 */
export async function requestLock(source: LockSource, args: readonly unknown[]): Promise<unknown> {
  const request = checkRequest(args, source.runtime);
  const lease = await take(source, request);
  return await (lease === null ? request.callback(null) : hold(source, request, lease));
}

/** The lease, or `null` where it is not available. */
async function take(source: LockSource, request: CheckedRequest): Promise<Lease | null> {
  const { key, ifAvailable, steal, options } = request;
  // Whoever asked before is before: its first answer says whether there is something to steal, or left.
  if (steal || ifAvailable) {
    return await source.holdings.inLine(key, steal ? "steals" : "tries", async (isAwaited) => {
      if (steal) return await source.acquire(key, options, true, steal);
      return isAwaited ? null : await source.acquire(key, options, false);
    });
  }
  const lease = await source.acquire(key, options, true) as Lease;
  // After the grant, but before anybody was told of it.
  if (options.signal?.aborted) {
    void lease[Symbol.asyncDispose]();
    throw options.signal.reason;
  }
  return lease;
}

/** Runs the callback of a request, and gives its lease back; rejects at once where that is lost. */
async function hold(source: LockSource, request: CheckedRequest, lease: Lease): Promise<unknown> {
  const { signal } = lease;
  const { promise: lost, reject } = Promise.withResolvers<never>();
  // A callback may give the lock back itself, ahead of its end. By `close` it is taken from it.
  const isGivenBack = () => signal.reason.code === "LEASE_RELEASED" && !source.holdings.isClosed;
  const taken = (cause = signal.reason) => abortError(request.name, cause);
  const ended = () => {
    if (!isGivenBack()) reject(taken());
  };
  signal.addEventListener("abort", ended);
  const work = async () => {
    if (!lease.held) throw taken(); // stolen before it could be handed out
    let kept: boolean;
    let result: unknown;
    try {
      result = await request.callback(named(lease, request));
    } finally {
      signal.removeEventListener("abort", ended);
      // A release that fails goes on in the background; the work was done under the lock all the same.
      kept = await lease.release().catch(() => true);
    }
    // Noticed only now: what was done since is no more worth than that of a callback that was told.
    // The signal says that it was given back, for that is what was tried.
    if (!kept) throw taken(isGivenBack() ? lostError("LEASE_STOLEN", lease.name) : signal.reason);
    return result;
  };
  return await Promise.race([lost, work()]);
}

/** The lease as its caller knows it: by its name, where that is not its key. */
function named(lease: Lease, { name, key }: CheckedRequest): Lease {
  if (name === key) return lease;
  const own: Record<PropertyKey, unknown> = { name, names: [name] };
  return new Proxy(lease, {
    get(target, property) {
      if (Object.hasOwn(own, property)) return own[property];
      const value = Reflect.get(target, property, target);
      // Methods look at private fields, which only the lease itself has.
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** What a request rejects with whose lock was taken from it. */
function abortError(name: string, cause: LeaseLostError): DOMException {
  const error = new DOMException(`Cannot hold lock '${name}' any more`, "AbortError");
  // Not by the constructor, which takes no cause on every runtime. As on other errors, it is no entry.
  return Object.defineProperty(error, "cause", {
    value: cause,
    configurable: true,
    writable: true,
  });
}
