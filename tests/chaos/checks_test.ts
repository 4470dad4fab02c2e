import { assertEquals, assertMatch } from "@std/assert";
import {
  judgeBeliefs,
  judgeCounter,
  judgeSightings,
  judgeTokenOrder,
  mostAtOnce,
} from "./checks.ts";
import { type Commit, judgeStaleWrites, writesOf } from "./commits.ts";
import type { LogEntry } from "./counters.ts";
import { type Belief, History, type Operation } from "./history.ts";
import type { Outcome } from "./messages.ts";
import type { Sighting } from "./sightings.ts";

function operation(op: string, outcome: Outcome): Operation {
  return { op, counter: "c", token: 1, held: true, outcome };
}

function entry(op: string, token: number, value: number): LogEntry {
  return { op, token, value };
}

const GOOD = [entry("a", 1, 1), entry("b", 2, 2), entry("c", 5, 3)];
const ACKNOWLEDGED = ["a", "b", "c"].map((op) => operation(op, "acknowledged"));

Deno.test("judgeCounter() finds nothing where every update was made on the one before", () => {
  const verdict = judgeCounter("c", { value: 3, log: GOOD }, [
    ...ACKNOWLEDGED,
    operation("d", "stale"),
    operation("e", "unknown"),
  ]);
  assertEquals(verdict, { landed: 3, lost: 0, foundOut: 0, faults: [] });
});

Deno.test("judgeCounter() finds out that an update of unknown outcome landed", () => {
  const known = [...ACKNOWLEDGED.slice(0, 2), operation("c", "unknown")];
  assertEquals(judgeCounter("c", { value: 3, log: GOOD }, known).foundOut, 1);
});

Deno.test("judgeCounter() forgives a duplicate that comes right after its original only", () => {
  const [a, b, c] = GOOD as [LogEntry, LogEntry, LogEntry];
  const judge = (log: LogEntry[]) => judgeCounter("c", { value: 3, log }, ACKNOWLEDGED).faults;
  assertEquals(judge([a, a, b, c, c]), []);
  assertEquals(judge([a, b, a, c]).length, 2);
});

Deno.test("judgeCounter() blames a lost update", () => {
  const log = [entry("a", 1, 1), entry("b", 2, 2), entry("c", 1, 2)];
  const { lost, faults } = judgeCounter("c", { value: 2, log }, ACKNOWLEDGED);
  assertEquals([lost, faults.length], [1, 2]);
  assertMatch(faults[0]!, /update c \(token 1\) wrote 2 over 2 of b \(token 2\)/);
});

Deno.test("judgeCounter() blames acknowledgements and refusals that are not true", () => {
  const judge = (operations: Operation[]) =>
    judgeCounter("c", { value: 3, log: GOOD }, operations).faults.join();
  assertMatch(judge([...ACKNOWLEDGED, operation("d", "acknowledged")]), /d was acknowledged/);
  assertMatch(judge([...ACKNOWLEDGED.slice(1), operation("a", "stale")]), /a was refused/);
  assertMatch(judge([...ACKNOWLEDGED.slice(1), operation("a", "refused")]), /a was refused/);
  assertMatch(judge(ACKNOWLEDGED.slice(1)), /a landed, but nobody made it/);
});

Deno.test("judgeTokenOrder() blames a token that does not rise", () => {
  assertEquals(judgeTokenOrder("c", GOOD), []);
  assertEquals(judgeTokenOrder("c", [entry("a", 2, 1), entry("b", 1, 2)]).length, 1);
  assertEquals(judgeTokenOrder("c", [entry("a", 2, 1), entry("b", 2, 2)]).length, 1);
});

function belief(token: number, from: number, until: number, lock = "l", most = 1): Belief {
  return { lock, token, from, until, most, worker: `w${token}` };
}

Deno.test("judgeBeliefs() finds nothing where one comes after the other, or in other locks", () => {
  const other = belief(1, 50, 250, "other");
  assertEquals(judgeBeliefs([belief(2, 100, 200), belief(1, 0, 100), other]), []);
});

Deno.test("judgeBeliefs() blames two believers", () => {
  assertMatch(judgeBeliefs([belief(1, 0, 101), belief(2, 100, 200)]).join(), /both .* 1.0 ms/);
  // The one in between ends first: the long one still overlaps with the last.
  const nested = [belief(1, 0, 1_000), belief(2, 100, 200), belief(3, 300, 400)];
  assertEquals(judgeBeliefs(nested).length, 2);
});

Deno.test("judgeBeliefs() blames tokens that fall or come twice", () => {
  assertEquals(judgeBeliefs([belief(2, 0, 10), belief(1, 20, 30)]).length, 1);
  assertEquals(judgeBeliefs([belief(2, 0, 10), belief(2, 20, 30)]).length, 1);
});

Deno.test("judgeBeliefs() lets those share that may, and no more of them", () => {
  const shared = (token: number, from: number, until: number, most = 2) =>
    belief(token, from, until, "l", most);
  assertEquals(judgeBeliefs([shared(2, 0, 100), shared(1, 50, 150), shared(3, 100, 200)]), []);
  const three = [shared(1, 0, 100), shared(2, 10, 100), shared(3, 50, 60)];
  assertMatch(judgeBeliefs(three).join(), /w1 .* w2 .* w3 .* all believed for 10.0 ms, of 2/);
  assertEquals(judgeBeliefs([shared(1, 0, 100, 1e9), belief(2, 99, 200)]).length, 1);
  assertEquals(judgeBeliefs([belief(1, 0, 100), shared(2, 99, 200, 1e9)]).length, 1);
  assertEquals(judgeBeliefs([belief(5, 0, 100), shared(4, 100, 200)]).length, 1);
  assertEquals(judgeBeliefs([shared(5, 0, 100), belief(4, 100, 200)]).length, 1);
  assertEquals(judgeBeliefs([shared(5, 0, 100), shared(5, 100, 200)]).length, 1);
  assertEquals(mostAtOnce([...three, belief(9, 0, 100, "other")]), 3);
  assertEquals(mostAtOnce([belief(1, 0, 100), belief(2, 100, 200)]), 1);
});

function sighting(forwardedAt: number, answeredAt: number, token: number, fence = token): Sighting {
  const holders = [{ grantId: `g${token}`, token }];
  return { lock: "l", forwardedAt, answeredAt, fence, holders, most: 1 };
}

Deno.test("judgeSightings() leaves those alone that overlap: their order is not known", () => {
  assertEquals(judgeSightings([sighting(0, 10, 2), sighting(5, 15, 1)]), []);
  assertEquals(judgeSightings([sighting(0, 10, 1), sighting(20, 30, 1), sighting(40, 50, 2)]), []);
});

Deno.test("judgeSightings() blames fences and tokens that fall, and doubles", () => {
  assertEquals(judgeSightings([sighting(0, 10, 2), sighting(20, 30, 1)]).length, 2);
  const renamed = { ...sighting(20, 30, 2), holders: [{ grantId: "other", token: 2 }] };
  assertEquals(judgeSightings([sighting(0, 10, 2), renamed]).length, 1);
  const two = { ...sighting(0, 10, 2), holders: [1, 2].map((token) => ({ grantId: "g", token })) };
  assertEquals(judgeSightings([two]).length, 1);
  assertEquals(judgeSightings([sighting(0, 10, 2, 1)]).length, 1);
});

Deno.test("judgeSightings() lets holders share, and blames one too many and one that came too late", () => {
  const of = (at: number, tokens: number[], most: number): Sighting => ({
    ...sighting(at, at + 10, Math.max(...tokens)),
    holders: tokens.map((token) => ({ grantId: `g${token}`, token })),
    most,
  });
  assertEquals(judgeSightings([of(0, [1, 2], 2), of(20, [1, 2], 2), of(40, [1, 3], 2)]), []);
  assertEquals(judgeSightings([of(0, [1, 2, 3], 2)]).length, 1);
  assertEquals(judgeSightings([of(0, [2], 2), of(20, [1, 2], 2)]).length, 1);
});

function commit(op: string, forwardedAt: number, applied: boolean, token = 1): Commit {
  return { op, lock: "l", guard: "commit", token, releases: false, forwardedAt, applied };
}

Deno.test("judgeStaleWrites() counts those that came after a later grant, and blames what landed", () => {
  const seen = [sighting(0, 10, 1), sighting(20, 30, 2)];
  const judge = (...commits: Commit[]) => {
    const { attempted, landed, faults } = judgeStaleWrites(commits, seen, "commit");
    return [attempted, landed, faults.length];
  };
  assertEquals(judge(commit("a", 15, true), commit("b", 25, true)), [0, 0, 0]);
  assertEquals(judge(commit("a", 31, false), commit("b", 32, true, 2)), [1, 0, 0]);
  assertEquals(judge(commit("a", 31, true)), [1, 1, 1]);
  // It was applied in time, and then repeated.
  assertEquals(judge(commit("a", 31, true), commit("a", 15, true)), [1, 0, 0]);
  assertEquals(judge(commit("a", 31, true), commit("a", 15, false)), [1, 1, 1]);
  assertEquals(judge({ ...commit("a", 31, true), guard: "lock" }), [0, 0, 0]);
  assertEquals(judge({ ...commit("a", 31, true), lock: "other" }), [0, 0, 0]);
});

Deno.test("writesOf() finds the counters that a request writes", () => {
  const Update = {
    Key: { id: { S: "3/chaos/1/commit" } },
    ExpressionAttributeValues: { ":entry": { L: [{ S: "w1.1/7 50 4" }] } },
  };
  const found = { op: "w1.1/7", lock: "chaos/1", guard: "commit" as const, token: 50 };
  assertEquals(writesOf(Update), [{ ...found, releases: false }]);
  const own = { Key: { key: { S: "chaos/1" } } } as object;
  const release = writesOf({ TransactItems: [{ Update: own }, { Update }, { Update }] });
  assertEquals(release, Array(2).fill({ ...found, releases: true }));
  assertEquals(writesOf({ TransactItems: [{}, { Update }] }), [{ ...found, releases: false }]);
  assertEquals(writesOf({ Key: { id: { S: "3/chaos/1/commit" } } }), []);
});

Deno.test("History hears for how long somebody believed", () => {
  const history = new History();
  const look = { lock: "l", token: 1, most: 1 };
  history.hear("w", { type: "believes", ...look, at: 100, remainingMs: 50.5 });
  history.hear("w", { type: "believes", ...look, at: 120, remainingMs: 10 });
  assertEquals(history.beliefs.map(({ from, until }) => [from, until]), [[100, 150.5]]);
  assertEquals(history.isHolder("w"), true);
  history.hear("w", { type: "believes", ...look, at: 140, remainingMs: 100 });
  history.hear("w", { type: "ends", ...look, at: 200, how: "LEASE_RELEASED" });
  assertEquals(history.beliefs.map(({ from, until }) => [from, until]), [[100, 200]]);
  assertEquals(history.isHolder("w"), false);
});
