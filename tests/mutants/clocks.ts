/** Rules of time: the two local clocks, the server's, and who may judge by which. */

import { type Mutant, SEEDS, TRAPS } from "./mutant.ts";

const DECIDE = "src/lease/decide.ts";
const SERVER_CLOCK = "src/lease/server_clock.ts";
const LOCK_TABLE = "src/lease/lock_table.ts";
const SERVER_CLOCK_TEST = "tests/lease/server_clock_test.ts";

const HELD_FOR = "return Math.max(0, now.wall - since.wall, now.mono - since.mono);";

/** Mutants of time. */
export const CLOCKS: readonly Mutant[] = [
  {
    rule: "a holder's time is the larger of both clocks: the wall clock may be set back",
    file: DECIDE,
    find: HELD_FOR,
    replace: "return Math.max(0, now.wall - since.wall);",
    seeds: SEEDS,
  },
  {
    rule: "a holder's time is the larger of both clocks: the monotonic clock may stand still",
    file: DECIDE,
    find: HELD_FOR,
    replace: "return Math.max(0, now.mono - since.mono);",
    seeds: SEEDS,
  },
  {
    rule: "a waiter's time is the smaller of both clocks",
    file: DECIDE,
    find: "return Math.max(0, Math.min(wall, mono));",
    replace: "return Math.max(0, wall, mono);",
    suite: "tests/lease/clocks_test.ts",
    test: "no two believe when the asker's wall clock steps by 30000 ms, at any moment",
  },
  {
    rule: "a waiter whose wall clock was set back watches anew",
    file: DECIDE,
    find: "if (mono - wall > STEPPED_BACK_MS + DRIFT_RATE * mono) return undefined;",
    replace: "",
    seeds: SEEDS,
  },
  {
    rule: "a waiter watches from the answer, not from the request",
    file: LOCK_TABLE,
    find: "this.memory.see(name, record, watch ? this.answeredAt : undefined);",
    replace: "this.memory.see(name, record, watch ? this.#sentAt : undefined);",
    also: [{
      file: LOCK_TABLE,
      find: "    return this.#client.send<T>(operation, input, {",
      replace:
        "    this.#sentAt = this.#runtime.now();\n    return this.#client.send<T>(operation, input, {",
    }, {
      file: LOCK_TABLE,
      find: "  readonly #runtime: Runtime;",
      replace: "  readonly #runtime: Runtime;\n  #sentAt = { wall: 0, mono: 0 };",
    }],
    seeds: SEEDS,
  },
  {
    rule: "a waiter goes by the stored lease, not by its own",
    file: DECIDE,
    find: "holder.leaseMs * OBSERVATION_SLACK",
    replace: "Math.min(holder.leaseMs, 2_000) * OBSERVATION_SLACK",
    seeds: SEEDS,
  },
  {
    rule: "clocks may run 1 % too fast or too slow",
    file: DECIDE,
    find: "const OBSERVATION_SLACK = 1.05;",
    replace: "const OBSERVATION_SLACK = 1;",
    also: [
      { file: DECIDE, find: "const MARGIN_SHARE = 0.05;", replace: "const MARGIN_SHARE = 0;" },
      { file: DECIDE, find: "const MARGIN_LEAST_MS = 250;", replace: "const MARGIN_LEAST_MS = 0;" },
    ],
    suite: "tests/lease/traps_test.ts",
    test: "trap: a lease lost by time is released on the table",
  },
  {
    rule: "an end is written from the server's upper bound",
    file: "src/lease/decide.ts",
    find: "return Math.max(Math.ceil(serverUpper + leaseMs), greatestSent + 1);",
    replace: "return Math.max(Math.ceil(serverUpper - 2_000 + leaseMs), greatestSent + 1);",
    seeds: SEEDS,
  },
  {
    rule: "an end is judged by the server's lower bound",
    file: "src/lease/acquire.ts",
    find: "serverLower: table.clock.lower(now),",
    replace: "serverLower: table.clock.lower(now) && table.clock.upper(now),",
    suite: "tests/lease/takeover_test.ts",
    test:
      "tryAcquire() by processes 0 ms ahead that never saw the holder takes over in time and not before",
  },
  {
    rule: "both bounds swapped",
    file: SERVER_CLOCK,
    find: "return this.#at(now)?.lower;",
    replace: "return this.#at(now)?.upper;",
    also: [{
      file: SERVER_CLOCK,
      find: "if (bounds !== undefined) return bounds.upper;",
      replace: "if (bounds !== undefined) return bounds.lower;",
    }],
    seeds: SEEDS,
  },
  {
    rule: "dates may be off by maxClockSkewMs",
    file: DECIDE,
    find: "holder.expires + view.maxClockSkewMs - view.serverLower",
    replace:
      "holder.expires + (view.maxClockSkewMs === Infinity ? Infinity : 0) - view.serverLower",
    suite: "tests/lease/decide_test.ts",
    test: "deadInMs() goes by the server's lower bound and the allowance",
  },
  {
    rule: "an infinite maxClockSkewMs turns judging by dates off",
    file: DECIDE,
    find: "holder.expires + view.maxClockSkewMs - view.serverLower",
    replace: "holder.expires + Math.min(view.maxClockSkewMs, 900_000 / 900) - view.serverLower",
    seeds: SEEDS,
  },
  {
    rule: "a date is a second wide",
    file: SERVER_CLOCK,
    find: "upper: date + DATE_RESOLUTION_MS + most * (1 + DRIFT_RATE),",
    replace: "upper: date + most * (1 + DRIFT_RATE),",
    suite: "tests/lease/server_clock_test.ts",
    test: "boundsOf() reaches from the date to a second and a round trip after it",
  },
  {
    rule: "a date is as old as the answer may be",
    file: SERVER_CLOCK,
    find: "upper: date + DATE_RESOLUTION_MS + most * (1 + DRIFT_RATE),",
    replace: "upper: date + DATE_RESOLUTION_MS + Math.min(most, 0),",
    suite: "tests/lease/server_clock_test.ts",
    test: "boundsOf() reaches from the date to a second and a round trip after it",
  },
  {
    rule: "dates with an Age are ignored",
    file: SERVER_CLOCK,
    find: "const usable = date !== undefined && !age &&",
    replace: "const usable = date !== undefined && (age || !age) &&",
    seeds: SEEDS,
  },
  {
    rule: "dates of answers that are not DynamoDB's are ignored",
    file: LOCK_TABLE,
    find: `if (timing.kind === "accepted") this.clock.observe(timing);`,
    replace: `if (timing.kind !== "skewed") this.clock.observe(timing);`,
    suite: "tests/lease/ambiguous_test.ts",
    test:
      "renew() extends the lease or leaves it as it was when its write meets: redirect, applied",
  },
  {
    rule: "without a Date an end is written 15 minutes later",
    file: SERVER_CLOCK,
    find: "return this.#dateless ? this.worst(now) : now.wall + this.#wallCorrection;",
    replace: "return now.wall + this.#wallCorrection;",
    suite: TRAPS,
    test: "15 minutes later",
    seeds: SEEDS,
  },
  {
    rule: "without a Date a holder is judged by watching alone",
    file: SERVER_CLOCK,
    find: "return this.#at(now)?.lower;",
    replace: "return this.#at(now)?.lower ?? now.wall;",
    suite: TRAPS,
    test: "by watching alone",
    seeds: SEEDS,
  },
  {
    rule: "the upper bound trusts the faster of both clocks: the monotonic clock may stand still",
    file: SERVER_CLOCK,
    find: "const most = Math.max(0, wall, mono);",
    replace: "const most = Math.max(0, mono);",
    suite: SERVER_CLOCK_TEST,
    test: "widens by drift",
  },
  {
    rule: "the lower bound trusts the slower of both clocks",
    file: SERVER_CLOCK,
    find: "const least = Math.max(0, Math.min(wall, mono));",
    replace: "const least = Math.max(0, wall, mono);",
    suite: "tests/lease/server_clock_test.ts",
    test: "project() widens by drift: upper by the faster clock, lower by the slower",
  },
  {
    rule: "bounds are dropped when the two clocks have parted",
    file: SERVER_CLOCK,
    find: "if (parted) return undefined;\n  return {\n    lower: bounds.lower",
    replace: "return {\n    lower: bounds.lower",
    suite: SERVER_CLOCK_TEST,
    test: "gives up when the two clocks have parted",
  },
  {
    rule: "bounds are anchored to both clocks, and dropped when these have parted",
    file: SERVER_CLOCK,
    find: "const most = Math.max(0, wall, mono);",
    replace: "const most = Math.max(0, mono);",
    also: [{
      file: SERVER_CLOCK,
      find: "if (parted) return undefined;\n  return {\n    lower: bounds.lower",
      replace: "return {\n    lower: bounds.lower",
    }],
    suite: "tests/lease/server_clock_test.ts",
    test: "project() widens by drift: upper by the faster clock, lower by the slower",
  },
];
