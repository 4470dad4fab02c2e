import { assert, assertEquals } from "@std/assert";
import type { AnswerTiming } from "../../src/dynamodb/attempt.ts";
import { boundsOf, intersect, project, ServerClock } from "../../src/lease/server_clock.ts";
import type { Moment } from "../../src/runtime.ts";

const T0 = 1_800_000_000_000;
const MINUTE = 60_000;

function moment(ms: number, steps: { wall?: number; mono?: number } = {}): Moment {
  return { wall: T0 + ms + (steps.wall ?? 0), mono: 1_000 + ms + (steps.mono ?? 0) };
}

function sighting(parts: Partial<AnswerTiming> = {}): AnswerTiming {
  return {
    sentAt: moment(0),
    receivedAt: moment(40),
    signedAt: T0,
    date: T0,
    attempt: 1,
    age: false,
    kind: "accepted",
    ...parts,
  };
}

Deno.test("boundsOf() reaches from the date to a second and a round trip after it", () => {
  const bounds = boundsOf(sighting());
  assertEquals(bounds, { lower: T0, upper: T0 + 1_000 + 40 * 1.01, at: moment(40) });
});

Deno.test("boundsOf() ignores a date that a cache aged, or that cannot be the server's", () => {
  assertEquals(boundsOf(sighting({ age: true })), undefined);
  assertEquals(boundsOf(sighting({ date: undefined })), undefined);
  assertEquals(boundsOf(sighting({ date: T0 + 15 * MINUTE + 1 })), undefined);
  assertEquals(boundsOf(sighting({ date: T0 - 15 * MINUTE - 1 })), undefined);
  assert(boundsOf(sighting({ date: T0 + 15 * MINUTE })));
});

Deno.test("boundsOf() ignores an answer during which a clock was set", () => {
  assertEquals(boundsOf(sighting({ receivedAt: moment(40, { wall: 2_000 }) })), undefined);
});

Deno.test("project() widens by drift: upper by the faster clock, lower by the slower", () => {
  const bounds = { lower: T0, upper: T0 + 1_000, at: moment(0) };
  const later = project(bounds, moment(10_000, { wall: 500 }));
  assertEquals(later?.upper, T0 + 1_000 + 10_500 * 1.01);
  assertEquals(later?.lower, T0 + 10_000 * 0.99);
});

Deno.test("project() gives up when the two clocks have parted, in either direction", () => {
  const bounds = { lower: T0, upper: T0 + 1_000, at: moment(0) };
  assert(project(bounds, moment(10_000, { wall: 1_000 })));
  assertEquals(project(bounds, moment(10_000, { wall: 1_200 })), undefined);
  assertEquals(project(bounds, moment(10_000, { wall: -1_200 })), undefined);
  assertEquals(project(bounds, moment(60_000, { mono: -60_000 })), undefined);
});

Deno.test("intersect() narrows, and keeps the later of bounds that contradict each other", () => {
  const first = { lower: T0, upper: T0 + 1_000, at: moment(0) };
  const narrow = intersect(first, { lower: T0 + 600, upper: T0 + 1_600, at: moment(100) });
  assertEquals(narrow.lower, T0 + 600);
  assertEquals(narrow.upper, T0 + 1_000 + 101);
  const other = { lower: T0 + 5_000, upper: T0 + 6_000, at: moment(100) };
  assertEquals(intersect(first, other), other);
});

Deno.test("intersect() projects nothing back when answers are taken in out of order", () => {
  // At 5,000 an answer said 5,000; then one of 2,500, whose body was slow, is taken in.
  const clock = new ServerClock();
  clock.observe(sighting({ sentAt: moment(4_980), receivedAt: moment(5_000), date: T0 + 5_000 }));
  clock.observe(sighting({ sentAt: moment(0), receivedAt: moment(2_500), date: T0 + 2_000 }));
  assertEquals(clock.lower(moment(5_000)), T0 + 5_000);
});

Deno.test("ServerClock takes the wall clock for its upper bound before any answer", () => {
  const clock = new ServerClock();
  assertEquals(clock.upper(moment(0)), T0);
  assertEquals(clock.lower(moment(0)), undefined);
  assertEquals(clock.estimate(moment(0)), T0);
});

Deno.test("ServerClock adds 15 minutes, and knows no lower bound, where answers carry no date", () => {
  const clock = new ServerClock();
  clock.observe(sighting({ date: undefined }));
  assertEquals(clock.upper(moment(40)), T0 + 40 + 15 * MINUTE);
  assertEquals(clock.lower(moment(40)), undefined);
  clock.observe(sighting());
  assertEquals(clock.lower(moment(40)), T0);
});

Deno.test("ServerClock keeps its bounds over a single answer without a date", () => {
  const clock = new ServerClock();
  clock.observe(sighting());
  clock.observe(sighting({ date: undefined }));
  assertEquals(clock.lower(moment(40)), T0);
});

Deno.test("ServerClock drops its bounds when the machine was suspended", () => {
  const clock = new ServerClock();
  clock.observe(sighting());
  const after = moment(60_000, { mono: -30_000 });
  assertEquals(clock.lower(after), undefined);
  assertEquals(clock.upper(after), after.wall);
});

Deno.test("ServerClock.estimate() is the wall clock, kept within the bounds", () => {
  const clock = new ServerClock();
  clock.observe(sighting({ date: T0 + 10_000 }));
  assertEquals(clock.estimate(moment(40)), T0 + 10_000);
  const ahead = new ServerClock();
  ahead.observe(sighting({ date: T0 - 10_000 }));
  assert(ahead.estimate(moment(40)) < T0 - 8_900);
});

Deno.test("ServerClock.observe() corrects the wall clock by a refused signing time", () => {
  const clock = new ServerClock();
  clock.observe(sighting({ date: T0 + 3_600_000, kind: "skewed" }));
  assertEquals(clock.upper(moment(40)), T0 + 3_600_000);
  assertEquals(clock.lower(moment(40)), undefined);
});
