/** Rules of the wire that the protocol rests on: what an answer says, and what it leaves open. */

import { type Mutant, SEEDS } from "./mutant.ts";

/** Mutants of the wire. */
export const WIRE: readonly Mutant[] = [
  {
    rule: "one unknown attempt makes the whole call unknown",
    file: "src/dynamodb/errors.ts",
    find: "const mayHaveApplied = call.mayHaveApplied ||= unknown;",
    replace: "const mayHaveApplied = call.mayHaveApplied = unknown;",
    seeds: SEEDS,
  },
  {
    rule: "an error of the server leaves open whether the write was applied",
    file: "src/dynamodb/answer.ts",
    find:
      "return failure(call, code, message, status >= 500 || UNKNOWN_CODE.test(code), undefined, {",
    replace: "return failure(call, code, message, UNKNOWN_CODE.test(code), undefined, {",
    seeds: SEEDS,
  },
  {
    rule: "no answer leaves open whether the write was applied",
    file: "src/dynamodb/client.ts",
    find: `answer = failure(call, code, "no answer", isSent, cause);`,
    replace: `answer = failure(call, code, "no answer", false, cause);`,
    seeds: SEEDS,
  },
  {
    rule: "an abort leaves open whether the write was applied",
    file: "src/lease/lock_table.ts",
    find: "doubtful: limits.signal?.aborted === true",
    replace: "doubtful: false",
    seeds: SEEDS,
  },
];
