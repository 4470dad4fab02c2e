/**
 * What the package tells a listener: one discriminated union, without secrets.
 *
 * @module
 */

import type { LeaseLostCode, LockErrorCode } from "./errors.ts";
import type { LockMode } from "./records/record.ts";
import { tell } from "./tell.ts";

/** What an event is about: one acquisition, and the lease that came of it. */
export interface LockEventSubject {
  /** The lock's name; of several the first one, or where one was lost that one. */
  readonly name: string;
  /** All names of the acquisition. */
  readonly names: readonly string[];
  /** The same in all events of one acquisition and its lease; counted by each manager from 1. */
  readonly ticket: number;
}

/**
 * What happened, without what it happened to. Durations are in milliseconds; `requests` are those that no
 * earlier event of the same acquisition and its lease has told of. Each ticket ends with a `miss`, a
 * `fail`, a `lost` or a `release`; after that only `trouble` of a clean-up may come.
 */
export type LeaseEvent =
  /** Somebody asked for the lock. */
  | { readonly type: "request"; readonly wait: boolean; readonly mode: LockMode }
  /** It was granted. `takeover`: a dead holder had to be removed. `requests`: what that took. */
  | {
    readonly type: "grant";
    readonly fencingToken: number;
    readonly waitedMs: number;
    readonly takeover: boolean;
    readonly requests: number;
  }
  /** `tryLock` found it held. */
  | { readonly type: "miss"; readonly waitedMs: number; readonly requests: number }
  /** The acquisition was rejected: `"ABORTED"` by the caller's own signal. */
  | {
    readonly type: "fail";
    readonly code: LockErrorCode | "ABORTED" | "UNKNOWN";
    readonly waitedMs: number;
    readonly requests: number;
  }
  /** It was renewed. */
  | {
    readonly type: "renew";
    readonly fencingToken: number;
    readonly remainingMs: number;
    readonly tookMs: number;
    readonly requests: number;
  }
  /**
   * A renewal is overdue: half of the lease is left, and it is not confirmed yet. Never where the lease
   * is not renewed in the background.
   */
  | {
    readonly type: "endangered";
    readonly fencingToken: number;
    readonly remainingMs: number;
  }
  /** A renewal, a poll or a clean-up failed and is tried again. */
  | {
    readonly type: "trouble";
    readonly step: "wait" | "renew" | "release" | "clean-up";
    readonly code: LockErrorCode | "UNKNOWN";
  }
  /** It was lost. */
  | {
    readonly type: "lost";
    readonly fencingToken: number;
    readonly code: LeaseLostCode;
    readonly heldMs: number;
    readonly requests: number;
  }
  /**
   * It was given back. `held` is `false` where it turned out to be lost before, and `undefined` where
   * nobody knows yet: then it goes on in the background.
   */
  | {
    readonly type: "release";
    readonly fencingToken: number;
    readonly held: boolean | undefined;
    readonly heldMs: number;
    readonly requests: number;
  };

/** Something that happened to a lock. Durations are in milliseconds. */
export type LockEvent =
  | LockEventSubject & LeaseEvent
  /** A request is sent again after a failed attempt. */
  | {
    readonly type: "retry";
    readonly operation: string;
    readonly attempt: number;
    readonly code: string;
    readonly delayMs: number;
  };

/**
 * Takes events. What it throws is ignored: a listener cannot break a lock.
 *
 * @example Begin nothing new while a renewal is overdue
 * ```ts
 * import { type LockEvent, LockManager } from "@x/dynamo-lock";
 *
 * let endangered = false;
 * const onEvent = (event: LockEvent) => {
 *   if (event.type === "endangered") endangered = true; // there is half of the lease to save things
 *   if (event.type === "renew" || event.type === "lost") endangered = false;
 * };
 *
 * await using locks = new LockManager({ onEvent });
 * await using lease = await locks.acquire("import/5");
 * for (const page of ["a", "b", "c"]) {
 *   while (endangered && lease.held) await new Promise((resolve) => setTimeout(resolve, 100));
 *   lease.signal.throwIfAborted();
 *   console.log(`importing ${page}`);
 * }
 * ```
 */
export type LockEventListener = (event: LockEvent) => void;

/** Wraps a listener so that it cannot throw into the protocol. */
export function safely(listener: LockEventListener | undefined): LockEventListener {
  return (event) => tell(listener, event);
}
