/**
 * Requests with one fault each, for their texts.
 *
 * @module
 */

import type { Call } from "./compare.ts";
import type { Value } from "./expressions.ts";

const PLAIN = "plain-table";
const KEY = { k: { S: "one" } };
const VALUES: Readonly<Record<string, Value>> = {
  ":a": { N: "1" },
  ":b": { N: "2" },
  ":s": { S: "q" },
  ":l": { L: [{ S: "q" }] },
  ":ns": { NS: ["2", "3"] },
  ":ss": { SS: ["a"] },
  ":m": { M: {} },
  ":t": { BOOL: true },
  ":z": { NULL: true },
  ":T": { S: "S" },
};
const ITEM = {
  n: { N: "5" },
  s: { S: "str" },
  m: { M: { x: { N: "1" }, y: { M: {} } } },
  l: { L: [{ N: "1" }, { N: "2" }] },
  ns: { NS: ["1", "2"] },
  ss: { SS: ["a", "b"] },
  t: { BOOL: true },
};

function used(text: string): object {
  const values = Object.fromEntries(
    Object.entries(VALUES).filter(([ref]) => new RegExp(`${ref}(?![A-Za-z0-9_])`).test(text)),
  );
  return Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {};
}

const CONDITIONS: readonly string[] = [
  ...[
    "",
    " ",
    "n",
    "n =",
    "n = ",
    "= :a",
    "n = = :a",
    "n =  =  :a",
    "n ! :a",
    "n != :a",
    "n == :a",
  ],
  ...[
    "n = :a AND",
    "n = :a OR OR n = :b",
    "AND n = :a",
    "n = :a n = :b",
    "n = 5",
    "5 = n",
    "n = 'x'",
  ],
  ...[
    "n = :a;",
    "n.[0] = :a",
    "n..x = :a",
    ".n = :a",
    "n. = :a",
    "n[] = :a",
    "l[00] = :a",
    "l[-1] = :a",
  ],
  ...["l[99999999999999999999] = :a", "m.1x = :a", "_x = :a", "x-y = :a", "m.#q = :a", "# = :a"],
  ...[
    "#a = :a",
    ": = :a",
    "é = :a",
    "owner = :a",
    "m.ttl = :a",
    "and = :a",
    "n + :a = :b",
    "NOT n",
  ],
  ...["(n)", "NOT (n)", "n between :a", "n between :a or :b", "n IN :a", "n IN (:a", "n IN ()"],
  ...["n NOT IN (:a)", "attribute_exists()", "attribute_exists(n", "attribute_exists n)", "foo(n)"],
  ...["foo(n) = :a", "ATTRIBUTE_EXISTS(n)", "attribute_exists(n,s)", "attribute_exists(:a)"],
  ...[
    "attribute_exists(n) = :a",
    "attribute_exists(attribute_exists(n))",
    "attribute_exists(size(n))",
  ],
  ...["size(n)", "size(:a) = :a", "size(size(s)) = :a", "size(n,s) = :a", "list_append(l,:l) = :l"],
  ...["if_not_exists(n,:a) = :a", "((n = :a))", "NOT ((n = :a))", "((n)) = :a", "n = ((:a))"],
  ...[
    "((n = :a AND n = :b))",
    "n = n",
    "n <> n",
    "n IN (s, n)",
    "n BETWEEN n AND :a",
    "contains(n,n)",
  ],
  ...[
    "begins_with(n,n)",
    "n < :m",
    "n < :t",
    "n < :z",
    "n < :l",
    "n >= :ns",
    "n between :b and :a",
  ],
  ...["n between :a and :s", "attribute_type(n,:s)", "attribute_type(n,:a)", "begins_with(n,:a)"],
  ...[
    "begins_with(size(s),:s)",
    "n = :undefined",
    "n = :a AND #u = :a",
    "n = :a AND s = :u",
    "#a-b = :a",
  ],
  ...[
    "k.x = :a",
    "attribute_exists(k.x)",
    "n < size(k[0])",
    "n IN (s, k.x)",
    "attribute_type(n, s)",
  ],
  ...[`n = :${"v".repeat(254)}`, `n = :${"v".repeat(255)}`],
];

const UPDATES: readonly string[] = [
  ...[
    "",
    "FOO n :a",
    "SET n",
    "SET n=",
    "SET n=:a,",
    "SET",
    "REMOVE",
    "ADD n",
    "SET n :a",
    "SET n = = :a",
  ],
  ...[
    "SET n=:a SET s=:s",
    "REMOVE n REMOVE s",
    "SET n=:a,n=:s",
    "SET m=:m,m.x=:a",
    "SET m.x=:a REMOVE m",
  ],
  ...[
    "SET m.x=:a, m[0]=:a",
    "SET n = n + n + :a",
    "SET n = size(l)",
    "SET n = foo(l)",
    "SET #a=:a",
  ],
  ...["SET owner=:a", "SET set=:a", "REMOVE remove", "SET n=:zz", "SET l[-1]=:a", "SET l[1.5]=:a"],
  ...["SET l = list_append(:a,l)", "SET l = list_append(l)", "SET q = if_not_exists(:a, n)"],
  ...[
    "SET q = if_not_exists(n, n)",
    "SET n = n + :s",
    "SET n = :t - n",
    "ADD n :s",
    "ADD q :l",
    "ADD q :m",
  ],
  ...[
    "DELETE n :a",
    "DELETE n :s",
    "SET n = ((n + :a))",
    "SET q = ((n))",
    "SET (q) = n",
    "SET q = (n = n)",
  ],
  ...[
    "SET q = list_append(list_append(l,l),l)",
    "SET q = n + list_append(l,l)",
    "SET k=:s",
    "REMOVE k",
  ],
  ...["ADD k :a", "SET m.q.z=:a", "SET nope.z=:a", "REMOVE m.q.z", "REMOVE nope.z", "SET s.x=:a"],
  ...[
    "SET l.x=:a",
    "SET m[0]=:a",
    "DELETE ns[0] :ns",
    "SET n = s + :a",
    "SET n = q + :a",
    "SET n = q",
  ],
  ...[
    "SET l = list_append(q,l)",
    "SET l = list_append(n,l)",
    "ADD ss :ns",
    "ADD s :a",
    "ADD n :ss",
  ],
  ...[
    "DELETE n :ss",
    "DELETE m :ss",
    "SET n = if_not_exists(q, q2)",
    "ADD nope.x :a",
    "ADD l[9].x :a",
  ],
  ...[
    "SET q = k.x",
    "SET q = if_not_exists(n, k[0])",
    "SET q = if_not_exists(n, q2)",
    "SET q = k.x REMOVE k",
    "SET k.x = :a",
  ],
];

/** Conditions that are refused. */
export function refusedConditions(): Call[] {
  const many = "attribute_exists(n)";
  const long: string[] = [
    many + ` AND ${many}`.repeat(150),
    many + ` AND ${many}`.repeat(149),
    `n = :a${" ".repeat(4091)}`,
    `n = :a${" ".repeat(4090)}`,
    `NOT ${"(NOT ".repeat(40)}n = :a${")".repeat(40)}`,
  ];
  const put = (text: string, more: object = used(text)): Call => ({
    operation: "PutItem",
    input: { TableName: PLAIN, Item: { ...KEY, ...ITEM }, ConditionExpression: text, ...more },
  });
  const hundred = (count: number): Call => {
    const refs = Array.from({ length: count }, (_, i) => `:v${i}`);
    return put(`n IN (${refs.join(",")})`, {
      ExpressionAttributeValues: Object.fromEntries(refs.map((ref) => [ref, { N: "5" }])),
    });
  };
  return [
    { operation: "PutItem", input: { TableName: PLAIN, Item: { ...KEY, ...ITEM } } },
    ...[...CONDITIONS, ...long].map((text) => put(text)),
    hundred(100),
    hundred(101),
    put("n = :a", { ExpressionAttributeValues: { ":a": { N: "1" }, ":b": { N: "1" } } }),
    put("n = :a", {
      ExpressionAttributeValues: { ":a": { N: "1" } },
      ExpressionAttributeNames: { "#b": "x" },
    }),
    put("n = :a", { ExpressionAttributeValues: {} }),
    put("n = :a", { ExpressionAttributeValues: { a: { N: "1" } } }),
    put("n = :a", { ExpressionAttributeValues: { ":a": { N: "x" } } }),
    put("#n = n", { ExpressionAttributeNames: { n: "b" } }),
    put("#n = n", { ExpressionAttributeNames: {} }),
    {
      operation: "PutItem",
      input: { TableName: PLAIN, Item: KEY, ExpressionAttributeValues: { ":a": { N: "1" } } },
    },
    {
      operation: "PutItem",
      input: { TableName: PLAIN, Item: KEY, ExpressionAttributeNames: { "#a": "a" } },
    },
  ];
}

/** Updates that are refused. */
export function refusedUpdates(): Call[] {
  return UPDATES.flatMap((text) => [
    { operation: "PutItem", input: { TableName: PLAIN, Item: { ...KEY, ...ITEM } } },
    {
      operation: "UpdateItem",
      input: { TableName: PLAIN, Key: KEY, UpdateExpression: text, ...used(text) },
    },
    { operation: "GetItem", input: { TableName: PLAIN, Key: KEY } },
  ]);
}

/** Items and keys that are refused. */
export function refusedValues(): Call[] {
  const values: unknown[] = [
    ...[{}, { S: "x", N: "1" }, { N: "abc" }, { N: "" }, { N: "1 " }, { N: "1e" }, { N: "--1" }],
    ...[{ N: "1".repeat(39) }, { N: "1e126" }, { N: "-1e126" }, { N: "1e-131" }, { SS: [] }],
    ...[{ SS: ["a", "a"] }, { NS: ["1", "1.0"] }, { BS: ["AA==", "AA=="] }, { NULL: false }],
    ...[{ L: [{ N: "x" }] }, { M: { x: {} } }, { S: "" }, { B: "" }, { SS: [""] }, nested(30)],
    ...[nested(31), nested(32), nested(33)],
  ];
  const keys: unknown[] = [
    ...[{}, { k: { S: "" } }, { k: { N: "1" } }, { q: { S: "x" } }, { ...KEY, q: { S: "x" } }],
    ...[{ k: { S: "x".repeat(2048) } }, { k: { S: "x".repeat(2049) } }, {
      k: { S: "é".repeat(1025) },
    }],
  ];
  return [
    ...values.map((value): Call => ({
      operation: "PutItem",
      input: { TableName: PLAIN, Item: { ...KEY, v: value } },
    })),
    ...keys.flatMap((key): Call[] => [
      { operation: "GetItem", input: { TableName: PLAIN, Key: key } },
      { operation: "PutItem", input: { TableName: PLAIN, Item: key } },
      { operation: "DeleteItem", input: { TableName: PLAIN, Key: key } },
    ]),
    ...["ALL_NEW", "BOGUS", "NONE"].map((ReturnValues): Call => ({
      operation: "PutItem",
      input: { TableName: PLAIN, Item: KEY, ReturnValues },
    })),
    ...["x", "no-such-table", "b!d"].map((TableName): Call => ({
      operation: "GetItem",
      input: { TableName, Key: KEY },
    })),
    { operation: "DescribeTable", input: { TableName: "no-such-table" } },
    { operation: "DeleteTable", input: { TableName: "no-such-table" } },
    {
      operation: "GetItem",
      input: { TableName: PLAIN, Key: KEY, ProjectionExpression: "m, m.x" },
    },
    ...["m,", "", "k.x", "n, k[0]"].map((ProjectionExpression): Call => ({
      operation: "GetItem",
      input: { TableName: PLAIN, Key: KEY, ProjectionExpression },
    })),
    ...["k.x", "k[0]"].flatMap((path): Call[] => [
      { operation: "Scan", input: { TableName: PLAIN, ProjectionExpression: path } },
      { operation: "Scan", input: { TableName: PLAIN, FilterExpression: `n = ${path}` } },
    ]),
    ...["", "n".repeat(65_535), "n".repeat(65_536)].flatMap((name): Call[] => {
      const value = { M: { [name]: { N: "1" } } };
      const update = { TableName: PLAIN, Key: KEY, UpdateExpression: "SET v = :v" };
      return [
        { operation: "PutItem", input: { TableName: PLAIN, Item: { ...KEY, v: { L: [value] } } } },
        {
          operation: "UpdateItem",
          input: { ...update, ExpressionAttributeValues: { ":v": value } },
        },
      ];
    }),
  ];
}

function nested(depth: number): Value {
  let value: Value = { S: "x" };
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? { L: [value] } : { M: { x: value } };
  return value;
}
