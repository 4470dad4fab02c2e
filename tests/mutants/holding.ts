/** Rules of holding a lock: belief, renewal and release. */

import { type Mutant, RARE_SEEDS, SEEDS, TRAPS } from "./mutant.ts";

const ACQUIRE = "src/lease/acquire.ts";
const DECIDE = "src/lease/decide.ts";
const HELD = "src/lease/held_lease.ts";
const HOLD = "src/lease/hold.ts";
const NATIVE = "src/records/native.ts";
const RENEWAL = "src/lease/renewal.ts";

/** Mutants of holding a lock. */
export const HOLDING: readonly Mutant[] = [
  {
    rule: "a renewal writes an end above the greatest ever sent for the grant",
    file: DECIDE,
    find: "return Math.max(Math.ceil(serverUpper + leaseMs), greatestSent + 1);",
    replace: "return greatestSent && Math.ceil(serverUpper + leaseMs);",
    also: [{
      // The second bolt on that door: a "no" that shows an earlier end is no success.
      file: RENEWAL,
      find: "?.expires ?? 0) >= expires;",
      replace: "?.expires ?? 0) >= 0;",
    }],
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a renewal writes an end above the greatest ever sent, or it is refused",
    file: DECIDE,
    find: "return Math.max(Math.ceil(serverUpper + leaseMs), greatestSent + 1);",
    replace: "return greatestSent && Math.ceil(serverUpper + leaseMs);",
    suite: TRAPS,
    test: "greatest ever sent",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a lease counts from the first send of its proposal",
    file: ACQUIRE,
    find: "const state = new GrantState(this.#context, proposal, this.#doubted === proposal);",
    replace:
      "const state = new GrantState(this.#context, { ...proposal, sentAt: this.#context.runtime.now() });",
    suite: TRAPS,
    test: "first send",
    seeds: RARE_SEEDS,
    kind: "stray",
  },
  {
    rule: "a renewed lease counts from the first send of the renewal",
    file: RENEWAL,
    find: "state.confirm(sentAt, expires);",
    replace: "state.confirm(runtime.now(), expires);",
    suite: "tests/lease/ambiguous_test.ts",
    test: "renew() extends the lease or leaves it as it was when its write meets: request lost",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a renewal of unknown outcome extends nothing",
    file: RENEWAL,
    find: "= await table.write(writes, {",
    replace: "= await writeHopefully(writes, {",
    also: [{
      file: RENEWAL,
      find: "  const { proposal } = state;",
      replace: `  const { proposal } = state;
  const writeHopefully: typeof table.write = async (...args) => {
    const outcome = await table.write(...args);
    return outcome.doubtful && outcome.error !== undefined ? { applied: true } : outcome;
  };`,
    }],
    suite: "tests/lease/traps_test.ts",
    test: "trap: a lease lost by time is released on the table",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a renewal never shortens",
    file: NATIVE,
    find: "`${IS_IN} AND #holders.#g.#e<:e`,",
    replace: "IS_IN,",
    suite: "tests/records/native_test.ts",
    test: "renew() is refused when the grant is gone or its end is as late already",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "belief ends when the server's upper bound reaches the written end",
    file: DECIDE,
    find: "return Math.min(byLease, byServer - margin);",
    replace: "return byServer < -Infinity ? 0 : byLease;",
    suite: TRAPS,
    test: "wall clock is slow",
    seeds: RARE_SEEDS,
    kind: "fresh",
  },
  {
    rule: "held is computed, not a flag that a timer sets",
    file: HELD,
    find: "return this.#hold.check() === undefined;",
    replace: "return !this.signal.aborted;",
    seeds: RARE_SEEDS,
    kind: "freezes",
  },
  {
    rule: "half of the lease left, or one renewal",
    file: RENEWAL,
    find: "if (!tooShort(state.remainingMs(), leaseMs)) return true;",
    replace: "if (!tooShort(state.remainingMs(), 0)) return true;",
    seeds: RARE_SEEDS,
    kind: "fresh",
  },
  {
    rule: "half of the lease left, or one renewal and then an error",
    file: RENEWAL,
    find: "if (error !== undefined || tooShort(state.remainingMs(), leaseMs)) {",
    replace: "if (error !== undefined) {",
    suite: TRAPS,
    test: "half of the lease",
    seeds: RARE_SEEDS,
    kind: "fresh",
  },
  {
    rule: "a lease lost by time is released on the table",
    file: HOLD,
    find: "if (isExpired || names.length > 1 || this.straggles) this.cleanUp();",
    replace: "if (names.length > 1 || this.straggles) this.cleanUp();",
    suite: TRAPS,
    test: "lost by time",
    seeds: SEEDS,
  },
  {
    rule: "a release takes out its own grant only",
    file: NATIVE,
    find: `leave(grant), IS_IN, { "#g": grant.grantId });`,
    replace: `"SET #holders=:empty REMOVE #exclusive", "attribute_exists(#fence)", {
      ":empty": { M: {} },
    });`,
    seeds: SEEDS,
  },
  {
    rule: "a release of unknown outcome is finished in the background",
    file: HELD,
    find: "this.#hold.cleanUp();\n      throw outcome.error;",
    replace: "throw outcome.error;",
    seeds: SEEDS,
  },
  {
    rule: "no choice rests on two looks at a clock being the same",
    file: HOLD,
    find: "0.9 * this.#state.remainingMs() <= this.#holdLeftMs();",
    replace: "this.#state.remainingMs() <= this.leftMs();",
    suite: "tests/lease/renewal_test.ts",
    test: "a lease is renewed at a third of its length",
    seeds: SEEDS,
  },
  {
    rule: "a lease is held for maxHoldMs at the most",
    file: HOLD,
    find: "return Math.min(this.#state.remainingMs(), this.#holdLeftMs());",
    replace: "return this.#state.remainingMs();",
    suite: "tests/lease/limits_test.ts",
    test: "a lease is held for maxHoldMs at the most",
    seeds: SEEDS,
  },
  {
    rule: "after the end nothing is scheduled again",
    file: HOLD,
    find: "if (this.#ended !== undefined) return; // after the end nothing is scheduled again",
    replace: "",
    seeds: SEEDS,
  },
  {
    rule: "a renewal and the release of its lease are never under way together",
    file: HOLD,
    find:
      "signal: this.signal, // the end of the lease ends the renewal: the release comes after it",
    replace: "",
    also: [{
      file: HELD,
      find: "    await this.#hold.alone(() => Promise.resolve());\n",
      replace: "",
    }],
    suite: "tests/lease/release_test.ts",
    test: "release() is sent only when no renewal is under way any more",
    seeds: SEEDS,
  },
  {
    rule: "a renewal leaves time for another attempt",
    file: HOLD,
    find: "attemptTimeoutMs: renewalAttemptMs(left),",
    replace: "",
    suite: "tests/lease/renewal_test.ts",
    test:
      "at least three attempts fit between renewal time and the end of belief when none is answered",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a renewal that failed is tried again",
    file: HOLD,
    find: "this.#arm(renewalPauseMs(remainingMs, runtime.random()));",
    replace: "this.#arm(remainingMs + renewalPauseMs(0, runtime.random()));",
    suite: "tests/lease/renewal_test.ts",
    test: "a lease goes on when 5 renewals in a row fail and then one works",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
];
