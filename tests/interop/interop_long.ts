/**
 * The interop suite, for CI: see `main.ts`.
 *
 * @module
 */

import { main } from "./main.ts";

// A minute at the counter, each.
Deno.exit(await main(["--seconds", "60", ...Deno.args]) === 0 ? 0 : 1);
