import type { Runtime } from "../runtime.ts";
import {
  type AwsCredentialIdentity,
  type AwsCredentialProvider,
  checkIdentity,
} from "./identity.ts";

/** Credentials are renewed this long before their end, as the AWS SDK does. */
const REFRESH_AHEAD_MS = 5 * 60_000;

/** After one attempt to renew keys that still hold, the next one waits this long. */
const REFRESH_PAUSE_MS = 10_000;

/** A source of credentials that is silent for this long has failed. */
export const CREDENTIALS_TIMEOUT_MS = 30_000;

/** A provider, also one that answers at once. */
type Provider = (
  ...options: Parameters<AwsCredentialProvider>
) => AwsCredentialIdentity | Promise<AwsCredentialIdentity>;

/**
 * Keeps the answer of a provider, and asks again ahead of its end.
 *
 * Where requests are isolated (Cloudflare Workers) a promise of one request must not be awaited by
 * another: it errors or hangs. There each caller asks for itself, and only the answer is kept.
 * Elsewhere callers share one call, and keys that still hold are renewed behind their back.
 */
export class CredentialCache {
  readonly #provider: Provider;
  readonly #runtime: Runtime;
  #identity: AwsCredentialIdentity | undefined;
  #end = 0;
  #refreshAt = 0;
  #forceRefresh = false;
  #call: Promise<AwsCredentialIdentity> | undefined;
  /** When it is taken for dead, by the monotonic clock. */
  #callUntil = 0;
  /** How many calls were begun, and which of them gave the keys. */
  #calls = 0;
  #answered = 0;

  /**
   * Does not call a provider before it is needed.
   *
   * @throws {CredentialsError} For static credentials that cannot be right.
   */
  constructor(source: AwsCredentialIdentity | Provider, runtime: Runtime) {
    this.#runtime = runtime;
    if (typeof source === "function") this.#provider = source;
    else {
      const identity = checkIdentity(source);
      this.#provider = () => identity;
    }
  }

  /**
   * The credentials at hand, or `undefined` where a provider has to be asked first.
   *
   * @param now The server's wall clock as far as it is known, as the end of keys is in its time.
   */
  current(now: number): AwsCredentialIdentity | undefined {
    if (now >= this.#end) return undefined;
    if (now >= this.#refreshAt) {
      // Whatever comes of this attempt, others go on with the old keys meanwhile.
      this.#refreshAt = now + REFRESH_PAUSE_MS;
      if (this.#runtime.isolatesRequests) return undefined;
      this.#ask(now).catch(() => {}); // the keys still hold, so nobody has to know yet
    }
    return this.#identity;
  }

  /** Asks the provider, or joins a call under way where that is allowed and not too old. */
  ask(now: number): Promise<AwsCredentialIdentity> {
    if (this.#runtime.isolatesRequests) return this.#ask(now);
    const { mono } = this.#runtime.now();
    if (this.#call && mono < this.#callUntil) return this.#call;
    this.#callUntil = mono + CREDENTIALS_TIMEOUT_MS;
    const call = this.#ask(now).finally(() => {
      if (this.#call === call) this.#call = undefined;
    });
    return this.#call = call;
  }

  /** Forgets credentials that DynamoDB called expired. */
  forget(identity: AwsCredentialIdentity): void {
    if (this.#identity !== identity) return; // another caller has renewed them already
    this.#end = 0;
    this.#forceRefresh = true;
  }

  async #ask(now: number): Promise<AwsCredentialIdentity> {
    const call = ++this.#calls;
    const identity = checkIdentity(await this.#provider({ forceRefresh: this.#forceRefresh }));
    if (call < this.#answered) return identity; // taken for dead: there are newer ones
    this.#answered = call;
    this.#forceRefresh = false;
    this.#identity = identity;
    // `NaN`, of what is no date, is never reached either: then DynamoDB will say when they end.
    this.#end = Number(identity.expiration ?? Infinity);
    // Or at half of the life of keys that live for less than ten minutes.
    this.#refreshAt = this.#end - Math.min(REFRESH_AHEAD_MS, (this.#end - now) / 2);
    return identity;
  }
}
