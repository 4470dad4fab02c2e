/**
 * The requests of the native record, as its layout makes them: each on records of every shape that it
 * may meet, alone and in a transaction.
 *
 * @module
 */

import { NativeLayout } from "../../../src/records/native.ts";
import {
  type Grant,
  type Holder,
  type Item,
  type Sharing,
  WAITING_MOST_MS,
} from "../../../src/records/record.ts";
import type { Call } from "./compare.ts";

const PLAIN = "plain-table";
const NOW = 1_000_000;
const UNTIL = NOW + 3_000;
const layout = new NativeLayout({ name: PLAIN, partitionKey: "k", prefix: "" });

function grant(sharing: Sharing, grantId = "g"): Grant {
  const ends = { token: 50, expires: NOW + 20_000, leaseMs: 20_000, madeAt: NOW + 0.5 };
  return { ...sharing, ...ends, grantId, ownerId: "me" };
}

const ALONE = grant({ mode: "exclusive" });
const SHARED = grant({ mode: "shared" });
const PERMIT = { ...grant({ mode: "shared", permits: 3 }), data: "page 7" };
const KINDS = { exclusive: ALONE, shared: SHARED, "a permit": PERMIT };

type Entry = Item[string];

function entry(token: number, expires: number, m: "x" | "s", d?: string): Entry {
  const texts = { m: { S: m }, o: { S: "me" }, ...(d === undefined ? {} : { d: { S: d } }) };
  return {
    M: { t: { N: `${token}` }, e: { N: `${expires}` }, l: { N: "20000" }, ...texts },
  };
}

function record(holders: Record<string, Entry>, more: Item = {}): Item {
  return { format: { N: "1" }, fence: { N: "40" }, holders: { M: holders }, ...more };
}

/** When the dead ran out; the same in every record that has them. */
const DEAD = { d0: entry(31, NOW - 9_000, "s"), d1: entry(32, NOW - 8_000, "s") };
const OTHER = { a: entry(33, NOW + 9_000, "s") };
const OWN = { g: entry(40, NOW + 9_000, "s") };
const permits = { permits: { N: "3" } };
const waiting = (until: number) => ({ waiting: { N: `${until}` } });

/** Records of every shape that a step may meet; `undefined` is none. */
const RECORDS: readonly (Item | undefined)[] = [
  undefined,
  record({}),
  record({}, { fence: { N: "50" } }),
  record({ g: entry(40, NOW + 9_000, "x", "old") }, { exclusive: { S: "g" } }),
  record({ g1: entry(40, NOW + 9_000, "x") }, { exclusive: { S: "g1" } }),
  record({ g1: entry(40, NOW + 9_000, "s") }),
  record({ g1: entry(40, NOW + 9_000, "s"), ...OTHER }, permits),
  record(OTHER),
  record({ ...OTHER, ...OWN }),
  // Renewed so far ahead that no renewal may shorten it.
  record({ g: entry(40, NOW + 90_000, "s") }),
  // Somebody waits: now, no more, longer than another asks for, and by a wrong clock.
  ...[UNTIL - 1, NOW, UNTIL + 1, NOW + WAITING_MOST_MS, UNTIL + WAITING_MOST_MS].map((until) =>
    record(OTHER, waiting(until))
  ),
  record({}, waiting(UNTIL)),
  record({}, { ...waiting(UNTIL), ...permits }),
  record(DEAD),
  record({ d1: DEAD.d1, d0: DEAD.d0, ...OTHER }),
  record({ ...DEAD, ...OTHER }, { fence: { N: "41" } }),
  record({ ...DEAD, d1: entry(32, NOW + 1, "s"), ...OTHER }),
  record({ d0: DEAD.d0, ...OTHER }, permits),
  record({ ...DEAD, ...OTHER }, permits),
  record({ ...OTHER, ...OWN }, permits),
  record(OTHER, { permits: { N: "4" } }),
  record(OTHER, { exclusive: { S: "gone" } }),
  { ownerName: { S: "x" }, recordVersionNumber: { S: "y" }, holders: { S: "" } },
  { ...record({}), holders: { L: [] } },
];

function dead(...ids: (keyof typeof DEAD)[]): Holder[] {
  return ids.map((grantId) => ({
    ...{ grantId, token: 31, mode: "shared", ownerId: "me", leaseMs: 20_000 },
    expires: Number((DEAD[grantId] as { M: Record<string, { N: string }> }).M.e!.N),
  }));
}

type Update = ReturnType<NativeLayout["acquire"]>;

/** The updates that somebody with this grant may send. */
function updatesOf(own: Grant): Record<string, Update> {
  const seen = { fence: 40, holders: dead("d0", "d1"), rawHolders: { M: DEAD } };
  const among = { ...seen, holders: [...seen.holders, ...dead("d0")] };
  return {
    acquire: layout.acquire("lock", own),
    "take over, all dead": layout.takeOver("lock", own, seen, seen.holders),
    "hand over": layout.handOver("lock", { grantId: "g1", mode: "exclusive" }, own),
    renew: layout.renew("lock", own, own.expires),
    "renew with data": layout.renew("lock", own, own.expires, "new"),
    "renew without data": layout.renew("lock", own, own.expires, null),
    release: layout.release("lock", own),
    close: layout.close("lock", own),
    revoke: layout.revoke("lock", own),
    ...(own.mode === "shared" && {
      join: layout.join("lock", own),
      "take over, one dead": layout.takeOver("lock", own, among, dead("d0")),
      "take over, some dead": layout.takeOver("lock", own, among, dead("d0", "d1")),
    }),
  };
}

function place(key: string, item: Item | undefined): Call {
  return item === undefined
    ? { operation: "DeleteItem", input: { TableName: PLAIN, Key: { k: { S: key } } } }
    : { operation: "PutItem", input: { TableName: PLAIN, Item: { k: { S: key }, ...item } } };
}

function look(key: string): Call {
  return { operation: "GetItem", input: layout.read(key) };
}

function transact(...TransactItems: object[]): Call {
  return { operation: "TransactWriteItems", input: { TransactItems } };
}

function inTransaction({ ReturnValues: _, ...update }: Update): object {
  return { Update: update };
}

/** A step on every record: alone, and beside a second name that is free, or taken. */
function everywhere(update: Update): Call[] {
  const second = inTransaction(layout.acquire("other", ALONE));
  return RECORDS.flatMap((item) => [
    place("lock", item),
    { operation: "UpdateItem", input: update },
    look("lock"),
    ...[record({}), record(OTHER)].flatMap((other) => [
      place("lock", item),
      place("other", other),
      transact(inTransaction(update), second),
      look("lock"),
      look("other"),
    ]),
  ]);
}

/** A check of the grant, and its release, together with a write of the caller's own. */
function guarded(own: Grant): Call[] {
  const ReturnValuesOnConditionCheckFailure = "ALL_OLD";
  const check = {
    ConditionCheck: { ...layout.guard("lock", own), ReturnValuesOnConditionCheckFailure },
  };
  const put = { Put: { TableName: PLAIN, Item: { k: { S: "guarded" } } } };
  const once = { Put: { ...put.Put, ConditionExpression: "attribute_not_exists(k)" } };
  return RECORDS.flatMap((item) =>
    [
      check,
      { ConditionCheck: layout.guard("lock", own) },
      inTransaction(layout.release("lock", own)),
    ]
      .flatMap((first) => [
        place("lock", item),
        place("guarded", undefined),
        transact(first, once),
        look("guarded"),
        place("lock", item),
        transact(first, once),
        look("lock"),
      ])
  );
}

/** Lists of all locks: with a prefix and without, also in an application's single table. */
function scans(): Call[] {
  const single = { name: PLAIN, partitionKey: "k", sortKey: "s", sortValue: "lock" };
  const items: Item[] = [
    { k: { S: "job/1" }, ...record(OTHER) },
    { k: { S: "job/2" }, ...record({}), s: { S: "lock" } },
    { k: { S: "job" }, ...record({}), s: { S: "other" } },
    { k: { S: "lock#job/3" }, ...record({}, permits), s: { S: "lock" } },
    { k: { S: "job/4" }, ...record({}), format: { N: "1.0" } },
    { k: { S: "job/5" }, ...record({}), format: { S: "1" } },
    { k: { S: "job/6" }, ownerName: { S: "x" } },
  ];
  const layouts = [
    layout,
    new NativeLayout({ ...single, prefix: "" }),
    new NativeLayout({ ...single, prefix: "lock#" }),
  ];
  return [
    ...items.map((Item) => ({ operation: "PutItem", input: { TableName: PLAIN, Item } })),
    ...layouts.flatMap((one) =>
      ["", "job/", "nobody"].map((prefix) => ({
        operation: "Scan",
        input: one.scan(prefix),
      }))
    ),
    {
      operation: "Scan",
      input: { ...layout.scan("job/"), ExclusiveStartKey: { other: { S: "job/2" } } },
    },
  ];
}

/** Every request of the layout, on every record. */
export function recordSequences(): Record<string, Call[]> {
  const sequences: Record<string, Call[]> = {};
  for (const [kind, own] of Object.entries(KINDS)) {
    for (const [step, update] of Object.entries(updatesOf(own))) {
      sequences[`record: ${step}, ${kind}`] = everywhere(update);
    }
    sequences[`record: guard and release with a write, ${kind}`] = guarded(own);
  }
  sequences["record: mark"] = everywhere(layout.mark("lock", UNTIL));
  sequences["record: sweep one"] = everywhere(layout.sweep("lock", dead("d1")));
  sequences["record: sweep two"] = everywhere(layout.sweep("lock", dead("d0", "d1")));
  sequences["record: list"] = scans();
  return sequences;
}
