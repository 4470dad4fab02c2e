/**
 * Holds the examples of the documentation to what they say that they print: where a line of one ends
 * with `console.log(...); // text`, a run of it must print that text.
 *
 * @module
 */

/** A line of an example that says what it prints. */
interface Claim {
  /** The file of the example and its first line in it: `src/a.ts#3`. */
  readonly example: string;
  readonly text: string;
}

/** What each example printed, by its name, from the output of `deno test --doc`. */
export function printedBy(output: string, root: string): Map<string, string[]> {
  const printed = new Map<string, string[]>();
  let lines: string[] | undefined;
  for (const line of output.split("\n")) {
    const [, example] = /^(\S+#\d+)-\d+\.ts \.\.\./.exec(line) ?? [];
    if (example !== undefined) {
      const name = example.replace(root, "");
      lines = printed.get(name) ?? [];
      printed.set(name, lines);
    } else if (!/^-+ (?:post-test )?output(?: end)? -+$/.test(line)) lines?.push(line);
  }
  return printed;
}

/** What the examples of a source say that they print. */
export function claimsOf(path: string, source: string): Claim[] {
  const claims: Claim[] = [];
  let texts: string[] | undefined;
  let start = 0;
  source.split("\n").forEach((line, at) => {
    const [, fence] = /^(?: *\*)? *```(.*)$/.exec(line) ?? [];
    if (fence === "ts") [start, texts] = [at + 1, []];
    else if (fence === "" && texts) {
      const example = `${path}#${start}`;
      claims.push(...texts.map((text) => ({ example, text })));
      texts = undefined;
    }
    const [, text] = /console\.log\(.*\); \/\/ (.+)$/.exec(line) ?? [];
    if (text !== undefined) texts?.push(text);
  });
  return claims;
}

/** Whether a line is what the text says; words may follow in it, and one port is like another. */
function says(text: string, line: string): boolean {
  const plain = (some: string) => some.replace(/(127\.0\.0\.1:)\d+/, "$1…");
  return line !== "" &&
    (plain(text) === plain(line) ||
      [":", ";", ","].some((mark) => text.startsWith(`${line}${mark} `)));
}

/** The claims that no line of their examples' output bears out, each as a sentence. */
export function lies(claims: readonly Claim[], printed: Map<string, string[]>): string[] {
  return claims
    .filter(({ example, text }) => !printed.get(example)?.some((line) => says(text, line)))
    .map(({ example, text }) => `${example} does not print: ${text}`);
}
