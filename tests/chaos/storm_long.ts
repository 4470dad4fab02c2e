/** One minute of chaos, for the longer gate: `deno task chaos` with a seed that changes every time. */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { main, parseFlags } from "./main.ts";

const { passed, failed } = await main(parseFlags([])!);
console.log(`${passed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
