import { onlySet } from "../checks.ts";
import { brand, hasBrand } from "./brand.ts";
import type { Call } from "./call.ts";
import type { AttributeMap } from "./values.ts";

/** Found on errors of every copy of this package, as `instanceof` fails across copies. */
const BRAND = Symbol.for("@x/dynamo-lock/DynamoError");

/** Why one item of a transaction was refused; the code is `"None"` for an innocent item. */
export interface CancellationReason {
  /** Such as `"ConditionalCheckFailed"`, `"TransactionConflict"` or `"None"`. */
  readonly code: string;
  /** DynamoDB's words. */
  readonly message?: string | undefined;
  /** The item as it was, where the request asked for `ALL_OLD`. */
  readonly item?: AttributeMap | undefined;
}

/** What a {@link DynamoError} tells besides its code and its message. */
export interface DynamoErrorDetails {
  /** See {@link DynamoError.attempts}. */
  readonly attempts: number;
  /** See {@link DynamoError.mayHaveApplied}. */
  readonly mayHaveApplied: boolean;
  /** See {@link DynamoError.statusCode}. */
  readonly statusCode?: number | undefined;
  /** See {@link DynamoError.requestId}. */
  readonly requestId?: string | undefined;
  /** See {@link DynamoError.item}. */
  readonly item?: AttributeMap | undefined;
  /** See {@link DynamoError.cancellationReasons}. */
  readonly cancellationReasons?: readonly CancellationReason[] | undefined;
  /** See {@link DynamoError.throttlingReasons}. */
  readonly throttlingReasons?: readonly string[] | undefined;
}

/**
 * A request that DynamoDB refused, or that got no readable answer.
 *
 * It never holds a request, a header or a credential.
 *
 * `code` is DynamoDB's exception name, such as `"ConditionalCheckFailedException"`, or one of ours:
 *
 * | code | meaning |
 * |---|---|
 * | `NetworkError` | no answer; `cause` is the error of `fetch` |
 * | `TimeoutError` | no whole answer, or no credentials, in time |
 * | `BadAnswer` | an answer that is not DynamoDB's: no JSON, cut short, wrong checksum |
 * | `Redirected` | an answer that points elsewhere; it is never followed |
 * | `RegionMissing` | no region is set |
 * | `CredentialsMissing` | no credentials are set |
 * | `CredentialsFailed` | the source of credentials failed or gave unusable ones; see `cause` |
 * | `SigningFailed` | the signer failed; see `cause` |
 *
 * @example Tell what surely was not written from what may have been
 * ```ts
 * import { DynamoClient, DynamoError } from "@x/dynamo-lock/client";
 *
 * const client = new DynamoClient();
 * try {
 *   await client.send("PutItem", { TableName: "not-made", Item: { id: { S: "7" } } });
 * } catch (error) {
 *   if (!(error instanceof DynamoError)) throw error;
 *   console.log(error.code, error.mayHaveApplied); // ResourceNotFoundException false
 * }
 * ```
 */
export class DynamoError extends Error {
  /** The name that tells this error from others. */
  override readonly name = "DynamoError";
  /** A stable text to branch on. */
  readonly code: string;
  /** The status of the last answer, where there was one. */
  declare readonly statusCode?: number;
  /** DynamoDB's id of the last request, for AWS support. */
  declare readonly requestId?: string;
  /** How many requests were sent. */
  declare readonly attempts: number;
  /**
   * Whether some attempt may have been applied: its outcome is not known (no answer, a time-out, a
   * 5xx or 3xx status, an unreadable body). One such attempt makes this true, whatever later
   * attempts were answered.
   */
  declare readonly mayHaveApplied: boolean;
  /** The item that made a condition fail, where the request asked for `ALL_OLD`. */
  declare readonly item?: AttributeMap;
  /** Why a transaction was cancelled: one entry an item, in the order of the request. */
  declare readonly cancellationReasons?: readonly CancellationReason[];
  /** What was throttled, such as `"TableWriteKeyRangeThroughputExceeded"`. */
  declare readonly throttlingReasons?: readonly string[];

  static {
    brand(this, BRAND);
  }

  /** Makes an error; `message` must not contain a secret. */
  constructor(code: string, message: string, details: DynamoErrorDetails, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    // Absent fields should not show as `undefined` wherever this is printed.
    Object.assign(this, onlySet(details));
  }
}

/**
 * The error of an attempt, with what the whole call knows.
 *
 * @param unknown Whether the attempt may have been applied all the same.
 */
export function failure(
  call: Call,
  code: string,
  message: string,
  unknown = false,
  cause?: unknown,
  details?: Partial<DynamoErrorDetails>,
): DynamoError {
  const { operation, attempts } = call;
  const mayHaveApplied = call.mayHaveApplied ||= unknown;
  return new DynamoError(
    code,
    `Cannot complete '${operation}': ${code}${message && `: ${message}`}`,
    { ...details, attempts, mayHaveApplied },
    cause ? { cause } : undefined,
  );
}

/**
 * Whether `error` is a {@link DynamoError}, also one of another copy of this package.
 *
 * @example The item that was in the way
 * ```ts
 * import { DynamoClient, isDynamoError } from "@x/dynamo-lock/client";
 *
 * const client = new DynamoClient();
 * const put = {
 *   TableName: "users",
 *   Item: { id: { S: "8" }, name: { S: "Ada" } },
 *   ConditionExpression: "attribute_not_exists(id)",
 *   ReturnValuesOnConditionCheckFailure: "ALL_OLD",
 * };
 * await client.send("PutItem", put);
 * await client.send("PutItem", put).catch((error) => {
 *   if (!isDynamoError(error) || error.item === undefined) throw error;
 *   console.log(error.item.name); // { S: "Ada" }
 * });
 * ```
 */
export function isDynamoError(error: unknown): error is DynamoError {
  return hasBrand(error, BRAND);
}
