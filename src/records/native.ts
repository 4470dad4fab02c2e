/**
 * The record of this package: one item a name, one format for every kind of lock.
 *
 * | attribute | type | meaning |
 * | --- | --- | --- |
 * | `key` | S | the prefix and the lock's name (the attribute's own name can be configured) |
 * | `format` | N | `1` |
 * | `fence` | N | the greatest token ever granted or proposed |
 * | `holders` | M | grant id -> `{t: token, m: mode, o: owner, e: expires, l: lease, d?: data}` |
 * | `exclusive` | S | the grant id of the exclusive holder; absent otherwise |
 * | `purge` | N | epoch seconds, 30 days after the lease's end: the table's TTL attribute |
 *
 * A release takes the holder out and leaves the item, so that tokens go on rising. The expressions
 * speak in placeholders, since some of the names are reserved words: `#fence` is `fence`.
 *
 * @module
 */

import { DATE_MS_MAX } from "../checks.ts";
import { LockTableError } from "../errors.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { describeForeign } from "./foreign.ts";
import type { GrantKey, Layout, ReadInput, TablePlace, UpdateInput } from "./layout.ts";
import {
  damagedRecord,
  FENCE_MAX,
  type Grant,
  type Holder,
  type Item,
  LEASE_MS_MAX,
  type LockRecord,
} from "./record.ts";

/** The attributes that the native record uses besides the key. No key may have such a name. */
export const NATIVE_ATTRIBUTES: readonly string[] =
  "format fence holders exclusive permits waiting purge".split(" ");

const FORMAT_VERSION = "1";

const TAKE = "SET #format=:format,#fence=:t,#holders=:map,#exclusive=:g,#purge=:p REMOVE #permits";
const IS_ABSENT = "attribute_not_exists(#key) OR ";
const IS_BELOW = "#format=:format AND #fence<:t";
const IS_IN = "attribute_exists(#holders.#g)";

/** Far longer than any lease or signature lives, so that a purge never removes a fence in use. */
const PURGE_SECONDS = 30 * 24 * 60 * 60;

/** The TTL of a record whose lease ends then, in the epoch seconds that DynamoDB wants. */
function purgeAt(expires: number): number {
  return Math.ceil(expires / 1_000) + PURGE_SECONDS;
}

/** What the placeholders of an expression stand for, where it is not what they are called. */
type Known = Record<string, string | number | AttributeValue | undefined>;

/** Values of DynamoDB from ours. Numbers of a record are whole and below 2^53. */
function encode(values: Known): Item {
  const item: Item = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "string") item[name] = { S: value };
    else if (typeof value === "number") item[name] = { N: `${value}` };
    else if (value) item[name] = value;
  }
  return item;
}

/** The record format of this package, on a table. */
export class NativeLayout implements Layout {
  readonly #place: TablePlace;

  constructor(place: TablePlace) {
    this.#place = place;
  }

  acquire(grant: Grant): UpdateInput {
    return this.#update(
      grant.name,
      TAKE,
      // Not `size(#holders)=0`: that is also true of an empty text or list, which is no record.
      `${IS_ABSENT}(${IS_BELOW} AND #holders=:empty)`,
      this.#known(grant),
    );
  }

  takeOver(grant: Grant, seen: LockRecord): UpdateInput {
    // The fence and the whole map as read: any renewal or grant since then stops this write.
    return this.#update(grant.name, TAKE, "#fence=:seen AND #holders=:old", {
      ...this.#known(grant),
      ":seen": seen.fence,
      ":old": seen.rawHolders,
    });
  }

  handOver(fromGrantId: string, grant: Grant): UpdateInput {
    return this.#update(
      grant.name,
      "SET #fence=:t,#holders.#g=:entry,#exclusive=:g,#purge=:p REMOVE #holders.#from",
      "attribute_exists(#holders.#from) AND #fence<:t",
      { ...this.#known(grant), "#from": fromGrantId },
    );
  }

  renew(grant: GrantKey, expires: number, data?: string | null): UpdateInput {
    const change = data === undefined
      ? ""
      : data === null
      ? " REMOVE #holders.#g.#d"
      : ",#holders.#g.#d=:d";
    return this.#update(
      grant.name,
      `SET #holders.#g.#e=:e,#purge=:p${change}`,
      // Never shortens, never brings back: a late renewal can only fail.
      `${IS_IN} AND #holders.#g.#e<:e`,
      { "#g": grant.grantId, ":e": expires, ":p": purgeAt(expires), ":d": data ?? undefined },
    );
  }

  release(grant: GrantKey): UpdateInput {
    return this.#update(grant.name, "REMOVE #holders.#g,#exclusive", IS_IN, {
      "#g": grant.grantId,
    });
  }

  close(grant: Grant): UpdateInput {
    return this.#update(
      grant.name,
      "SET #format=:format,#fence=:t,#holders=if_not_exists(#holders,:empty)," +
        "#purge=if_not_exists(#purge,:p)",
      `${IS_ABSENT}(${IS_BELOW})`,
      this.#known(grant),
    );
  }

  read(name: string): ReadInput {
    return { ...this.#target(name), ConsistentRead: true };
  }

  parse(name: string, item: Item | undefined): LockRecord | undefined {
    if (item === undefined) return undefined;
    const loose = item as Record<string, Loose>;
    if (loose.format?.N !== FORMAT_VERSION) {
      const what = `the item under its key is ${describeForeign(item)}`;
      throw new LockTableError("RECORD_FOREIGN", `Cannot use lock '${name}' as ${what}`, name);
    }
    try {
      return parseRecord(loose);
    } catch {
      // Damaged is an error, never a lock that is free or a holder whose lease has run out.
      throw damagedRecord(name);
    }
  }

  #target(name: string): { TableName: string; Key: Item } {
    const { name: TableName, partitionKey, prefix, sortKey, sortValue } = this.#place;
    const key = { [partitionKey]: prefix + name, ...(sortKey && { [sortKey]: sortValue }) };
    return { TableName, Key: encode(key) };
  }

  /** A write. Its names and values are those that its expressions mention: DynamoDB wants no other. */
  #update(name: string, change: string, condition: string, known: Known): UpdateInput {
    const names: Record<string, string> = {};
    const values: Known = {};
    for (const [mark] of `${change} ${condition}`.matchAll(/[#:]\w+/g)) {
      if (mark[0] === "#") names[mark] = (known[mark] ?? mark.slice(1)) as string;
      else values[mark] = known[mark];
    }
    return {
      ...this.#target(name),
      UpdateExpression: change,
      ConditionExpression: condition,
      ExpressionAttributeNames: names,
      // A release has no values, and nobody needs the record after it.
      ...(change.startsWith("SET") && {
        ExpressionAttributeValues: encode(values),
        ReturnValues: "ALL_NEW",
      }),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    };
  }

  #known({ grantId, token, ownerId, expires, leaseMs, data }: Grant): Known {
    const entry = { M: encode({ t: token, m: "x", o: ownerId, e: expires, l: leaseMs, d: data }) };
    return {
      "#key": this.#place.partitionKey,
      "#g": grantId,
      ":format": { N: FORMAT_VERSION },
      ":t": token,
      ":map": { M: { [grantId]: entry } },
      ":entry": entry,
      ":empty": { M: {} },
      ":g": grantId,
      ":p": purgeAt(expires),
    };
  }
}

/** An attribute before anybody has looked at its type. */
type Loose = { S?: unknown; N?: unknown; M?: Record<string, Loose> } | undefined;

/** Reads a record, or throws. */
function parseRecord({ fence, holders, permits }: Record<string, Loose>): LockRecord {
  return {
    fence: wholeNumber(fence, FENCE_MAX),
    holders: Object.entries(holders!.M!).map(([id, entry]) => parseHolder(id, entry!.M!)),
    ...(permits && { permits: wholeNumber(permits) }),
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
