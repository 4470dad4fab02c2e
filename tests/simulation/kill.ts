/**
 * `deno run kill.ts <seeds> [<kind>]`: runs seeds, of one kind or of all, from the first one until a rule
 * is broken; says so in one line and exits with 3. For the mutants.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it reports to the process that started it

import { simulate } from "./run.ts";

if (import.meta.main) {
  Error.stackTraceLimit = 0; // most of what an error costs
  const [seeds, kind] = [Number(Deno.args[0]), Deno.args[1]];
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = await simulate(seed, { kind });
    if (violation === undefined) continue;
    console.log(`seed ${seed}: ${violation.rule}: ${violation.text}`);
    Deno.exit(3);
  }
}
