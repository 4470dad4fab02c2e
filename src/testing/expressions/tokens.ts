/**
 * Cuts the text of an expression into tokens.
 *
 * @module
 */

/** What a token is. Keywords are names; which names are keywords depends on where they stand. */
export type TokenKind = "name" | "nameRef" | "valueRef" | "number" | "symbol" | "end";

/** A piece of an expression. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it starts in the expression. */
  readonly start: number;
}

/** An expression that breaks the grammar; the caller knows which expression of the request it is. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

const TOKEN =
  /(?:([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(0|[1-9]\d*)|(<>|<=|>=|[=<>(),.[\]+-]))/y;
const SPACE = /\s*/y;

/**
 * The tokens of an expression, the last one an `end`. A character that starts no token is a symbol
 * that the grammar has no place for, so that the first thing wrong is what is reported.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    const token = match === null
      ? {
        kind: "symbol",
        text: String.fromCodePoint(text.codePointAt(at) ?? 0),
        start: at,
      } as const
      : { kind: kindOf(match), text: match[0], start: at };
    tokens.push(token);
    at = skipSpace(text, at + token.text.length);
  }
  tokens.push({ kind: "end", text: "<EOF>", start: text.length });
  return tokens;
}

function kindOf([, name, nameRef, valueRef, number]: RegExpExecArray): TokenKind {
  if (name !== undefined) return "name";
  if (nameRef !== undefined) return "nameRef";
  if (valueRef !== undefined) return "valueRef";
  return number !== undefined ? "number" : "symbol";
}

function skipSpace(text: string, from: number): number {
  SPACE.lastIndex = from;
  SPACE.exec(text);
  return SPACE.lastIndex;
}

/** The error at one token: it quotes that token with its neighbours. */
export function syntaxError(text: string, tokens: readonly Token[], at: number): ExpressionError {
  const wrong = tokens[at] as Token;
  const next = tokens[at + 1] ?? wrong;
  const start = tokens[at - 1]?.start ?? 0;
  const end = next.kind === "end" ? text.length : next.start + next.text.length;
  return new ExpressionError(
    `Syntax error; token: "${wrong.text}", near: "${text.slice(start, end)}"`,
  );
}
