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
}

/** A lease that a caller was handed. */
export interface Held {
  readonly lease: Lease;
  readonly process: Process;
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
  return held.shape !== "exclusive" && grantOf(held, name)?.end === "taken over";
}

/** A lease, for a person to read. */
export function describe({ lease, process }: Held): string {
  return `${process.name} with '${lease.names.join()}' ${lease.fencingToken}`;
}
