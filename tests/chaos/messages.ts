/**
 * What the runner and its worker processes tell each other, as lines of JSON. Times are those of
 * `Date.now()`, the one clock that all processes of a machine share.
 *
 * @module
 */

/** What the workers are to do. */
export type Phase =
  /** Contend, with all that a caller can do, for as long as it lasts. */
  | { readonly kind: "storm"; readonly storm: number }
  /** One short, acknowledged update of every kind of counter by each task; then rest. */
  | { readonly kind: "calm"; readonly storm: number }
  | { readonly kind: "end" };

/** What a worker is told when it starts, in its only argument. */
export interface WorkerOrder {
  /** Its place and which of the lives in that place it is: `w3.2`. */
  readonly name: string;
  /** By this the proxy knows it. */
  readonly accessKeyId: string;
  readonly lockEndpoint: string;
  readonly dataEndpoint: string;
  /** Where redirects point to. It may go there, but should not. */
  readonly canary: string;
  readonly lockTable: string;
  readonly counterTable: string;
  readonly locks: readonly string[];
  readonly semaphore: string;
  /** How many may hold the semaphore at once. */
  readonly permits: number;
  readonly leaseMs: number;
  readonly pollMs: number;
  /** How many callers contend in the one process. */
  readonly tasks: number;
  /**
   * Without, it is a worker of the control: its first task reads and writes as in a world without locks;
   * the others hold a lock, and what they write is not guarded.
   */
  readonly guarded: boolean;
  readonly seed: number;
  readonly phase: Phase;
}

/** How a counter is guarded. */
export type Guard =
  /** By the token. */
  | "token"
  /** By a transaction of the caller's own that looks at the lock. */
  | "transaction"
  /** By `lease.transact`. */
  | "commit"
  /** In the control: by the lock alone, and a plain write, which may come late. */
  | "lock"
  /** In the control: not at all. */
  | "nothing";

/**
 * What an update came to. `stale`: refused by the guard. `refused`: refused for another reason. Both
 * promise that it was not made. `unknown`: some attempt was not answered.
 */
export type Outcome = "acknowledged" | "stale" | "refused" | "unknown";

/** What a worker tells. */
export type WorkerEvent =
  | { readonly type: "ready" }
  /** The lock was granted, by its manager's word. */
  | {
    readonly type: "granted";
    readonly lock: string;
    readonly token: number;
    readonly takeover: boolean;
  }
  /** At this moment `lease.held` was true, and would be for `remainingMs` more. */
  | {
    readonly type: "believes";
    readonly lock: string;
    readonly token: number;
    readonly at: number;
    readonly remainingMs: number;
    /** How many may hold it at once. */
    readonly most: number;
  }
  /** From this moment on `lease.held` is false. `how` is the code of the loss or of the release. */
  | {
    readonly type: "ends";
    readonly lock: string;
    readonly token: number;
    readonly at: number;
    readonly how: string;
  }
  /** It got no lease, for this reason: the code of an error, `"taken"` or `"gave up"`. */
  | { readonly type: "missed"; readonly lock: string; readonly why: string }
  /** It is about to update a counter. `held` is what its lease says right before. */
  | {
    readonly type: "updates";
    readonly op: string;
    readonly counter: string;
    readonly token: number | null;
    readonly held: boolean;
  }
  | { readonly type: "updated"; readonly op: string; readonly outcome: Outcome }
  /** The task made an acknowledged update of every counter in the calm after this storm. */
  | { readonly type: "served"; readonly task: number; readonly storm: number }
  /** It cannot go on. */
  | { readonly type: "failed"; readonly message: string };

/** The counter of a lock in a storm. */
export function counterId(lock: string, guard: Guard, storm: number): string {
  return `${storm}/${lock}/${guard}`;
}

/** What a counter's id says. */
export function partsOfCounter(id: string): { lock: string; guard: Guard } {
  const [, ...parts] = id.split("/");
  const guard = parts.pop() as Guard;
  return { lock: parts.join("/"), guard };
}
