/** Rules of the wire that the protocol rests on: what an answer says, and what it leaves open. */

import { type Mutant, RARE_SEEDS } from "./mutant.ts";

/** Mutants of the wire. */
export const WIRE: readonly Mutant[] = [
  {
    rule: "one unknown attempt makes the whole call unknown",
    file: "src/dynamodb/errors.ts",
    find: "const mayHaveApplied = call.mayHaveApplied ||= unknown;",
    replace: "const mayHaveApplied = call.mayHaveApplied = unknown;",
    suite: "tests/lease/traps_test.ts",
    test: "trap: tryAcquire closes an open proposal before it says no",
    seeds: RARE_SEEDS,
    kind: "stray",
  },
  {
    rule: "an error of the server leaves open whether the write was applied",
    file: "src/dynamodb/answer.ts",
    find:
      "return failure(call, code, message, status >= 500 || UNKNOWN_CODE.test(code), undefined, {",
    replace: "return failure(call, code, message, UNKNOWN_CODE.test(code), undefined, {",
    suite: "tests/dynamodb/retry_test.ts",
    test: "send() retries with growing pauses when it meets a readable 500",
    seeds: RARE_SEEDS,
    kind: "erring",
  },
  {
    rule: "no answer leaves open whether the write was applied",
    file: "src/dynamodb/wire.ts",
    find: `answer = failure(call, code, "no answer", isSent, cause);`,
    replace: `answer = failure(call, code, "no answer", false, cause);`,
    suite: "tests/lease/traps_test.ts",
    test: "trap: tryAcquire closes an open proposal before it says no",
    seeds: RARE_SEEDS,
    kind: "stray",
  },
  {
    rule: "an abort leaves open whether the write was applied",
    file: "src/lease/lock_table.ts",
    find: "const doubtful = error ? error.mayHaveApplied : limits.signal?.aborted === true;",
    replace: "const doubtful = error ? error.mayHaveApplied : false;",
    suite: "tests/lease/traps_test.ts",
    test: "trap: a hand-over that landed unseen leaves no new grant",
    seeds: RARE_SEEDS,
    kind: "stray",
  },
];
