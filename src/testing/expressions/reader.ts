/**
 * Steps through the tokens of one expression for the parser.
 *
 * @module
 */

import { ExpressionError, syntaxError, type Token, tokenize } from "./tokens.ts";

/** An expression may have this many operators and functions. */
const MAX_OPERATORS = 300;
const KEYWORDS: ReadonlySet<string> = new Set([
  ...["AND", "OR", "NOT", "BETWEEN", "IN"],
  ...["SET", "REMOVE", "ADD", "DELETE"],
]);

/** The reading position in one expression, and what is only known once all is read. */
export class Reader {
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #operators = 0;
  #redundant = false;
  /** Where the group that was closed last starts and ends. */
  #lastGroup: readonly [open: number, close: number] = [-1, -1];

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The token at the reading position. */
  get token(): Token {
    return this.#tokens[this.#at] as Token;
  }

  /** The token after that. */
  get following(): Token | undefined {
    return this.#tokens[this.#at + 1];
  }

  /** Whether all is read. */
  get atEnd(): boolean {
    return this.token.kind === "end";
  }

  /** Steps over any token. */
  next(): Token {
    const token = this.token;
    if (token.kind === "end") throw this.unexpected();
    this.#at++;
    return token;
  }

  /** Whether this symbol or keyword stands here; keywords in any case. */
  isNext(text: string): boolean {
    const { kind, text: found } = this.token;
    return kind === "symbol" ? found === text : kind === "name" && found.toUpperCase() === text;
  }

  /** Steps over this symbol or keyword where it stands here. */
  take(text: string): boolean {
    const here = this.isNext(text);
    if (here) this.#at++;
    return here;
  }

  /** Steps over this symbol or keyword, which must stand here. */
  expect(text: string): void {
    if (!this.take(text)) throw this.unexpected();
  }

  /** Whether the name here is a word of the grammar, which no attribute may have unaliased. */
  isKeyword(): boolean {
    return KEYWORDS.has(this.token.text.toUpperCase());
  }

  /** Counts one operator or function. */
  count(): void {
    this.#operators++;
  }

  /** Steps over the `(` of a group and says where it was. */
  open(): number {
    this.expect("(");
    return this.#at;
  }

  /** Steps over the `)` of the group opened there. A group of nothing but a group is redundant. */
  close(open: number): void {
    const [innerOpen, innerClose] = this.#lastGroup;
    if (innerOpen === open + 1 && innerClose === this.#at) this.#redundant = true;
    this.expect(")");
    this.#lastGroup = [open, this.#at];
  }

  /** The whole expression must have been read; then the rules that come after the grammar. */
  end(): void {
    if (!this.atEnd) throw this.unexpected();
    if (this.#redundant) throw new ExpressionError("The expression has redundant parentheses;");
    if (this.#operators > MAX_OPERATORS) {
      throw new ExpressionError(
        `The expression contains too many operators; operator count: ${MAX_OPERATORS + 1}`,
      );
    }
  }

  /** The error that the token here cannot stand here. */
  unexpected(): ExpressionError {
    return syntaxError(this.#text, this.#tokens, this.#at);
  }
}
