/**
 * The mutants: each takes one rule of the protocol out of the source, and names the test that must
 * fail without it. A rule whose test still passes is a rule that nobody tests.
 */

/** One rule taken out. */
export interface Mutant {
  /** The rule, as the design states it. */
  readonly rule: string;
  /** Where it stands. */
  readonly file: string;
  /** The text that holds the rule; it must occur exactly once. */
  readonly find: string;
  /** What stands there without the rule. */
  readonly replace: string;
  /** The file of the test that must fail. */
  readonly suite: string;
  /** A part of its name. */
  readonly test: string;
}

const TRAPS = "tests/lease/traps_test.ts";

/** Every mutant. */
export const MUTANTS: readonly Mutant[] = [
  {
    rule: "a renewal writes an end above the greatest ever sent for the grant",
    file: "src/lease/decide.ts",
    find: "return Math.max(Math.ceil(serverUpper + leaseMs), greatestSent + 1);",
    replace: "return greatestSent && Math.ceil(serverUpper + leaseMs);",
    suite: TRAPS,
    test: "greatest ever sent",
  },
  {
    rule: "a lease lost by time is released on the table",
    file: "src/lease/held_lease.ts",
    find: `if (code === "LEASE_EXPIRED") this.#cleanUp();`,
    replace: "",
    suite: TRAPS,
    test: "lost by time",
  },
  {
    rule: "after a hand-over of unknown outcome the old grant is released",
    file: "src/lease/held_lease.ts",
    find: `if (answer === "taken" || answer === "gone") return answer === "taken";`,
    replace: `if (answer !== undefined && answer !== "declined") return true;`,
    suite: TRAPS,
    test: "leaves no old grant",
  },
  {
    rule: "a hand-over of unknown outcome stays open until it is closed",
    file: "src/lease/acquire.ts",
    find: `offer.answer(this.#open === undefined ? "declined" : "unknown");`,
    replace: `this.#open = undefined; offer.answer("unknown");`,
    suite: TRAPS,
    test: "leaves no new grant",
  },
  {
    rule: "a lease counts from the first send of its proposal",
    file: "src/lease/acquire.ts",
    find: "const state = new GrantState(this.#context, proposal);",
    replace:
      "const state = new GrantState(this.#context, { ...proposal, sentAt: this.#context.runtime.now() });",
    suite: TRAPS,
    test: "first send",
  },
  {
    rule: "belief ends when the server's upper bound reaches the written end",
    file: "src/lease/decide.ts",
    find: "return Math.min(byLease, byServer - margin);",
    replace: "return byServer < -Infinity ? 0 : byLease;",
    suite: TRAPS,
    test: "wall clock is slow",
  },
  {
    rule: "tryAcquire closes an open proposal before it says no",
    file: "src/lease/acquire.ts",
    find: "if (answered && this.#open === undefined) return null;",
    replace: "if (answered) { this.#open = undefined; return null; }",
    suite: TRAPS,
    test: "before it says no",
  },
  {
    rule: "giving up closes an open proposal",
    file: "src/lease/acquire.ts",
    find: "const left = this.#granted ?? this.#open;",
    replace: "const left = this.#granted;",
    suite: TRAPS,
    test: "giving up closes",
  },
  {
    rule: "a proposal is closed before its grant is released",
    file: "src/lease/clean_up.ts",
    find: "await (open ? closeProposal : sendRelease)(context, proposal);",
    replace: "await sendRelease(context, proposal);",
    suite: TRAPS,
    test: "giving up closes",
  },
  {
    rule: "the upper bound trusts the faster of both clocks",
    file: "src/lease/server_clock.ts",
    find: "const most = Math.max(0, wall, mono);",
    replace: "const most = Math.max(0, mono);",
    suite: "tests/lease/server_clock_test.ts",
    test: "widens by drift",
  },
  {
    rule: "bounds are dropped when the two clocks have parted",
    file: "src/lease/server_clock.ts",
    find: "if (parted) return undefined;\n  return {\n    lower: bounds.lower",
    replace: "return {\n    lower: bounds.lower",
    suite: "tests/lease/server_clock_test.ts",
    test: "gives up when the two clocks have parted",
  },
  {
    rule: "one proposal is open at a time",
    file: "src/lease/acquire.ts",
    find: "if (this.#open !== undefined) return this.#close(this.#open);",
    replace: "",
    suite: TRAPS,
    test: "one proposal is open",
  },
  {
    rule: "without a Date an end is written 15 minutes later",
    file: "src/lease/server_clock.ts",
    find: "(this.#dateless ? SIGNATURE_WINDOW_MS : 0)",
    replace: "0",
    suite: TRAPS,
    test: "15 minutes later",
  },
  {
    rule: "without a Date a holder is judged by watching alone",
    file: "src/lease/server_clock.ts",
    find: "return this.#at(now)?.lower;",
    replace: "return this.#at(now)?.lower ?? now.wall;",
    suite: TRAPS,
    test: "by watching alone",
  },
  {
    rule: "half of the lease left, or one renewal and then an error",
    file: "src/lease/acquire.ts",
    find: `if (outcome.kind === "failed" || tooShort(state.remainingMs(), proposal.leaseMs)) {`,
    replace: `if (outcome.kind === "failed") {`,
    suite: TRAPS,
    test: "half of the lease",
  },
  {
    rule: "after a run of hand-overs the next caller stands back",
    file: "src/lease/held_lease.ts",
    find: `handedMs >= settings.maxHandoffMs ? "stand back" : "look"`,
    replace: `handedMs >= Infinity ? "stand back" : "look"`,
    suite: TRAPS,
    test: "get their turn",
  },
  {
    rule: "the head of the queue pauses before its first try",
    file: "src/lease/acquire.ts",
    find: "if (this.#standBack) {",
    replace: "if (this.#standBack && verdict === undefined) {",
    suite: TRAPS,
    test: "get their turn",
  },
];
