/**
 * Generated expressions: mostly sound ones over a small set of attributes, so that they meet
 * attributes of every type, and some broken ones.
 *
 * @module
 */

import fc from "fast-check";

/** A value as on the wire. */
export type Value = Record<string, unknown>;

/** The text of an expression, and the placeholders it uses. */
export interface Expression {
  readonly text: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, Value>;
}

/** A piece of an expression before its placeholders are numbered: text between its values. */
interface Piece {
  readonly parts: readonly (string | { readonly value: Value } | { readonly name: string })[];
}

const strings = fc.constantFrom("", "a", "ab", "b", "é", "😀", "\uffee", "q");
const numbers = fc.oneof(
  fc.constantFrom("0", "1", "2", "-1", "1.0", "1e2", "100", "0.5", "9007199254740993", "-0"),
  fc.constantFrom("12345678901234567890123456789012345678", "1e125", "1e-130", "-9.9e125"),
  fc.integer({ min: -20, max: 20 }).map(String),
);
const binaries = fc.constantFrom("", "AA==", "AAE=", "/w==");

const scalars: fc.Arbitrary<Value> = fc.oneof(
  strings.map((S) => ({ S })),
  numbers.map((N) => ({ N })),
  binaries.map((B) => ({ B })),
  fc.boolean().map((BOOL) => ({ BOOL })),
  fc.constant({ NULL: true }),
);

const sets: fc.Arbitrary<Value> = fc.oneof(
  fc.uniqueArray(fc.constantFrom("a", "b", "c", "q"), { minLength: 1 }).map((SS) => ({ SS })),
  fc.uniqueArray(fc.constantFrom("1", "2", "3", "-1"), { minLength: 1 }).map((NS) => ({ NS })),
  fc.uniqueArray(fc.constantFrom("AA==", "AAE="), { minLength: 1 }).map((BS) => ({ BS })),
);

/** Values of every type, nested up to three deep. */
export const values: fc.Arbitrary<Value> = fc.letrec<{ value: Value; list: Value; map: Value }>(
  (tie) => ({
    value: fc.oneof({ maxDepth: 2 }, scalars, sets, tie("list"), tie("map")),
    list: fc.array(tie("value"), { maxLength: 4 }).map((L) => ({ L })),
    map: fc.dictionary(fc.constantFrom("x", "y", "z"), tie("value")).map((M) => ({ M })),
  }),
).value;

/** Attributes beside the key. `m` is mostly a map, `l` a list, `ss` and `ns` sets, `n` a number. */
export const attributes: fc.Arbitrary<Record<string, Value>> = fc.record({
  n: numbers.map((N) => ({ N })),
  a: values,
  m: fc.dictionary(fc.constantFrom("x", "y", "z"), values).map((M) => ({ M })),
  l: fc.array(values, { maxLength: 4 }).map((L) => ({ L })),
  ss: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }).map((SS) => ({ SS })),
  ns: fc.uniqueArray(fc.constantFrom("1", "2", "3"), { minLength: 1 }).map((NS) => ({ NS })),
}, { requiredKeys: [] });

function piece(...parts: (string | { value: Value } | { name: string } | Piece)[]): Piece {
  return {
    parts: parts.flatMap((part) =>
      typeof part === "object" && "parts" in part ? part.parts : [part]
    ),
  };
}

function join(pieces: readonly Piece[], separator: string): Piece {
  return piece(...pieces.flatMap((one, i) => i === 0 ? [one] : [separator, one]));
}

const topNames = fc.constantFrom("n", "a", "m", "l", "ss", "ns", "q");
const name: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 4, arbitrary: topNames.map((text) => piece(text)) },
  { weight: 3, arbitrary: topNames.map((text) => piece({ name: text })) },
);
const steps: fc.Arbitrary<Piece> = fc.array(
  fc.oneof(
    fc.constantFrom(".x", ".y", "[0]", "[1]", "[5]").map((text) => piece(text)),
    fc.constantFrom("x", "z").map((text) => piece(".", { name: text })),
  ),
  { maxLength: 2 },
).map((list) => join(list, ""));
const topPath = name;
const path: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 3, arbitrary: name },
  { weight: 2, arbitrary: fc.tuple(name, steps).map(([first, rest]) => piece(first, rest)) },
  {
    weight: 1,
    arbitrary: fc.constantFrom("m.x", "m.y", "l[0]", "l[1]").map((text) => piece(text)),
  },
);
const value: fc.Arbitrary<Piece> = values.map((one) => piece({ value: one }));
const scalar: fc.Arbitrary<Piece> = scalars.map((one) => piece({ value: one }));
const operand: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 5, arbitrary: path },
  { weight: 4, arbitrary: scalar },
  { weight: 2, arbitrary: value },
  { weight: 1, arbitrary: path.map((one) => piece("size(", one, ")")) },
);

const simpleCondition: fc.Arbitrary<Piece> = fc.oneof(
  fc.tuple(operand, fc.constantFrom(" = ", "<>", " < ", "<=", ">", " >= "), operand)
    .map(([left, operator, right]) => piece(left, operator, right)),
  fc.tuple(fc.constantFrom("attribute_exists", "attribute_not_exists"), path)
    .map(([called, one]) => piece(called, "(", one, ")")),
  fc.tuple(path, fc.constantFrom("S", "N", "B", "BOOL", "NULL", "SS", "NS", "BS", "L", "M", "Z"))
    .map(([one, type]) => piece("attribute_type(", one, ",", { value: { S: type } }, ")")),
  fc.tuple(fc.constantFrom("begins_with", "contains"), path, operand)
    .map(([called, one, other]) => piece(called, "(", one, ", ", other, ")")),
  fc.tuple(operand, scalar, scalar)
    .map(([one, low, high]) => piece(one, " BETWEEN ", low, " AND ", high)),
  fc.tuple(operand, fc.array(operand, { minLength: 1, maxLength: 3 }))
    .map(([one, list]) => piece(one, " IN (", join(list, ","), ")")),
);

const conditionPiece: fc.Arbitrary<Piece> = fc.letrec<{ condition: Piece }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    simpleCondition,
    fc.tuple(tie("condition"), fc.constantFrom(" AND ", " OR ", " and "), tie("condition"))
      .map(([left, operator, right]) => piece(left, operator, right)),
    tie("condition").map((one) => piece("NOT ", one)),
    tie("condition").map((one) => piece("(", one, ")")),
  ),
})).condition;

const assigned: fc.Arbitrary<Piece> = fc.oneof(
  { weight: 4, arbitrary: value },
  { weight: 2, arbitrary: path },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.oneof(path, scalar),
      fc.constantFrom(" + ", "-"),
      numbers.map((N) => piece({ value: { N } })),
    ).map(([left, operator, right]) => piece(left, operator, right)),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(path, operandOfUpdate())
      .map(([one, other]) => piece("if_not_exists(", one, ",", other, ")")),
  },
  {
    weight: 2,
    arbitrary: fc.tuple(operandOfUpdate(), operandOfUpdate())
      .map(([one, other]) => piece("list_append(", one, ", ", other, ")")),
  },
);

function operandOfUpdate(): fc.Arbitrary<Piece> {
  return fc.oneof(path, value);
}

function updatePiece(target: fc.Arbitrary<Piece>): fc.Arbitrary<Piece> {
  const few = { minLength: 1, maxLength: 3 };
  const set = fc.array(
    fc.tuple(target, assigned).map(([one, other]) => piece(one, " = ", other)),
    few,
  ).map((list) => piece("SET ", join(list, ", ")));
  const remove = fc.array(target, few).map((list) => piece("REMOVE ", join(list, ",")));
  const add = fc.array(
    fc.tuple(target, fc.oneof(numbers.map((N) => ({ N })), sets, values))
      .map(([one, other]) => piece(one, " ", { value: other })),
    { minLength: 1, maxLength: 2 },
  ).map((list) => piece("ADD ", join(list, ", ")));
  const drop = fc.tuple(target, fc.oneof(sets, values))
    .map(([one, other]) => piece("DELETE ", one, " ", { value: other }));
  return fc.oneof(
    set,
    remove,
    add,
    drop,
    fc.shuffledSubarray([set, remove, add, drop], { minLength: 2 })
      .chain((sections) => fc.tuple(...sections))
      .map((sections) => join(sections, " ")),
  );
}

/** Now and then a character or word too many, too few, or in the wrong place. */
const damage: fc.Arbitrary<(text: string) => string> = fc.oneof(
  { weight: 12, arbitrary: fc.constant((text: string) => text) },
  {
    weight: 1,
    arbitrary: fc.nat().map((at) => (text: string) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + text.slice(cut + 1);
    }),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(
      fc.nat(),
      fc.constantFrom(
        "(",
        ")",
        ",",
        " AND ",
        " owner ",
        "=",
        "!",
        ".",
        "[",
        "5",
        " NOT ",
        ":u",
        "#u",
      ),
    ).map(([at, extra]) => (text: string) => {
      const cut = at % (text.length + 1);
      return text.slice(0, cut) + extra + text.slice(cut);
    }),
  },
);

function number(whole: Piece, prefix: string, change: (text: string) => string): Expression {
  const names: Record<string, string> = {};
  const placed: Record<string, Value> = {};
  const text = whole.parts.map((part) => {
    if (typeof part === "string") return part;
    if ("name" in part) {
      names[`#${part.name}`] = part.name;
      return `#${part.name}`;
    }
    const ref = `:${prefix}${Object.keys(placed).length}`;
    placed[ref] = part.value;
    return ref;
  }).join("");
  return { text: change(text), names, values: placed };
}

/** Conditions and filters. */
export const conditions: fc.Arbitrary<Expression> = fc.tuple(conditionPiece, damage)
  .map(([whole, change]) => number(whole, "c", change));

/** Updates of any path. */
export const updates: fc.Arbitrary<Expression> = fc.tuple(updatePiece(path), damage)
  .map(([whole, change]) => number(whole, "u", change));

/** Updates of whole attributes. */
export const topUpdates: fc.Arbitrary<Expression> = fc.tuple(updatePiece(topPath), damage)
  .map(([whole, change]) => number(whole, "u", change));

/** Projections. */
export const projections: fc.Arbitrary<Expression> = fc.tuple(
  fc.array(path, { minLength: 1, maxLength: 3 }).map((list) => join(list, ", ")),
  damage,
).map(([whole, change]) => number(whole, "p", change));
