/**
 * The writes of the native lock record and of other lock clients, as fixed sequences: each on the
 * records it is made for, and on those it must refuse.
 *
 * @module
 */

import type { Call } from "./compare.ts";
import type { Value } from "./expressions.ts";

const PLAIN = "plain-table";
const NAMES: Readonly<Record<string, string>> = {
  "#k": "k",
  "#f": "format",
  "#fence": "fence",
  "#h": "holders",
  "#g": "g",
  "#g1": "g1",
  "#g2": "g2",
  "#d0": "d0",
  "#d1": "d1",
  "#e": "expires",
  "#x": "exclusive",
  "#n": "permits",
  "#p": "purge",
};

function holder(expires: number): Value {
  return { M: { expires: { N: String(expires) }, owner: { S: "me" } } };
}

function holders(entries: Record<string, Value>): Value {
  return { M: entries };
}

const VALUES: Readonly<Record<string, Value>> = {
  ":one": { N: "1" },
  ":z": { N: "0" },
  ":em": { M: {} },
  ":t": { N: "50" },
  ":seen": { N: "40" },
  ":map": holders({ g: holder(9) }),
  ":old": holders({ d0: holder(3), d1: holder(4) }),
  ":me": holder(9),
  ":g": { S: "g" },
  ":g2": { S: "g2" },
  ":p": { N: "1795300818" },
  ":n": { N: "3" },
  ":nk": { N: "5" },
  ":e": { N: "8" },
  ":e0": { N: "3" },
  ":e1": { N: "4" },
};

/** The table of `expressions.md`: a name, an update, a condition. */
const STEPS: readonly (readonly [step: string, update: string, condition: string])[] = [
  [
    "acquire exclusive",
    "SET #f=:one,#fence=:t,#h=:map,#x=:g,#p=:p REMOVE #n",
    "attribute_not_exists(#k) OR (#f=:one AND #fence<:t AND size(#h)=:z)",
  ],
  [
    "acquire permits, nobody in",
    "SET #f=:one,#fence=:t,#h=:map,#n=:n,#p=:p REMOVE #x",
    "attribute_not_exists(#k) OR (#f=:one AND #fence<:t AND size(#h)=:z)",
  ],
  [
    "acquire shared, nobody in",
    "SET #f=:one,#fence=:t,#h=:map,#p=:p REMOVE #x,#n",
    "attribute_not_exists(#k) OR (#f=:one AND #fence<:t AND size(#h)=:z)",
  ],
  [
    "acquire a permit, others in",
    "SET #fence=:t,#h.#g=:me,#p=:p",
    "#f=:one AND attribute_not_exists(#x) AND #fence<:t AND #n=:n AND size(#h)<:n " +
    "AND attribute_not_exists(#h.#g)",
  ],
  [
    "acquire shared, others in",
    "SET #fence=:t,#h.#g=:me,#p=:p",
    "#f=:one AND #fence<:t AND attribute_not_exists(#x) AND attribute_not_exists(#n) " +
    "AND attribute_not_exists(#h.#g)",
  ],
  [
    "take over, all dead",
    "SET #f=:one,#fence=:t,#h=:map,#x=:g,#p=:p REMOVE #n",
    "#fence=:seen AND #h=:old",
  ],
  [
    "take over, some dead",
    "SET #fence=:t,#h.#g=:me,#p=:p REMOVE #h.#d0,#h.#d1",
    "#fence=:seen AND #n=:n AND attribute_not_exists(#x) AND size(#h)<:nk " +
    "AND #h.#d0.#e=:e0 AND #h.#d1.#e=:e1",
  ],
  ["renew", "SET #h.#g.#e=:e,#p=:p", "attribute_exists(#h.#g) AND #h.#g.#e<:e"],
  [
    "hand over",
    "SET #fence=:t,#h.#g2=:me,#x=:g2,#p=:p REMOVE #h.#g1",
    "attribute_exists(#h.#g1) AND #fence<:t",
  ],
  ["release", "REMOVE #h.#g", "attribute_exists(#h.#g)"],
  ["release exclusive", "REMOVE #h.#g,#x", "attribute_exists(#h.#g)"],
  [
    "close a proposal",
    "SET #f=:one,#fence=:t,#h=if_not_exists(#h,:em),#p=if_not_exists(#p,:p)",
    "attribute_not_exists(#k) OR (#f=:one AND #fence<:t)",
  ],
  ["overlapping paths", "SET #h=if_not_exists(#h,:em),#h.#g=:me", "attribute_exists(#k)"],
  ["remove a child of a missing parent", "REMOVE #p.#g", "attribute_exists(#k)"],
  ["not of a missing size", "SET #p=:p", "NOT size(#x)>:z"],
];

/** Records of every shape that a step may meet; `undefined` is none. */
const RECORDS: Readonly<Record<string, Record<string, Value> | undefined>> = {
  absent: undefined,
  tombstone: { format: { N: "1" }, fence: { N: "40" }, holders: holders({}) },
  "newer fence": { format: { N: "1" }, fence: { N: "60" }, holders: holders({}) },
  held: {
    format: { N: "1" },
    fence: { N: "40.0" },
    holders: holders({ g: holder(7) }),
    exclusive: { S: "g" },
  },
  "held by g1": {
    format: { N: "1" },
    fence: { N: "40" },
    holders: holders({ g1: holder(7) }),
    exclusive: { S: "g1" },
  },
  shared: { format: { N: "1" }, fence: { N: "40" }, holders: holders({ a: holder(7) }) },
  "two dead": {
    format: { N: "1" },
    fence: { N: "40" },
    holders: holders({ d1: holder(4), d0: holder(3) }),
  },
  permits: {
    format: { N: "1" },
    fence: { N: "40" },
    holders: holders({ a: holder(7), d1: holder(4), d0: holder(3) }),
    permits: { N: "3" },
  },
  "one permit": {
    format: { N: "1" },
    fence: { N: "40" },
    holders: holders({ a: holder(7) }),
    permits: { N: "3" },
  },
  foreign: { ownerName: { S: "x" }, recordVersionNumber: { S: "y" }, holders: { S: "" } },
};

function used<T>(all: Readonly<Record<string, T>>, text: string): Record<string, T> {
  const entries = Object.entries(all)
    .filter(([ref]) => new RegExp(`${ref}(?![A-Za-z0-9_])`).test(text));
  return Object.fromEntries(entries);
}

function placeholders(text: string): object {
  const names = used(NAMES, text);
  const values = used(VALUES, text);
  return {
    ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
  };
}

function place(key: string, record: Record<string, Value> | undefined): Call {
  return record === undefined
    ? { operation: "DeleteItem", input: { TableName: PLAIN, Key: { k: { S: key } } } }
    : { operation: "PutItem", input: { TableName: PLAIN, Item: { k: { S: key }, ...record } } };
}

function look(key: string): Call {
  return { operation: "GetItem", input: { TableName: PLAIN, Key: { k: { S: key } } } };
}

function write(key: string, update: string, condition: string): Record<string, unknown> {
  return {
    TableName: PLAIN,
    Key: { k: { S: key } },
    UpdateExpression: update,
    ConditionExpression: condition,
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    ...placeholders(`${update} ${condition}`),
  };
}

/** Every step on every record, alone and as one action of a transaction. */
export function lockSequences(): Record<string, Call[]> {
  const sequences: Record<string, Call[]> = {};
  for (const [step, update, condition] of STEPS) {
    sequences[`lock record: ${step}`] = Object.values(RECORDS).flatMap((record) => [
      place("lock", record),
      {
        operation: "UpdateItem",
        input: { ...write("lock", update, condition), ReturnValues: "ALL_NEW" },
      },
      look("lock"),
      place("lock", record),
      place("other", RECORDS["tombstone"]),
      {
        operation: "TransactWriteItems",
        input: {
          TransactItems: [
            { Update: write("lock", update, condition) },
            { Update: write("other", "SET #fence=:t", "#fence<:t") },
          ],
        },
      },
      look("lock"),
      look("other"),
    ]);
  }
  sequences["lock record: guard"] = Object.values(RECORDS).flatMap((record) => [
    place("lock", record),
    {
      operation: "TransactWriteItems",
      input: {
        TransactItems: [
          {
            ConditionCheck: {
              TableName: PLAIN,
              Key: { k: { S: "lock" } },
              ConditionExpression: "attribute_exists(#h.#g)",
              ReturnValuesOnConditionCheckFailure: "ALL_OLD",
              ...placeholders("#h #g"),
            },
          },
          { Put: { TableName: PLAIN, Item: { k: { S: "guarded" } } } },
        ],
      },
    },
    look("guarded"),
    place("guarded", undefined),
  ]);
  sequences["other lock clients"] = otherClients();
  return sequences;
}

/** Conditions of the AWS Java client, dynamolock, python_dynamodb_lock, DynaLock and others. */
function otherClients(): Call[] {
  const conditions = [
    "attribute_not_exists(#pk)",
    "attribute_exists(#pk) AND #ir = :ir",
    "attribute_exists(#pk) AND #rvn = :rvn AND #ir = :ir",
    "(attribute_exists(#pk) AND #rvn = :rvn AND #ir = :ir)",
    "attribute_exists(#pk) AND #rvn = :rvn AND #on = :on",
    "attribute_not_exists(#pk) OR (attribute_exists(#pk) AND #ir = :ir)",
    "NOT(attribute_exists(#pk) AND attribute_exists(#rvn))",
    "attribute_not_exists(#pk) OR #ttl < :now",
    "attribute_not_exists(#pk) or (#rvn = :rvn and #ttl = :now)",
    "attribute_exists(#pk) and #rvn = :rvn",
  ];
  const names = {
    "#pk": "k",
    "#ir": "isReleased",
    "#rvn": "recordVersionNumber",
    "#on": "ownerName",
    "#ttl": "TTL",
  };
  const values: Record<string, Value> = {
    ":ir": { S: "1" },
    ":rvn": { S: "r1" },
    ":on": { S: "o1" },
    ":now": { N: "100" },
  };
  const records: (Record<string, Value> | undefined)[] = [
    undefined,
    { ownerName: { S: "o1" }, recordVersionNumber: { S: "r1" }, leaseDuration: { S: "20000" } },
    { ownerName: { S: "o1" }, recordVersionNumber: { S: "r1" }, isReleased: { S: "1" } },
    { ownerName: { S: "o2" }, recordVersionNumber: { S: "r2" }, data: { B: "AAE=" } },
    { TTL: { N: "99" } },
    { TTL: { N: "100" }, recordVersionNumber: { S: "r1" } },
  ];
  return conditions.flatMap((condition) =>
    records.flatMap((record) => [
      place("lock", record),
      {
        operation: "PutItem",
        input: {
          TableName: PLAIN,
          Item: { k: { S: "lock" }, ownerName: { S: "new" } },
          ConditionExpression: condition,
          ReturnValuesOnConditionCheckFailure: "ALL_OLD",
          ReturnValues: "ALL_OLD",
          ExpressionAttributeNames: used(names, condition),
          ...(condition.includes(":")
            ? { ExpressionAttributeValues: used(values, condition) }
            : {}),
        },
      },
      look("lock"),
    ])
  );
}
