/** What callers are told, and whether it is true: misses, errors and how soon an abort ends a call. */

import { isLockError } from "../../src/errors.ts";
import type { Checker } from "./checker.ts";
import type { Asked } from "./held.ts";
import type { Grant, Ledger } from "./ledger.ts";
import type { Process } from "./process.ts";
import { permitsOf, roomOf, type Shape } from "./record_rules.ts";

/** A lock that is asked for, as it was before. */
interface Before {
  readonly name: string;
  /** Writes to its record. */
  readonly writes: number;
  /** Whether there was room for another like this. */
  readonly room: boolean;
  /** Who was in with other permits, or without. */
  readonly others: readonly Grant[];
}

/** One call of `acquire` or `tryAcquire`. */
export interface Call extends Pick<Asked, "names" | "shape"> {
  readonly process: Process;
  readonly wait: boolean;
  /** Made after the faults had stopped: it must be served. */
  readonly healed: boolean;
  readonly startedAt: number;
  /** Requests of the process before it, and whether nothing of it was under way any more. */
  readonly sentBefore: number;
  readonly asideBefore: number;
  readonly idleBefore: boolean;
  readonly before: readonly Before[];
  /** What its signal aborts with, and when it did. */
  readonly reason: Error | undefined;
  abortedAt: number | undefined;
  settled: boolean;
}

/** Begins a call. With `markSlackMs` a mark that is as old may still be minded. */
export function beginCall(
  checker: Checker,
  process: Process,
  { names, shape }: Pick<Asked, "names" | "shape">,
  how: Pick<Call, "wait" | "healed" | "reason"> & { now: number; markSlackMs: number },
): Call {
  const { ledger } = checker;
  const mindedFrom = how.now - how.markSlackMs;
  return {
    process,
    names,
    shape,
    wait: how.wait,
    healed: how.healed,
    startedAt: how.now,
    sentBefore: process.sent,
    asideBefore: process.aside,
    idleBefore: process.idle,
    before: names.map((name) => ({
      name,
      writes: ledger.writes.get(name) ?? 0,
      room: hasRoom(ledger, name, shape, mindedFrom),
      others: ledger.present(name).filter((grant) => permitsOf(grant.shape) !== permitsOf(shape)),
    })),
    reason: how.reason,
    abortedAt: undefined,
    settled: false,
  };
}

/** Whether one more may come in. The dead count: they may have to be removed, and then be seen dead. */
function hasRoom(ledger: Ledger, name: string, shape: Shape, mindedFrom: number): boolean {
  const present = ledger.present(name);
  if (shape === "exclusive") return present.length === 0;
  const marked = shape === "shared" && (ledger.waiting.get(name) ?? 0) > mindedFrom;
  return !marked && present.length < roomOf(shape) &&
    present.every((grant) => grant.shape === shape);
}

/** A `null`: somebody else must have been there, or have been waiting, and not with other permits. */
export function judgeMiss(checker: Checker, call: Call, now: number): void {
  const { process, names, shape, wait, before } = call;
  const other = before.flatMap(({ others }) => others)
    .find((grant) => checker.ledger.isIn(grant) && grant.expires > now);
  // A mark may have kept it from looking further.
  if (other !== undefined && shape !== "shared") {
    checker.accuse(
      "other permits are refused",
      `${process.name} as '${other.name}' is ${other.shape}`,
    );
  }
  if (wait) checker.accuse("a wait ends with a lease", `${process.name} waiting for '${names}'`);
  const free = before.every(({ name, writes, room }) =>
    room && (checker.ledger.writes.get(name) ?? 0) === writes
  );
  if (!free) return;
  const text = `${process.name} was refused '${names}' (${shape}), which is free`;
  checker.accuse("a miss has a reason", text);
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
  const { process, names } = call;
  if (call.reason !== undefined && error === call.reason) {
    if (call.abortedAt === undefined) checker.accuse("an abort comes from its signal", `${names}`);
    return "aborted";
  }
  const code: string | undefined = isLockError(error) ? error.code : undefined;
  const text = `${process.name} got ${code ?? error} for '${names}'`;
  const allowed = code !== undefined && (
    (code === "MANAGER_CLOSED" && process.closing) ||
    (TROUBLE.has(code) && !run.calm && !call.healed) ||
    (code === "CREDENTIALS" && run.timeless) ||
    (code === "LEASE_TOO_SHORT" && run.imprecise) ||
    (code === "MAX_REQUESTS" && run.limited) ||
    (code === "PERMITS_MISMATCH" && wasSharedOtherwise(checker.ledger, call)) ||
    (TAMPERED.has(code) && run.tampering)
  );
  if (!allowed) checker.accuse("errors have a reason", text);
  return code ?? "an unexpected error";
}

/** Whether the lock was held with other permits, or without, while it was asked for. */
function wasSharedOtherwise(ledger: Ledger, { names, shape, startedAt }: Call): boolean {
  return names.some((name) =>
    ledger.all(name).some((grant) =>
      permitsOf(grant.shape) !== permitsOf(shape) && grant.endedAt >= startedAt
    )
  );
}

/** The first lease of names that nobody else has asked for takes one request, in whatever mode. */
export function judgeCost(checker: Checker, call: Call, alone: boolean): void {
  const { process, before, sentBefore, idleBefore } = call;
  if (!alone || !idleBefore) return;
  const { writes } = checker.ledger;
  if (before.some((lock) => lock.writes > 0 || (writes.get(lock.name) ?? 0) !== 1)) return;
  const sent = process.sent - sentBefore;
  if (sent !== 1) checker.accuse("one request for a free lock", `${process.name} sent ${sent}`);
}

/**
 * No more requests than it may take. Where it ended without a lease, the first request of its clean-up,
 * which closes what it left open, may have been sent by now.
 */
export function judgeBudget(
  checker: Checker,
  { process, sentBefore, asideBefore, idleBefore }: Call,
  most: number,
  granted: boolean,
): void {
  const sent = process.sent - sentBefore - (process.aside - asideBefore);
  if (!idleBefore || sent <= most + (granted ? 0 : 1)) return;
  checker.accuse("maxRequests is kept", `${process.name} sent ${sent} of ${most}`);
}
