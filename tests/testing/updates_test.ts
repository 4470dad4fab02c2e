import { assertEquals } from "@std/assert";
import { Memory, ONE } from "./memory.ts";

const ITEM = {
  n: { N: "5" },
  s: { S: "str" },
  m: { M: { x: { N: "1" }, y: { M: {} } } },
  l: { L: [{ N: "1" }, { N: "2" }, { N: "3" }] },
  ns: { NS: ["1", "2"] },
  ss: { SS: ["a", "b"] },
};
const VALUES: Record<string, unknown> = {
  ":a": { N: "1" },
  ":b": { S: "b" },
  ":list": { L: [{ S: "q" }] },
  ":ns": { NS: ["2", "3"] },
  ":ss": { SS: ["a", "b"] },
  ":m": { M: {} },
};

/** What an update changes of `ITEM`; `null` is what it removes. A text is the refusal. */
async function change(text: string): Promise<unknown> {
  const memory = await Memory.withTables();
  await memory.put(ITEM);
  const values = Object.fromEntries(
    Object.entries(VALUES).filter(([ref]) => new RegExp(`${ref}(?![A-Za-z0-9_])`).test(text)),
  );
  const answer = await memory.send("UpdateItem", {
    TableName: "plain",
    Key: ONE,
    UpdateExpression: text,
    ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
  });
  const after = await memory.get() as Record<string, unknown>;
  const before: Record<string, unknown> = ITEM;
  if (answer.status !== 200) {
    assertEquals(after, before, "a refused update changed the item");
    return answer.body.message.replace("Invalid UpdateExpression: ", "");
  }
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...names].filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]))
      .map((name) => [name, after[name] ?? null]),
  );
}

async function check(expected: Record<string, unknown>): Promise<void> {
  for (const [text, result] of Object.entries(expected)) {
    assertEquals(await change(text), result, text);
  }
}

const numbers = (...list: number[]) => ({ L: list.map((n) => ({ N: String(n) })) });

Deno.test("SET assigns values, paths, sums and functions of the item as it was", async () => {
  await check({
    "SET n = :a": { n: { N: "1" } },
    "SET q = n, n = :a": { q: { N: "5" }, n: { N: "1" } },
    "SET n = n + :a, m.x = m.x - n": {
      n: { N: "6" },
      m: { M: { x: { N: "-4" }, y: { M: {} } } },
    },
    "SET n = (n + (:a))": { n: { N: "6" } },
    "SET q = if_not_exists(q, :b)": { q: { S: "b" } },
    "SET q = if_not_exists(n, :b)": { q: { N: "5" } },
    "SET q = :a + if_not_exists(q, :a)": { q: { N: "2" } },
    "SET q = if_not_exists(q, if_not_exists(q2, s))": { q: { S: "str" } },
    "SET l = list_append(l, :list)": { l: { L: [...numbers(1, 2, 3).L, { S: "q" }] } },
    "SET q = list_append(if_not_exists(q, :list), :list)": { q: { L: [{ S: "q" }, { S: "q" }] } },
    "SET m.y.z = :b": { m: { M: { x: { N: "1" }, y: { M: { z: { S: "b" } } } } } },
    "SET m.y = m": {
      m: { M: { x: { N: "1" }, y: { M: { x: { N: "1" }, y: { M: {} } } } } },
    },
    "set n=:a remove s": { n: { N: "1" }, s: null },
  });
});

Deno.test("lists keep the indexes of the item as it was during an update", async () => {
  await check({
    "SET l[1] = :a": { l: numbers(1, 1, 3) },
    "SET l[9] = :a": { l: numbers(1, 2, 3, 1) },
    "SET l[9] = :b, l[7] = :a": { l: { L: [...numbers(1, 2, 3, 1).L, { S: "b" }] } },
    "SET l[0] = l[2], l[2] = l[0]": { l: numbers(3, 2, 1) },
    "REMOVE l[0], l[2]": { l: numbers(2) },
    "REMOVE l[2], l[0], l[1]": { l: { L: [] } },
    "REMOVE l[7]": {},
    "REMOVE l[0] SET l[1] = :a": { l: numbers(1, 3) },
    "ADD l[0] :a": { l: numbers(2, 2, 3) },
  });
});

Deno.test("REMOVE, ADD and DELETE work on what is there and what is not", async () => {
  await check({
    "REMOVE n, s": { n: null, s: null },
    "REMOVE m.x": { m: { M: { y: { M: {} } } } },
    "REMOVE nope": {},
    "REMOVE m.nope": {},
    "ADD n :a": { n: { N: "6" } },
    "ADD q :a": { q: { N: "1" } },
    "ADD ns :ns": { ns: { NS: ["1", "2", "3"] } },
    "ADD q :ns": { q: { NS: ["2", "3"] } },
    "ADD m.x :a": { m: { M: { x: { N: "2" }, y: { M: {} } } } },
    "DELETE ns :ns": { ns: { NS: ["1"] } },
    "DELETE ss :ss": { ss: null },
    "DELETE q :ss": {},
    "DELETE ss :ss ADD ns :ns SET n = :a REMOVE s": {
      n: { N: "1" },
      s: null,
      ns: { NS: ["1", "2", "3"] },
      ss: null,
    },
  });
});

Deno.test("update refuses what does not fit the stored item", async () => {
  const path = "The document path provided in the update expression is invalid for update";
  const type = "An operand in the update expression has an incorrect data type";
  const absent = "The provided expression refers to an attribute that does not exist in the item";
  await check({
    "SET m.q.z = :a": path,
    "SET nope.z = :a": path,
    "SET s.x = :a": path,
    "SET l.x = :a": path,
    "SET m[0] = :a": path,
    "REMOVE nope.z": path,
    "DELETE nope.z :ss": path,
    "SET n = s + :a": type,
    "SET l = list_append(n, l)": type,
    "ADD s :a": type,
    "ADD ss :ns": type,
    "DELETE n :ss": type,
    "SET n = nope": absent,
    "SET n = nope + :a": absent,
    "SET l = list_append(nope, l)": absent,
    // The second operand must be there even where it is not wanted.
    "SET q = if_not_exists(n, nope)": absent,
    "SET q = n + if_not_exists(n, if_not_exists(nope, m.nope))": absent,
  });
});

Deno.test("update refuses what is not in the grammar", async () => {
  const operand = "Incorrect operand type for operator or function; ";
  const overlap = "Two document paths overlap with each other; must remove or rewrite one of " +
    "these paths; path one: ";
  await check({
    "": "The expression can not be empty;",
    "FOO n :a": 'Syntax error; token: "FOO", near: "FOO n"',
    "SET n": 'Syntax error; token: "<EOF>", near: "n"',
    "SET n = :a,": 'Syntax error; token: "<EOF>", near: ","',
    "SET n = n + n + :a": 'Syntax error; token: "+", near: "n + :a"',
    "SET remove = :a": 'Syntax error; token: "remove", near: "SET remove ="',
    "SET n = :a SET s = :b": 'The "SET" section can only be used once in an update expression;',
    "SET n = ((n + :a))": "The expression has redundant parentheses;",
    "SET owner = :a": "Attribute name is a reserved keyword; reserved keyword: owner",
    "SET n = size(l)": "The function is not allowed in an update expression; function: size",
    "SET q = list_append(list_append(l, l), l)":
      "The function is not allowed to be used this way in an expression; function: list_append",
    "SET q = if_not_exists(:a, n)":
      "Operator or function requires a document path; operator or function: if_not_exists",
    "SET n = :a, n = :b": `${overlap}[n], path two: [n]`,
    "SET m = :m, m.x = :a": `${overlap}[m], path two: [m, x]`,
    "SET m.x = :a REMOVE m": `${overlap}[m, x], path two: [m]`,
    "SET m.x = :a, m[0] = :a": "Two document paths conflict with each other; must remove or " +
      "rewrite one of these paths; path one: [m, x], path two: [m, [0]]",
    "SET n = n + :b": `${operand}operator or function: +, operand type: S`,
    "SET l = list_append(:a, l)": `${operand}operator or function: list_append, operand type: N`,
    "ADD n :b": `${operand}operator: ADD, operand type: STRING, typeSet: ALLOWED_FOR_ADD_OPERAND`,
    "DELETE n :a":
      `${operand}operator: DELETE, operand type: NUMBER, typeSet: ALLOWED_FOR_DELETE_OPERAND`,
    "SET k = :b": "One or more parameter values were invalid: Cannot update attribute k. " +
      "This attribute is part of the key",
  });
});

Deno.test("UpdateItem makes an absent item from its key", async () => {
  const memory = await Memory.withTables();
  const update = { TableName: "plain", Key: ONE, ReturnValues: "ALL_NEW" };
  assertEquals(await memory.ok("UpdateItem", update), { Attributes: ONE });
  await memory.ok("DeleteItem", { TableName: "plain", Key: ONE });
  assertEquals(
    await memory.ok("UpdateItem", {
      ...update,
      UpdateExpression: "ADD n :a REMOVE q",
      ExpressionAttributeValues: { ":a": { N: "2" } },
    }),
    { Attributes: { ...ONE, n: { N: "2" } } },
  );
});

Deno.test("ReturnValues gives the item or the updated parts, before or after", async () => {
  const returned = async (ReturnValues: string) => {
    const memory = await Memory.withTables();
    await memory.put({ n: { N: "5" }, m: { M: { x: { N: "1" }, y: { N: "2" } } } });
    const { Attributes } = await memory.ok("UpdateItem", {
      TableName: "plain",
      Key: ONE,
      UpdateExpression: "SET m.x = :a, q = :a REMOVE n",
      ExpressionAttributeValues: { ":a": { N: "9" } },
      ReturnValues,
    });
    return Attributes;
  };
  const old = { ...ONE, n: { N: "5" }, m: { M: { x: { N: "1" }, y: { N: "2" } } } };
  assertEquals(await returned("NONE"), undefined);
  assertEquals(await returned("ALL_OLD"), old);
  assertEquals(await returned("UPDATED_OLD"), { n: { N: "5" }, m: { M: { x: { N: "1" } } } });
  assertEquals(await returned("ALL_NEW"), {
    ...ONE,
    m: { M: { x: { N: "9" }, y: { N: "2" } } },
    q: { N: "9" },
  });
  assertEquals(await returned("UPDATED_NEW"), { m: { M: { x: { N: "9" } } }, q: { N: "9" } });
});
