/**
 * What the package tells a listener: one discriminated union, without secrets.
 *
 * @module
 */

import type { LeaseLostCode } from "./errors.ts";

/** Something that happened to a lock. Durations are in milliseconds. */
export type LockEvent =
  /** Somebody asked for the lock. */
  | { readonly type: "request"; readonly name: string; readonly wait: boolean }
  /** It was granted. `takeover`: a dead holder had to be removed. */
  | {
    readonly type: "grant";
    readonly name: string;
    readonly fencingToken: number;
    readonly waitedMs: number;
    readonly takeover: boolean;
  }
  /** `tryLock` found it held. */
  | { readonly type: "miss"; readonly name: string }
  /** It was renewed. */
  | {
    readonly type: "renew";
    readonly name: string;
    readonly fencingToken: number;
    readonly remainingMs: number;
  }
  /** A renewal, a poll or a clean-up failed and is tried again. */
  | {
    readonly type: "trouble";
    readonly name: string;
    readonly step: "wait" | "renew" | "release" | "clean-up";
    readonly code: string;
  }
  /** It was lost. */
  | {
    readonly type: "lost";
    readonly name: string;
    readonly fencingToken: number;
    readonly code: LeaseLostCode;
  }
  /** It was given back. `held` is `false` where it turned out to be lost before. */
  | {
    readonly type: "release";
    readonly name: string;
    readonly fencingToken: number;
    readonly held: boolean;
    readonly heldMs: number;
  }
  /** A request is sent again after a failed attempt. */
  | {
    readonly type: "retry";
    readonly operation: string;
    readonly attempt: number;
    readonly code: string;
    readonly delayMs: number;
  };

/** Takes events. What it throws is ignored: a listener cannot break a lock. */
export type LockEventListener = (event: LockEvent) => void;

/** Wraps a listener so that it cannot throw into the protocol. */
export function safely(listener: LockEventListener | undefined): LockEventListener {
  if (listener === undefined) return () => {};
  return (event) => {
    try {
      // What an async listener rejects with is ignored too: unheard, it would end the process.
      (listener(event) as Promise<void> | void)?.catch?.(() => {});
    } catch {
      // A broken listener must not turn a held lock into a lost one.
    }
  };
}
