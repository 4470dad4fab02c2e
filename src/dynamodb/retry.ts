/**
 * What to send again, and when. The constants are those of the AWS SDKs' standard mode for DynamoDB
 * as of November 2026.
 *
 * @module
 */

import type { DynamoError } from "./errors.ts";

/** Requests sent for one call, by default. */
export const MAX_ATTEMPTS = 4;

/** A conflict means that another writer was quicker: such retries are counted on their own. */
export const MAX_CONFLICTS = 8;

/** What a client may spend on retries before it has to succeed again. */
export const QUOTA = 500;

/** A server may ask for a longer pause than ours, by this much at most. */
const MAX_HINT_MS = 5000;

/** What kind of failure an attempt met, as far as sending it again is concerned. */
export type RetryClass = "conflict" | "expired" | "skew" | "throttling" | "transient";

/**
 * One kind, and how code, status and text of an error tell it; the first pause and the longest one,
 * in milliseconds; and what a retry costs of the client's quota.
 */
export type RetryRule = readonly [
  kind: RetryClass,
  sign: RegExp,
  firstMs: number,
  longestMs: number,
  cost: number,
];

/** The first that fits counts. */
const RULES: readonly RetryRule[] = [
  // Another writer was quicker: that is over in milliseconds, and nothing is overloaded.
  ["conflict", /^(Transaction|ReplicatedWrite)Conflict/, 10, 200, 0],
  // Fresh credentials and a corrected clock help at once.
  ["expired", /^ExpiredToken/, 0, 0, 0],
  [
    "skew",
    // A wrong signature may come of a wrong clock or of a wrong key: only its text tells.
    /^(Request(TimeTooSkewed|Expired|InTheFuture)|\w*Signature.*(expired|not yet current))/,
    0,
    0,
    0,
  ],
  [
    "throttling",
    // `LimitExceededException` is too many table operations at once; other limits do not pass.
    /^(\w*(Throttl|ThroughputExceeded)|TransactionInProgress|(Request|Bandwidth|)LimitExceeded|SlowDown|TooManyRequests|\w+ 429)/,
    1000,
    20_000,
    5,
  ],
  // `NetworkError`, `TimeoutError` and `InternalServerError` are all the codes that end like that.
  ["transient", /^(RequestTimeout|BadAnswer|\w+Error|\w+ 5)/, 25, 20_000, 14],
];

/** Sorts an error; `undefined` is one that is not sent again. */
export function classify(error: DynamoError): RetryRule | undefined {
  const { code, statusCode, message, cancellationReasons } = error;
  const ruleOf = (text: string) => RULES.find(([, sign]) => sign.test(text));
  if (cancellationReasons === undefined) return ruleOf(`${code} ${statusCode} ${message}`);
  // A transaction that was in another's way, or throttled, and nothing else: then it may pass.
  const rules = cancellationReasons.filter((reason) => reason.code !== "None").map((reason) =>
    /Conflict|Throttl|Throughput/.test(reason.code) ? ruleOf(reason.code) : undefined
  );
  const throttled = rules.find((rule) => rule?.[0] === "throttling");
  return rules.includes(undefined) ? undefined : throttled ?? rules[0];
}

/**
 * The pause before a retry: full jitter, so that many callers that failed together do not come back
 * together.
 *
 * @param count How many retries went before.
 * @param random A number in [0, 1).
 * @param hint What the server asked for, in milliseconds: the header `x-amz-retry-after`.
 */
export function retryDelayMs(
  [, , firstMs, longestMs]: RetryRule,
  count: number,
  random: number,
  hint?: string | null,
): number {
  const own = random * Math.min(firstMs * 2 ** count, longestMs);
  return Math.max(own, Math.min(Number(hint) || 0, own + MAX_HINT_MS));
}
