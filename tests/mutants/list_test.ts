import { assert, assertEquals } from "@std/assert";
import { ROOT } from "../offline/config.ts";
import { MUTANTS } from "./list.ts";

const read = (path: string) => Deno.readTextFile(new URL(path, ROOT));

Deno.test("each mutant finds its rule exactly once, and names a test that is there", async () => {
  const rules = new Set<string>();
  for (const mutant of MUTANTS) {
    const { rule, also = [], suite, test } = mutant;
    assert(!rules.has(rule), `'${rule}' is there twice`);
    rules.add(rule);
    for (const { file, find, replace } of [mutant, ...also]) {
      assertEquals((await read(file)).split(find).length - 1, 1, `${rule}: '${find}' in ${file}`);
      assert(find !== replace, rule);
    }
    assertEquals(suite === undefined, test === undefined, rule);
    if (suite !== undefined) assert((await read(suite)).includes("Deno.test"), rule);
  }
});

Deno.test("the README says how many rules are taken out", async () => {
  assert((await read("README.md")).includes(`${MUTANTS.length} of ${MUTANTS.length} rules missed`));
});
