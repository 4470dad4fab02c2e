/** Rules of the record formats of other lock clients, each missed by the runs on that format. */

import { type Edit, type Mutant, RARE_SEEDS, SEEDS } from "./mutant.ts";

const ACQUIRE = "src/lease/acquire.ts";
const CLEAN_UP = "src/lease/clean_up.ts";
const DLM = "src/records/dynamo_dlm.ts";
const DYNALOCK = "src/records/dynalock.ts";
const VERSIONED = "src/records/versioned.ts";

/** What cannot be closed is looked for again, in vain only where it comes very late. */
const LOOKED_FOR_ONCE: Edit = {
  file: CLEAN_UP,
  find: "const STRAYING_MS = 5_000;",
  replace: "const STRAYING_MS = 0;",
};

/** Mutants of the formats whose holders write versions. */
const VERSIONS: readonly Mutant[] = [
  {
    rule: "java: a renewal is of our own grant",
    file: VERSIONED,
    find: "`${this.#isOurs} AND #version<:version`,",
    replace: '"#version<:version",',
    seeds: RARE_SEEDS,
    kind: "java",
  },
  {
    rule: "java: a renewal never shortens",
    file: VERSIONED,
    find: "`${this.#isOurs} AND #version<:version`,",
    replace: "this.#isOurs,",
    seeds: RARE_SEEDS,
    kind: "java/slow",
  },
  {
    rule: "python: a release is of our own grant",
    file: VERSIONED,
    find: ": this.#requests.remove(name, this.#isOurs, known);",
    replace: ': this.#requests.remove(name, "attribute_exists(#version)", known);',
    seeds: SEEDS,
    kind: "python",
  },
  {
    rule: "dynamolock: a release marks our own grant",
    file: VERSIONED,
    find: "? this.#requests.update(name, how.change, this.#isOurs, known)",
    replace: '? this.#requests.update(name, how.change, "attribute_exists(#version)", known)',
    seeds: SEEDS,
    kind: "dynamolock",
  },
  {
    rule: "python: only what was seen is taken over",
    file: VERSIONED,
    find: 'const condition = "#version=:seen" +',
    replace: 'const condition = "attribute_exists(#version)" +',
    seeds: RARE_SEEDS,
    kind: "python",
  },
  {
    rule: "dynamolock: what was released is taken by its version, and not as released",
    file: VERSIONED,
    find: 'const condition = "#version=:seen" +',
    replace:
      `const condition = (seen.holders.length ? "#version=:seen" : "attribute_exists(#released)") +`,
    seeds: RARE_SEEDS,
    kind: "dynamolock",
  },
  {
    rule: "python: a holder is watched for its whole lease",
    file: VERSIONED,
    find: "...{ grantId, leaseMs, token: fence,",
    replace: "...{ grantId, leaseMs: leaseMs / 2, token: fence,",
    seeds: RARE_SEEDS,
    kind: "python",
  },
  {
    rule: "java: a proposal is closed by an item that was released",
    file: VERSIONED,
    find: "if (markReleased === undefined || attributes.released === undefined) return undefined;",
    replace: "if (markReleased !== null || attributes.released === undefined) return undefined;",
    also: [LOOKED_FOR_ONCE],
    seeds: RARE_SEEDS,
    kind: "java/stray",
  },
  {
    rule: "failopen: a proposal is closed by its token",
    file: VERSIONED,
    find: "if (this.abilities.fencing) return this.#raise(name, grant);",
    replace: "",
    also: [LOOKED_FOR_ONCE],
    seeds: RARE_SEEDS,
    kind: "failopen/stray",
  },
  {
    rule: "failopen: the next token is above that of the lease that is handed on",
    file: "src/lease/proposal.ts",
    find: "const fence = Math.max(seen, kind.above ?? 0);",
    replace: "const fence = seen;",
    also: [{
      // The second bolt on that door.
      file: VERSIONED,
      find: 'const IS_ABOVE = "#token<:token";',
      replace: 'const IS_ABOVE = "attribute_exists(#token)";',
    }],
    seeds: SEEDS,
    kind: "failopen",
  },
  {
    rule: "failopen: what was released is not held any more",
    file: "src/records/npm_client.ts",
    find: 'isHeld: "#lease>:released",',
    replace: 'isHeld: "#lease>=:released",',
    seeds: SEEDS,
    kind: "failopen/lossy",
  },
  {
    rule: "terraform: nothing ends",
    file: VERSIONED,
    find: "expires: this.endless ? Infinity : expires,",
    replace: "expires,",
    seeds: RARE_SEEDS,
    kind: "failclosed",
  },
];

/** Mutants of what comes late, where nothing can be closed. */
const LATE: readonly Mutant[] = [
  {
    rule: "python: what an aborted caller has sent is looked for more than once",
    file: CLEAN_UP,
    find: "const awaits = open && !canClose(context, proposal);",
    replace: "const awaits = open && layout.endless;",
    suite: "tests/layouts/late_requests_test.ts",
    test: "pythonDynamodbLock: a request for job that comes 20 ms after its caller has gone",
    seeds: RARE_SEEDS,
    kind: "python",
  },
  {
    rule: "failclosed: what comes late is awaited until none can come",
    file: CLEAN_UP,
    find: "const awaitedMs = layout.endless ? UNDER_WAY_MS : STRAYING_MS;",
    replace: "const awaitedMs = STRAYING_MS;",
    seeds: RARE_SEEDS,
    kind: "failclosed",
  },
  {
    rule: "terraform: a lease whose first attempt may still come is given back again",
    file: "src/lease/hold.ts",
    find: "return endless === true && this.#state.doubtful && this.heldMs() < UNDER_WAY_MS;",
    replace: "return endless === undefined && this.#state.doubtful;",
    seeds: RARE_SEEDS,
    kind: "terraform",
  },
  {
    rule: "failclosed: a proposal that was not closed is awaited by who goes on",
    file: ACQUIRE,
    find: "if (isLeft) this.#cleanUp(open, true);",
    replace: "if (isLeft && open.token > 0) this.#cleanUp(open, true);",
    seeds: RARE_SEEDS,
    kind: "failclosed",
  },
];

/** Mutants of the formats whose holders are told dead by their end. */
const ENDS: readonly Mutant[] = [
  {
    rule: "dynalock: a renewal and a release are of our own grant",
    file: DYNALOCK,
    find: 'const IS_OURS = "#grant.#id=:id";',
    replace: 'const IS_OURS = "attribute_exists(#grant.#id)";',
    seeds: SEEDS,
    kind: "dynalock",
  },
  {
    rule: "dynalock: a renewal never shortens",
    file: DYNALOCK,
    find: "`${IS_OURS} AND #grant.#end<:end`,",
    replace: "IS_OURS,",
    seeds: RARE_SEEDS,
    kind: "dynalock",
  },
  {
    rule: "dynalock: one that has renewed is not taken over",
    file: DYNALOCK,
    find: '" AND #grant.#end=:end"), {',
    replace: '""), {',
    seeds: RARE_SEEDS,
    kind: "dynalock",
  },
  {
    rule: "dynalock: only a lock that nobody has is free",
    file: DYNALOCK,
    find: 'return this.#put(name, grant, "attribute_not_exists(#key)");',
    replace: 'return this.#put(name, grant, "attribute_not_exists(#nobody)");',
    seeds: SEEDS,
    kind: "dynalock",
  },
  {
    rule: "dlm: a renewal and a release are of our own grant",
    file: DLM,
    find: 'const IS_OURS = "begins_with(#code,:prefix)";',
    replace: 'const IS_OURS = "attribute_exists(#code)";',
    seeds: SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: a grant is in the slot that it took",
    file: "src/records/slots.ts",
    find: "return this.#slots.get(grant)?.get(name) ?? 0;",
    replace: "return 0 * (this.#slots.get(grant)?.get(name) ?? 0);",
    seeds: SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: there are as many slots as permits",
    file: DLM,
    find: "[...Array(grant.permits ?? 1).keys()]",
    replace: "[...Array((grant.permits ?? 1) + 1).keys()]",
    seeds: SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: only a slot that nobody is in is free",
    file: DLM,
    find: 'const FREE = "attribute_not_exists(#key)";',
    replace: 'const FREE = "attribute_not_exists(#nobody)";',
    seeds: SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: one that has renewed is not taken over",
    file: DLM,
    find: "condition: `${IS_WHOSE} AND #expires=:e`,",
    replace: "condition: IS_WHOSE,",
    seeds: RARE_SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: a renewal never shortens",
    file: DLM,
    find: "`${IS_OURS} AND #expires<=:e`,",
    replace: "IS_OURS,",
    seeds: RARE_SEEDS,
    kind: "dlm/expiry",
  },
  {
    rule: "dlm: a holder that does not renew is not dead for being watched",
    file: DLM,
    find: "leaseMs: Infinity,",
    replace: "leaseMs: 1_000,",
    seeds: RARE_SEEDS,
    kind: "dlm",
  },
  {
    rule: "dlm: who sees one slot has not seen who is in",
    file: DLM,
    find: "partial: others === undefined,",
    replace: "partial: false,",
    seeds: RARE_SEEDS,
    kind: "dlm",
  },
];

/** Mutants of the record formats of others. */
export const LAYOUTS: readonly Mutant[] = [...VERSIONS, ...LATE, ...ENDS];
