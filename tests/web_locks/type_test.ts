/// <reference lib="dom" />
/**
 * The types of the Web Locks: a `LockManager` of ours is one of lib.dom's. These checks fail when the
 * code is compiled, not when it runs.
 */

import { assertType, type IsExact } from "@std/testing/types";
import type { Lease, LockManager as Ours, LockManagerSnapshot as OurSnapshot } from "../../mod.ts";

/** Whether `T` may be passed where `U` is wanted. */
type Fits<T, U> = [T] extends [U] ? true : false;

/** Code as it is written for `navigator.locks`. */
async function written(locks: LockManager): Promise<[number, string | undefined, string[]]> {
  const answer = await locks.request("job", async (lock) => {
    await Promise.resolve(lock?.name);
    return 123;
  });
  const options: LockOptions = { mode: "shared", ifAvailable: true };
  const missed = await locks.request("job", options, (lock: Lock | null) => lock?.mode);
  const { held = [], pending = [] } = await locks.query();
  held.push(...pending);
  return [answer, missed, held.map(({ name = "", clientId = "" }) => name + clientId)];
}

Deno.test("a LockManager is one of lib.dom", () => {
  assertType<Fits<Ours, LockManager>>(true);
  assertType<Fits<Lease, Lock>>(true);
  assertType<Fits<OurSnapshot, LockManagerSnapshot>>(true);
  assertType<Fits<Ours, Parameters<typeof written>[0]>>(true);
});

Deno.test("request() knows what its callback gets and returns", () => {
  const call = (locks: Ours) => ({
    plain: locks.request("job", (lease) => lease.fencingToken),
    later: locks.request("job", { leaseMs: 5_000 }, (lease) => Promise.resolve(lease)),
    sure: locks.request("job", { ifAvailable: false }, (lease) => lease.name),
    maybe: locks.request("job", { ifAvailable: true }, (lease) => [lease]),
    // @ts-expect-error: it may be null
    hasty: locks.request("job", { ifAvailable: true }, (lease) => lease.name),
    // @ts-expect-error: there is no such mode
    mode: locks.request("job", { mode: "mixed" }, () => {}),
    // @ts-expect-error: a callback is required
    none: locks.request("job"),
  });
  type Calls = ReturnType<typeof call>;
  assertType<IsExact<Calls["plain"], Promise<number>>>(true);
  assertType<IsExact<Calls["later"], Promise<Lease>>>(true);
  assertType<IsExact<Calls["sure"], Promise<string>>>(true);
  assertType<IsExact<Calls["maybe"], Promise<(Lease | null)[]>>>(true);
});
