/** The check of what examples print must itself be able to fail. */

import { assertEquals } from "@std/assert";
import { claimsOf, lies, printedBy } from "./prints.ts";

const SOURCE = `/**
 * @example
 * \`\`\`ts
 * console.log(lease.held); // true
 * console.log(server.endpoint); // http://127.0.0.1:49152
 * console.log(error.code); // TABLE_NOT_FOUND: make it
 * \`\`\`
 *
 * \`\`\`ts ignore
 * console.log(1); // not run
 * \`\`\`
 */`;

const run = (...lines: string[]) =>
  printedBy(
    [
      "running 1 test from ./src/a.ts#3-7.ts",
      "file:///project/src/a.ts#3-7.ts ...",
      "------- post-test output -------",
      ...lines,
      "----- post-test output end -----",
      "file:///project/src/a.ts#3-7.ts ... ok (1ms)",
    ].join("\n"),
    "file:///project/",
  );

Deno.test("an example that prints what it says is fine", () => {
  const printed = run("true", "http://127.0.0.1:1", "TABLE_NOT_FOUND");
  assertEquals(lies(claimsOf("src/a.ts", SOURCE), printed), []);
});

Deno.test("an example that prints something else, or nothing, is named", () => {
  const [held, ...others] = lies(claimsOf("src/a.ts", SOURCE), run("false", "", "TABLE"));
  assertEquals(held, "src/a.ts#3 does not print: true");
  assertEquals(others.length, 2);
  assertEquals(lies(claimsOf("src/b.ts", SOURCE), run("true")).length, 3);
});
