/** What a manager tells of its leases: that one is lost, or in danger, and whether that is true. */

import type { LockEvent } from "../../src/events.ts";
import type { Held } from "./held.ts";
import type { Accuse, Grant } from "./ledger.ts";
import type { Process } from "./process.ts";

/** What of a run matters here: as {@linkcode CheckerContext}. */
interface Run {
  readonly calm: boolean;
  readonly steady: boolean;
}

/** Timers fire early by less than that, and clocks are looked at one after the other. */
const EARLY_MS = 2;

/** Late timers, and clocks that are not quite alike. */
const LATE_MS = 80;

/** The loss of a lease: it has a reason, and the one that is told is the true one. */
export function judgeLoss(
  { calm, steady }: Run,
  accuse: Accuse,
  process: Process,
  { name, fencingToken, code }: LockEvent & { type: "lost" },
  { held, grant }: { readonly held: Held | undefined; readonly grant: Grant | undefined },
): void {
  const text = `${process.name} lost '${name}' ${fencingToken}: ${code}`;
  // Who shares a lease is told one after the other.
  if (held !== undefined && !held.reentrant && !held.signal.aborted) {
    accuse("a loss is told by the signal", text);
  }
  if (calm && held?.renewing && !grant?.robbed) accuse("calm leases last", text);
  if (grant === undefined || grant.excuse !== undefined) return;
  if (steady && code === "LEASE_EXPIRED" && held?.renewing && held.renewedAt) {
    const faults = process.faults - held.renewedAt.faults;
    const throttles = process.throttles - held.renewedAt.throttles;
    if (faults <= 2 && throttles === 0) {
      accuse("a lease bears two faults", `${text} after ${faults}`);
    }
  }
  if (steady && code === "LEASE_EXPIRED" && held?.renewing && !held.reentrant && !held.warned) {
    accuse("what runs out was in danger", text);
  }
  const taken = grant.end === "taken over";
  if (code === "LEASE_STOLEN" ? !taken : code !== "LEASE_EXPIRED") {
    accuse("losses are told as they are", `${text}, but it is ${grant.end ?? "there"}`);
  }
}

/** A renewal is said to be overdue: once, as soon as half of the lease is left, and not before. */
export function judgeWarning(
  { steady }: Run,
  accuse: Accuse,
  process: Process,
  { name, fencingToken, remainingMs }: LockEvent & { type: "endangered" },
  held: Held | undefined,
): void {
  const text = `${process.name} has ${remainingMs} ms of '${name}' ${fencingToken}`;
  if (held === undefined) return accuse("only what is held is in danger", text);
  if (!held.warns) accuse("only what is renewed is in danger", text);
  if (held.warned) accuse("a danger is told once", text);
  held.warned = true;
  const halfMs = held.leaseMs / 2;
  if (remainingMs > halfMs + EARLY_MS) accuse("half a lease is no danger", text);
  // Half may go by in the pause after a renewal that failed early.
  const pauseMs = Math.min(1_000, halfMs / 2);
  const prompt = steady && held.renewing && !held.late;
  if (prompt && remainingMs < halfMs - pauseMs - 0.02 * held.leaseMs - LATE_MS) {
    accuse("a danger is told in time", text);
  }
}
