/**
 * What a task wants of a turn, and how it goes about it: as a seed decides.
 *
 * @module
 */

import type { AcquireOptions } from "../../mod.ts";
import type { Guard, Phase, WorkerOrder } from "./messages.ts";
import { COMMIT_LOCKS, isOverCommits } from "./plan.ts";
import type { Random } from "./random.ts";

/** How a task goes about one turn with a lock. */
export interface Manner {
  /** What it takes: one lock, or several at once. */
  readonly names: readonly string[];
  /** How it shares that. */
  readonly sharing: Pick<AcquireOptions, "mode" | "permits">;
  /** The counters that it updates; none where it is not alone. */
  readonly guards: readonly Guard[];
  /** Gives the lock back in its last write. */
  readonly release: boolean;
  /** Asks once instead of waiting. */
  readonly once: boolean;
  /** Gives up waiting after this long. */
  readonly patienceMs: number | undefined;
  /** Lets the lease run out under it. */
  readonly renew: boolean;
  /** Looks at `lease.held` before it writes, as everybody should. */
  readonly careful: boolean;
}

/** Every counter that something guards. */
export const GUARDS: readonly Guard[] = ["token", "transaction", "commit"];

/** Few at a time, so that most of the turn is the write that a storm is to meet. */
const STORM_GUARDS: readonly (readonly Guard[])[] = [
  ["token", "transaction"],
  ["commit"],
  ["commit"],
  GUARDS,
];

/** How a task wants a lock in a storm. */
const WISHES = [
  ...Array<"alone">(5).fill("alone"),
  ...["several", "shared", "shared", "permit", "permit"] as const,
];
/** How many locks are shared: few, so that several meet in one. */
const SHARED = 2;

/** How long a task thinks in a storm, in leases: shortly, or so long that much can happen to it. */
const STORM_THINKING = [[0, 0.02], [0, 0.1], [0, 0.1], [0, 0.4], [1, 2], [1.7, 2]] as const;

/** In a storm over commits, which come to grief on their way. */
const COMMIT_THINKING = [[0, 0.02], [0, 0.1], [0, 0.1], [0, 0.4]] as const;

/** Chooses the manner of the next turn. */
export function chooseManner(
  random: Random,
  phase: Phase,
  { locks, semaphore, permits, guarded }: WorkerOrder,
): Manner {
  const release = random.chance(0.5);
  const alone = { names: [random.pick(locks)], sharing: {}, release };
  if (phase.kind !== "storm") {
    const patient = { once: false, patienceMs: undefined, renew: true, careful: true };
    return { ...alone, guards: GUARDS, ...patient };
  }
  const commits = isOverCommits(phase.storm);
  const manner: Manner = {
    ...alone,
    ...(commits && { names: [random.pick(COMMIT_LOCKS)] }),
    guards: !guarded ? ["lock"] : commits ? ["commit"] : random.pick(STORM_GUARDS),
    once: random.chance(0.15),
    patienceMs: random.chance(0.2) ? random.between(100, 3_000) : undefined,
    renew: random.chance(0.75),
    careful: random.chance(0.5),
  };
  const wish = commits ? "alone" : random.pick(WISHES);
  if (wish === "several") {
    const second = random.pick(locks.filter((lock) => lock !== manner.names[0]));
    return { ...manner, names: [...manner.names, second], guards: ["commit"] };
  }
  if (wish === "shared") {
    const names = [random.pick(locks.slice(0, SHARED))];
    return { ...manner, names, sharing: { mode: "shared" }, guards: [] };
  }
  if (wish === "permit") return { ...manner, names: [semaphore], sharing: { permits }, guards: [] };
  return manner;
}

/** For how long a task thinks between reading and writing, and whether it lets nothing else run. */
export function chooseThinking(
  random: Random,
  phase: Phase,
  leaseMs: number,
): { ms: number; hard: boolean } {
  if (phase.kind !== "storm") return { ms: random.between(5, 50), hard: false };
  const [least, most] = random.pick(
    isOverCommits(phase.storm) ? COMMIT_THINKING : STORM_THINKING,
  );
  return { ms: random.between(least, most) * leaseMs, hard: !random.chance(0.8) };
}
