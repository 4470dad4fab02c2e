/** Who dies holding what in a probe, who goes on, and what the next one wants. */

import type { Asked } from "./held.ts";
import type { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** The name that all probes are about; some want others beside it. */
export const PROBE_NAME = "probe";

/** What somebody in a probe asks for. */
export type ProbeAsk = Pick<Asked, "names" | "shape">;

/** A probe. */
export interface ProbePlan {
  /** What the tally calls it. */
  readonly kind: string;
  /** They die at about the same time, the first of them last. */
  readonly dead: readonly ProbeAsk[];
  /** They hold on. */
  readonly live: readonly ProbeAsk[];
  readonly next: ProbeAsk;
  /** Whether the next one has held the lock before, and so knows what it is like. */
  readonly known: boolean;
  /** Whether the first of the dead that goes makes room, or all must go. */
  readonly firstCounts: boolean;
}

const ALONE: ProbeAsk = { names: [PROBE_NAME], shape: "exclusive" };
const SHARED: ProbeAsk = { names: [PROBE_NAME], shape: "shared" };

/** Draws what a probe is about; of a lock that is held alone, where locks are not shared. */
export function planProbe({ sharing, format }: Scenario, random: Random): ProbePlan {
  const plan = {
    kind: "alone",
    dead: [ALONE],
    live: [],
    next: ALONE,
    known: false,
    firstCounts: false,
  };
  if (sharing === undefined || format !== undefined) return plan;
  const count = random.whole(1, 3);
  const some = (ask: ProbeAsk) => Array.from({ length: count }, () => ask);
  const kind = random.pick(["readers", "some readers", "permits", "some permits", "several"]);
  if (kind === "readers") return { ...plan, kind, dead: some(SHARED) };
  if (kind === "some readers") {
    const known = random.chance(0.5);
    return { ...plan, kind, dead: some(SHARED), live: [SHARED], next: SHARED, known };
  }
  if (kind === "permits") {
    const permit: ProbeAsk = { names: [PROBE_NAME], shape: `${count} permits` };
    return { ...plan, kind, dead: some(permit), next: permit, firstCounts: true };
  }
  if (kind === "some permits") {
    const permit: ProbeAsk = { names: [PROBE_NAME], shape: `${count + 1} permits` };
    return { ...plan, kind, dead: some(permit), live: [permit], next: permit, firstCounts: true };
  }
  return {
    ...plan,
    kind,
    dead: [{
      names: [PROBE_NAME, "probe 2"],
      shape: random.pick(["exclusive", "shared"] as const),
    }],
    next: { names: random.pick([["probe 2", "probe 3"], [PROBE_NAME]]), shape: "exclusive" },
  };
}
