/** Mixes of faults: how often which, by weight. */

import { FAULT_NAMES } from "./faults.ts";
import type { Weights } from "./profile.ts";

/** All faults alike. */
export const ALL: Weights = Object.fromEntries(FAULT_NAMES.map((name) => [name, 1]));

/** Ghosts of repeated requests are an exception of their own, so most runs do without. */
const { "request duplicated": _, ...unrepeated } = ALL;
export const UNREPEATED: Weights = unrepeated;

/** What takes long, and what is never answered. */
export const LATE: Weights = {
  "request late": 3,
  "answer late": 3,
  "body late": 1,
  "request lost in silence": 1,
  "answer lost in silence": 1,
};

/** What is applied, or will be, though nobody says so. */
export const STRAY: Weights = { "request late": 4, "answer late": 2, "answer lost in silence": 1 };

/** Answers of something in between, with dates of its own. */
export const BOXES: Weights = Object.fromEntries(
  FAULT_NAMES.filter((name) => /page|redirect|gateway|too many/.test(name)).map((
    name,
  ) => [name, 1]),
);

/** What gives clocks a wrong idea of the time: slow answers, bodies and retries. */
export const SLOW_ANSWERS: Weights = {
  "request and body late": 8,
  "answer late": 3,
  "body late": 3,
  "request late": 2,
  "throttled by the table": 1,
  "internal error, not applied": 1,
};

/** The service says that it failed, whether it did or not, and nothing else. */
export const ERRORS: Weights = {
  "internal error, applied": 4,
  "internal error, not applied": 2,
  "unavailable, not applied": 1,
  "throttled by the table": 1,
};

/** What arrives when its sender has given it up. */
export const OVERDUE: Weights = { "request late": 1 };

/** Transactions that are in each other's way, and refusals that leave open what an earlier attempt did. */
export const CONTENDED: Weights = {
  "transaction conflict": 4,
  "replicated write conflict": 3,
  "throttled by the key": 2,
  "internal error, applied": 2,
  "answer lost in silence": 1,
  "request late": 1,
};
