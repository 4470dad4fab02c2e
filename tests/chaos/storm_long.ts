/** One minute of chaos, for the longer gate: `deno task chaos` with a seed that changes every time. */

import { main, parseFlags } from "./main.ts";

await main(parseFlags([])!);
