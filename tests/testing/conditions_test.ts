import { assertEquals } from "@std/assert";
import { Memory, ONE } from "./memory.ts";

const ITEM = {
  n: { N: "5" },
  s: { S: "q é" },
  b: { B: "AAEC" },
  m: { M: { x: { N: "1" }, y: { M: { z: { S: "deep" } } } } },
  l: { L: [{ N: "1" }, { S: "q" }, { M: { x: { N: "2" } } }] },
  ns: { NS: ["1", "2"] },
  ss: { SS: ["a", "q"] },
  bs: { BS: ["AA==", "AAE="] },
  t: { BOOL: true },
  z: { NULL: true },
  "dotted.name": { S: "here" },
};
const VALUES: Record<string, unknown> = {
  ":one": { N: "1.0" },
  ":five": { N: "5" },
  ":nine": { N: "9" },
  ":q": { S: "q" },
  ":bin": { B: "AAE=" },
  ":true": { BOOL: true },
  ":null": { NULL: true },
  ":list": { L: [{ N: "1" }, { S: "q" }, { M: { x: { N: "2.0" } } }] },
  ":map": { M: { y: { M: { z: { S: "deep" } } }, x: { N: "1e0" } } },
  ":ns": { NS: ["2", "1"] },
  ":S": { S: "S" },
  ":M": { S: "M" },
  ":NULL": { S: "NULL" },
};

/** Whether `ITEM` meets a condition, or the text of the refusal. */
async function outcomes(conditions: readonly string[]): Promise<Record<string, unknown>> {
  const memory = await Memory.withTables();
  await memory.put(ITEM);
  const results: Record<string, unknown> = {};
  for (const text of conditions) {
    const values = Object.fromEntries(
      Object.entries(VALUES).filter(([ref]) => new RegExp(`${ref}(?![A-Za-z0-9_])`).test(text)),
    );
    const names = { "#dotted": "dotted.name", "#x": "x" };
    const usedNames = Object.fromEntries(
      Object.entries(names).filter(([ref]) => text.includes(ref)),
    );
    const answer = await memory.send("PutItem", {
      TableName: "plain",
      Item: { ...ONE, ...ITEM },
      ConditionExpression: text,
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
      ...(Object.keys(usedNames).length > 0 ? { ExpressionAttributeNames: usedNames } : {}),
    });
    results[text] = answer.status === 200 ||
      (answer.body.__type.endsWith("ConditionalCheckFailedException")
        ? false
        : answer.body.message.replace("Invalid ConditionExpression: ", ""));
  }
  return results;
}

async function check(expected: Record<string, unknown>): Promise<void> {
  assertEquals(await outcomes(Object.keys(expected)), expected);
}

Deno.test("condition compares values of one type", async () => {
  await check({
    "n = :five": true,
    "n <> :five": false,
    "n < :nine": true,
    "n <= :five": true,
    "n > :nine": false,
    "n >= :five": true,
    "n = :q": false,
    "n <> :q": true,
    "n < :q": false,
    "s > :q": true,
    "b > :bin": true,
    "t = :true": true,
    "z = :null": true,
    "l = :list": true,
    "m = :map": true,
    "ns = :ns": true,
    "m.x = :one": true,
    "l[0] = :one": true,
    "l[2].x > m.x": true,
    ":five = n": true,
  });
});

Deno.test("condition takes an attribute that is not there for no value", async () => {
  await check({
    "nope = :one": false,
    "nope <> :one": true,
    "nope < :one": false,
    "NOT nope = :one": true,
    "nope = nope2": false,
    "nope IN (:one)": false,
    "nope BETWEEN :one AND :nine": false,
    "size(nope) = :one": false,
    "NOT size(nope) > :one": true,
    "contains(nope, :q)": false,
    "m.x.y = :one": false,
    "l[9] = :one": false,
    "n[0] = :one": false,
  });
});

Deno.test("condition joins by NOT, AND and OR in that order", async () => {
  await check({
    "n = :five OR n = :one AND n = :nine": true,
    "(n = :five OR n = :one) AND n = :nine": false,
    "NOT n = :one AND n = :five": true,
    "NOT (n = :one AND n = :five)": true,
    "NOT NOT n = :five": true,
    "n = :five and not n = :one or n = :nine": true,
    "n BETWEEN :one AND :nine AND s = :q": false,
    "n BETWEEN :one AND :nine AND t = :true": true,
    "n IN (:one, :five, m.x)": true,
    "n IN (:one, :q)": false,
    "n BETWEEN m.x AND l[0]": false,
  });
});

Deno.test("condition functions look at types, sizes and contents", async () => {
  await check({
    "attribute_exists(n)": true,
    "attribute_exists(m.y.z)": true,
    "attribute_exists(m.#x)": true,
    "attribute_exists(l[2].x)": true,
    "attribute_exists(l[3])": false,
    "attribute_exists(#dotted)": true,
    "attribute_not_exists(nope)": true,
    "attribute_not_exists(m.y.q)": true,
    "attribute_type(s, :S)": true,
    "attribute_type(n, :S)": false,
    "attribute_type(m, :M)": true,
    "attribute_type(z, :NULL)": true,
    "begins_with(s, :q)": true,
    "begins_with(m.y.z, :q)": false,
    "begins_with(b, :bin)": true,
    "begins_with(n, :q)": false,
    "contains(s, :q)": true,
    "contains(ss, :q)": true,
    "contains(ns, :one)": true,
    "contains(bs, :bin)": true,
    "contains(l, :q)": true,
    "contains(l, :nine)": false,
    "contains(b, :bin)": true,
    "contains(n, :five)": false,
    "size(s) = l[9]": false,
    "size(l) BETWEEN :one AND :five": true,
    "size(m) > :one": true,
    "size(b) < :five": true,
    "size(ns) IN (:one)": false,
    "size(n) = :one": false,
    "size(t) = :one": false,
  });
});

Deno.test("condition refuses what is not in the grammar, at its place", async () => {
  await check({
    "": "The expression can not be empty;",
    "n": 'Syntax error; token: "<EOF>", near: "n"',
    "n = ": 'Syntax error; token: "<EOF>", near: "= "',
    "n = = :one": 'Syntax error; token: "=", near: "= = :one"',
    "n != :one": 'Syntax error; token: "!", near: "n !="',
    "n = 5": 'Syntax error; token: "5", near: "= 5"',
    "n = :one AND": 'Syntax error; token: "<EOF>", near: "AND"',
    "AND n = :one": 'Syntax error; token: "AND", near: "AND n"',
    "n NOT IN (:one)": 'Syntax error; token: "NOT", near: "n NOT IN"',
    "n IN ()": 'Syntax error; token: ")", near: "()"',
    "(n)": 'Syntax error; token: "<EOF>", near: ")"',
    "n = :one)": 'Syntax error; token: ")", near: ":one)"',
    "l[-1] = :one": 'Syntax error; token: "-", near: "[-1"',
    "_x = :one": 'Syntax error; token: "_", near: "_x"',
    "l[99999999999] = :one": "List index is not within the allowable range; index: [99999999999]",
    "((n = :five))": "The expression has redundant parentheses;",
    "((n)) = :five": "The expression has redundant parentheses;",
    "(n) = (:five)": true,
    "((n = :five) OR (n = :nine))": true,
  });
});

Deno.test("condition refuses names, functions and operands that do not fit", async () => {
  const operand = "Incorrect operand type for operator or function; operator or function: ";
  const distinct = "The first operand must be distinct from the remaining operands for this " +
    "operator or function; operator: ";
  await check({
    "owner = :one": "Attribute name is a reserved keyword; reserved keyword: owner",
    "m.Ttl = :one": "Attribute name is a reserved keyword; reserved keyword: Ttl",
    "foo(n)": "Invalid function name; function: foo",
    "ATTRIBUTE_EXISTS(n)": "Invalid function name; function: ATTRIBUTE_EXISTS",
    "size(n)": "The function is not allowed to be used this way in an expression; function: size",
    "attribute_exists(n) = :one": "The function is not allowed to be used this way in an " +
      "expression; function: attribute_exists",
    "if_not_exists(n, s) = :one":
      "The function is not allowed in a condition expression; function: if_not_exists",
    "attribute_exists(n, s)": "Incorrect number of operands for operator or function; " +
      "operator or function: attribute_exists, number of operands: 2",
    "attribute_exists(:one)":
      "Operator or function requires a document path; operator or function: attribute_exists",
    "n = n": `${distinct}=, first operand: [n]`,
    "l[1] IN (:one, l[1])": `${distinct}IN, first operand: [l, [1]]`,
    "n < :true": `${operand}<, operand type: BOOL`,
    "begins_with(n, :one)": `${operand}begins_with, operand type: N`,
    "size(:one) = n": `${operand}size, operand type: N`,
    "attribute_type(n, :one)": `${operand}attribute_type, operand type: N`,
    "attribute_type(n, s)":
      `${operand}attribute_type, operand type: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
    "attribute_type(n, :q)":
      "Invalid attribute type name found; type: q, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
    "n BETWEEN :nine AND :one":
      "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; " +
      "lower bound operand: AttributeValue: {N:9}, upper bound operand: AttributeValue: {N:1}",
    "n BETWEEN :one AND :q":
      "The BETWEEN operator requires same data type for lower and upper bounds; " +
      "lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:q}",
    "n = :undefined": "An expression attribute value used in expression is not defined; " +
      "attribute value: :undefined",
    "#undefined = :one": "An expression attribute name used in the document path is not defined; " +
      "attribute name: #undefined",
  });
});

Deno.test("condition has 300 operators, 4096 bytes and 100 candidates at most", async () => {
  const exists = (count: number) => Array(count).fill("attribute_exists(n)").join(" AND ");
  const blanks = (bytes: number) => "n = :five" + " ".repeat(bytes - 9);
  await check({
    [exists(150)]: true,
    [exists(151)]: "The expression contains too many operators; operator count: 301",
    [blanks(4096)]: true,
    [blanks(4097)]: "Expression size has exceeded the maximum allowed size; expression size: 4097",
    [`n IN (${Array(100).fill(":five").join(",")})`]: true,
    [`n IN (${Array(101).fill(":five").join(",")})`]:
      "The IN operator is provided with too many operands; number of operands: 101",
  });
});

Deno.test("placeholders must be well-formed, defined and used", async () => {
  const memory = await Memory.withTables();
  const refusal = (more: object) =>
    memory.refusal("PutItem", { TableName: "plain", Item: ONE, ...more });
  const cases: [object, string][] = [
    [
      {
        ConditionExpression: "n = :a",
        ExpressionAttributeValues: { ":a": { N: "1" }, ":b": { N: "1" } },
      },
      "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b}",
    ],
    [
      { ConditionExpression: "attribute_exists(n)", ExpressionAttributeNames: { "#b": "x" } },
      "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b}",
    ],
    [
      { ConditionExpression: "n = :a", ExpressionAttributeValues: {} },
      "ExpressionAttributeValues must not be empty",
    ],
    [
      { ConditionExpression: "n = :a", ExpressionAttributeValues: { a: { N: "1" } } },
      'ExpressionAttributeValues contains invalid key: Syntax error; key: "a"',
    ],
    [
      { ConditionExpression: "n = :a", ExpressionAttributeValues: { ":a": { N: "x" } } },
      "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a " +
      "numeric value: x for key :a",
    ],
    [
      { ConditionExpression: "#a = n", ExpressionAttributeNames: { "a": "x" } },
      'ExpressionAttributeNames contains invalid key: Syntax error; key: "a"',
    ],
    [
      { ExpressionAttributeValues: { ":a": { N: "1" } } },
      "ExpressionAttributeValues can only be specified when using expressions: " +
      "ConditionExpression is null",
    ],
    [
      { ExpressionAttributeNames: { "#a": "x" } },
      "ExpressionAttributeNames can only be specified when using expressions",
    ],
  ];
  for (const [more, message] of cases) {
    assertEquals(await refusal(more), `ValidationException: ${message}`);
  }
});
