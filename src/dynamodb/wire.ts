import {
  type EnvironmentReader,
  environmentReader,
  identityFromEnvironment,
} from "../credentials/env.ts";
import { type AwsCredentialIdentity, CredentialsError } from "../credentials/identity.ts";
import { CredentialCache, CREDENTIALS_TIMEOUT_MS } from "../credentials/refresh.ts";
import { systemRuntime } from "../runtime.ts";
import { tell } from "../tell.ts";
import { type Answer, isAccepted, readAnswer } from "./answer.ts";
import type { AnswerTiming } from "./attempt.ts";
import type { OpenCall, Settings } from "./call.ts";
import { endpointFinder } from "./endpoint.ts";
import { DynamoError, failure } from "./errors.ts";
import { withLimit } from "./limit.ts";
import type { ClientSettings, SendSettings } from "./options.ts";
import { classify, MAX_ATTEMPTS, MAX_CONFLICTS, QUOTA, retryDelayMs } from "./retry.ts";
import { DefaultSigner } from "./default_signer.ts";
import type { SigningRequest } from "./signer.ts";

/**
 * Signs, sends, reads and sends again: all of {@linkcode DynamoClient} but the checks of its options and
 * of what it is to send. The locks use it as it is, for theirs are checked already.
 */
export class Wire {
  readonly #settings: Settings;
  readonly #read: EnvironmentReader;
  readonly #credentials: CredentialCache;
  #findEndpoint: ReturnType<typeof endpointFinder>;
  /** The server's clock minus our wall clock, learned from refusals only. */
  #offsetMs = 0;
  /**
   * What is left for retries, shared by all calls: an outage must not multiply the traffic. Successes
   * fill it up again.
   */
  #quota = QUOTA;

  constructor(options: ClientSettings) {
    this.#settings = {
      maxAttempts: MAX_ATTEMPTS,
      attemptTimeoutMs: 5000,
      runtime: systemRuntime,
      signer: new DefaultSigner(),
      ...options,
    };
    const { runtime, env, credentials = () => identityFromEnvironment(this.#read) } =
      this.#settings;
    this.#read = environmentReader(env, runtime);
    this.#credentials = new CredentialCache(credentials, runtime);
  }

  /** Sends one request and returns its output, as {@linkcode DynamoClient.send}. */
  async send<T = Record<string, unknown>>(
    operation: string,
    input: object,
    set: SendSettings = {},
  ): Promise<T> {
    set.signal?.throwIfAborted();
    const start = this.#settings.runtime.now();
    const call: OpenCall = {
      ...this.#settings,
      ...set,
      operation,
      deadline: start.mono + (set.deadlineMs ?? Infinity),
      attempts: 0,
      retries: 0,
      conflicts: 0,
    };
    const findEndpoint = this.#findEndpoint ??= endpointFinder(this.#settings, this.#read);
    if (!findEndpoint) {
      const message = "'region', AWS_REGION or AWS_DEFAULT_REGION must be set";
      throw failure(call, "RegionMissing", message);
    }
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
      const endpoint = findEndpoint(identity.accountId);
      // By the clock that made the times in the body: by a better one they would pass, however wrong.
      const time = call.time === undefined
        ? this.#serverTime()
        : call.time + this.#settings.runtime.now().mono - start.mono;
      const answer = await this.#attempt(call, { ...request, ...endpoint, identity, time });
      if (!(answer instanceof DynamoError)) {
        // Gives back the price of the last retry, or one where there was none.
        this.#quota = Math.min(QUOTA, this.#quota + (call.cost || 1));
        return answer as T;
      }
      await this.#pause(call, answer, identity);
    }
  }

  /** The server's wall clock as far as it is known. */
  #serverTime(): number {
    return this.#settings.runtime.now().wall + this.#offsetMs;
  }

  /** What is left of the call's time, `mostMs` at most; throws where nothing is. */
  #timeLeft(call: OpenCall, mostMs: number): number {
    const left = Math.min(mostMs, call.deadline - this.#settings.runtime.now().mono);
    if (left > 0) return left;
    // The last attempt's error tells more than that the time is over.
    throw call.error ?? failure(call, "TimeoutError", "no answer");
  }

  /** The keys to sign with: those at hand, or else the source is asked. */
  async #identity(call: OpenCall): Promise<AwsCredentialIdentity> {
    const credentials = this.#credentials;
    const now = this.#serverTime();
    let cause: unknown;
    const identity = credentials.current(now) ??
      await withLimit(
        call.runtime,
        this.#timeLeft(call, CREDENTIALS_TIMEOUT_MS),
        call.signal,
        () => credentials.ask(now),
        (reason) => void (cause = reason ?? "nothing"),
      ) ??
      // Keys that were only to be renewed ahead of their end still do.
      credentials.current(now);
    if (identity) return identity;
    // Another package's text might repeat a key, so only ours is quoted.
    const ours = cause instanceof CredentialsError ? cause : undefined;
    const code = !cause
      ? "TimeoutError"
      : ours?.code === "CredentialsMissing"
      ? ours.code
      : "CredentialsFailed";
    const message = ours?.message ?? `no credentials${cause ? ", as their source failed" : ""}`;
    throw failure(call, code, message, false, cause);
  }

  /**
   * Signs and sends one request, and reads the whole answer. It rejects only with the reason of the
   * caller's signal.
   */
  async #attempt(call: OpenCall, request: SigningRequest): Promise<Answer> {
    const { runtime, fetch, attempts } = call;
    let timing: Omit<AnswerTiming, "kind"> | undefined;
    let cause: unknown;

    const exchange = async (limit: AbortSignal) => {
      const { method, body, url, time } = request;
      const headers = await call.signer.sign(request);
      if (limit.aborted) return; // nobody waits for it any more: do not send it
      // Not signed, as proxies and runtimes rewrite it. Unpacked bytes would not fit the checksum.
      headers.set("accept-encoding", "identity");
      // Following a redirect would hand the signed request to another origin.
      const init: RequestInit = { method, headers, body, redirect: "manual", signal: limit };
      const sentAt = runtime.now();
      call.attempts++;
      // Called without `this`: some runtimes refuse to run `fetch` as a method.
      const response = await (fetch?.(url, init) ?? runtime.fetch(url, init));
      const answered = response.headers;
      timing = {
        sentAt,
        receivedAt: runtime.now(),
        signedAt: time,
        attempt: call.attempts,
        date: Date.parse(answered.get("date")!) || undefined,
        age: answered.has("age"),
      };
      call.hint = answered.get("x-amz-retry-after");
      let bytes: Uint8Array | undefined;
      // A browser hides a redirect behind status 0.
      if (limit.aborted || /^[03]/.test(`${response.status}`)) {
        // Of no use: let go of it, so that it does not hold its connection.
        response.body?.cancel().catch(() => {});
      } else bytes = new Uint8Array(await response.arrayBuffer());
      return readAnswer(call, response.status, answered, bytes);
    };

    let answer = await withLimit(
      runtime,
      this.#timeLeft(call, call.attemptTimeoutMs),
      call.signal,
      exchange,
      (reason) => void (cause = reason),
    );
    if (!answer) {
      const isSent = call.attempts > attempts;
      const code = !cause ? "TimeoutError" : isSent ? "NetworkError" : "SigningFailed";
      answer = failure(call, code, "no answer", isSent, cause);
    }
    if (timing) {
      const kind = isAccepted(answer)
        ? "accepted"
        : classify(answer as DynamoError)?.[0] === "skew"
        ? "skewed"
        : "other";
      const { date, age, receivedAt } = timing;
      // A refused signing time teaches the server's; a date from a cache teaches nothing.
      if (kind === "skewed" && date && !age) this.#offsetMs = date - receivedAt.wall;
      tell(call.onAnswer, { ...timing, kind });
    }
    return answer;
  }

  /** Waits for the time of the next attempt, or throws the error where there is none. */
  async #pause(
    call: OpenCall,
    error: DynamoError,
    identity: AwsCredentialIdentity,
  ): Promise<void> {
    const { operation, attempts, maxAttempts, runtime } = call;
    const random = runtime.random();
    const rule = classify(error);
    call.error = error;
    if (!rule) throw error;
    const [kind, , , longestMs, cost] = rule;
    if (kind === "expired") this.#credentials.forget(identity);
    const isConflict = kind === "conflict";
    const count = isConflict ? call.conflicts++ : call.retries++;
    const delayMs = retryDelayMs(rule, count, random, call.hint);
    if (
      attempts >= (call.maxRequests ?? Infinity) ||
      kind === "skew" && call.time !== undefined ||
      kind === "expired" && typeof call.credentials === "object" || // there are no others
      // What needs no pause helps at once or not at all.
      longestMs === 0 && call.rule === rule ||
      count >= (isConflict && maxAttempts > 1 ? MAX_CONFLICTS : maxAttempts - 1) ||
      delayMs >= this.#timeLeft(call, Infinity) || cost > this.#quota
    ) throw error;
    this.#quota -= cost;
    call.cost = cost;
    call.rule = rule;
    tell(call.onRetry, { operation, attempt: attempts, code: error.code, delayMs });
    await withLimit(runtime, delayMs, call.signal);
  }
}
