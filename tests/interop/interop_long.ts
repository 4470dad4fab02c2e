/**
 * The interop suite, for CI: see `main.ts`.
 *
 * @module
 */

import { main } from "./main.ts";

Deno.exit(await main(Deno.args) === 0 ? 0 : 1);
