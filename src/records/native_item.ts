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
  const loose = item as Attributes;
  if (loose.format?.N !== FORMAT.N) {
    throw foreignRecord(name, item);
  }
  try {
    return parseRecord(loose);
  } catch (error) {
    // Damaged is an error, never a lock that is free or a holder whose lease has run out.
    // What was thrown is the attribute, or a TypeError where a map of holders or a holder is none. It
    // does not say whose entry it is: who knows the id of a grant can release it.
    const at = error as string;
    throw damagedRecord(name, at[1] ? at : at.length ? `holders.${at}` : "holders");
  }
}

/** An attribute before anybody has looked at its type. */
type Loose = { S?: unknown; N?: unknown; M?: Record<string, Loose> } | undefined;

type Attributes = Record<string, Loose>;

/** Reads a record, or throws the name of the attribute that is damaged. */
function parseRecord(record: Attributes): LockRecord {
  return {
    fence: wholeNumber(record, "fence", FENCE_MAX),
    holders: Object.entries(record.holders!.M!).map(([id, entry]) => parseHolder(id, entry!.M!)),
    ...(record.permits && { permits: wholeNumber(record, "permits") }),
    ...(record.waiting && { waiting: wholeNumber(record, "waiting") }),
    rawHolders: record.holders as AttributeValue,
  };
}

function parseHolder(grantId: string, entry: Attributes): Holder {
  const mode = text(entry, "m");
  if (mode !== "x" && mode !== "s") throw "m";
  return {
    grantId,
    token: wholeNumber(entry, "t"),
    mode: mode === "x" ? "exclusive" : "shared",
    ownerId: text(entry, "o"),
    expires: wholeNumber(entry, "e", DATE_MS_MAX),
    leaseMs: wholeNumber(entry, "l", LEASE_MS_MAX),
    ...(entry.d && { data: text(entry, "d") }),
  };
}

function text(item: Attributes, attribute: string): string {
  const value = item[attribute]?.S;
  if (typeof value !== "string") throw attribute;
  return value;
}

/** Digits below 2^53: more of them would be rounded silently, and a rounded token is no token. */
function wholeNumber(item: Attributes, attribute: string, most = Number.MAX_SAFE_INTEGER): number {
  const value = item[attribute]?.N as string;
  if (/^\d+$/.test(value) && Number(value) <= most) return Number(value);
  throw attribute;
}
