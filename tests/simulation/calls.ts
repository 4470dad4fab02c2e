/** What callers are told, and whether it is true: misses, errors and how soon an abort ends a call. */

import { isLockError } from "../../src/errors.ts";
import type { Checker } from "./checker.ts";
import type { Process } from "./process.ts";

/** One call of `acquire` or `tryAcquire`. */
export interface Call {
  readonly process: Process;
  readonly name: string;
  readonly wait: boolean;
  /** Made after the faults had stopped: it must be served. */
  readonly healed: boolean;
  readonly startedAt: number;
  /** Requests of the process before it. */
  readonly sentBefore: number;
  /** Writes to the record before it, and whether somebody was in. */
  readonly writesBefore: number;
  readonly takenBefore: boolean;
  /** What its signal aborts with, and when it did. */
  readonly reason: Error | undefined;
  abortedAt: number | undefined;
  settled: boolean;
}

/** Begins a call. */
export function beginCall(
  checker: Checker,
  process: Process,
  name: string,
  how: { wait: boolean; healed: boolean; reason: Error | undefined; now: number },
): Call {
  const { ledger } = checker;
  return {
    process,
    name,
    wait: how.wait,
    healed: how.healed,
    startedAt: how.now,
    sentBefore: process.sent,
    writesBefore: ledger.writes.get(name) ?? 0,
    takenBefore: ledger.present.has(name),
    reason: how.reason,
    abortedAt: undefined,
    settled: false,
  };
}

/** A `null`: somebody else must have been there. */
export function judgeMiss(checker: Checker, call: Call): void {
  const { process, name, wait, writesBefore, takenBefore } = call;
  if (wait) checker.accuse("a wait ends with a lease", `${process.name} waiting for '${name}'`);
  const written = (checker.ledger.writes.get(name) ?? 0) > writesBefore;
  if (!takenBefore && !written) {
    checker.accuse("a miss has a reason", `${process.name} was refused '${name}', which is free`);
  }
}

/** Errors that only a fault of the way, or an operator, explains. */
const TROUBLE: ReadonlySet<string> = new Set(["UNAVAILABLE", "CREDENTIALS", "LEASE_TOO_SHORT"]);
const TAMPERED: ReadonlySet<string> = new Set([
  "TABLE_NOT_FOUND",
  "RECORD_FOREIGN",
  "RECORD_INVALID",
]);

/** A rejection; answers the name that the summary gives it. */
export function judgeRejection(
  checker: Checker,
  call: Call,
  error: unknown,
  run: {
    readonly calm: boolean;
    readonly tampering: boolean;
    readonly timeless: boolean;
    readonly imprecise: boolean;
    readonly limited: boolean;
  },
): string {
  const { process, name } = call;
  if (call.reason !== undefined && error === call.reason) {
    if (call.abortedAt === undefined) checker.accuse("an abort comes from its signal", name);
    return "aborted";
  }
  const code = isLockError(error) ? error.code : undefined;
  const text = `${process.name} got ${code ?? error} for '${name}'`;
  const allowed = code !== undefined && (
    (code === "MANAGER_CLOSED" && process.closing) ||
    (TROUBLE.has(code) && !run.calm && !call.healed) ||
    (code === "CREDENTIALS" && run.timeless) ||
    (code === "LEASE_TOO_SHORT" && run.imprecise) ||
    (code === "MAX_REQUESTS" && run.limited) ||
    (TAMPERED.has(code) && run.tampering)
  );
  if (!allowed) checker.accuse("errors have a reason", text);
  return code ?? "an unexpected error";
}

/** The first lease of a name that nobody else has asked for takes one request. */
export function judgeCost(checker: Checker, call: Call, alone: boolean): void {
  const { process, name, writesBefore, sentBefore } = call;
  if (!alone || writesBefore > 0 || (checker.ledger.writes.get(name) ?? 0) !== 1) return;
  const sent = process.sent - sentBefore;
  if (sent !== 1) checker.accuse("one request for a free lock", `${process.name} sent ${sent}`);
}
