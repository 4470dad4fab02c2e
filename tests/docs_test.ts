/** What the documentation must have: an example that runs for all that a caller can call. */

import { assertEquals, assertGreater } from "@std/assert";
import { claimsOf } from "./gate/prints.ts";
import { findFiles } from "./gate/files.ts";
import { ROOT } from "./offline/config.ts";

interface Declaration {
  readonly kind: string;
  readonly jsDoc?: { readonly doc?: string; readonly tags?: readonly Tag[] };
}

interface Tag {
  readonly kind: string;
  readonly doc?: string;
}

interface Documented {
  readonly nodes: Readonly<
    Record<string, {
      readonly module_doc?: Declaration["jsDoc"];
      readonly symbols?: readonly { readonly name: string; readonly declarations: Declaration[] }[];
    }>
  >;
}

/** Whether a doc comment has an example that is run. */
function hasExample(doc: Declaration["jsDoc"]): boolean {
  const texts = [doc?.doc, ...(doc?.tags ?? []).map((tag) => tag.doc)];
  return texts.some((text) => /^```ts$/m.test(text ?? ""));
}

async function documented(entry: string): Promise<Documented> {
  const args = ["doc", "--json", entry];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args, cwd: ROOT }).output();
  return JSON.parse(new TextDecoder().decode(stdout));
}

/** What of an entry can be called, or is an entry, and has no example. */
async function lacking(entry: string): Promise<string[]> {
  const { nodes } = await documented(entry);
  return Object.values(nodes).flatMap(({ module_doc, symbols = [] }) => [
    ...(hasExample(module_doc) ? [] : [`${entry}: no example`]),
    ...symbols
      .filter(({ declarations }) =>
        declarations.some(({ kind }) => /^(?:function|class|variable)$/.test(kind)) &&
        !declarations.some(({ jsDoc }) => hasExample(jsDoc))
      )
      .map(({ name }) => `${entry}: no example of '${name}'`),
  ]);
}

Deno.test("every function, class and constant of every entry has an example that runs", async () => {
  const manifest = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const entries = Object.values<string>(manifest.exports);
  assertEquals((await Promise.all(entries.map(lacking))).flat(), []);
});

/** What callers write that has no name among the exports: its example stands with the member. */
const MEMBERS: readonly (readonly [path: string, member: RegExp])[] = [
  ...["maxHoldMs", "maxRequests", "reentrant"].map((name) =>
    ["src/options/acquire.ts", RegExp(`^  readonly ${name}\\?`, "m")] as const
  ),
  ["src/options/connection.ts", /^ {2}readonly credentials\?/m],
  ["src/lease/transact.ts", /^ {2}readonly clientRequestToken\?/m],
  ["src/events.ts", /^export type LockEventListener/m],
  ["src/inspect.ts", /^export interface LockInfo /m],
  ...["renew", "update", "transact", "conditionCheck", "release"].map((name) =>
    ["src/lease/lease.ts", RegExp(`^  ${name}\\(`, "m")] as const
  ),
  ["src/web_locks/options.ts", /^ {2}readonly steal\?/m],
  ...["resign", "announce"].map((name) =>
    ["src/election/term.ts", RegExp(`^  ${name}\\(.*\\): Promise<\\w+>;`, "m")] as const
  ),
  ...["list", "breakLock", "request<T>", "query"].map((name) =>
    ["src/manager.ts", RegExp(`^  (?:async )?${name}\\(`, "m")] as const
  ),
];

Deno.test("what a caller sets, listens to or calls on a lease has an example too", async () => {
  for (const [path, member] of MEMBERS) {
    const source = await Deno.readTextFile(new URL(path, ROOT));
    const [before] = source.split(member);
    const comment = before!.slice(before!.lastIndexOf("/**"));
    assertEquals([path, `${member}`, /^ *\* ```ts$/m.test(comment)], [path, `${member}`, true]);
    assertEquals([`${member}`, comment.trimEnd().endsWith("*/")], [`${member}`, true]);
  }
});

/**
 * Examples that the default tests cannot run: `lease/aws_sdk_long.ts` runs those of the AWS SDK; the
 * others are a piece of a CDK stack, and what a program of another client looks like.
 */
const NOT_RUN = ["README.md", "MIGRATION.md", "src/lease/lease.ts", "src/table/definition.ts"];

Deno.test("no other example is left out of the run", async () => {
  const paths = ["README.md", "MIGRATION.md", "mod.ts", ...await findFiles("src", ".ts")];
  const sources = await Promise.all(
    paths.map(async (path) => [path, await Deno.readTextFile(new URL(path, ROOT))] as const),
  );
  const ignored = sources.flatMap(([path, source]) =>
    [...source.matchAll(/^(?: *\*)? *```(?:ts|js|tsx|typescript|javascript)\b.+$/gm)].map(() =>
      path
    )
  );
  assertEquals(ignored, NOT_RUN);
  assertGreater(sources.flatMap(([path, source]) => claimsOf(path, source)).length, 50);
});
