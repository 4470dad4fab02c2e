import type { AwsCredentialIdentity } from "../credentials/identity.ts";
import {
  type EnvironmentReader,
  environmentReader,
  identityFromEnvironment,
} from "../credentials/env.ts";
import { CredentialsError } from "../credentials/identity.ts";
import { CredentialCache } from "../credentials/refresh.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import type { Answer, Failure } from "./answer.ts";
import { attempt, type Wire } from "./attempt.ts";
import { endpointFinder } from "./endpoint.ts";
import { DynamoError } from "./errors.ts";
import { sleep, TimeLimitReached, withLimit } from "./limit.ts";
import {
  checkClientOptions,
  checkSend,
  type DynamoClientOptions,
  type RetryEvent,
  type SendOptions,
} from "./options.ts";
import { MAX_ATTEMPTS, RetryPlan, RetryQuota } from "./retry.ts";
import { type SigningRequest, SigV4Signer } from "./signer.ts";

const ATTEMPT_TIMEOUT_MS = 5000;

/** A source of credentials that is silent for this long has failed. */
const CREDENTIALS_TIMEOUT_MS = 30_000;

/** One call of `send`: what stays and what adds up over its attempts. */
interface Call {
  readonly operation: string;
  readonly options: SendOptions;
  readonly plan: RetryPlan;
  /** On the monotonic clock. */
  readonly deadline: number;
  attempts: number;
  mayHaveApplied: boolean;
  failure: Failure | undefined;
}

/** The error of a failure, with what the whole call knows. */
function errorOf(call: Call, { code, message, details, cause }: Partial<Failure>): DynamoError {
  const { operation, attempts, mayHaveApplied } = call;
  return new DynamoError(
    code!,
    `Cannot complete '${operation}': ${code}${message && `: ${message}`}`,
    { ...details, attempts, mayHaveApplied },
    cause === undefined ? undefined : { cause },
  );
}

/** Calls a listener; what it throws must not change the outcome. */
function tell<E>(listener: ((event: E) => void) | undefined, event: E): void {
  try {
    listener?.(event);
  } catch {
    // The listener's own affair.
  }
}

/**
 * A client of DynamoDB's JSON API that signs its requests and sends them again where that helps.
 *
 * It knows no operation by itself: operation names, inputs and outputs are those of the API
 * reference, in DynamoDB's JSON. It does nothing before the first {@link send}: neither I/O nor a
 * look at the environment.
 *
 * It sends again what failed in transit, was throttled or met a conflict, with the pauses and the
 * quota of the AWS SDKs; a cancelled transaction and a failed condition are answers, not failures
 * to retry. A retried write that is not idempotent may be applied twice, and a retried conditional
 * write may meet its own success: {@link DynamoError.mayHaveApplied} tells where to look.
 *
 * @example Against a `fetch` of your own
 * ```ts
 * import { DynamoClient } from "@x/dynamo-lock/client";
 *
 * const client = new DynamoClient({
 *   region: "eu-west-1",
 *   credentials: { accessKeyId: "local", secretAccessKey: "local" },
 *   fetch: () => Promise.resolve(Response.json({ TableNames: ["locks"] })),
 * });
 * const { TableNames } = await client.send<{ TableNames: string[] }>("ListTables", {});
 * ```
 */
export class DynamoClient {
  readonly #options: DynamoClientOptions;
  readonly #runtime: Runtime;
  readonly #read: EnvironmentReader;
  readonly #wire: Wire;
  readonly #credentials: CredentialCache;
  readonly #quota = new RetryQuota();
  #findEndpoint: ReturnType<typeof endpointFinder>;
  /** The server's clock minus our wall clock, learned from refusals only. */
  #offsetMs = 0;

  /**
   * Makes a client.
   *
   * @throws {TypeError} For an unknown option or a value of the wrong type.
   * @throws {RangeError} For a value that is out of range, and an unsafe Region or endpoint.
   */
  constructor(options: DynamoClientOptions = {}) {
    checkClientOptions(options);
    this.#options = { ...options }; // a later change of the caller's object changes nothing
    const runtime = options.runtime ?? systemRuntime;
    this.#runtime = runtime;
    const read = environmentReader(options.env, (name) => runtime.env(name));
    this.#read = read;
    const { fetch } = options;
    this.#wire = {
      runtime,
      signer: options.signer ?? new SigV4Signer(),
      // Called without `this`: some runtimes refuse to run `fetch` as a method.
      fetch: fetch ? (url, init) => fetch(url, init) : (url, init) => runtime.fetch(url, init),
    };
    // deno-lint-ignore require-await -- what it throws must be a rejection
    const provider = async () => identityFromEnvironment(read);
    this.#credentials = new CredentialCache(options.credentials ?? provider, runtime);
  }

  /**
   * Sends one request and returns its output.
   *
   * @typeParam T What the caller knows the output to be; it is not checked.
   * @param operation The name of the operation, such as `"UpdateItem"`.
   * @param input The request in DynamoDB's JSON.
   * @throws {DynamoError} Where DynamoDB refused it or no readable answer came.
   * @throws {TypeError} Where the arguments cannot be right; before any request.
   * @throws {RangeError} Where a number, the Region or the endpoint is refused; before any request.
   */
  async send<T = Record<string, unknown>>(
    operation: string,
    input: object,
    options: SendOptions = {},
  ): Promise<T> {
    checkSend(operation, input, options);
    options.signal?.throwIfAborted();
    const call = this.#begin(operation, options);
    const request = {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": `DynamoDB_20120810.${operation}`,
      },
      body: JSON.stringify(input),
      service: "dynamodb",
    };
    for (;;) {
      const identity = await this.#identity(call);
      const endpoint = this.#findEndpoint!(identity.accountId);
      const time = this.#serverTime();
      const answer = await this.#attempt(call, { ...request, ...endpoint, identity, time });
      if ("output" in answer) return answer.output as T;
      await this.#prepareRetry(call, answer.failure, identity);
    }
  }

  #begin(operation: string, options: SendOptions): Call {
    const maxAttempts = options.maxAttempts ?? this.#options.maxAttempts ?? MAX_ATTEMPTS;
    const call: Call = {
      operation,
      options,
      plan: new RetryPlan(this.#quota, maxAttempts),
      deadline: this.#runtime.now().mono + (options.deadlineMs ?? Infinity),
      attempts: 0,
      mayHaveApplied: false,
      failure: undefined,
    };
    this.#findEndpoint ??= endpointFinder(this.#options, this.#read);
    if (this.#findEndpoint !== undefined) return call;
    const message = "set the option 'region', AWS_REGION or AWS_DEFAULT_REGION";
    throw errorOf(call, { code: "RegionMissing", message });
  }

  /** The server's wall clock as far as it is known. */
  #serverTime(): number {
    return this.#runtime.now().wall + this.#offsetMs;
  }

  /** What is left of the call's time; throws where nothing is. */
  #timeLeft(call: Call): number {
    const left = call.deadline - this.#runtime.now().mono;
    if (left > 0) return left;
    // The last attempt's error tells more than that the time is up.
    throw errorOf(call, call.failure ?? { code: "TimeoutError", message: "'deadlineMs' is over" });
  }

  async #identity(call: Call): Promise<AwsCredentialIdentity> {
    const now = this.#serverTime();
    const current = this.#credentials.current(now);
    if (current !== undefined) return current;
    const { signal } = call.options;
    const limitMs = Math.min(CREDENTIALS_TIMEOUT_MS, this.#timeLeft(call));
    try {
      return await withLimit(this.#runtime, limitMs, signal, () => this.#credentials.ask(now));
    } catch (cause) {
      if (signal?.aborted) throw signal.reason;
      // Keys that were only to be renewed ahead of their end still do.
      const old = this.#credentials.valid(now);
      if (old !== undefined) return old;
      const isLate = cause instanceof TimeLimitReached;
      const isOurs = cause instanceof CredentialsError;
      const isMissing = isOurs && cause.code === "CredentialsMissing";
      throw errorOf(call, {
        code: isLate ? "TimeoutError" : isMissing ? cause.code : "CredentialsFailed",
        // Another package's text might repeat a key, so only ours is quoted.
        message: isOurs ? cause.message : "no credentials from their source",
        cause,
      });
    }
  }

  async #attempt(call: Call, request: SigningRequest): Promise<Answer> {
    const { options, plan } = call;
    const ownLimitMs = options.attemptTimeoutMs ?? this.#options.attemptTimeoutMs ??
      ATTEMPT_TIMEOUT_MS;
    const limitMs = Math.min(ownLimitMs, this.#timeLeft(call));
    const { answer, sent, timing } = await attempt(this.#wire, request, limitMs, options.signal);
    if (sent) call.attempts++;
    if (timing !== undefined) {
      const { kind, date, age, receivedAt } = timing;
      // A refused signing time teaches the server's; a date from a cache teaches nothing.
      if (kind === "skewed" && date !== undefined && !age) this.#offsetMs = date - receivedAt.wall;
      tell(options.onAnswer, timing);
    }
    if ("output" in answer) plan.succeeded();
    else {
      call.failure = answer.failure;
      call.mayHaveApplied ||= answer.failure.unknown;
    }
    return answer;
  }

  /** Makes ready for the next attempt and waits for its time, or throws where there is none. */
  async #prepareRetry(
    call: Call,
    failure: Failure,
    identity: AwsCredentialIdentity,
  ): Promise<void> {
    const { options, operation, attempts, plan } = call;
    const { code, retry, hintMs } = failure;
    const isWorthIt = retry === "expired"
      ? this.#credentials.expired(identity)
      : retry !== "skew" || (options.retrySkew ?? true);
    const timeLeftMs = this.#timeLeft(call);
    const delayMs = isWorthIt
      ? plan.next(retry, this.#runtime.random(), timeLeftMs, hintMs)
      : undefined;
    if (delayMs === undefined) throw errorOf(call, failure);
    tell<RetryEvent>(this.#options.onRetry, { operation, attempt: attempts, code, delayMs });
    if (delayMs > 0) await sleep(this.#runtime, delayMs, options.signal);
  }
}
