/**
 * The record formats of other lock clients, as runs have them: how each is set up, which rules hold of it,
 * and which it cannot keep. What is not excused here is asked of all of them.
 */

import {
  dynaLock,
  dynamoDlm,
  dynamolock,
  javaLockClient,
  type LayoutChoice,
  npmLockClient,
  pythonDynamodbLock,
  terraform,
} from "../../src/layouts.ts";
import type { TableOptions } from "../../src/records/place.ts";
import type { Random } from "./random.ts";

/** What a format cannot keep. Our own one keeps all. */
export interface FormatRules {
  /**
   * "no grant comes back": a release deletes the item, and with it all that could refuse another attempt of
   * the same request. Excused for a repetition, and for a request that its sender has given up; and with
   * it "stale writes never land", for a check of just that grant while it is there again.
   */
  readonly comesBack: boolean;
  /**
   * "nothing stays behind": and as nothing can be closed, such an attempt takes the lock for nobody. Excused
   * where it comes more than five seconds after its sender gave it up, or after the release of a lease that
   * another attempt of it got; and until the lease that it writes is over: by then others must be served.
   */
  readonly strays: boolean;
  /**
   * "everybody is served": nothing tells a dead holder, so an operator has to. In these runs somebody
   * breaks the locks of processes that were killed, and of nobody else; of clean-ups too that gave up.
   */
  readonly endless: boolean;
  /** The same where a machine does not know the service's clock, which alone tells the dead. */
  readonly needsClock: boolean;
  /**
   * "losses are told as they are": without tokens nothing tells whether somebody was in after us who has left.
   * So a lease that was taken over may be told as deleted: only where the one who took it is gone too.
   */
  readonly forgetful: boolean;
  /** By how much the end on the table may be later than that of the lease: seconds, for slow clocks. */
  readonly endLateMs: number;
}

/** What our own format keeps: everything. */
export const EVERYTHING: FormatRules = {
  comesBack: false,
  strays: false,
  endless: false,
  needsClock: false,
  forgetful: false,
  endLateMs: 0,
};

/** No tokens; and items that are deleted when they are released. */
const DELETED: FormatRules = { ...EVERYTHING, comesBack: true, strays: true, forgetful: true };

/** No tokens; but a released item stays, and its version, which is never seen again, refuses what is late. */
const KEPT: FormatRules = { ...EVERYTHING, forgetful: true };

/**
 * No tokens, items that are deleted, and no end. What is late would be held for ever, so it is waited for:
 * it may come back, and must not stay.
 */
const ENDLESS: FormatRules = { ...DELETED, strays: false, endless: true };

/** A format as it is set up in a run. */
export interface FormatPlan {
  readonly layout: LayoutChoice;
  /** What the table is called by its managers, besides its name. */
  readonly table: Omit<TableOptions, "name">;
  /** The names and types of its keys, the partition key first. */
  readonly keys: Readonly<Record<string, "S" | "N">>;
  readonly rules: FormatRules;
  /** How many may hold a lock at once; 1 is an exclusive lock. */
  readonly permits: number;
}

type Draw = (random: Random) => Omit<FormatPlan, "table" | "permits"> & Partial<FormatPlan>;

/** Now and then with a sort key. */
function sorted(random: Random): Pick<FormatPlan, "table" | "keys"> {
  return random.chance(0.3)
    ? { table: { sortKey: "range", sortValue: "v" }, keys: { key: "S", range: "S" } }
    : { table: {}, keys: { key: "S" } };
}

/** The two clients whose items are kept or deleted. */
function released(layoutOf: typeof javaLockClient): Draw {
  return (random) => {
    const onRelease = random.pick(["delete", "keep"] as const);
    const rules = onRelease === "keep" ? KEPT : DELETED;
    return { layout: layoutOf({ onRelease }), rules, ...sorted(random) };
  };
}

/** How far the clocks of a format's own clients may be ahead. */
function skewOf(random: Random): { readonly clockSkewMs: number } {
  return { clockSkewMs: random.pick([0, 1_000, 3_000]) };
}

/** A second, for ends that are whole ones. */
const SECOND_MS = 1_000;

/** Every format, by the kind of its runs. */
export const FORMATS: Readonly<Record<string, Draw>> = {
  java: released(javaLockClient),
  dynamolock: released(dynamolock),
  python: () => ({
    layout: pythonDynamodbLock(),
    keys: { ["lock_key"]: "S", ["sort_key"]: "S" },
    rules: DELETED,
  }),
  // Of ours the item says how long their leases are, so they can be watched too.
  dynalock: (random) => ({
    layout: dynaLock(skewOf(random)),
    keys: { LockId: "S" },
    rules: DELETED,
  }),
  dlm: (random) => {
    const skew = skewOf(random);
    return {
      layout: dynamoDlm(skew),
      keys: { ["resource_id"]: "S", ["concurrency_id"]: "N" },
      rules: { ...DELETED, needsClock: true, endLateMs: skew.clockSkewMs + SECOND_MS },
      permits: random.whole(1, 4),
    };
  },
  // It has tokens, and its items stay: nothing is excused.
  failopen: (random) => ({
    layout: npmLockClient({
      mode: "fail-open",
      guid: random.pick(["binary", "string"]),
      trustLocalTime: random.chance(0.5),
    }),
    keys: { key: "S" },
    rules: EVERYTHING,
  }),
  failclosed: (random) => ({
    layout: npmLockClient({ mode: "fail-closed", guid: random.pick(["binary", "string"]) }),
    keys: { key: "S" },
    rules: ENDLESS,
  }),
  terraform: () => ({ layout: terraform(), keys: { LockID: "S" }, rules: ENDLESS }),
};

/** Draws how the format of a kind is set up; `undefined` where it is our own. */
export function drawFormat(kind: string, random: Random): FormatPlan | undefined {
  const draw = FORMATS[kind];
  return draw && { table: {}, permits: 1, ...draw(random) };
}
