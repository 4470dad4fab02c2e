/**
 * Reads an item of the native format, or says why it is none.
 *
 * @module
 */

import { DATE_MS_MAX } from "../checks.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { foreignRecord } from "./foreign.ts";
import {
  damagedRecord,
  FENCE_MAX,
  type Holder,
  type Item,
  LEASE_MS_MAX,
  type LockRecord,
} from "./record.ts";

/** The value of `format`. */
export const FORMAT = { N: "1" };

/**
 * Understands an item, if there is one.
 *
 * @throws {LockTableError} When it is not a lock of this package, or is damaged.
 */
export function parseItem(name: string, item: Item | undefined): LockRecord | undefined {
  if (item === undefined) return undefined;
  const loose = item as Record<string, Loose>;
  if (loose.format?.N !== FORMAT.N) {
    throw foreignRecord(name, item);
  }
  try {
    return parseRecord(loose);
  } catch {
    // Damaged is an error, never a lock that is free or a holder whose lease has run out.
    throw damagedRecord(name);
  }
}

/** An attribute before anybody has looked at its type. */
type Loose = { S?: unknown; N?: unknown; M?: Record<string, Loose> } | undefined;

/** Reads a record, or throws. */
function parseRecord({ fence, holders, permits, waiting }: Record<string, Loose>): LockRecord {
  return {
    fence: wholeNumber(fence, FENCE_MAX),
    holders: Object.entries(holders!.M!).map(([id, entry]) => parseHolder(id, entry!.M!)),
    ...(permits && { permits: wholeNumber(permits) }),
    ...(waiting && { waiting: wholeNumber(waiting) }),
    rawHolders: holders as AttributeValue,
  };
}

function parseHolder(grantId: string, { t, m, o, e, l, d }: Record<string, Loose>): Holder {
  if (m?.S !== "x" && m?.S !== "s") throw m;
  return {
    grantId,
    token: wholeNumber(t),
    mode: m.S === "x" ? "exclusive" : "shared",
    ownerId: text(o),
    expires: wholeNumber(e, DATE_MS_MAX),
    leaseMs: wholeNumber(l, LEASE_MS_MAX),
    ...(d && { data: text(d) }),
  };
}

function text(value: Loose): string {
  if (typeof value?.S !== "string") throw value;
  return value.S;
}

/** Digits below 2^53: more of them would be rounded silently, and a rounded token is no token. */
function wholeNumber(value: Loose, most = Number.MAX_SAFE_INTEGER): number {
  const number = /^\d+$/.test(`${value?.N}`) ? Number(value!.N) : NaN;
  if (!(number <= most)) throw value;
  return number;
}
