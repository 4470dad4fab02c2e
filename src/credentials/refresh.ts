import type { Runtime } from "../runtime.ts";
import {
  type AwsCredentialIdentity,
  type AwsCredentialProvider,
  checkIdentity,
  complaint,
} from "./identity.ts";

/** Credentials are renewed this long before their end, as the AWS SDK does. */
const REFRESH_AHEAD_MS = 5 * 60_000;

/** After one attempt to renew keys that still hold, the next one waits this long. */
const REFRESH_PAUSE_MS = 10_000;

/** A shared call that takes longer than this is taken for dead, and another one is made. */
const SHARED_CALL_MS = 30_000;

/**
 * Keeps the answer of a provider, and asks again ahead of its end.
 *
 * Where requests are isolated (Cloudflare Workers) a promise of one request must not be awaited by
 * another: it errors or hangs. There each caller asks for itself, and only the answer is kept.
 * Elsewhere callers share one call, and keys that still hold are renewed behind their back.
 */
export class CredentialCache {
  readonly #provider: AwsCredentialProvider | undefined;
  readonly #runtime: Runtime;
  #identity: AwsCredentialIdentity | undefined;
  #refreshAt = Infinity;
  #forceRefresh = false;
  #call: Promise<AwsCredentialIdentity> | undefined;
  #callSince = 0;

  /** Checks static credentials at once; a provider is not called before it is needed. */
  constructor(source: AwsCredentialIdentity | AwsCredentialProvider, runtime: Runtime) {
    this.#runtime = runtime;
    if (typeof source === "function") {
      this.#provider = source;
      return;
    }
    const wrong = complaint(source);
    if (wrong !== undefined) throw new TypeError(`Cannot use 'credentials' as ${wrong}`);
    this.#identity = checkIdentity(source);
  }

  /**
   * The credentials at hand, or `undefined` where a provider has to be asked first.
   *
   * @param now The server's wall clock as far as it is known, as the end of keys is in its time.
   */
  current(now: number): AwsCredentialIdentity | undefined {
    if (this.#provider === undefined) return this.#identity;
    const identity = this.valid(now);
    if (identity === undefined || now < this.#refreshAt) return identity;
    // Whatever comes of this attempt, others go on with the old keys meanwhile.
    this.#refreshAt = now + REFRESH_PAUSE_MS;
    if (this.#runtime.isolatesRequests) return undefined;
    this.ask(now).catch(() => {}); // the keys still hold, so nobody has to know yet
    return identity;
  }

  /** The credentials at hand where they have not ended, due for renewal or not. */
  valid(now: number): AwsCredentialIdentity | undefined {
    const identity = this.#identity;
    return identity?.expiration !== undefined && identity.expiration.getTime() <= now
      ? undefined
      : identity;
  }

  /** Asks the provider, or joins a call under way where that is allowed. */
  ask(now: number): Promise<AwsCredentialIdentity> {
    if (this.#runtime.isolatesRequests) return this.#ask(now);
    const { mono } = this.#runtime.now();
    if (this.#call !== undefined && mono - this.#callSince < SHARED_CALL_MS) return this.#call;
    const call = this.#ask(now).finally(() => {
      if (this.#call === call) this.#call = undefined;
    });
    this.#call = call;
    this.#callSince = mono;
    return call;
  }

  /**
   * Forgets credentials that DynamoDB called expired.
   *
   * @returns Whether there is a provider that could give others.
   */
  expired(identity: AwsCredentialIdentity): boolean {
    if (this.#provider === undefined) return false;
    // Another caller may have renewed them already.
    if (this.#identity === identity) {
      this.#identity = undefined;
      this.#forceRefresh = true;
    }
    return true;
  }

  async #ask(now: number): Promise<AwsCredentialIdentity> {
    const provider = this.#provider!;
    const answer = await (this.#forceRefresh ? provider({ forceRefresh: true }) : provider());
    const identity = checkIdentity(answer);
    this.#forceRefresh = false;
    this.#identity = identity;
    this.#refreshAt = refreshTime(identity, now);
    return identity;
  }
}

/** When to renew: five minutes ahead, or at half of the life of keys that live for less than ten. */
function refreshTime(identity: AwsCredentialIdentity, now: number): number {
  if (identity.expiration === undefined) return Infinity;
  const end = identity.expiration.getTime();
  return end - Math.min(REFRESH_AHEAD_MS, (end - now) / 2);
}
