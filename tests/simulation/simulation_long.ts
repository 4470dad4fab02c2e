/**
 * Thousands of seeds, for the longer gate. What counts as passed: each kind of runs, that everything was
 * met, and that every choice of the protocol was made.
 */

// deno-lint-ignore-file no-console -- it reports to the terminal

import { report, reportUnreached } from "./main.ts";
import { KINDS } from "./kinds.ts";
import { sweep } from "./sweep.ts";

const SEEDS = 6_000;

const run = await sweep({ from: 1, seeds: SEEDS });
report(run);
const missed = await reportUnreached(run);
const broken = new Set(run.failures.map(({ kind }) => kind)).size;
const failed = broken + (missed.length > 0 ? 1 : 0);
const checks = KINDS.length + 1;
console.log(`${checks - failed} passed, ${failed} failed`);
Deno.exit(failed === 0 ? 0 : 1);
