/**
 * What callers of the Web Locks' `request` pass in, and the checks of it.
 *
 * @module
 */

import { type Check, checkOptions, having, ofType, refuse } from "../checks.ts";
import type { Lease } from "../lease/lease.ts";
import { type AcquireOptions, checkAcquireOptions } from "../options.ts";
import type { LockMode } from "../records/record.ts";
import { keyOf, RESERVED } from "./names.ts";
import type { SourceOptions } from "./source.ts";

/**
 * Options of {@linkcode LockManager.request}: those of the Web Locks, and those of any acquisition of
 * this package. One that does not exist is refused, where a browser ignores it.
 */
export interface LockRequestOptions extends AcquireOptions {
  /** `"shared"` lets other shared holders in, `"exclusive"` nobody. @default {"exclusive"} */
  readonly mode?: LockMode;
  /**
   * Does not wait: the callback is called with `null` where the lock is held, or waited for in this
   * process. Not beside `signal` or `steal`. @default {false}
   */
  readonly ifAvailable?: boolean;
  /**
   * Takes the lock from whoever holds it, before everybody who waits. A holder of this manager is told
   * at once; one in another process notices at its next renewal, which may be a third of its lease
   * away, and works on until then. Not beside `signal`, `ifAvailable` or a shared `mode`.
   * @default {false}
   */
  readonly steal?: boolean;
}

/** A request that was checked. */
export interface LockRequest {
  readonly name: string;
  readonly key: string;
  readonly ifAvailable: boolean;
  readonly options: SourceOptions;
  readonly callback: (lease: Lease | null) => unknown;
}

const ACTION = "request a lock";

const mode: Check = (action, option, value) => {
  if (value !== "exclusive" && value !== "shared") {
    refuse(TypeError, action, option, "'exclusive' or 'shared'", value);
  }
};

const CHECKS = {
  mode,
  ifAvailable: ofType("boolean"),
  steal: ofType("boolean"),
  // Two methods: the global object has the first.
  signal: having("addEventListener", "throwIfAborted"),
};

/** What the specification does not allow, or does not allow together. */
function notSupported(must: string): DOMException {
  return new DOMException(`Cannot ${ACTION} as ${must}`, "NotSupportedError");
}

/**
 * Checks the arguments of a request: `name` and `callback`, or `name`, `options` and `callback`.
 *
 * @throws {TypeError} When one has the wrong type, or an option does not exist.
 * @throws {RangeError} When an option is out of its range.
 * @throws {DOMException} A `NotSupportedError`, for what the specification does not allow.
 */
export function checkRequest(args: readonly unknown[]): LockRequest {
  const [name, given, callback] = args.length < 3 ? [args[0], undefined, args[1]] : args;
  ofType("string")(ACTION, "name", name);
  const options = (given ?? {}) as LockRequestOptions;
  ofType("object")(ACTION, "options", options);
  const { ifAvailable, steal, signal, mode, ...rest } = options;
  const own = checkOptions(ACTION, { ifAvailable, steal, signal, mode }, CHECKS);
  const others = checkAcquireOptions(rest);
  ofType("function")(ACTION, "callback", callback);
  if ((name as string).startsWith(RESERVED)) {
    throw notSupported(`'name' must not begin with '${RESERVED}'`);
  }
  if (own.steal && own.ifAvailable) {
    throw notSupported("'steal' must be absent beside 'ifAvailable'");
  }
  if (own.steal && own.mode === "shared") {
    throw notSupported("'steal' must be absent beside 'shared'");
  }
  for (const option of ["steal", "ifAvailable"] as const) {
    if (own.signal && own[option]) throw notSupported(`'signal' must be absent beside '${option}'`);
  }
  const { ifAvailable: once = false, ...passed } = own;
  return {
    name: name as string,
    key: keyOf(name as string),
    ifAvailable: once,
    options: { ...others, ...passed } as SourceOptions,
    callback: callback as LockRequest["callback"],
  };
}
