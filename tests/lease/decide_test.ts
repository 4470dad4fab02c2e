import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  type Confirmation,
  deadInMs,
  heldForMs,
  judge,
  marginMs,
  nextToken,
  observedMs,
  pollDelayMs,
  remainingMs,
  renewAfterMs,
  renewalAttemptMs,
  renewalExpiry,
  standBackMs,
  tooShort,
  type View,
} from "../../src/lease/decide.ts";
import {
  type Holder,
  type LockRecord,
  type Sharing,
  WAITING_MOST_MS,
} from "../../src/records/record.ts";

const holder: Holder = {
  grantId: "g",
  token: 7,
  mode: "exclusive",
  ownerId: "o",
  expires: 100_000,
  leaseMs: 20_000,
};

function view(parts: Partial<View> = {}): View {
  const usual = { serverLower: undefined, serverNow: 50_000, maxClockSkewMs: 1_000, pollMs: 500 };
  return { ...usual, unchangedMs: () => 0, ...parts };
}

function record(...holders: Holder[]): LockRecord {
  return { fence: 7, holders, rawHolders: { M: {} } };
}

Deno.test("observedMs() trusts the slower clock", () => {
  const since = { wall: 1_000, mono: 0 };
  assertEquals(observedMs(since, { wall: 6_000, mono: 5_500 }), 5_000);
  assertEquals(observedMs(since, { wall: 90_000, mono: 5_000 }), 5_000);
});

Deno.test("observedMs() starts again when the wall clock stepped back", () => {
  const since = { wall: 100_000, mono: 0 };
  assertEquals(observedMs(since, { wall: 50_000, mono: 5_000 }), undefined);
  assertEquals(observedMs(since, { wall: 103_900, mono: 5_000 }), undefined);
  assertEquals(observedMs(since, { wall: 104_000, mono: 5_000 }), 4_000);
});

Deno.test("heldForMs() trusts the faster clock", () => {
  const since = { wall: 1_000, mono: 0 };
  assertEquals(heldForMs(since, { wall: 6_000, mono: 5_500 }), 5_500);
  assertEquals(heldForMs(since, { wall: 90_000, mono: 0 }), 89_000);
  assertEquals(heldForMs(since, { wall: 0, mono: 10 }), 10);
});

Deno.test("marginMs() is the larger of 250 ms and 5 %", () => {
  assertEquals(marginMs(2_000), 250);
  assertEquals(marginMs(20_000), 1_000);
});

const confirmed: Confirmation = {
  sentAt: { wall: 80_000, mono: 0 },
  expires: 100_000,
  leaseMs: 20_000,
  serverLeft: { ms: 19_000, at: { wall: 81_000, mono: 1_000 } },
};

Deno.test("remainingMs() counts the lease from the first send, less the margin", () => {
  assertEquals(remainingMs(confirmed, { wall: 80_000, mono: 0 }, 70_000), 19_000);
  assertEquals(remainingMs(confirmed, { wall: 85_000, mono: 5_000 }, 70_000), 14_000);
});

Deno.test("remainingMs() ends when the server's upper bound reaches the written end", () => {
  assertEquals(remainingMs(confirmed, { wall: 80_000, mono: 0 }, 95_000), 4_000);
});

Deno.test("remainingMs() goes by what the server had left when its clock is lost", () => {
  const now = { wall: 91_000, mono: 11_000 };
  // 20,000 - 1,000 - 11,000 by the lease; 19,000 - 10,000 x 1.01 - 1,000 by the server
  assertAlmostEquals(remainingMs(confirmed, now), 7_900, 0.001);
});

Deno.test("tooShort() is less than half a lease", () => {
  assertEquals(tooShort(10_000, 20_000), false);
  assertEquals(tooShort(9_999, 20_000), true);
});

Deno.test("deadInMs() goes by the server's lower bound and the allowance", () => {
  assertEquals(deadInMs(holder, view({ serverLower: 100_999 })), 1);
  assertEquals(deadInMs(holder, view({ serverLower: 101_000 })), 0);
  assertEquals(deadInMs(holder, view({ serverLower: 101_000, maxClockSkewMs: 5_000 })), 4_000);
});

Deno.test("deadInMs() goes by a whole stored lease and 5 % of watching", () => {
  assertEquals(deadInMs(holder, view({ unchangedMs: () => 20_999 })), 1);
  assertEquals(deadInMs(holder, view({ unchangedMs: () => 21_000 })), 0);
});

Deno.test("deadInMs() ignores the server's clock when maxClockSkewMs is Infinity", () => {
  const far = view({ serverLower: 1e12, maxClockSkewMs: Infinity });
  assertEquals(deadInMs(holder, far), 21_000);
});

const ALONE: Sharing = { mode: "exclusive" };
const SHARED: Sharing = { mode: "shared" };
const reader: Holder = { ...holder, mode: "shared" };
const second: Holder = { ...reader, grantId: "h", expires: 105_000 };

Deno.test("judge() calls an absent record and an empty one free", () => {
  for (const wish of [ALONE, SHARED, { ...SHARED, permits: 3 }]) {
    assertEquals(judge(undefined, wish, view()), { kind: "free" });
    assertEquals(judge(record(), wish, view()), { kind: "free", record: record() });
  }
});

Deno.test("judge() waits for an exclusive holder, whoever asks", () => {
  for (const wish of [ALONE, SHARED]) {
    const verdict = judge(record(holder), wish, view({ serverLower: 100_000 }));
    assertEquals(verdict, { kind: "busy", deadInMs: 1_000 });
  }
});

Deno.test("judge() asks shared holders to let nobody else in, and looks again before that is over", () => {
  const seen = view({ serverLower: 102_000 });
  assertEquals(judge(record(reader, second), ALONE, seen), {
    kind: "busy",
    deadInMs: 500,
    until: 52_000,
  });
  const slow = view({ serverLower: 102_000, pollMs: 60_000 });
  assertEquals(judge(record(reader, second), ALONE, slow), {
    kind: "busy",
    deadInMs: 4_000,
    until: 61_000,
  });
});

Deno.test("judge() does not ask again while others stand back until well after the next look", () => {
  const until = (waiting: number) => {
    const verdict = judge({ ...record(reader), waiting }, ALONE, view());
    return verdict.kind === "busy" && verdict.until;
  };
  assertEquals(until(51_501), undefined);
  assertEquals(until(51_500), 52_000);
  assertEquals(until(50_000 + WAITING_MOST_MS), 52_000);
});

Deno.test("judge() lets shared callers in together, but not past somebody who waits", () => {
  assertEquals(judge(record(reader), SHARED, view()).kind, "room");
  const waiting = { ...record(reader), waiting: 50_200 };
  assertEquals(judge(waiting, SHARED, view()), { kind: "busy", deadInMs: 200 });
  const free = { ...record(), waiting: 50_200 };
  assertEquals(judge(free, SHARED, view()), { kind: "busy", deadInMs: 200 });
  assertEquals(judge(free, ALONE, view()).kind, "free");
  const over = { ...record(reader), waiting: 50_000 };
  assertEquals(judge(over, SHARED, view()).kind, "room");
  const wrong = { ...record(reader), waiting: 50_000 + WAITING_MOST_MS };
  assertEquals(judge(wrong, SHARED, view()).kind, "room");
});

Deno.test("judge() counts the permits of those who live", () => {
  const wish = { ...SHARED, permits: 2 };
  const both = { ...record(reader, second), permits: 2 };
  const verdict = judge(both, wish, view({ serverLower: 98_000 }));
  assertEquals(verdict, { kind: "busy", deadInMs: 3_000 });
  const one = judge(both, wish, view({ serverLower: 102_000 }));
  assertEquals(one, { kind: "dead", record: both, dead: [reader] });
  assertEquals(judge({ ...record(reader), permits: 2 }, wish, view()).kind, "room");
});

Deno.test("judge() refuses other permits than those of live holders", () => {
  const semaphore = { ...record(reader), permits: 2 };
  const three = { ...SHARED, permits: 3 };
  assertEquals(judge(semaphore, three, view()), { kind: "mismatch", permits: 2 });
  assertEquals(judge(semaphore, ALONE, view()), { kind: "mismatch", permits: 2 });
  assertEquals(judge(semaphore, SHARED, view()), { kind: "mismatch", permits: 2 });
  assertEquals(judge(record(holder), three, view()), { kind: "mismatch", permits: undefined });
  assertEquals(judge({ ...record(), permits: 2 }, three, view()).kind, "free");
  const dead = judge(semaphore, three, view({ serverLower: 101_000 }));
  assertEquals(dead, { kind: "dead", record: semaphore, dead: [reader] });
});

Deno.test("judge() calls a record dead when everybody in it is", () => {
  const seen = record(holder);
  const verdict = judge(seen, ALONE, view({ serverLower: 101_000 }));
  assertEquals(verdict, { kind: "dead", record: seen, dead: [holder] });
});

Deno.test("judge() removes at most 50 of the dead among the living", () => {
  const dead = Array.from({ length: 60 }, (_, at) => ({ ...reader, grantId: `${at}` }));
  const verdict = judge(record(...dead, second), SHARED, view({ serverLower: 101_000 }));
  assertEquals(verdict.kind === "dead" && verdict.dead.length, 50);
});

Deno.test("nextToken() is the server's time where that is above every fence seen", () => {
  assertEquals(nextToken(1_000.9, 999, 0.99), 1_000);
});

Deno.test("nextToken() passes the fence by 1 to 16 where the time lags", () => {
  assertEquals(nextToken(1_000, 1_000, 0), 1_001);
  assertEquals(nextToken(1_000, 5_000, 0.999), 5_016);
});

Deno.test("renewalExpiry() is above every end ever sent for the grant", () => {
  assertEquals(renewalExpiry(50_000, 20_000, 60_000), 70_000);
  assertEquals(renewalExpiry(50_000, 20_000, 90_000), 90_001);
  assertEquals(renewalExpiry(50_000.2, 20_000, 70_000), 70_001);
});

Deno.test("renewAfterMs() and renewalAttemptMs() leave room for three attempts", () => {
  for (const leaseMs of [2_000, 20_000, 604_800_000]) {
    const left = leaseMs - marginMs(leaseMs) - renewAfterMs(leaseMs);
    assertEquals(3 * renewalAttemptMs(left) < left, true);
  }
});

Deno.test("pollDelayMs() grows with the wait up to pollMs, with full jitter", () => {
  assertEquals(pollDelayMs(0, 1_000, 0.999, Infinity), 50);
  assertEquals(pollDelayMs(3, 1_000, 0.999, Infinity), 400);
  assertEquals(pollDelayMs(50, 1_000, 0.999, Infinity), 999);
  assertEquals(pollDelayMs(50, 1_000, 0, Infinity), 100);
});

Deno.test("pollDelayMs() wakes when the holder may be dead", () => {
  assertEquals(pollDelayMs(50, 1_000, 0.5, 200), 250);
  assertEquals(pollDelayMs(50, 1_000, 0.5, 10_000), 500);
});

Deno.test("standBackMs() is half to the whole of pollMs", () => {
  assertEquals(standBackMs(1_000, 0), 500);
  assertEquals(standBackMs(1_000, 0.999), 1_000);
});
