/**
 * The record formats of the npm package `dynamodb-lock-client`.
 *
 * @module
 */

import { type Check, checkOptions, ofType, refuse } from "../checks.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { choose, type LayoutChoice } from "./layout.ts";
import { VersionedLayout } from "./versioned.ts";
import { digitsOf, type VersionCodec, type VersionedFormat } from "./versioned_format.ts";

/** Which locks of the package are on a table, and how they are written. */
export interface NpmLockClientOptions {
  /**
   * `"fail-open"` are the locks of its `FailOpen`, whose lease ends; `"fail-closed"` those of its
   * `FailClosed`, which stay until they are released.
   */
  readonly mode: "fail-open" | "fail-closed";
  /**
   * How a guid is written: as `"binary"`, which is the package's own way, or as the base64 `"string"` of
   * its fork for the AWS SDK v3. Both are read. @default {"binary"}
   */
  readonly guid?: "binary" | "string" | undefined;
  /**
   * Whether a fail-open lock says when it was taken or renewed, as clients with `trustLocalTime` write
   * and need it: without it they take over at once what is held. The others do not look. `false` leaves
   * it out, for a table where no client has that option. @default {true}
   */
  readonly trustLocalTime?: boolean | undefined;
}

/** A guid is 64 bytes: 88 letters in base64. */
const GUID_LETTERS = 86;

/**
 * Guids of ours: 32 hexadecimal digits of the grant and 16 digits of the end, filled up to what is 64
 * bytes in base64. Digits are letters of base64 and sort as their bytes do, so one text serves as both.
 */
function guids(kind: "S" | "B"): VersionCodec {
  const other = kind === "S" ? "B" : "S";
  return {
    encode: (grantId, expires) =>
      ({
        [kind]: (grantId + digitsOf(expires)).padEnd(GUID_LETTERS, "A") + "==",
      }) as AttributeValue,
    prefix: (grantId) =>
      (grantId.startsWith(`${other}:`)
        ? { [other]: grantId.slice(2) }
        : { [kind]: grantId }) as AttributeValue,
    decode: (version) => {
      const { S, B } = version as { S?: string; B?: string };
      const text = S ?? B;
      if (!text) return undefined;
      const [, grantId, end] = /^([0-9a-f]{32})(\d{16})A{38}==$/.exec(text) ?? [];
      const mark = kind in version ? "" : `${other}:`;
      return grantId ? { grantId: mark + grantId, expires: Number(end) } : { grantId: mark + text };
    },
  };
}

/** What both modes have in common. */
const ATTRIBUTES = { owner: "owner", version: "guid", lease: "leaseDurationMs" };

/** What a lease is set to when it is given back: the item stays, and is dead a millisecond later. */
const RELEASED_MS = 1;

function failOpen(name: string, version: VersionCodec, acquired: boolean): VersionedFormat {
  const change = "SET #lease=:released";
  const known = { ":released": RELEASED_MS };
  const leaseOf = (lease: AttributeValue | undefined) => {
    const text = (lease as { N?: string } | undefined)?.N ?? "";
    return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
  };
  return {
    name,
    attributes: {
      ...ATTRIBUTES,
      token: "fencingToken",
      ...(acquired && { acquired: "lockAcquiredTimeUnixMs" }),
    },
    version,
    encodeLease: (ms) => ({ N: `${ms}` }),
    decodeLease: leaseOf,
    isReleased: ({ leaseDurationMs }) => leaseOf(leaseDurationMs)! <= RELEASED_MS,
    markReleased: { change, known },
    isHeld: "#lease>:released",
    revoked: {
      // Another guid, since a live holder of theirs goes on from the one that it wrote, released or not;
      // and a token by which one of ours sees that the lock was taken away.
      change: `${change},#version=:nobody,#token=#token+:released`,
      known: {
        ...known,
        ":nobody": version.encode("0".repeat(32), 0, { key: "", ownerId: "", madeAt: 0 }),
      },
    },
  };
}

function failClosed(name: string, version: VersionCodec): VersionedFormat {
  return {
    name,
    attributes: ATTRIBUTES,
    version,
    endless: true,
    encodeLease: () => undefined,
    decodeLease: (lease) => lease === undefined ? Infinity : undefined, // a fail-open lock has one
    isReleased: () => false,
  };
}

/** One of these texts. */
function oneOf(...texts: readonly string[]): Check {
  return (action, option, value) => {
    if (texts.includes(value as string)) return;
    refuse(TypeError, action, option, texts.map((text) => `'${text}'`).join(" or "), value);
  };
}

/**
 * The record format of the npm package `dynamodb-lock-client` (0.7), and of its forks for the AWS SDK v3:
 * to share its table while services move over one by one. The package has no names of its own for the
 * table and its keys: say them with `table`.
 *
 * *Fail-open* locks have a lease, and a fencing token that counts from 1. What remains of that format:
 *
 * - The package sleeps for a whole lease before it tries, and gives up after `retryCount` of that, so it
 *   seldom gets a lock that ours take in turns.
 * - Its holder never stops believing by itself, only at a heartbeat that fails: one that was paused for
 *   longer than its lease works on until then. Its waiters with `trustLocalTime` judge by their own wall
 *   clock, and take over early what is held where that is ahead.
 * - Ours tell one of its holders from a dead one by watching it for a whole lease, so a caller that asks
 *   only once never takes a crashed holder's lock.
 * - Tokens rise for as long as the item is there. Where it is deleted they begin again with 1, and with
 *   them whatever compares tokens.
 *
 * *Fail-closed* locks never end, also those of ours: nobody takes over from a crashed holder, and a lease
 * that is lost for want of renewals is still on the table until it is given back. An operator breaks the
 * lock with `breakLock(name, { id })`, by the `id` that `inspect` shows. There are no tokens. An
 * acquisition that ends without an answer looks after its request for a minute; one that DynamoDB applies
 * even later leaves the lock held by nobody.
 *
 * Locks of the other mode are refused with `RECORD_FOREIGN`; `FailOpen` and `FailClosed` clients must not
 * share a name anyway. No layout of the package has shared locks, permits or data.
 *
 * @throws {TypeError} When an option has a value that does not exist.
 *
 * @example Beside services that use the package
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { npmLockClient } from "@x/dynamo-lock/layouts";
 *
 * await using locks = new LockManager({ layout: npmLockClient({ mode: "fail-open" }) });
 * await using lease = await locks.acquire("orders/9");
 * console.log(lease.fencingToken); // 1
 * ```
 */
export function npmLockClient(options: NpmLockClientOptions): LayoutChoice {
  const action = "use the layout npmLockClient";
  const set = checkOptions(action, options, {
    mode: oneOf("fail-open", "fail-closed"),
    guid: oneOf("binary", "string"),
    trustLocalTime: ofType("boolean"),
  });
  const { mode, guid = "binary", trustLocalTime = true } = set;
  oneOf("fail-open", "fail-closed")(action, "mode", mode); // it must be there
  if (mode === "fail-closed" && set.trustLocalTime !== undefined) {
    refuse(TypeError, action, "trustLocalTime", "absent where locks never end", trustLocalTime);
  }
  const name = `npmLockClient({ mode: "${mode}" })`;
  const version = guids(guid === "binary" ? "B" : "S");
  const format = mode === "fail-open"
    ? failOpen(name, version, trustLocalTime)
    : failClosed(name, version);
  return choose(name, {}, (place) => new VersionedLayout(format, place));
}
