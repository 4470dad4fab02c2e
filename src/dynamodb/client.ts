import type { AwsCredentialIdentity } from "../credentials/identity.ts";
import {
  type EnvironmentReader,
  environmentReader,
  identityFromEnvironment,
} from "../credentials/env.ts";
import { CredentialsError } from "../credentials/identity.ts";
import { CredentialCache } from "../credentials/refresh.ts";
import { type Runtime, systemRuntime } from "../runtime.ts";
import type { Failure } from "./answer.ts";
import { type AnswerTiming, attempt, type Wire } from "./attempt.ts";
import {
  type Endpoint,
  type EndpointOptions,
  type EndpointSettings,
  endpointSettings,
  findRegion,
  resolveEndpoint,
} from "./endpoint.ts";
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
import { SigV4Signer } from "./signer.ts";

const ATTEMPT_TIMEOUT_MS = 5000;

/** A source of credentials that is silent for this long has failed. */
const CREDENTIALS_TIMEOUT_MS = 30_000;

/** One call of `send`: what stays and what adds up over its attempts. */
class Call {
  attempts = 0;
  mayHaveApplied = false;
  lastFailure: Failure | undefined;

  constructor(
    readonly operation: string,
    readonly headers: Readonly<Record<string, string>>,
    readonly body: string,
    readonly plan: RetryPlan,
    readonly options: SendOptions,
    /** On the monotonic clock. */
    readonly deadline: number,
  ) {}

  /** The error of a failure, with what the whole call knows. */
  error(failure: Partial<Failure> & Pick<Failure, "code" | "message">): DynamoError {
    const { code, message, statusCode, requestId, item, cause } = failure;
    const { cancellationReasons, throttlingReasons } = failure;
    const { operation, attempts, mayHaveApplied } = this;
    const details = { attempts, mayHaveApplied, statusCode, requestId };
    return new DynamoError(
      code,
      `Cannot complete '${operation}': ${code}${message && `: ${message}`}`,
      { ...details, item, cancellationReasons, throttlingReasons },
      cause === undefined ? undefined : { cause },
    );
  }

  /** The error of a call that ran out of time: that of its last attempt, which tells more. */
  outOfTime(): DynamoError {
    return this.error(
      this.lastFailure ?? { code: "TimeoutError", message: "'deadlineMs' has passed" },
    );
  }
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
  #settings: EndpointSettings | undefined;
  #endpoint: { readonly accountId: string | undefined; readonly to: Endpoint } | undefined;
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
    const call = this.#begin(operation, input, options);
    for (;;) {
      const identity = await this.#identity(call);
      const result = await this.#attempt(call, identity);
      if ("output" in result) return result.output as T;
      await this.#prepareRetry(call, result.failure, identity);
    }
  }

  #begin(operation: string, input: object, options: SendOptions): Call {
    const maxAttempts = options.maxAttempts ?? this.#options.maxAttempts ?? MAX_ATTEMPTS;
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${operation}`,
    };
    const deadline = options.deadlineMs === undefined
      ? Infinity
      : this.#runtime.now().mono + options.deadlineMs;
    const plan = new RetryPlan(this.#quota, maxAttempts);
    const call = new Call(operation, headers, JSON.stringify(input), plan, options, deadline);
    this.#settings ??= this.#findSettings(call);
    return call;
  }

  #findSettings(call: Call): EndpointSettings {
    const options: EndpointOptions = this.#options;
    const region = findRegion(options, this.#read);
    if (region !== undefined) return endpointSettings(options, region, this.#read);
    throw call.error({
      code: "RegionMissing",
      message: "set the option 'region', 'AWS_REGION' or 'AWS_DEFAULT_REGION'",
    });
  }

  /** The endpoint for these credentials; worked out once an account. */
  #endpointFor(accountId: string | undefined): Endpoint {
    if (this.#endpoint === undefined || this.#endpoint.accountId !== accountId) {
      this.#endpoint = { accountId, to: resolveEndpoint(this.#settings!, accountId) };
    }
    return this.#endpoint.to;
  }

  /** What is left of the call's time, at least; throws where nothing is. */
  #timeLeft(call: Call): number {
    const left = call.deadline - this.#runtime.now().mono;
    if (left <= 0) throw call.outOfTime();
    return left;
  }

  async #identity(call: Call): Promise<AwsCredentialIdentity> {
    const now = this.#runtime.now().wall + this.#offsetMs;
    const current = this.#credentials.current(now);
    if (current !== undefined) return current;
    const { signal } = call.options;
    const limitMs = Math.min(CREDENTIALS_TIMEOUT_MS, this.#timeLeft(call));
    try {
      return await withLimit(
        this.#runtime,
        limitMs,
        signal,
        () => this.#credentials.ask(now),
      );
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // Keys that were only to be renewed ahead of their end still do.
      const old = this.#credentials.valid(now);
      if (old !== undefined) return old;
      if (error instanceof TimeLimitReached) {
        const message = `no credentials within ${Math.round(limitMs)} ms`;
        throw call.error({ code: "TimeoutError", message });
      }
      const own = error instanceof CredentialsError;
      throw call.error({
        code: own && error.code === "CredentialsMissing" ? error.code : "CredentialsFailed",
        message: own ? error.message : "the source of credentials failed",
        cause: error,
      });
    }
  }

  async #attempt(call: Call, identity: AwsCredentialIdentity) {
    const { options } = call;
    const limitMs = options.attemptTimeoutMs ?? this.#options.attemptTimeoutMs ??
      ATTEMPT_TIMEOUT_MS;
    const { answer, sent, timing } = await attempt(this.#wire, {
      endpoint: this.#endpointFor(identity.accountId),
      identity,
      headers: call.headers,
      body: call.body,
      offsetMs: this.#offsetMs,
      limitMs: Math.min(limitMs, this.#timeLeft(call)),
      signal: options.signal,
    });
    if (sent) call.attempts++;
    if (timing !== undefined) {
      this.#learnOffset(timing);
      tell(options.onAnswer, timing);
    }
    if ("output" in answer) call.plan.succeeded();
    else {
      call.lastFailure = answer.failure;
      call.mayHaveApplied ||= answer.failure.unknown;
    }
    return answer;
  }

  /** A refused signing time teaches the server's; a date from a cache teaches nothing. */
  #learnOffset({ kind, date, age, receivedAt }: AnswerTiming): void {
    if (kind === "skewed" && date !== undefined && !age) this.#offsetMs = date - receivedAt.wall;
  }

  /** Makes ready for the next attempt and waits for its time, or throws where there is none. */
  async #prepareRetry(
    call: Call,
    failure: Failure,
    identity: AwsCredentialIdentity,
  ): Promise<void> {
    const { options, operation, attempts } = call;
    const { code, retry } = failure;
    let worthIt = true;
    if (retry === "skew") worthIt = options.retrySkew ?? true;
    if (retry === "expired") worthIt = this.#credentials.expired(identity);
    const timeLeftMs = this.#timeLeft(call);
    const delayMs = worthIt
      ? call.plan.next(retry, this.#runtime.random(), timeLeftMs, failure.retryAfterMs)
      : undefined;
    if (delayMs === undefined) throw call.error(failure);
    tell<RetryEvent>(this.#options.onRetry, { operation, attempt: attempts, code, delayMs });
    if (delayMs > 0) await sleep(this.#runtime, delayMs, options.signal);
  }
}
