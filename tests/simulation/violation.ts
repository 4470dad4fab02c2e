/** What the checker notes: a rule that was broken. */

/** A broken rule. */
export interface Violation {
  readonly rule: string;
  readonly text: string;
  /** True time since the start of the run. */
  readonly at: number;
}
