/** What the checker notes: rules that were broken, and what may excuse that one is not kept yet. */

import type { Process } from "./process.ts";

/** A broken rule. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
  /** True time since the start of the run. */
  readonly at: number;
}

/** Clean-ups of a process that fail. */
export interface Trouble {
  readonly process: Process;
  /** When the first of them failed. */
  readonly since: number;
  /** When what is cleaned up had ended, which the first attempt followed. */
  readonly begun: number;
  /** Whether it has given up for good. */
  readonly final: boolean;
}
