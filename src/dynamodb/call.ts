/**
 * What belongs to one call of `send`.
 *
 * @module
 */

import type { DynamoError } from "./errors.ts";
import type { ClientSettings, SendSettings } from "./options.ts";
import type { RetryRule } from "./retry.ts";

/** The options of a client with their defaults. */
export type Settings =
  & ClientSettings
  & Required<Pick<ClientSettings, "maxAttempts" | "attemptTimeoutMs" | "runtime" | "signer">>;

/** What adds up over the attempts of one call, and goes into its error. */
export interface Call {
  readonly operation: string;
  attempts: number;
  mayHaveApplied?: boolean;
}

/** One call of `send`: what was asked for, and what adds up over its attempts. */
export interface OpenCall extends Call, Settings, Omit<SendSettings, keyof Settings> {
  /** On the monotonic clock. */
  readonly deadline: number;
  /** Retries after conflicts, which have a budget of their own, and all others. */
  conflicts: number;
  retries: number;
  /** What the last retry was for, and what it cost. */
  rule?: RetryRule;
  cost?: number;
  /** The last failure. */
  error?: DynamoError;
  /** How long the server asked to wait. */
  hint?: string | null;
}
