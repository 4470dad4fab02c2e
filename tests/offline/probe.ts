/** Loaded by `config.ts` to see whether the real packages can be had. */

import "@std/assert";
import "@std/testing/types";
