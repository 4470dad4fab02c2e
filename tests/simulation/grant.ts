/** A grant as the table has had it. */

import type { Process } from "./process.ts";
import type { Shape } from "./record_rules.ts";

/** A grant that the service applied, of one name; a lease of several names has one of each. */
export interface Grant {
  readonly name: string;
  readonly id: string;
  readonly token: number;
  readonly shape: Shape;
  /** Whose it is; absent where that process is unknown. */
  readonly process: Process | undefined;
  /** What its holder calls itself. */
  readonly owner: string;
  /**
   * Whether it was made by a request that nobody looks after any more: one that came long after its sender
   * had given it up; or one that came when the lease of another attempt had been given back.
   */
  readonly stray: boolean;
  /** Whether a thief removed it, dead or alive: its holder may believe in it until it is told. */
  robbed: boolean;
  /** Its place among all grants. */
  readonly order: number;
  readonly at: number;
  /** When it was first asked for. */
  readonly firstSentAt: number;
  /**
   * Why it is an honest exception, if it is: an operator changed the record under it, or that of another
   * name of the same grant, or the network itself repeated a request that had been answered, or the
   * clean-up gave up after two leases; or the format has no means against a request that comes late.
   */
  excuse: "operator" | "operator elsewhere" | "repeated" | "gave up" | "late" | undefined;
  /** How it went. */
  end: "released" | "handed over" | "taken over" | "operator" | undefined;
  endedAt: number;
  /** The end that it has on the table, in the service's time. */
  expires: number;
}
