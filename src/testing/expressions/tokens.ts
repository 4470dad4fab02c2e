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
  /\s*(?:([A-Za-z][A-Za-z0-9_]*)|(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|(0|[1-9]\d*)|(<>|<=|>=|[=<>(),.[\]+-]))/y;
const SPACE = /\s*/y;

/**
 * The tokens of an expression, the last one an `end`.
 *
 * @throws {ExpressionError} at a character that starts no token.
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) break;
    at = TOKEN.lastIndex;
    tokens.push(token(match, at));
  }
  SPACE.lastIndex = at;
  SPACE.exec(text);
  const rest = SPACE.lastIndex;
  if (rest < text.length) {
    const wrong: Token = { kind: "symbol", text: text.charAt(rest), start: rest };
    throw syntaxError(text, [...tokens, wrong, ...lenientTokens(text, rest + 1)], tokens.length);
  }
  tokens.push({ kind: "end", text: "<EOF>", start: text.length });
  return tokens;
}

function token(match: RegExpExecArray, end: number): Token {
  const [, name, nameRef, valueRef, number, symbol] = match;
  const text = name ?? nameRef ?? valueRef ?? number ?? symbol ?? "";
  const kind: TokenKind = name !== undefined
    ? "name"
    : nameRef !== undefined
    ? "nameRef"
    : valueRef !== undefined
    ? "valueRef"
    : number !== undefined
    ? "number"
    : "symbol";
  return { kind, text, start: end - text.length };
}

/** The token after a wrong character, for the error's text. */
function lenientTokens(text: string, from: number): Token[] {
  TOKEN.lastIndex = from;
  const match = TOKEN.exec(text);
  return match === null ? [] : [token(match, TOKEN.lastIndex)];
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
