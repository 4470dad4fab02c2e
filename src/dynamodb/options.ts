/**
 * The options of a client and of one request, and their checks.
 *
 * @module
 */

import type { AwsCredentialIdentity, AwsCredentialProvider } from "../credentials/identity.ts";
import type { Environment } from "../credentials/env.ts";
import type { Runtime } from "../runtime.ts";
import {
  between,
  type Check,
  checkOptions,
  type Checks,
  DATE_MS_MAX,
  having,
  ofType,
  type OnlySet,
} from "../checks.ts";
import type { AnswerTiming } from "./attempt.ts";
import { endpointFinder, type EndpointOptions } from "./endpoint.ts";
import type { Signer } from "./signer.ts";

/** A little less than timers can keep: they fire at once for more. */
const MAX_TIMER_MS = 2_000_000_000;

/** What happens between two attempts. */
export interface RetryEvent {
  /** The operation, such as `"UpdateItem"`. */
  readonly operation: string;
  /** The attempt that failed, counted from 1. */
  readonly attempt: number;
  /** The code that its error would have had. */
  readonly code: string;
  /** The pause before the next attempt, in milliseconds. */
  readonly delayMs: number;
}

/** Options of a {@link DynamoClient}. */
export interface DynamoClientOptions extends EndpointOptions {
  /** Credentials or a source of them; or else the environment. */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialProvider | undefined;
  /**
   * The greatest number of requests for one call, 1 to 100, conflicts not counted. 1 means that
   * nothing is sent again for any reason.
   *
   * @default {4}
   */
  readonly maxAttempts?: number | undefined;
  /**
   * The limit of one attempt up to the last byte of the answer, 1 to 2,000,000,000 ms.
   *
   * @default {5000}
   */
  readonly attemptTimeoutMs?: number | undefined;
  /** Variables to use instead of the environment of the process, such as a Worker's `env`. */
  readonly env?: Environment | undefined;
  /** A `fetch` instead of the runtime's own. */
  readonly fetch?: typeof fetch | undefined;
  /** A signer instead of aws4fetch as it is, such as a {@link SigV4Signer} with other hashing. */
  readonly signer?: Signer | undefined;
  /** Clocks, timers and randomness instead of the system's. */
  readonly runtime?: Runtime | undefined;
  /** Hears of each retry before its pause. What it throws is ignored. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined;
}

/** Options of one {@link DynamoClient.send}. */
export interface SendOptions {
  /** Cancels the call; its reason is rethrown untouched. What was sent may still be applied. */
  readonly signal?: AbortSignal | undefined;
  /** As {@link DynamoClientOptions.maxAttempts}, for this call. */
  readonly maxAttempts?: number | undefined;
  /** The most requests of this call, of whatever kind: no option allows more. */
  readonly maxRequests?: number | undefined;
  /** As {@link DynamoClientOptions.attemptTimeoutMs}, for this call. */
  readonly attemptTimeoutMs?: number | undefined;
  /** Milliseconds from now that no attempt and no pause goes past, 0 to 2,000,000,000. */
  readonly deadlineMs?: number | undefined;
  /** Hears of each answer, before it is judged. What it throws is ignored. */
  readonly onAnswer?: ((timing: AnswerTiming) => void) | undefined;
  /**
   * The signing time of a request that is sent now, in epoch milliseconds, instead of what the client
   * takes for the server's. For a body with times in it: signed by the clock that made them, it is
   * refused where that clock was wrong, and not sent again. What the clock is off is learned all the
   * same.
   */
  readonly time?: number | undefined;
}

/** Checked where it is used. */
const anything: Check = () => {};

const SHARED = {
  maxAttempts: between(1, 100),
  attemptTimeoutMs: between(1, MAX_TIMER_MS),
};

/** What is set of the options of a client. */
export type ClientSettings = OnlySet<DynamoClientOptions>;

/** What is set of the options of one call. */
export type SendSettings = OnlySet<SendOptions>;

const CLIENT: Checks<DynamoClientOptions> = {
  ...SHARED,
  region: ofType("string"),
  endpoint: anything,
  allowInsecureEndpoint: ofType("boolean"),
  useDualstackEndpoint: ofType("boolean"),
  useFipsEndpoint: ofType("boolean"),
  accountIdEndpointMode: anything,
  credentials: anything,
  env: ofType("object"),
  fetch: ofType("function"),
  signer: having("sign"),
  runtime: having("now", "random", "setTimer", "clearTimer", "fetch", "env"),
  onRetry: ofType("function"),
};

const SEND: Checks<SendOptions> = {
  ...SHARED,
  signal: having("addEventListener"),
  deadlineMs: between(0, MAX_TIMER_MS),
  onAnswer: ofType("function"),
  maxRequests: between(1, 1_000_000),
  time: between(0, DATE_MS_MAX),
};

/** Refuses options of a client that cannot be right, whatever the environment says. */
export function checkClientOptions(options: DynamoClientOptions): ClientSettings {
  const set = checkOptions("create a DynamoClient", options, CLIENT);
  endpointFinder(set, () => undefined);
  return set;
}

/** Refuses what cannot be sent. */
export function checkSend(operation: string, input: object, options: SendOptions): SendSettings {
  const action = "send";
  ofType("string")(action, "operation", operation);
  ofType("object")(action, "input", input);
  return checkOptions(action, options, SEND);
}
