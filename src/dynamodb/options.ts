/**
 * The options of a client and of one request, and their checks.
 *
 * @module
 */

import type { AwsCredentialIdentity, AwsCredentialProvider } from "../credentials/identity.ts";
import type { Environment } from "../credentials/env.ts";
import type { Runtime } from "../runtime.ts";
import type { AnswerTiming } from "./attempt.ts";
import { checkAccountMode, checkEndpoint, checkRegion, type EndpointOptions } from "./endpoint.ts";
import type { Signer } from "./signer.ts";

/** The longest time that timers can keep: they fire at once for a longer one. */
const MAX_TIMER_MS = 2_147_483_647;

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
  readonly credentials?: AwsCredentialIdentity | AwsCredentialProvider;
  /**
   * The greatest number of requests for one call, 1 to 100, conflicts not counted; 1 means that
   * nothing is sent again for any reason.
   *
   * @default {4}
   */
  readonly maxAttempts?: number;
  /**
   * The limit of one attempt up to the last byte of the answer, in milliseconds.
   *
   * @default {5000}
   */
  readonly attemptTimeoutMs?: number;
  /** Variables to use instead of the environment of the process, such as a Worker's `env`. */
  readonly env?: Environment;
  /** A `fetch` instead of the runtime's own. */
  readonly fetch?: typeof fetch;
  /** A signer instead of the default {@link SigV4Signer}. */
  readonly signer?: Signer;
  /** Clocks, timers and randomness instead of the system's. */
  readonly runtime?: Runtime;
  /** Hears of each retry before its pause. What it throws is ignored. */
  readonly onRetry?: (event: RetryEvent) => void;
}

/** Options of one {@link DynamoClient.send}. */
export interface SendOptions {
  /** Cancels the call; its reason is rethrown untouched. What was sent may still be applied. */
  readonly signal?: AbortSignal;
  /** As {@link DynamoClientOptions.maxAttempts}, for this call. */
  readonly maxAttempts?: number;
  /** As {@link DynamoClientOptions.attemptTimeoutMs}, for this call. */
  readonly attemptTimeoutMs?: number;
  /** Milliseconds from now that no attempt and no pause goes past. */
  readonly deadlineMs?: number;
  /** Hears of each answer, before it is judged. What it throws is ignored. */
  readonly onAnswer?: (timing: AnswerTiming) => void;
  /**
   * Whether to send once more, with the corrected time, after the signing time was refused. Where
   * not, the correction is learned all the same.
   *
   * @default {true}
   */
  readonly retrySkew?: boolean;
}

type Check = (name: string, value: unknown) => void;

/** Never shows a text: it may be a secret in the wrong place. */
function complain(name: string, must: string, value: unknown): string {
  const shown = typeof value === "number" ? value : value === null ? null : `a ${typeof value}`;
  return `Cannot use '${name}' as it must be ${must}: current value is ${shown}`;
}

function ofType(...types: string[]): Check {
  return (name, value) => {
    if (!types.includes(typeof value) || value === null) {
      throw new TypeError(complain(name, `a ${types.join(" or an ")}`, value));
    }
  };
}

function range(least: number, most: number, whole = false): Check {
  return (name, value) => {
    if (typeof value !== "number") throw new TypeError(complain(name, "a number", value));
    if (!(value >= least && value <= most) || (whole && !Number.isInteger(value))) {
      const kind = whole ? "a whole number" : "a number";
      throw new RangeError(complain(name, `${kind} from ${least} to ${most}`, value));
    }
  };
}

function withMethod(method: string): Check {
  return (name, value) => {
    if (typeof (value as Record<string, unknown> | null)?.[method] !== "function") {
      throw new TypeError(complain(name, `an object with '${method}()'`, value));
    }
  };
}

const maxAttempts = range(1, 100, true);
const attemptTimeoutMs = range(1, MAX_TIMER_MS);

const CLIENT_CHECKS: Readonly<Record<string, Check>> = {
  region: ofType("string"),
  endpoint: ofType("string", "object"),
  allowInsecureEndpoint: ofType("boolean"),
  useDualstackEndpoint: ofType("boolean"),
  useFipsEndpoint: ofType("boolean"),
  accountIdEndpointMode: (_name, value) => void checkAccountMode(value),
  credentials: ofType("function", "object"),
  maxAttempts,
  attemptTimeoutMs,
  env: ofType("object"),
  fetch: ofType("function"),
  signer: withMethod("sign"),
  runtime: withMethod("now"),
  onRetry: ofType("function"),
};

const SEND_CHECKS: Readonly<Record<string, Check>> = {
  signal: withMethod("addEventListener"),
  maxAttempts,
  attemptTimeoutMs,
  deadlineMs: range(0, MAX_TIMER_MS),
  onAnswer: ofType("function"),
  retrySkew: ofType("boolean"),
};

function check(options: object, checks: Readonly<Record<string, Check>>): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(complain("options", "an object", options));
  }
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(checks, name)) {
      throw new TypeError(`Cannot use '${name}' as there is no such option`);
    }
    if (value !== undefined) checks[name]!(name, value);
  }
}

/** Refuses options of a client that cannot be right, whatever the environment says. */
export function checkClientOptions(options: DynamoClientOptions): void {
  check(options, CLIENT_CHECKS);
  if (options.region !== undefined) checkRegion(options.region);
  if (options.endpoint === undefined) return;
  checkEndpoint(options.endpoint, options.allowInsecureEndpoint ?? false);
  if (options.useFipsEndpoint || options.useDualstackEndpoint) {
    throw new RangeError("Cannot use 'endpoint' with FIPS or dual-stack");
  }
}

/** Refuses what cannot be sent. */
export function checkSend(operation: string, input: object, options: SendOptions): void {
  if (typeof operation !== "string" || !/^[A-Za-z]{1,64}$/.test(operation)) {
    throw new TypeError(complain("operation", "the name of an operation", operation));
  }
  ofType("object")("input", input);
  check(options, SEND_CHECKS);
}
