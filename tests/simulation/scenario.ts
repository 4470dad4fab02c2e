/** What a seed stands for: the machines, their clocks and options, and everything that goes wrong. */

import type { ManagerSettings } from "../../src/options.ts";
import type { ClockPlan } from "./clocks.ts";
import { drawFormat, type FormatPlan } from "./formats.ts";
import type { NetworkPlan, Path } from "./network.ts";
import { drawMode, profileOf, useOf } from "./kinds.ts";
import { COUNTED } from "./modes.ts";
import type { Clocks, Profile, Range, SharingPlan, Upsets } from "./profile.ts";
import { Random } from "./random.ts";
import type { Shape } from "./record_rules.ts";

/** A machine. */
export interface MachinePlan {
  readonly clocks: ClockPlan;
  /**
   * What happens to its clocks: at most one thing that makes one of them show too little. Both at
   * once is outside of what any lease can bear.
   */
  readonly upset: "steps" | "suspends";
  readonly path: Path;
  readonly workers: boolean;
  readonly options: Pick<
    ManagerSettings,
    "pollMs" | "maxHandoffMs" | "maxClockSkewMs" | "leaseMs" | "renew"
  >;
  readonly attemptTimeoutMs: number;
  /** Callers in one process. */
  readonly callers: number;
  /** How many locks each of them takes before the faults stop. */
  readonly turns: number;
  /** What its callers want, where all of them want the same. */
  readonly shape?: Shape | undefined;
}

/** A whole run. */
export interface Scenario {
  readonly seed: number;
  readonly kind: string;
  /** The kind whose troubles it has: mostly its own. */
  readonly trouble: string;
  readonly profile: Profile;
  readonly clocks: Clocks;
  /** When the faults stop, from the start. */
  readonly healMs: number;
  readonly names: readonly string[];
  /** How the locks are shared, where they are, and how many permits a semaphore has. */
  readonly sharing: SharingPlan | undefined;
  readonly permits: number;
  /** The record format, where it is one of another lock client. */
  readonly format: FormatPlan | undefined;
  /** Leases are drawn from here to twice as much. */
  readonly leaseMs: number;
  readonly machines: readonly MachinePlan[];
  readonly network: NetworkPlan;
  /** By how much the service's dates may be off. */
  readonly dateErrorMs: number;
  /** The clock of the boxes between, ahead of true time. */
  readonly boxErrorMs: number;
  readonly upsets: Required<Upsets>;
  /** What happens between the end of the work and a last round. */
  readonly intermission: "none" | "purge" | "deletion";
}

/** Rates up to nearly 1 % off: the assumption that the lock prints. */
const DRIFT_MAX = 0.0095;

/** Whether nothing goes wrong in a run, so that nobody may lose anything. */
export function isCalm({ trouble }: Scenario): boolean {
  return trouble === "calm" || trouble === "handover";
}

/**
 * Whether only the network is to blame where a lease is lost, and it is quick. Then a renewed lease
 * bears two failed attempts: three fit into the time between its renewal and its end.
 */
export function isSteady({ clocks, network, upsets, dateErrorMs, profile }: Scenario): boolean {
  const { pauses, suspends, steps, cuts } = upsets;
  return profile.backMs === undefined && (clocks === "right" || clocks === "drifting") &&
    network.latencyMs[1] <= 20 &&
    pauses + suspends + steps + cuts + dateErrorMs === 0;
}

/** Whether the locks are never left alone, so that somebody must be seen to get a turn. */
export function isStream({ kind }: Scenario): boolean {
  return kind === "handover" || kind === "readers";
}

/** Draws a run from its seed; all of the runs are of one kind where that is given. */
export function drawScenario(seed: number, onlyKind?: string): Scenario {
  const random = new Random(seed, "scenario");
  const { kind, trouble } = drawMode(random, seed, onlyKind);
  const profile = profileOf(kind, trouble);
  const format = drawFormat(kind, new Random(seed, "format"));
  const leaseMs = random.pick(profile.leasesMs);
  const clocks = random.pick(profile.clocks);
  // By a stream of its own: one caller that takes the lock again and again, or two.
  const greedy = kind === "handover" ? new Random(seed, "greedy").whole(1, 2) : 0;
  const machines = drawMachines(random, { kind, trouble, profile, clocks, leaseMs, greedy });
  const skews = machines.map(({ options }) => options.maxClockSkewMs).filter(isFinite);
  const mayBeOff = clocks !== "right" && skews.length > 0 && random.chance(0.5);
  const names = random.chance(0.5) ? profile.names[0] : random.whole(...profile.names);
  return {
    seed,
    kind,
    trouble,
    profile,
    clocks,
    healMs: leaseMs * random.between(...profile.leases),
    names: ["a", "b", "c", "d"].slice(0, names),
    ...drawSharing(seed, kind, format),
    format,
    leaseMs,
    machines,
    network: drawNetwork(random, profile),
    dateErrorMs: mayBeOff ? Math.min(...skews) / 2 : 0,
    boxErrorMs: random.sign() * random.magnitude(100, trouble === "expiry" ? 2_000 : 800_000),
    upsets: drawUpsets(random, profile),
    // What becomes of tokens when a record is gone is a matter of our own format.
    intermission: (trouble === "operator" || random.chance(0.05)) && format === undefined
      ? random.pick(["none", "purge", "deletion"])
      : "none",
  };
}

/** How the locks are shared, by a stream of its own. */
function drawSharing(
  seed: number,
  kind: string,
  format: FormatPlan | undefined,
): Pick<Scenario, "sharing" | "permits"> {
  const sharing = useOf(kind)?.sharing;
  if (sharing === undefined) return { sharing, permits: 1 };
  if (format !== undefined && format.permits > 1) {
    return { sharing: { ...sharing, shapes: { permits: 1 } }, permits: format.permits };
  }
  const random = new Random(seed, "permits");
  const permits = random.whole(...sharing.permits);
  const counted = random.chance(sharing.counted ?? 0);
  return { sharing: counted ? { ...sharing, shapes: COUNTED } : sharing, permits };
}

function drawMachines(
  random: Random,
  { kind, trouble, profile, clocks, leaseMs, greedy }:
    & Pick<Scenario, "kind" | "trouble" | "profile" | "leaseMs">
    & { readonly clocks: Clocks; readonly greedy: number },
): MachinePlan[] {
  const handover = kind === "handover";
  const queued = trouble === "queue" || trouble === "overtaken";
  // A proxy with a clock of its own is only allowed where nobody judges by it.
  const ownDates = trouble === "clocks" && random.chance(0.15);
  // Now and then all of them are alike.
  const skewsMs = ownDates
    ? [Infinity]
    : random.chance(0.5)
    ? [random.pick(profile.skewsMs)]
    : profile.skewsMs;
  const count = handover ? 2 : random.whole(2, 3);
  const readers = kind === "readers";
  return Array.from({ length: count }, (_, index): MachinePlan => ({
    clocks: drawClocks(random, clocks),
    upset: random.pick(["steps", "suspends"] as const),
    path: {
      dates: ownDates
        ? "own"
        : clocks === "wrong" && random.chance(0.35)
        ? random.pick(["none", "sometimes", "aged"] as const)
        : "kept",
      clockErrorMs: random.sign() * random.magnitude(1_000, 800_000),
      backMs: profile.backMs === undefined || random.chance(0.5)
        ? 0
        : random.between(...profile.backMs),
      cut: false,
    },
    workers: !handover && !queued && random.chance(0.12),
    options: {
      pollMs: random.whole(...profile.pollMs),
      maxHandoffMs: handover
        ? random.whole(200, 300)
        : random.pick(queued ? [2_000, 5_000] : [0, 500, 2_000, 5_000]),
      maxClockSkewMs: random.pick(skewsMs),
      leaseMs,
      renew: random.chance(profile.renewed),
    },
    attemptTimeoutMs: profile.backMs === undefined ? random.pick([1_000, 5_000, 5_000]) : 5_000,
    ...(readers ? drawReaders(random, profile, index, count) : {
      callers: handover ? (index === 0 ? greedy : 1) : random.whole(...profile.callers),
      turns: handover ? (index === 0 ? 1_000 : 2) : random.whole(...profile.turns),
    }),
  }));
}

/** Readers without end, and in the last process a writer. */
function drawReaders(
  random: Random,
  profile: Profile,
  index: number,
  count: number,
): Pick<MachinePlan, "callers" | "turns" | "shape"> {
  return index < count - 1
    ? { callers: random.whole(...profile.callers), turns: 1_000, shape: "shared" }
    : { callers: 1, turns: 3, shape: "exclusive" };
}

function drawClocks(random: Random, clocks: Clocks): ClockPlan {
  const most = clocks === "right" ? 1e-4 : DRIFT_MAX;
  const rate = () => 1 + random.pick([random.between(-most, most), -most, most]);
  const monoRate = rate();
  return {
    wallOffsetMs: drawOffset(random, clocks),
    wallRate: random.chance(0.7) ? monoRate : rate(),
    monoRate,
  };
}

function drawOffset(random: Random, clocks: Clocks): number {
  if (clocks === "slow") return (random.chance(0.8) ? -1 : 1) * random.magnitude(1_000, 280_000);
  if (clocks !== "wrong") return random.between(-50, 50);
  // Up to where a signature is refused, and now and then beyond.
  return random.sign() * random.magnitude(10, random.chance(0.1) ? 1e8 : 800_000);
}

function drawNetwork(random: Random, profile: Profile): NetworkPlan {
  const focus = random.chance(profile.focused) ? random.pick(profile.focus) : undefined;
  const [least, most] = profile.faultRate;
  const latest = random.magnitude(...profile.latencyMs);
  return {
    latencyMs: [random.between(0.1, 0.5) * latest, latest],
    faultRate: random.between(least, focus === undefined ? most : 0.95),
    focus,
    faults: random.pick(profile.faults),
  };
}

function drawUpsets(random: Random, { upsets }: Profile): Required<Upsets> {
  const draw = (range: Range = [0, 0]) => random.whole(...range);
  return {
    pauses: draw(upsets.pauses),
    suspends: draw(upsets.suspends),
    steps: draw(upsets.steps),
    kills: draw(upsets.kills),
    closes: draw(upsets.closes),
    cuts: draw(upsets.cuts),
    tampering: draw(upsets.tampering),
  };
}
