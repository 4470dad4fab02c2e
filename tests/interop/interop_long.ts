/**
 * The interop suite, for CI: see `main.ts`.
 *
 * @module
 */

import { main } from "./main.ts";

// A minute at the counter, each.
await main(["--seconds", "60"]);
