/**
 * The options of a client and of one request, and their checks.
 *
 * @module
 */

import type { AwsCredentialIdentity, AwsCredentialProvider } from "../credentials/identity.ts";
import type { Environment } from "../credentials/env.ts";
import type { Runtime } from "../runtime.ts";
import type { AnswerTiming } from "./attempt.ts";
import { endpointFinder, type EndpointOptions } from "./endpoint.ts";
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

/** What an option must be: one or more results of `typeof`, or the least and the greatest number. */
type Kind = string | readonly [least: number, most: number];

const SHARED: Readonly<Record<string, Kind>> = {
  maxAttempts: [1, 100],
  attemptTimeoutMs: [1, MAX_TIMER_MS],
};

const CLIENT: Readonly<Record<string, Kind>> = {
  ...SHARED,
  region: "string",
  endpoint: "string or object",
  allowInsecureEndpoint: "boolean",
  useDualstackEndpoint: "boolean",
  useFipsEndpoint: "boolean",
  accountIdEndpointMode: "string",
  credentials: "function or object",
  env: "object",
  fetch: "function",
  signer: "object",
  runtime: "object",
  onRetry: "function",
};

const SEND: Readonly<Record<string, Kind>> = {
  ...SHARED,
  signal: "object",
  deadlineMs: [0, MAX_TIMER_MS],
  onAnswer: "function",
  retrySkew: "boolean",
};

/** Checks one value. The text never shows more than a number: it may be a misplaced secret. */
function checkValue(name: string, value: unknown, kind: Kind): void {
  const isRange = typeof kind !== "string";
  const types = isRange ? ["number"] : kind.split(" or ");
  const must = (what: string) => `Cannot use '${name}' as it must be ${what}: current value is `;
  if (!types.includes(typeof value) || value === null) {
    throw new TypeError(`${must(types.join(" or "))}${value === null ? null : typeof value}`);
  }
  if (!isRange) return;
  const number = value as number;
  const [least, most] = kind;
  const whole = name === "maxAttempts";
  // Written so that NaN, which compares false with everything, is refused.
  if (!(number >= least && number <= most) || (whole && number % 1 !== 0)) {
    throw new RangeError(
      `${must(`${whole ? "a whole number " : ""}${least} to ${most}`)}${number}`,
    );
  }
}

function check(options: object, kinds: Readonly<Record<string, Kind>>): void {
  checkValue("options", options, "object");
  for (const [name, value] of Object.entries(options)) {
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === undefined) throw new TypeError(`Cannot use '${name}' as there is no such option`);
    if (value !== undefined) checkValue(name, value, kind);
  }
}

/** Refuses options of a client that cannot be right, whatever the environment says. */
export function checkClientOptions(options: DynamoClientOptions): void {
  check(options, CLIENT);
  endpointFinder(options, () => undefined);
}

/** Refuses what cannot be sent. */
export function checkSend(operation: string, input: object, options: SendOptions): void {
  checkValue("operation", operation, "string");
  if (!/^[A-Za-z]+$/.test(operation)) {
    throw new TypeError("Cannot use 'operation' as it must be the name of an operation");
  }
  checkValue("input", input, "object");
  check(options, SEND);
}
