/** Rules of limits and of warnings: how many requests a call takes, and when a lease is in danger. */

import { type Mutant, RARE_SEEDS, SEEDS } from "./mutant.ts";

const BUDGET = "src/lease/budget.ts";
const HOLD = "src/lease/hold.ts";
const EVENTS_TEST = "tests/events_test.ts";
const LIMITS_TEST = "tests/lease/limits_test.ts";

/** Mutants of limits and warnings. */
export const TELLING: readonly Mutant[] = [
  {
    rule: "an acquisition ends when its requests are used up",
    file: BUDGET,
    find: "if (this.spent < this.#most) return this.#most - this.spent;",
    replace: "if (this.spent >= 0) return Math.max(1, this.#most - this.spent);",
    suite: LIMITS_TEST,
    test: "acquire() sends maxRequests requests and no more, and then rejects at once",
    seeds: RARE_SEEDS,
  },
  {
    rule: "retries count as requests of their acquisition",
    file: BUDGET,
    find: "...(maxRequests < Infinity && { maxRequests }),",
    replace: "...(maxRequests < 0 && { maxRequests }),",
    suite: LIMITS_TEST,
    test: "retries count against maxRequests, and what is left open is cleaned up",
    seeds: RARE_SEEDS,
    kind: "lossy",
  },
  {
    rule: "a lease whose renewal is overdue is said to be in danger",
    file: HOLD,
    find: "else if (this.check() === undefined && this.#renews() && !this.#warned) {",
    replace: "else if (this.check() !== undefined && this.#renews() && !this.#warned) {",
    suite: EVENTS_TEST,
    test: "events tell once that a renewal is overdue, while it can still be saved",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a lease is in danger as soon as half of it is left",
    file: HOLD,
    find: "const ms = this.#state.remainingMs() - leaseMs / 2;",
    replace: "const ms = this.#state.remainingMs() - leaseMs / 5;",
    suite: EVENTS_TEST,
    test: "events tell once that a renewal is overdue, while it can still be saved",
    seeds: RARE_SEEDS,
    kind: "renewal",
  },
  {
    rule: "a lease is in danger when half of it is left, and not before",
    file: HOLD,
    find: "const ms = this.#state.remainingMs() - leaseMs / 2;",
    replace: "const ms = this.#state.remainingMs() - leaseMs * 0.6;",
    suite: EVENTS_TEST,
    test: "events tell once that a renewal is overdue, while it can still be saved",
    seeds: SEEDS,
    kind: "renewal",
  },
  {
    rule: "a danger that has passed meanwhile is none",
    file: HOLD,
    find: "if (!rung || ms > 1) alarm",
    replace: "if (!rung) alarm",
    suite: EVENTS_TEST,
    test: "a lease that was renewed meanwhile is not said to be in danger",
    seeds: RARE_SEEDS,
    kind: "guarded",
  },
  {
    rule: "a danger is told once",
    file: HOLD,
    find: "else if (this.check() === undefined && this.#renews() && !this.#warned) {",
    replace: "else if (this.check() === undefined && this.#renews()) {",
    seeds: SEEDS,
    kind: "renewal",
  },
  {
    rule: "only what is renewed in the background is in danger",
    file: HOLD,
    find: "else if (this.check() === undefined && this.#renews() && !this.#warned) {",
    replace: "else if (this.check() === undefined && !this.#warned) {",
    suite: EVENTS_TEST,
    test: "a lease that is not renewed in the background is never said to be in danger",
    seeds: SEEDS,
  },
];
