/** Runs the smoke suite in a process of Deno, Bun or Node, and prints its results as JSON. */

// deno-lint-ignore-file no-console -- its output is its result

import process from "node:process";
import { smoke } from "./smoke.ts";

console.log(JSON.stringify(await smoke(process.env, true)));
