/**
 * What to send again, when, and how often. The constants are those of the AWS SDKs' standard mode
 * for DynamoDB as of November 2026.
 *
 * @module
 */

/** What kind of failure an attempt met, as far as sending it again is concerned. */
export type RetryClass = "none" | "transient" | "throttling" | "conflict" | "skew" | "expired";

/** Requests sent for one call, by default. */
export const MAX_ATTEMPTS = 4;

const TRANSIENT_BASE_MS = 25;
const THROTTLING_BASE_MS = 1000;
const MAX_DELAY_MS = 20_000;

/** A server may ask for a longer pause than ours, by this much at most. */
const MAX_HINT_MS = 5000;

/** A conflict means that another writer was quicker: it is over in milliseconds. */
const CONFLICT_BASE_MS = 10;
const CONFLICT_MAX_DELAY_MS = 200;
const CONFLICT_RETRIES = 8;

const QUOTA = 500;
const TRANSIENT_COST = 14;
const THROTTLING_COST = 5;

/** `LimitExceededException` is too many table operations at once; other limits do not pass. */
const THROTTLING_CODE =
  /^(Throttl|RequestThrottled|ProvisionedThroughputExceeded|TransactionInProgress|TooManyRequests|SlowDown|(Request|Bandwidth)?LimitExceeded)/;
const TRANSIENT_CODE = /^RequestTimeout/;
const CONFLICT_CODE = /^(Transaction|ReplicatedWrite)ConflictException$/;
const EXPIRED_CODE = /^ExpiredToken/;
const SKEW_CODE = /^Request(TimeTooSkewed|Expired|InTheFuture)$/;
/** These also stand for a wrong key; only their text tells. */
const SIGNATURE_CODE = /^(InvalidSignatureException|SignatureDoesNotMatch)$/;
const SKEW_TEXT = /signature expired|not yet current/i;

/** Sorts a readable refusal. */
export function classify(statusCode: number, code: string, message: string): RetryClass {
  if (CONFLICT_CODE.test(code)) return "conflict";
  if (EXPIRED_CODE.test(code)) return "expired";
  if (SKEW_CODE.test(code)) return "skew";
  if (SIGNATURE_CODE.test(code) && SKEW_TEXT.test(message)) return "skew";
  if (THROTTLING_CODE.test(code) || statusCode === 429) return "throttling";
  if (TRANSIENT_CODE.test(code) || statusCode >= 500) return "transient";
  return "none";
}

/**
 * The pause before a retry: full jitter, so that many callers that failed together do not come back
 * together.
 *
 * @param retry How many retries of its kind went before.
 * @param random A number in [0, 1).
 * @param hintMs What the server asked for.
 */
export function retryDelayMs(
  kind: "transient" | "throttling" | "conflict",
  retry: number,
  random: number,
  hintMs = 0,
): number {
  if (kind === "conflict") {
    return random * Math.min(CONFLICT_BASE_MS * 2 ** retry, CONFLICT_MAX_DELAY_MS);
  }
  const base = kind === "throttling" ? THROTTLING_BASE_MS : TRANSIENT_BASE_MS;
  const own = random * Math.min(base * 2 ** retry, MAX_DELAY_MS);
  return Math.max(own, Math.min(hintMs, own + MAX_HINT_MS));
}

/**
 * The retries that a client has left, shared by all of its calls: an outage must not multiply the
 * traffic. Successes fill it up again.
 */
export class RetryQuota {
  #tokens = QUOTA;

  /** Pays for one retry; answers its price, or `undefined` where the quota does not suffice. */
  take(kind: "transient" | "throttling"): number | undefined {
    const cost = kind === "throttling" ? THROTTLING_COST : TRANSIENT_COST;
    if (this.#tokens < cost) return undefined;
    this.#tokens -= cost;
    return cost;
  }

  /** A call succeeded: gives back the price of its last retry, or one token where it had none. */
  refund(cost: number): void {
    this.#tokens = Math.min(QUOTA, this.#tokens + (cost || 1));
  }
}

/** Decides about the retries of one call. */
export class RetryPlan {
  readonly #quota: RetryQuota;
  readonly #maxAttempts: number;
  #retries = 0;
  #conflicts = 0;
  #skewTried = false;
  #refreshTried = false;
  #lastCost = 0;

  /** `maxAttempts` counts the first attempt; 1 means that nothing is ever sent again. */
  constructor(quota: RetryQuota, maxAttempts: number) {
    this.#quota = quota;
    this.#maxAttempts = maxAttempts;
  }

  /**
   * The pause before the next attempt, or `undefined` where there is none.
   *
   * @param timeLeftMs A pause that does not end before it leaves no time for what it waits for.
   */
  next(
    kind: RetryClass,
    random: number,
    timeLeftMs: number,
    hintMs?: number,
  ): number | undefined {
    if (kind === "none" || this.#maxAttempts === 1) return undefined;
    if (kind === "conflict") {
      // Nothing is overloaded, so this neither counts as an attempt nor costs anything.
      if (this.#conflicts >= CONFLICT_RETRIES) return undefined;
      const delayMs = retryDelayMs(kind, this.#conflicts++, random);
      return delayMs < timeLeftMs ? delayMs : undefined;
    }
    if (this.#retries + 1 >= this.#maxAttempts) return undefined;
    if (kind === "skew" || kind === "expired") return this.#once(kind);
    const delayMs = retryDelayMs(kind, this.#retries, random, hintMs);
    if (delayMs >= timeLeftMs) return undefined;
    const cost = this.#quota.take(kind);
    if (cost === undefined) return undefined;
    this.#lastCost = cost;
    this.#retries++;
    return delayMs;
  }

  /** Tells the quota that the call succeeded. */
  succeeded(): void {
    this.#quota.refund(this.#lastCost);
  }

  /** A corrected clock or fresh credentials either help at once or not at all. */
  #once(kind: "skew" | "expired"): number | undefined {
    if (kind === "skew" ? this.#skewTried : this.#refreshTried) return undefined;
    if (kind === "skew") this.#skewTried = true;
    else this.#refreshTried = true;
    this.#retries++;
    return 0;
  }
}
