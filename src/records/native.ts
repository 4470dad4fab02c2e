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
 * | `purge` | N | epoch seconds: the table's TTL attribute |
 *
 * A release takes the holder out and leaves the item, so that tokens go on rising.
 *
 * @module
 */

import { LockTableError } from "../errors.ts";
import type { AttributeValue } from "../dynamodb/values.ts";
import { describeForeign } from "./foreign.ts";
import type { Layout, TablePlace, UpdateInput } from "./layout.ts";
import type { Grant, Holder, Item, LockMode, LockRecord } from "./record.ts";

/** The attributes that the native record uses besides the key. No key may have such a name. */
export const NATIVE_ATTRIBUTES: readonly string[] = [
  "format",
  "fence",
  "holders",
  "exclusive",
  "permits",
  "waiting",
  "purge",
];

const FORMAT_VERSION = "1";
const FENCE_MAX = Number.MAX_SAFE_INTEGER - 1_000_000;
const MODE_CODES: Record<LockMode, string> = { exclusive: "x", shared: "s" };

function text(value: string): AttributeValue {
  return { S: value };
}

function number(value: number): AttributeValue {
  // Every number of a record is a whole one below 2^53: anything else is a bug on this side.
  if (!Number.isSafeInteger(value)) throw new RangeError(`Cannot write ${value} to a lock record`);
  return { N: String(value) };
}

function holderMap(grant: Grant): AttributeValue {
  const entry: Item = {
    t: number(grant.token),
    m: text(MODE_CODES.exclusive),
    o: text(grant.ownerId),
    e: number(grant.expires),
    l: number(grant.leaseMs),
  };
  if (grant.data !== undefined) entry.d = text(grant.data);
  return { M: entry };
}

/** The record format of this package, on a table. */
export function nativeLayout(place: TablePlace): Layout {
  function key(name: string): Item {
    const result: Item = { [place.partitionKey]: text(place.prefix + name) };
    if (place.sortKey !== undefined) result[place.sortKey] = text(place.sortValue ?? "");
    return result;
  }

  function update(
    name: string,
    parts: Pick<
      UpdateInput,
      "UpdateExpression" | "ConditionExpression" | "ExpressionAttributeNames"
    >,
    values?: Record<string, AttributeValue>,
  ): UpdateInput {
    return {
      TableName: place.name,
      Key: key(name),
      ...parts,
      ...(values && { ExpressionAttributeValues: values, ReturnValues: "ALL_NEW" }),
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    };
  }

  return {
    acquire: (grant, purgeAt) =>
      update(grant.name, {
        UpdateExpression: "SET #f=:one,#fence=:t,#h=:map,#x=:g,#p=:p REMOVE #n",
        ConditionExpression: "attribute_not_exists(#k) OR (#f=:one AND #fence<:t AND size(#h)=:z)",
        ExpressionAttributeNames: { ...NAMES, "#k": place.partitionKey, "#n": "permits" },
      }, { ...grantValues(grant, purgeAt), ":z": number(0) }),

    takeOver: (grant, seen, purgeAt) =>
      update(grant.name, {
        // The fence and the whole map as read: any renewal or grant since then stops this write.
        UpdateExpression: "SET #f=:one,#fence=:t,#h=:map,#x=:g,#p=:p REMOVE #n",
        ConditionExpression: "#fence=:seen AND #h=:old",
        ExpressionAttributeNames: { ...NAMES, "#n": "permits" },
      }, {
        ...grantValues(grant, purgeAt),
        ":seen": number(seen.fence),
        ":old": seen.rawHolders,
      }),

    handOver: (fromGrantId, grant, purgeAt) =>
      update(grant.name, {
        UpdateExpression: "SET #fence=:t,#h.#g=:me,#x=:g,#p=:p REMOVE #h.#from",
        ConditionExpression: "attribute_exists(#h.#from) AND #fence<:t",
        ExpressionAttributeNames: {
          "#fence": "fence",
          "#h": "holders",
          "#x": "exclusive",
          "#p": "purge",
          "#g": grant.grantId,
          "#from": fromGrantId,
        },
      }, {
        ":t": number(grant.token),
        ":me": holderMap(grant),
        ":g": text(grant.grantId),
        ":p": number(purgeAt),
      }),

    renew: (grant, expires, purgeAt, data) => {
      const dataNames = data === undefined ? undefined : { "#d": "d" };
      return update(grant.name, {
        UpdateExpression: "SET #h.#g.#e=:e,#p=:p" +
          (typeof data === "string" ? ",#h.#g.#d=:d" : "") +
          (data === null ? " REMOVE #h.#g.#d" : ""),
        // Never shortens, never brings back: a late renewal can only fail.
        ConditionExpression: "attribute_exists(#h.#g) AND #h.#g.#e<:e",
        ExpressionAttributeNames: {
          "#h": "holders",
          "#g": grant.grantId,
          "#e": "e",
          "#p": "purge",
          ...dataNames,
        },
      }, {
        ":e": number(expires),
        ":p": number(purgeAt),
        ...(typeof data === "string" && { ":d": text(data) }),
      });
    },

    release: (grant) =>
      update(grant.name, {
        UpdateExpression: "REMOVE #h.#g,#x",
        ConditionExpression: "attribute_exists(#h.#g)",
        ExpressionAttributeNames: { "#h": "holders", "#g": grant.grantId, "#x": "exclusive" },
      }),

    close: (proposal, purgeAt) =>
      update(proposal.name, {
        UpdateExpression: "SET #f=:one,#fence=:t,#h=if_not_exists(#h,:em),#p=if_not_exists(#p,:p)",
        ConditionExpression: "attribute_not_exists(#k) OR (#f=:one AND #fence<:t)",
        ExpressionAttributeNames: {
          "#k": place.partitionKey,
          "#f": "format",
          "#fence": "fence",
          "#h": "holders",
          "#p": "purge",
        },
      }, {
        ":one": { N: FORMAT_VERSION },
        ":t": number(proposal.token),
        ":em": { M: {} },
        ":p": number(purgeAt),
      }),

    read: (name) => ({ TableName: place.name, Key: key(name), ConsistentRead: true }),

    parse: (name, item) => item === undefined ? undefined : parseItem(name, item),
  };
}

const NAMES: Record<string, string> = {
  "#f": "format",
  "#fence": "fence",
  "#h": "holders",
  "#x": "exclusive",
  "#p": "purge",
};

function grantValues(grant: Grant, purgeAt: number): Record<string, AttributeValue> {
  return {
    ":one": { N: FORMAT_VERSION },
    ":t": number(grant.token),
    ":map": { M: { [grant.grantId]: holderMap(grant) } },
    ":g": text(grant.grantId),
    ":p": number(purgeAt),
  };
}

type Loose = { S?: unknown; N?: unknown; M?: unknown } | undefined;

function parseItem(name: string, item: Item): LockRecord {
  if ((item.format as Loose)?.N !== FORMAT_VERSION) {
    throw new LockTableError(
      `Cannot lock '${name}' as the item under its key is ${describeForeign(item)}`,
      { code: "RECORD_FOREIGN", lockName: name },
    );
  }
  const fence = wholeNumber(name, item.fence, "fence");
  // Room for the tokens to come: one above 2^53 would not be greater than the one before it.
  if (fence > FENCE_MAX) throw damaged(name, "fence");
  const holders = (item.holders as Loose)?.M;
  if (typeof holders !== "object" || holders === null) throw damaged(name, "holders");
  const exclusive = (item.exclusive as Loose)?.S;
  const permits = item.permits && wholeNumber(name, item.permits, "permits");
  return {
    fence,
    holders: Object.entries(holders).map(([id, entry]) => parseHolder(name, id, entry)),
    ...(typeof exclusive === "string" && { exclusive }),
    ...(permits !== undefined && { permits }),
    rawHolders: item.holders as AttributeValue,
  };
}

function parseHolder(name: string, grantId: string, value: unknown): Holder {
  const entry = (value as Loose)?.M as Record<string, Loose> | undefined;
  const owner = entry?.o?.S;
  const mode = entry?.m?.S;
  // A holder that cannot be read is an error, never somebody whose lease has run out.
  if (typeof owner !== "string" || (mode !== "x" && mode !== "s")) throw damaged(name, "holders");
  const data = entry?.d?.S;
  return {
    grantId,
    token: wholeNumber(name, entry?.t, "holders"),
    mode: mode === "x" ? "exclusive" : "shared",
    ownerId: owner,
    expires: wholeNumber(name, entry?.e, "holders"),
    leaseMs: wholeNumber(name, entry?.l, "holders"),
    ...(typeof data === "string" && { data }),
  };
}

function wholeNumber(name: string, value: unknown, attribute: string): number {
  const digits = (value as Loose)?.N;
  // Number text above 2^53 would be rounded silently, and a rounded token is no token.
  const result = typeof digits === "string" && /^\d+$/.test(digits) ? Number(digits) : NaN;
  if (!Number.isSafeInteger(result)) throw damaged(name, attribute);
  return result;
}

function damaged(name: string, attribute: string): LockTableError {
  return new LockTableError(
    `Cannot lock '${name}' as its record is damaged: attribute '${attribute}' is not understood`,
    { code: "RECORD_INVALID", lockName: name },
  );
}
