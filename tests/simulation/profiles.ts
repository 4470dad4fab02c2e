/** The kinds of runs: each makes one sort of trouble common, so that all of it is met. */

import { ALL, BOXES, ERRORS, LATE, OVERDUE, SLOW_ANSWERS, STRAY, UNREPEATED } from "./mixes.ts";
import type { Profile } from "./profile.ts";

const ANY_STEP = [
  ...[["acquire"], ["renew"], ["hand over"], ["release"], ["take over"], ["close"], ["read"]],
  ...[["acquire", "close"], ["hand over", "release"], ["renew", "release"]],
];

const HAND_OVERS = [
  ...[["hand over"], ["hand over", "close"]],
  ...[["hand over", "release"], ["hand over", "release"]],
];

const USUAL: Profile = {
  weight: 10,
  faultRate: [0, 0],
  faults: [UNREPEATED],
  focused: 0,
  focus: ANY_STEP,
  latencyMs: [3, 60],
  clocks: ["right"],
  skewsMs: [0, 0, 200, 1_000, 1_000, Infinity],
  leasesMs: [2_000, 2_000, 3_000, 5_000, 8_000],
  upsets: {},
  stepMs: [50, 4_000_000],
  hold: [0.002, 2.2],
  renewed: 0.7,
  idle: 1,
  pollMs: [300, 2_000],
  callers: [1, 2],
  turns: [1, 2],
  names: [1, 2],
  leases: [1.5, 4],
};

/** Leases run out, and others take the lock as soon as they may. */
const RUNNING_OUT: Profile = {
  ...USUAL,
  weight: 0,
  latencyMs: [3, 20],
  clocks: ["drifting"],
  skewsMs: [0],
  hold: [0.9, 1.3],
  renewed: 0.15,
  idle: 0.01,
  names: [1, 1],
  leases: [1.5, 3],
};

/** Every kind. */
export const PROFILES: Readonly<Record<string, Profile>> = {
  /** Nothing goes wrong: nothing may be lost, and everything costs what it should. */
  calm: { ...USUAL, weight: 4, latencyMs: [1, 8] },
  /** One process hands a lock on and on; another must get its turn. */
  handover: {
    ...USUAL,
    weight: 1.5,
    latencyMs: [0.6, 1.2],
    leasesMs: [3_000],
    hold: [0.05, 0.06],
    renewed: 1,
    idle: 0,
    pollMs: [350, 400],
    names: [1, 1],
    leases: [5, 5],
  },
  /** Requests and answers are lost, refused and damaged. */
  lossy: { ...USUAL, faultRate: [0.05, 0.5], focused: 0.4, upsets: { cuts: [0, 1] } },
  /** Requests and answers take longer than leases. */
  slow: {
    ...USUAL,
    faultRate: [0.1, 0.5],
    faults: [LATE],
    focused: 0.6,
    upsets: { kills: [0, 1] },
  },
  /** Requests to take a lock arrive when nobody expects them any more. */
  stray: {
    ...USUAL,
    weight: 8,
    clocks: ["wrong"],
    faultRate: [0.3, 0.6],
    faults: [STRAY],
    focused: 1,
    focus: [["acquire"], ["acquire", "take over"]],
    hold: [0.1, 1.6],
    renewed: 0.4,
    pollMs: [100, 600],
    idle: 0.5,
    callers: [1, 1],
    turns: [1, 2],
    names: [1, 1],
  },
  /** A lock goes from caller to caller of a process while its requests go astray. */
  queue: {
    ...USUAL,
    faultRate: [0.2, 0.6],
    faults: [LATE, STRAY, UNREPEATED],
    focused: 0.9,
    focus: HAND_OVERS,
    clocks: ["wrong"],
    hold: [0.02, 0.6],
    idle: 0.05,
    callers: [2, 3],
    turns: [2, 2],
    names: [1, 1],
  },
  /** Renewals fail again and again while others wait. */
  renewal: {
    ...USUAL,
    weight: 8,
    faultRate: [0.4, 0.8],
    faults: [LATE, STRAY, BOXES],
    focused: 1,
    focus: [["renew"]],
    latencyMs: [3, 20],
    clocks: ["drifting", "wrong"],
    skewsMs: [0, 0, Infinity],
    leasesMs: [2_000, 3_000, 5_000, 8_000],
    hold: [0.8, 3],
    renewed: 0.9,
    idle: 0.05,
    pollMs: [60, 250],
    callers: [1, 1],
    turns: [1, 1],
    names: [1, 1],
  },
  /** Leases run out while others wait for just that, and clocks drift. */
  expiry: {
    ...USUAL,
    weight: 15,
    faultRate: [0, 0.4],
    faults: [LATE, BOXES, SLOW_ANSWERS, SLOW_ANSWERS],
    latencyMs: [3, 20],
    clocks: ["drifting"],
    upsets: { suspends: [0, 3], steps: [0, 3] },
    stepMs: [300, 2_000],
    stopMs: [300, 2_000],
    skewsMs: [0, 0, 0, 1_000, Infinity],
    hold: [0.9, 1.6],
    renewed: 0.25,
    idle: 0.01,
    pollMs: [60, 400],
    callers: [1, 3],
    turns: [1, 2],
  },
  /** Processes that have just been started take locks with all that they do not know of the time. */
  fresh: {
    ...USUAL,
    weight: 12,
    faultRate: [0, 0.4],
    faults: [SLOW_ANSWERS],
    latencyMs: [5, 300],
    clocks: ["slow", "wrong"],
    upsets: { steps: [0, 4], kills: [0, 3] },
    stepMs: [500, 4_000_000],
    stopMs: [10, 300],
    skewsMs: [1_000, 5_000],
    hold: [0.2, 1.2],
    renewed: 0.3,
    idle: 0.02,
    pollMs: [100, 400],
    callers: [1, 3],
    turns: [1, 1],
    names: [1, 3],
    leases: [0.5, 1.5],
  },
  /** Wall clocks are off and are set, machines are suspended, dates are missing or wrong. */
  clocks: {
    ...USUAL,
    weight: 12,
    faultRate: [0, 0.3],
    faults: [LATE, UNREPEATED],
    clocks: ["wrong"],
    upsets: { suspends: [0, 3], steps: [0, 3] },
  },
  /** Processes are stopped, killed, closed and started again. */
  freezes: {
    ...USUAL,
    faultRate: [0, 0.15],
    upsets: { pauses: [1, 3], suspends: [0, 1], kills: [0, 2], closes: [0, 1] },
  },
  /** Operators change the table, and the network repeats requests. */
  operator: {
    ...USUAL,
    weight: 6,
    faultRate: [0, 0.2],
    faults: [ALL],
    upsets: { tampering: [0, 2], kills: [0, 1] },
  },
  /** Everything at once. */
  chaos: {
    ...USUAL,
    faultRate: [0.05, 0.4],
    faults: [ALL, UNREPEATED],
    clocks: ["wrong"],
    upsets: {
      pauses: [0, 2],
      suspends: [0, 2],
      steps: [0, 2],
      kills: [0, 1],
      closes: [0, 1],
      cuts: [0, 1],
    },
  },
  /** The service answers that it has failed, and often it has not. */
  erring: { ...USUAL, weight: 0, faultRate: [0.3, 0.7], faults: [ERRORS], focused: 0.8 },
  /** A hand-over arrives when the lock has gone to another process. */
  overtaken: {
    ...USUAL,
    weight: 0,
    faultRate: [0.7, 0.95],
    faults: [OVERDUE],
    focused: 1,
    focus: [["hand over", "close"]],
    latencyMs: [10, 60],
    clocks: ["wrong"],
    hold: [0.02, 0.3],
    idle: 0.02,
    pollMs: [50, 150],
    callers: [2, 3],
    turns: [2, 2],
    names: [1, 1],
  },
  /** Answers take long on the way back, so that their dates are old when they come. */
  lopsided: {
    ...RUNNING_OUT,
    backMs: [500, 1_900],
    leasesMs: [5_000, 8_000],
    pollMs: [100, 400],
    callers: [1, 1],
  },
  /** Wall clocks are set forward by less than anybody notices, while leases run out. */
  nudged: {
    ...RUNNING_OUT,
    faultRate: [0.3, 0.9],
    faults: [OVERDUE],
    focused: 1,
    focus: [["read"]],
    upsets: { steps: [3, 6] },
    stepMs: [500, 990],
    leasesMs: [2_000, 3_000],
    pollMs: [300, 1_500],
  },
  /** A lock is taken, and taken away again, before its answer comes; and the next try goes astray. */
  unseen: {
    ...USUAL,
    weight: 0,
    faultRate: [0.5, 0.95],
    faults: [STRAY],
    focused: 1,
    focus: [["acquire"]],
    upsets: { tampering: [3, 8] },
    leasesMs: [2_000],
    hold: [0.01, 0.1],
    idle: 0.02,
    pollMs: [50, 100],
    turns: [3, 4],
    names: [1, 1],
    leases: [4, 8],
  },
};
