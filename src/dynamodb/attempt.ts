import type { Moment } from "../runtime.ts";

/** When an answer was asked for and when it came: what a clock estimate needs of it. */
export interface AnswerTiming {
  /** Both local clocks just before the request was handed to `fetch`. */
  readonly sentAt: Moment;
  /** Both local clocks at the answer's headers. */
  readonly receivedAt: Moment;
  /** The signing time in epoch milliseconds. */
  readonly signedAt: number;
  /** The `Date` header in epoch milliseconds, where there is a readable one. */
  readonly date: number | undefined;
  /** Which attempt of the call it answers, counted from 1. */
  readonly attempt: number;
  /** Whether there was an `Age` header: then the answer, and its date, come from a cache. */
  readonly age: boolean;
  /**
   * `"accepted"`: a success, or a refusal that DynamoDB gives only after it has accepted the
   * signature, and with it the signing time. `"skewed"`: the signing time was refused.
   * `"other"`: anything else, also an answer that could not be read.
   */
  readonly kind: "accepted" | "skewed" | "other";
}
