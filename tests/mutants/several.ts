/** Rules of several names in one lease, and of what callers write in transactions under one. */

import { type Mutant, RARE_SEEDS, SEEDS } from "./mutant.ts";

const ACQUIRE = "src/lease/acquire.ts";
const CLEAN_UP = "src/lease/clean_up.ts";
const HELD = "src/lease/held_lease.ts";
const HOLD = "src/lease/hold.ts";
const LOCK_TABLE = "src/lease/lock_table.ts";
const OFFER = "src/lease/offer.ts";
const PROPOSAL = "src/lease/proposal.ts";
const QUEUE = "src/lease/queue.ts";
const RENEWAL = "src/lease/renewal.ts";
const TRANSACT = "src/lease/transact.ts";
const SEVERAL_TEST = "tests/lease/several_test.ts";
const TRANSACT_TEST = "tests/lease/transact_test.ts";

/** Mutants of several names, and of transactions. */
export const SEVERAL: readonly Mutant[] = [
  {
    rule: "several names are written in one transaction",
    file: LOCK_TABLE,
    find: "return this.transact(elements, names, limits);",
    replace: `return (async () => {
      for (const { name, input } of writes) {
        const outcome = await this.#write("UpdateItem", input, [name], limits);
        if (!outcome.applied) return outcome;
      }
      return { applied: elements.length > 0 };
    })();`,
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "the token of several names is above the fence of each of them",
    file: PROPOSAL,
    find: "Math.max(...names.map((name) => table.memory.fence(name)));",
    replace: "table.memory.fence(names[0]!);",
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "each transaction has a token of its own",
    file: LOCK_TABLE,
    find: "token: string = this.#runtime.randomId(),",
    replace: `token: string = "0123456789abcdef",`,
    suite: SEVERAL_TEST,
    test: "each proposal of several names has a token of its own",
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "several names are given back on each of them",
    file: PROPOSAL,
    find: "  let { names } = proposal;",
    replace: "  let names = proposal.names.slice(0, 1);",
    suite: SEVERAL_TEST,
    test: "takes all in one request, and gives them back in one",
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "a name that is gone keeps no other from being given back",
    file: PROPOSAL,
    find: "names.filter((name) => outcome.records?.has(name) === false);",
    replace: "names.filter((name) => outcome.records?.has(name) === undefined);",
    suite: SEVERAL_TEST,
    test: "a release of several names gives back those that are still there",
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "where one of several names is lost the others are given back",
    file: HOLD,
    find: "if (isExpired || names.length > 1 || this.straggles) this.cleanUp();",
    replace: "if (isExpired || this.straggles) this.cleanUp();",
    suite: SEVERAL_TEST,
    test: "the loss of one name is the loss of the lease",
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "the loss of any of several names is the loss of the lease",
    file: RENEWAL,
    find: "if (findHolder(record, grantId) !== undefined) continue;",
    replace:
      "if (findHolder(record, grantId) !== undefined || name !== [...records!.keys()][1]) continue;",
    suite: SEVERAL_TEST,
    test: "the loss of one name is the loss of the lease",
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "who is robbed of one of several names is told of which",
    file: HELD,
    find: `this.#hold.lose({ lost: "LEASE_STOLEN", lostName });`,
    replace: `this.#hold.lose({ lost: "LEASE_STOLEN" });`,
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "closing a proposal of several names clears up all of them",
    file: CLEAN_UP,
    find: "if (!open || (names.length === 1 && !isGranted(records, proposal))) return;",
    replace: "if (!open || names.length > 1 || !isGranted(records, proposal)) return;",
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "a grant of several names that was lost before it was known is given back",
    file: ACQUIRE,
    find: "if (!kept && proposal.names.length > 1) this.#cleanUp(proposal, false);",
    replace: "",
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "a proposal of several names that is gone from one may still be on the others",
    file: ACQUIRE,
    find: "if (this.#open.names.length > 1) this.#cleanUp(this.#open, false);",
    replace: "",
    seeds: RARE_SEEDS,
    kind: "several/chaos",
  },
  {
    rule: "one of several names is not handed on alone",
    file: OFFER,
    find: "return grant.names.length === 1 && wish.names.length === 1 && grant",
    replace: "return wish.names.length === 1 && grant",
    seeds: RARE_SEEDS,
    kind: "several",
  },
  {
    rule: "whoever leaves the queue of several names lets the next one in, in each of them",
    file: QUEUE,
    find: "    this.#start(place.names);",
    replace: "    this.#start(place.names.slice(0, 1));",
    suite: SEVERAL_TEST,
    test: "callers of one process with overlapping names are all served",
    seeds: SEEDS,
    kind: "several",
  },
  {
    rule: "a transaction checks the grant",
    file: TRANSACT,
    find: "table.transact([...own, ...items], names,",
    replace: "table.transact([...own.slice(own.length), ...items], names,",
    suite: TRANSACT_TEST,
    test: "transact() checks every name of a lease",
    seeds: SEEDS,
    kind: "guarded",
  },
  {
    rule: "a transaction is sent where no renewal is under way",
    file: HELD,
    find: ": this.#hold.alone(() => {",
    replace: ": Promise.resolve().then(() => {",
    suite: TRANSACT_TEST,
    test: "transact() waits for a renewal under way, and renewals wait for it",
    seeds: SEEDS,
    kind: "guarded",
  },
  {
    rule: "a lease that a transaction finds lost is lost",
    file: HELD,
    find: "if (lost && this.held) this.#hold.lose({ lost, lostName, error });",
    replace: "",
    seeds: RARE_SEEDS,
    kind: "guarded",
  },
  {
    rule: "a transaction that an unanswered attempt may have written is not said to be refused",
    file: TRANSACT,
    find: "if (doubtful) return error;",
    replace: "",
    seeds: RARE_SEEDS,
    kind: "guarded",
  },
  {
    rule: "a lease ends with the transaction that gives it back",
    file: HELD,
    find: "    this.#hold.end();",
    replace: "    if (commit === undefined) this.#hold.end();",
    suite: TRANSACT_TEST,
    test: "transact() with release gives the lock back in the same request",
    seeds: SEEDS,
    kind: "guarded",
  },
  {
    rule: "where the writes do not land the lock is given back without them",
    file: HELD,
    find: `left && await this.#giveBack("unknown");`,
    replace: `left && await Promise.resolve(false);`,
    seeds: SEEDS,
    kind: "guarded",
  },
  {
    rule: "where a transaction finds one of several names lost the others are given back",
    file: HELD,
    find: "const left = !outcome.lost || this.names.length > 1;",
    replace: "const left = !outcome.lost;",
    seeds: RARE_SEEDS,
    kind: "several",
  },
];
