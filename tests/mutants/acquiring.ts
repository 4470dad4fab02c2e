/** Rules of taking a lock: proposals, tokens, take-overs, hand-overs and giving up. */

import { type Mutant, SEEDS, TRAPS } from "./mutant.ts";

const ACQUIRE = "src/lease/acquire.ts";
const NATIVE = "src/records/native.ts";
const HELD = "src/lease/held_lease.ts";
const CLEAN_UP = "src/lease/clean_up.ts";

/** Mutants of taking a lock. */
export const ACQUIRING: readonly Mutant[] = [
  {
    rule: "one's own write is recognised",
    file: ACQUIRE,
    find:
      `if (findHolder(record, proposal.grantId) !== undefined) return { kind: "granted", proposal };`,
    replace: "",
    seeds: SEEDS,
  },
  {
    rule: "one proposal is open at a time",
    file: ACQUIRE,
    find: "if (this.#open !== undefined) return this.#close(this.#open);",
    replace: "",
    suite: TRAPS,
    test: "one proposal is open",
  },
  {
    rule: "tryAcquire closes an open proposal before it says no",
    file: ACQUIRE,
    find: "if (answered && this.#open === undefined) return null;",
    replace: "if (answered) { this.#open = undefined; return null; }",
    suite: TRAPS,
    test: "before it says no",
  },
  {
    rule: "giving up closes an open proposal",
    file: ACQUIRE,
    find: "const left = this.#granted ?? this.#open;",
    replace: "const left = this.#granted;",
    suite: TRAPS,
    test: "giving up closes",
    seeds: SEEDS,
  },
  {
    rule: "giving up releases a grant that was not handed out",
    file: ACQUIRE,
    find: "const left = this.#granted ?? this.#open;",
    replace: "const left = this.#open;",
    seeds: SEEDS,
  },
  {
    rule: "a proposal is closed before its grant is released",
    file: CLEAN_UP,
    find: "await (open ? closeProposal : sendRelease)(context, proposal);",
    replace: "await sendRelease(context, proposal);",
    suite: TRAPS,
    test: "giving up closes",
    seeds: SEEDS,
  },
  {
    rule: "a grant that closing a proposal shows is released",
    file: CLEAN_UP,
    find: "if (!open || findHolder(outcome.record, proposal.grantId) === undefined) return;",
    replace: "return;",
    seeds: SEEDS,
  },
  {
    rule: "a clean-up that fails is tried again",
    file: CLEAN_UP,
    find:
      "if (!isPassing(outcome.error) || round > ROUNDS_MAX || spent > 2 * proposal.leaseMs) return;",
    replace: "if (spent >= 0) return;",
    seeds: SEEDS,
  },
  {
    rule: "closing a proposal raises the fence",
    file: NATIVE,
    find: `"SET #format=:format,#fence=:t,#holders=if_not_exists(#holders,:empty)," +`,
    replace:
      `"SET #format=:format,#fence=if_not_exists(#fence,:t),#holders=if_not_exists(#holders,:empty)," +`,
    seeds: SEEDS,
  },
  {
    rule: "an acquisition compares the fence",
    file: NATIVE,
    find: "`${IS_ABSENT}(${IS_BELOW} AND #holders=:empty)`,",
    replace: "`${IS_ABSENT}(#holders=:empty)`,",
    seeds: SEEDS,
  },
  {
    rule: "an acquisition wants the record free",
    file: NATIVE,
    find: "`${IS_ABSENT}(${IS_BELOW} AND #holders=:empty)`,",
    replace: "`${IS_ABSENT}(${IS_BELOW})`,",
    seeds: SEEDS,
  },
  {
    rule: "a take-over compares what it has judged",
    file: NATIVE,
    find: `"#fence=:seen AND #holders=:old"`,
    replace: `"#format=:format AND #fence<:t"`,
    seeds: SEEDS,
  },
  {
    rule: "a take-over compares the holders as seen: a renewal since then stops it",
    file: NATIVE,
    find: `"#fence=:seen AND #holders=:old"`,
    replace: `"#fence=:seen"`,
    seeds: SEEDS,
  },
  {
    rule: "a token is above every fence seen",
    file: "src/lease/decide.ts",
    find: "if (time > fenceSeen) return time;",
    replace: "if (time > 0) return time;",
    seeds: SEEDS,
  },
  {
    rule: "a hand-over needs the old grant",
    file: NATIVE,
    find: `"attribute_exists(#holders.#from) AND #fence<:t"`,
    replace: `"#fence<:t"`,
    suite: "tests/lease/acquire_test.ts",
    test: "every write has a condition and asks for the record that fails it",
  },
  {
    rule: "a hand-over compares the fence",
    file: NATIVE,
    find: `"attribute_exists(#holders.#from) AND #fence<:t"`,
    replace: `"attribute_exists(#holders.#from)"`,
    suite: "tests/lease/acquire_test.ts",
    test: "every write has a condition and asks for the record that fails it",
  },
  {
    rule: "after a hand-over of unknown outcome the old grant is released",
    file: HELD,
    find: `if (answer === "taken" || answer === "gone") return answer === "taken";`,
    replace: `if (answer !== undefined && answer !== "declined") return true;`,
    suite: TRAPS,
    test: "leaves no old grant",
    seeds: SEEDS,
  },
  {
    rule: "a hand-over of unknown outcome stays open until it is closed",
    file: ACQUIRE,
    find: `offer.answer(this.#open === undefined ? "declined" : "unknown");`,
    replace: `this.#open = undefined; offer.answer("unknown");`,
    suite: TRAPS,
    test: "leaves no new grant",
  },
  {
    rule: "after a run of hand-overs the next caller stands back",
    file: HELD,
    find: `handedMs >= settings.maxHandoffMs ? "stand back" : "look"`,
    replace: `handedMs >= Infinity ? "stand back" : "look"`,
    suite: TRAPS,
    test: "get their turn",
    seeds: SEEDS,
  },
  {
    rule: "the head of the queue pauses before its first try",
    file: ACQUIRE,
    find: "if (this.#standBack) {",
    replace: "if (this.#standBack && verdict === undefined) {",
    suite: TRAPS,
    test: "get their turn",
    seeds: SEEDS,
  },
  {
    rule: "whoever leaves the queue lets the next one in",
    file: "src/lease/queue.ts",
    find: "rest[0]?.starter.abort();",
    replace: "",
    seeds: SEEDS,
  },
  {
    rule: "closing waits for what is under way",
    file: "src/manager.ts",
    find: "await Promise.all(this.#work);",
    replace: "this.#work.clear();",
    suite: "tests/manager_test.ts",
    test: "close() waits until what was under way has been cleaned up",
  },
];
