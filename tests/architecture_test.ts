/** Holds what design decisions cannot say in types: see `gate/architecture.ts`. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkImports, findCycles, inspect, type SourceFile } from "./gate/architecture.ts";
import { findFiles } from "./gate/files.ts";
import { ROOT } from "./offline/config.ts";

async function sourceFiles(): Promise<SourceFile[]> {
  const paths = ["mod.ts", ...await findFiles("src", ".ts")];
  return await Promise.all(
    paths.map(async (path) => inspect(path, await Deno.readTextFile(new URL(path, ROOT)))),
  );
}

async function entries(): Promise<string[]> {
  const manifest = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  return Object.values<string>(manifest.exports);
}

async function run(command: string, args: string[]): Promise<{ ok: boolean; text: string }> {
  const child = new Deno.Command(command, { args, cwd: ROOT, stdin: "null" });
  const { success, stdout, stderr } = await child.output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  return { ok: success, text };
}

Deno.test("source files keep to the rules on globals, syntax and length", async () => {
  assertEquals((await sourceFiles()).flatMap((file) => file.faults), []);
});

Deno.test("source files import only what their layer may", async () => {
  assertEquals((await sourceFiles()).flatMap(checkImports), []);
});

Deno.test("source files do not import each other in circles", async () => {
  assertEquals(findCycles(await sourceFiles()), []);
});

Deno.test("every entry has a module documentation", async () => {
  for (const entry of await entries()) {
    assertStringIncludes(await Deno.readTextFile(new URL(entry, ROOT)), "@module", entry);
  }
});

Deno.test("every entry does nothing when it is imported", async () => {
  for (const entry of await entries()) {
    const { ok, text } = await run(Deno.execPath(), [
      ...["run", "--quiet", "--no-prompt", "--allow-read", "tests/gate/inert_import.ts", entry],
    ]);
    assertEquals({ entry, ok, text }, { entry, ok: true, text: "" });
  }
});

Deno.test("no committed file names a package registry or a path of one machine", async () => {
  // Put together from parts, so that this file does not name them either.
  const hosts = [
    ...[["jsr", "io"], ["npmjs", "org"], ["npmjs", "com"], ["pypi", "org"], ["crates", "io"]],
    ...[["proxy", "golang", "org"], ["maven", "org"], ["maven", "apache", "org"]],
    ...[["deb", "debian", "org"], ["npm", "jsr", "io"]],
  ].map((labels) => labels.join("\\."));
  const folders = ["work", "root", "home", "Users"].join("|");
  const pattern = `\\b(${hosts.join("|")})\\b|(^|[^[:alnum:]_.)}])/(${folders})/[[:alnum:]]`;
  const { text } = await run("git", ["grep", "-nIE", "--untracked", pattern, "--", "."]);
  assertEquals(text, "");
});

Deno.test("inspect() finds each fault it looks for", () => {
  const faults = (source: string, path = "src/lease/a.ts") =>
    inspect(path, source).faults.map((fault) => fault.replace(/^\S+ /, ""));
  assertEquals(faults("fetch('x'); setTimeout(f, 1); const g = fetch;"), [
    "names 'fetch'",
    "names 'setTimeout'",
    "names 'fetch'",
  ]);
  assertEquals(faults("Date.now(); new Date(); Math.random(); AbortSignal.timeout(1)"), [
    "names 'Date.now'",
    "names 'new Date()'",
    "names 'Math.random'",
    "names 'AbortSignal.timeout'",
  ]);
  assertEquals(faults("globalThis.x; process.env; Deno.args; ({ performance })"), [
    "names 'globalThis'",
    "names 'process'",
    "names 'Deno'",
    "names 'performance'",
  ]);
  assertEquals(faults("function f() { const { fetch } = o; fetch(); } fetch(fetch);"), [
    "names 'fetch'",
    "names 'fetch'",
  ]);
  assertEquals(faults("crypto.getRandomValues(x)"), ["names 'crypto.getRandomValues'"]);
  assertEquals(faults("async function f() { await using a = g(); }"), [
    "has a 'using' declaration",
  ]);
  assertEquals(faults(`const f = () => {${"\n".repeat(70)}};`), ["has a function of 71 lines"]);
  assertEquals(faults("\n".repeat(300) + "f();"), ["has 301 lines"]);
  assertEquals(faults("export const a = 1;", "mod.ts"), ["has more than exports from other files"]);
});

Deno.test("inspect() lets the runtime, types, properties and pure functions pass", () => {
  const faults = (source: string, path = "src/lease/a.ts") => inspect(path, source).faults;
  assertEquals(faults("Date.now(); setTimeout(f, 1); fetch('x');", "src/runtime.ts"), []);
  assertEquals(faults("runtime.fetch('x'); const o = { fetch: f, process: 1 };"), []);
  assertEquals(faults("function f(fetch) { fetch(1); return (self = 1) => self; }"), []);
  assertEquals(faults("interface I { fetch: typeof fetch; process(): void }"), []);
  assertEquals(faults("new Date(5); Date.parse('x'); crypto.subtle.digest('SHA-256', b);"), []);
  assertEquals(faults(`export * from "./src/lock.ts"; export { a } from "./b.ts";`, "mod.ts"), []);
});

Deno.test("checkImports() finds imports against the arrows and from outside", () => {
  const check = (path: string, source: string) => checkImports(inspect(path, source));
  const refused = (path: string, specifier: string) => [`${path} must not import '${specifier}'`];
  assertEquals(
    check("src/records/a.ts", `import type { A } from "../lease/a.ts";`),
    refused("src/records/a.ts", "../lease/a.ts"),
  );
  assertEquals(
    check("src/manager.ts", `const a = await import("./testing/mod.ts");`),
    refused("src/manager.ts", "./testing/mod.ts"),
  );
  assertEquals(
    check("src/lease/a.ts", `import "aws4fetch";`),
    refused("src/lease/a.ts", "aws4fetch"),
  );
  assertEquals(check("src/new/a.ts", ""), [
    "src/new/a.ts is in 'new', which has no place here yet",
  ]);
  assertEquals(check("src/dynamodb/a.ts", `import "aws4fetch"; import "./b.ts";`), []);
  assertEquals(check("src/lease/a.ts", `export * from "../records/native.ts";`), []);
});

Deno.test("findCycles() finds circles of run-time imports only", () => {
  const a = inspect("src/lease/a.ts", `import { b } from "./b.ts";`);
  const b = inspect("src/lease/b.ts", `import { a } from "./a.ts";`);
  const c = inspect("src/lease/b.ts", `import type { A } from "./a.ts";`);
  assertEquals(findCycles([a, b]), ["src/lease/a.ts -> src/lease/b.ts -> src/lease/a.ts"]);
  assertEquals(findCycles([a, c]), []);
});
