/** What can happen to a request on its way: every fault of the matrix, by name. */

import type { Fault } from "../../src/testing/mod.ts";
import type { Random } from "./random.ts";
import type { Answer } from "./service.ts";

/** What becomes of one request. */
export interface Fate {
  /** Whether it reaches the service; with a fault of the service, whatever that does. */
  readonly arrives: boolean;
  readonly fault?: Fault;
  /** How much longer than usual the way there, the way back and the body take. */
  readonly thereMs?: number;
  readonly backMs?: number;
  readonly bodyMs?: number;
  /** When a second copy arrives, after the first was sent. */
  readonly copyMs?: number;
  /** A transaction that is refused for a condition is refused for a conflict as well. */
  readonly beside?: boolean;
  /** What the sender gets instead of the service's answer. */
  readonly instead?: Answer | "silence" | "reset";
}

/** What a fault may draw from. */
export interface FaultContext {
  readonly random: Random;
  /** The longest lease of the run: delays are drawn around it. */
  readonly longestLeaseMs: number;
  /** The clock of whatever stands between, which is nobody's reference. */
  readonly boxClock: () => number;
}

type Maker = (context: FaultContext) => Fate;

function delayMs({ random, longestLeaseMs }: FaultContext): number {
  // Past the lease; but often just short of what an attempt is waited for.
  return random.chance(0.5)
    ? random.between(100, 4_900)
    : random.magnitude(100, 2 * longestLeaseMs);
}

/** A fault of the service itself. */
function served(fault: Fault): Maker {
  return () => ({ arrives: true, fault });
}

function error(status: number, type: string, applied = false): Maker {
  return served({ kind: "error", status, type, applied });
}

function throttled(type: string, reason: string): Maker {
  return ({ random }) => {
    const resource = "arn:aws:dynamodb:local:000000000000:table/dynamo-lock";
    const extra = random.chance(0.5) ? { ThrottlingReasons: [{ reason, resource }] } : {};
    const hint = { "x-amz-retry-after": String(random.whole(0, 900)) };
    const headers = random.chance(0.2) ? hint : {};
    return { arrives: true, fault: { kind: "error", status: 400, type, extra, headers } };
  };
}

/** An answer of something in between, with its own date. */
function box(arrives: boolean, status: number, text: string): Maker {
  return ({ boxClock }) => ({
    arrives,
    instead: {
      status,
      headers: {
        "content-type": "text/html",
        date: new Date(boxClock()).toUTCString(),
        ...(status === 307 && { location: "http://other.invalid/" }),
      },
      body: new TextEncoder().encode(text),
    },
  });
}

const PAGE = "<html><body>Please sign in</body></html>";

/** Every fault of the way, by the name that the summary gives it. */
const FAULTS: Readonly<Record<string, Maker>> = {
  "request lost in silence": () => ({ arrives: false, instead: "silence" }),
  "connection refused": () => ({ arrives: false, instead: "reset" }),
  "answer lost in silence": () => ({ arrives: true, instead: "silence" }),
  "connection cut before the answer": () => ({ arrives: true, instead: "reset" }),
  "request late": (context) => ({ arrives: true, thereMs: delayMs(context) }),
  "answer late": (context) => ({ arrives: true, backMs: delayMs(context) }),
  "body late": (context) => ({ arrives: true, bodyMs: delayMs(context) }),
  "request and body late": (context) => ({
    arrives: true,
    thereMs: context.random.between(0, 2_400),
    bodyMs: context.random.between(0, 2_400),
  }),
  "request duplicated": (context) => ({ arrives: true, copyMs: delayMs(context) }),
  "body truncated": served({ kind: "body", how: "truncated" }),
  "body empty": served({ kind: "body", how: "empty" }),
  "body under a wrong checksum": served({ kind: "body", how: "wrong-crc" }),
  "web page, applied": box(true, 200, PAGE),
  "web page, not applied": box(false, 200, PAGE),
  "redirected, applied": box(true, 307, ""),
  "redirected, not applied": box(false, 307, ""),
  "bad gateway, applied": box(true, 502, "Bad Gateway"),
  "bad gateway, not applied": box(false, 502, "Bad Gateway"),
  "internal error, applied": error(500, "InternalServerError", true),
  "internal error, not applied": error(500, "InternalServerError"),
  "unavailable, not applied": error(503, "ServiceUnavailableException"),
  "throttled by the table": throttled(
    "ProvisionedThroughputExceededException",
    "TableWriteProvisionedThroughputExceeded",
  ),
  "throttled by the key": throttled("ThrottlingException", "TableWriteKeyRangeThroughputExceeded"),
  "throttled by the account": throttled("RequestLimitExceeded", "TableWriteAccountLimitExceeded"),
  "too many requests": box(false, 429, "Slow down"),
  "transaction conflict": error(400, "TransactionConflictException"),
  "replicated write conflict": error(409, "ReplicatedWriteConflictException"),
  "credentials expired": error(400, "ExpiredTokenException"),
};

/** The names of all faults. */
export const FAULT_NAMES: readonly string[] = Object.keys(FAULTS);

/** Draws what becomes of a request that meets this fault. */
export function fateOf(name: string, context: FaultContext): Fate {
  return FAULTS[name]!(context);
}

/** Nothing happens to it. */
export const NO_FAULT: Fate = { arrives: true };

/** Nothing comes through at all. */
export const CUT_OFF: Fate = { arrives: false, instead: "silence" };
