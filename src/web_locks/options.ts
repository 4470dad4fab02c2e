/**
 * What callers of the Web Locks' `request` pass in, and the checks of it.
 *
 * @module
 */

import { checkOptions, ofType } from "../checks.ts";
import type { Lease } from "../lease/lease.ts";
import { type AcquireOptions, checkAcquireOptions } from "../options.ts";
import type { Runtime } from "../runtime.ts";
import { keyOf, RESERVED } from "./names.ts";

/**
 * Options of `request`: those of the Web Locks, and those of any acquisition, besides `reentrant`, which
 * Web Locks never are. One that does not exist is refused, where a browser ignores it.
 */
export interface LockRequestOptions extends Omit<AcquireOptions, "reentrant"> {
  /**
   * Does not wait: the callback gets `null` where the lock is held, or waited for in this process. Not
   * beside `signal` or `steal`. @default {false}
   */
  readonly ifAvailable?: boolean | undefined;
  /**
   * Takes the lock from whoever holds it, before everybody who waits. A holder of this manager is told
   * at once; one elsewhere notices at its next renewal, which may be a third of its lease away, and
   * works on until then. Not beside `signal`, `ifAvailable`, a shared `mode` or `permits`.
   * @default {false}
   *
   * @example Take over from somebody who hangs
   * ```ts
   * import { locks } from "@x/dynamo-lock";
   *
   * const hangs = locks.request("document/3", () => new Promise(() => {}));
   * hangs.catch((error) => console.log(error.name)); // AbortError
   * await new Promise((done) => setTimeout(done, 500)); // it has the lock by now
   *
   * await locks.request("document/3", { steal: true }, (lease) => console.log(lease.held)); // true
   * ```
   */
  readonly steal?: boolean | undefined;
}

/** A request that was checked. */
export interface CheckedRequest {
  readonly name: string;
  readonly key: string;
  readonly ifAvailable: boolean;
  readonly steal: boolean;
  readonly options: AcquireOptions;
  readonly callback: (lease: Lease | null) => unknown;
}

const ACTION = "request a lock";

const boolean = ofType("boolean");
const CHECKS = { ifAvailable: boolean, steal: boolean };

/** What the specification does not allow together. */
const APART = [
  ["steal", "ifAvailable"],
  ["steal", "signal"],
  ["steal", "permits"],
  ["ifAvailable", "signal"],
] as const;

/** Refuses what the specification refuses. */
function notSupported(option: string, must: string): never {
  const message = `Cannot ${ACTION} as '${option}' must ${must}`;
  throw new DOMException(message, "NotSupportedError");
}

/**
 * Checks the arguments of a request: `name` and `callback`, or `name`, `options` and `callback`.
 *
 * @throws {TypeError} When one has the wrong type, or an option does not exist.
 * @throws {RangeError} When an option is out of its range.
 * @throws {DOMException} A `NotSupportedError`, for what the specification does not allow.
 */
export function checkRequest(args: readonly unknown[], runtime: Runtime): CheckedRequest {
  const [name, given, callback] = args.length < 3 ? [args[0], undefined, args[1]] : args;
  ofType("string")(ACTION, "name", name);
  ofType("object")(ACTION, "options", given ?? {});
  const { ifAvailable = false, steal = false, ...others } = (given ?? {}) as LockRequestOptions;
  checkOptions(ACTION, { ifAvailable, steal }, CHECKS);
  // Refused as if it did not exist: two callbacks of a name never run together.
  if ("reentrant" in others) {
    throw new TypeError(`Cannot ${ACTION} as option 'reentrant' does not exist`);
  }
  const options = checkAcquireOptions(others, runtime);
  ofType("function")(ACTION, "callback", callback);
  if ((name as string).startsWith(RESERVED)) notSupported("name", `not begin with '${RESERVED}'`);
  const all: Record<string, unknown> = { ...options, ifAvailable, steal };
  for (const [one, other] of APART) {
    if (all[one] && all[other]) notSupported(other, `be absent beside '${one}'`);
  }
  if (all.steal && all.mode === "shared") notSupported("steal", "be absent beside 'shared'");
  return {
    name: name as string,
    key: keyOf(name as string),
    ifAvailable,
    steal,
    options,
    callback: callback as CheckedRequest["callback"],
  };
}
