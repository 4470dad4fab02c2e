/**
 * What the demo and its worker processes tell each other.
 *
 * @module
 */

import type { LockManagerOptions } from "../mod.ts";

/** How to reach DynamoDB; what is absent comes from the AWS environment. */
export type Connection = Pick<LockManagerOptions, "endpoint" | "region" | "credentials">;

/** What a worker is told when it starts, as JSON in its only argument. */
export interface WorkerOrder {
  /** What it calls itself. */
  readonly name: string;
  /** The folder of the guarded file. */
  readonly folder: string;
  /** The lock that it takes for each update; `undefined` to do without one. */
  readonly lock: { readonly name: string; readonly table: string; readonly leaseMs: number } | null;
  readonly connection: Connection;
}

/** Makes a worker think for a whole lease in its next update, so that something can happen to it. */
export const LINGER = "linger";

/** What a worker tells, each as one line of JSON. `at` is in milliseconds since 1970. */
export type WorkerEvent =
  /** It runs. */
  | { readonly type: "ready" }
  /** It holds the lock. */
  | {
    readonly type: "granted";
    readonly token: number;
    readonly remainingMs: number;
    readonly at: number;
  }
  /** Its lease was renewed. */
  | { readonly type: "renewed"; readonly remainingMs: number; readonly at: number }
  /** It thinks for a whole lease, as it was told. */
  | { readonly type: "lingering" }
  /** It made an update. */
  | { readonly type: "updated" }
  /** It was about to write and saw that its lease is not held any more. */
  | { readonly type: "lost"; readonly code: string }
  /** The file refused its token: somebody with a greater one was there. */
  | { readonly type: "refused"; readonly held: boolean }
  /** It gave the lock back. */
  | { readonly type: "released" }
  /** It cannot go on. */
  | { readonly type: "failed"; readonly message: string };
