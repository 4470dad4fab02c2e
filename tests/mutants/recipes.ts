/** Rules of what is built on `acquire`: stealing, the callbacks of `request`, elections. */

import { type Mutant, RARE_SEEDS, SEEDS } from "./mutant.ts";

const CAMPAIGN = "src/election/campaign.ts";
const HOLDINGS = "src/lease/holdings.ts";
const OBSERVE = "src/election/observe.ts";
const OUTLOOK = "src/lease/outlook.ts";
const REQUEST = "src/web_locks/request.ts";
const TERM = "src/election/term.ts";
const CAMPAIGN_TEST = "tests/election/campaign_test.ts";
const OBSERVE_TEST = "tests/election/observe_test.ts";
const REQUEST_TEST = "tests/web_locks/request_test.ts";

/** Mutants of `steal` and of the callbacks of `request`. */
const REQUESTS: readonly Mutant[] = [
  {
    rule: "only who steals takes from the living",
    file: OUTLOOK,
    find: "this.#steal && record?.holders.length",
    replace: "record?.holders.length",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "who steals does not wait for the living",
    file: OUTLOOK,
    find: "this.#steal && record?.holders.length",
    replace: "!this.#steal && !record?.holders",
    suite: REQUEST_TEST,
    test: "steal takes a lock from another process, which notices at its next renewal",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "who steals removes all holders",
    file: OUTLOOK,
    find: `? { kind: "dead", record, dead: record.holders }`,
    replace: `? { kind: "dead", record, dead: record.holders.slice(0, 1) }`,
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "who steals goes before everybody who waits",
    file: HOLDINGS,
    find: "request.wait && !request.steal &&",
    replace: "request.wait &&",
    seeds: RARE_SEEDS,
    kind: "requested",
  },
  {
    rule: "the robbed of the same process are told at once",
    file: HOLDINGS,
    find: "lease.names.includes(name) && isTaken(lease)",
    replace: "!lease.names.includes(name) && isTaken(lease)",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "what was handed on by an attempt that nobody answered was not lost",
    file: "src/lease/acquire.ts",
    find: `this.#doubted === proposal ? "unknown" : "gone"`,
    replace: `this.#doubted === proposal ? "gone" : "gone"`,
    suite: "tests/lease/queue_test.ts",
    test: "a lock that was handed on unseen was not lost, whatever became of it since",
    seeds: RARE_SEEDS,
    kind: "requested",
  },
  {
    rule: "who does not wait is told that a lock is held",
    file: REQUEST,
    find: "await source.acquire(key, options, false)",
    replace: "await source.acquire(key, options, true)",
    suite: REQUEST_TEST,
    test: "request() and acquire() of one name exclude each other, in any process",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "who does not wait does not pass those who do",
    file: REQUEST,
    find: "return isAwaited ? null",
    replace: "return isAwaited === undefined ? null",
    suite: "tests/web_locks/if_available_test.ts",
    test: "ifAvailable does not pass those who wait",
    seeds: RARE_SEEDS,
    kind: "requested",
  },
  {
    rule: "a lost lock ends its request at once",
    file: REQUEST,
    find: `signal.addEventListener("abort", ended);`,
    replace: "",
    suite: REQUEST_TEST,
    test: "a lock that is lost rejects at once, whatever its callback does later",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "a request whose lock turns out to be gone at its end fails",
    file: REQUEST,
    find: "if (!kept) throw",
    replace: "if (kept === undefined) throw",
    suite: REQUEST_TEST,
    test: "a lock that turns out to be gone when it is given back was taken away",
    seeds: RARE_SEEDS,
    kind: "requested",
  },
  {
    rule: "a request fails as its callback does",
    file: REQUEST,
    find: "result = await request.callback(named(lease, request));",
    replace: "result = await (async () => await request.callback(named(lease, request)))()" +
      ".catch((error) => error);",
    suite: REQUEST_TEST,
    test: "a loss that shows at the end of the callback rejects; its own error goes before",
    seeds: SEEDS,
    kind: "requested",
  },
  {
    rule: "a request gives its lock back",
    file: REQUEST,
    find: "kept = await lease.release().catch(() => true);",
    replace: "kept = await Promise.resolve(lease.held);",
    also: [{
      file: REQUEST,
      find: "isGivenBack = () => signal.reason.code ===",
      replace: "isGivenBack = () => signal.reason?.code ===",
    }],
    seeds: SEEDS,
    kind: "requested",
  },
];

/** Mutants of elections. */
const ELECTIONS: readonly Mutant[] = [
  {
    rule: "a lost term is told by its signal",
    file: TERM,
    find: "follow([...stops, lease.signal])",
    replace: "follow([...stops])",
    suite: CAMPAIGN_TEST,
    test: "a lost term is over when its callback has settled, and not before",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "the end of a campaign is told by the signal of its term",
    file: TERM,
    find: "follow([...stops, lease.signal])",
    replace: "follow([lease.signal])",
    suite: CAMPAIGN_TEST,
    test:
      "the signal of a campaign that leads aborts the term, and the lead is kept until the callback has settled",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "a candidate stands again when its callback has settled",
    file: CAMPAIGN,
    find: "await callback(term);",
    replace: "void callback(term);",
    suite: CAMPAIGN_TEST,
    test: "a lost term is over when its callback has settled, and not before",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "a candidate gives the lead back after its term",
    file: CAMPAIGN,
    find: "await term.close();",
    replace: "await Promise.resolve();",
    suite: CAMPAIGN_TEST,
    test: "to return is to resign: after a pause the candidate stands again",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "a campaign bears what passes",
    file: CAMPAIGN,
    find: "if (!PASSING.includes(codeOf(error))) throw error;",
    replace: "throw error;",
    suite: CAMPAIGN_TEST,
    test: "a campaign goes on after DynamoDB was away, with growing pauses",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "the error of a callback that leads ends its campaign",
    file: CAMPAIGN,
    find: "if (term.leading) throw error;",
    replace: "",
    suite: CAMPAIGN_TEST,
    test: "the error of a callback is rethrown also where the lead cannot be given back",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "no observer sees tokens fall",
    file: OBSERVE,
    find: "if (info !== null && info.fencingToken < this.#fence) return undefined;",
    replace: "",
    suite: OBSERVE_TEST,
    test: "what is older than what was told is left out",
    seeds: RARE_SEEDS,
    kind: "election",
  },
  {
    rule: "an observer is told of changes only",
    file: OBSERVE,
    find: "if (told !== undefined && same) return undefined;",
    replace: "",
    suite: OBSERVE_TEST,
    test: "an observer tells at once who leads, and then every change in order",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "a leader whose first lease looked dead is told of when it renews",
    file: OBSERVE,
    find: "if (expiresAt > (this.#revivedTo ??= expiresAt)) this.#deadToken = 0;",
    replace: "",
    suite: OBSERVE_TEST,
    test: "a leader whose first lease was too short, by a slow clock, is told when it leads",
    seeds: RARE_SEEDS,
    kind: "election",
  },
  {
    rule: "a look whose answer comes late buries nobody",
    file: "src/manager.ts",
    find: "table.view(this.#options, since)",
    replace: "table.view(this.#options)",
    suite: OBSERVE_TEST,
    test: "a look whose answer comes late buries nobody",
    seeds: RARE_SEEDS,
    kind: "election",
  },
  {
    rule: "an observer bears what passes",
    file: OBSERVE,
    find: "if (!isPassing(error) || now - silentSince > SILENT_MOST_MS) throw error;",
    replace: "if (!isPassing(error) || now - silentSince >= 0) throw error;",
    suite: OBSERVE_TEST,
    test: "an observer bears with one failure after the other",
    seeds: SEEDS,
    kind: "election",
  },
  {
    rule: "who leaves an observer ends it",
    file: OBSERVE,
    find: "    this.#left.abort();",
    replace: "",
    suite: OBSERVE_TEST,
    test:
      "return() ends an observer at any moment, also in the middle of a look, and leaves nothing",
    seeds: SEEDS,
    kind: "election",
  },
];

/** All of them. */
export const RECIPES: readonly Mutant[] = [...REQUESTS, ...ELECTIONS];
