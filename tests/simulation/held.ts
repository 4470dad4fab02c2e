/** What callers ask for and are handed, as the checker keeps it. */

import type { Lease } from "../../src/lease/lease.ts";
import type { Grant } from "./ledger.ts";
import type { Process } from "./process.ts";
import { roomOf, type Shape } from "./record_rules.ts";

/** What a caller has asked for. */
export interface Asked {
  /** In any order, and some of them twice. */
  readonly names: readonly string[];
  readonly shape: Shape;
  readonly leaseMs: number;
  /** Whether it is renewed in the background. */
  readonly renewing: boolean;
  /** Whether others of the process may enter it too. */
  readonly reentrant?: boolean | undefined;
  /** Whether the lock renews it at all, where that is not the same. */
  readonly warns?: boolean | undefined;
  /** What tells its caller that it is lost, where that is not the lease's own signal. */
  readonly signal?: AbortSignal | undefined;
}

/** A lease that a caller was handed. */
export interface Held {
  readonly lease: Lease;
  readonly process: Process;
  /** When it was handed out. */
  readonly at: number;
  readonly leaseMs: number;
  /** Whether it is renewed in the background. */
  readonly renewing: boolean;
  readonly shape: Shape;
  /** What the service granted: one of each name. */
  readonly grants: readonly Grant[];
  /** Whether it was entered again by a caller of the process that has it. */
  readonly nested: boolean;
  /** Whether others may do so, which keeps it from being given back with a transaction. */
  readonly reentrant: boolean;
  /** Whether the lock renews it, so that it may be in danger; and whether that was said of this renewal. */
  readonly warns: boolean;
  warned: boolean;
  /** Whether the last renewal left less than half of it. */
  late: boolean;
  /** What tells its caller that it is lost. */
  readonly signal: AbortSignal;
  /** Whether its caller has given it back. */
  givenBack: boolean;
  /** What its process had met when it was renewed last. */
  renewedAt: { readonly faults: number; readonly throttles: number } | undefined;
}

/** The rule that those break who believe in a name at the same moment, if they do. */
export function brokenBy(believers: readonly Held[], name: string): string | undefined {
  // A nested lease is the same grant.
  const count = new Set(believers.map((held) => grantOf(held, name) ?? held)).size;
  if (count < 2) return undefined;
  const shapes = new Set(believers.map(({ shape }) => shape));
  if (shapes.has("exclusive")) return "one believer";
  if (shapes.size > 1) return "believers are of one shape";
  const [shape] = shapes;
  return count > roomOf(shape!) ? "no more believers than permits" : undefined;
}

/** The grant that a lease has of one of its names. */
export function grantOf({ grants }: Held, name: string): Grant | undefined {
  return grants.find((grant) => grant.name === name);
}

/** Whether somebody has removed it as dead from among others. */
export function isRemoved(held: Held, name: string): boolean {
  const grant = grantOf(held, name);
  return held.shape !== "exclusive" && grant?.end === "taken over" && !grant.robbed;
}

/** Whether somebody may believe in what is not on the table any more, until it is told. */
export function isExcused(grant: Grant | undefined): boolean {
  return grant?.excuse === "operator" || grant?.robbed === true;
}

/** A lease, for a person to read. */
export function describe({ lease, process }: Held): string {
  return `${process.name} with '${lease.names.join()}' ${lease.fencingToken}`;
}
