/**
 * Reads an answer: from a status, headers and bytes to an output or a failure. Pure.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import type { CancellationReason } from "./errors.ts";
import { classify, type RetryClass } from "./retry.ts";
import type { AttributeMap } from "./values.ts";

/** Why an attempt did not succeed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retry: RetryClass;
  /** Whether the attempt may have been applied all the same. */
  readonly unknown: boolean;
  /** Whether DynamoDB must have accepted the signature, and with it the signing time. */
  readonly accepted: boolean;
  readonly statusCode?: number;
  readonly requestId?: string;
  readonly retryAfterMs?: number;
  readonly item?: AttributeMap;
  readonly cancellationReasons?: readonly CancellationReason[];
  readonly throttlingReasons?: readonly string[];
  readonly cause?: unknown;
}

/** What an attempt came to. */
export type Answer = { readonly output: Record<string, unknown> } | { readonly failure: Failure };

type Json = Record<string, unknown>;

/** Refusals that DynamoDB gives only to a request whose signature it has accepted. */
const ACCEPTED_CODES = new Set([
  "ConditionalCheckFailedException",
  "IdempotentParameterMismatchException",
  "ItemCollectionSizeLimitExceededException",
  "LimitExceededException",
  "ProvisionedThroughputExceededException",
  "ReplicatedWriteConflictException",
  "RequestLimitExceeded",
  "ResourceInUseException",
  "ResourceNotFoundException",
  "ThrottlingException",
  "TransactionCanceledException",
  "TransactionConflictException",
  "TransactionInProgressException",
  "ValidationException",
]);

/**
 * Readable 4xx answers that do not say "not applied": an earlier attempt with the same token is
 * being applied, or the service gave up reading.
 */
const UNKNOWN_CODES = new Set([
  "RequestTimeout",
  "RequestTimeoutException",
  "TransactionInProgressException",
]);

/** A message longer than this is cut: it is DynamoDB's, or a proxy's. */
const MAX_MESSAGE = 500;

const decoder = new TextDecoder("utf-8", { fatal: true });

function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The bytes as a JSON object, or `undefined` where they are none or fail their checksum. */
function readBody(headers: Headers, bytes: Uint8Array): Json | undefined {
  const sum = headers.get("x-amz-crc32");
  // The sum is that of the bytes as sent: a runtime that inflates them leaves nothing to compare.
  if (sum !== null && !headers.has("content-encoding") && Number(sum) !== crc32(bytes)) {
    return undefined;
  }
  try {
    const value: unknown = JSON.parse(decoder.decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // without a cause: it would quote the body, which may repeat the request
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** The exception's name: `com.amazonaws.dynamodb.v20120810#Name`, `Name` or `Name:http://...`. */
function readCode(headers: Headers, body: Json): string | undefined {
  const text = textOf(body.__type) ?? headers.get("x-amzn-errortype") ?? "";
  return /^(?:.*#)?(\w{1,100})(?::|$)/.exec(text)?.[1];
}

/**
 * DynamoDB's own words. Only the first line: a refused signature goes on to repeat the request as
 * it was signed, with its session token.
 */
function readMessage(body: Json): string {
  const text = textOf(body.message) ?? textOf(body.Message) ?? "";
  return text.split("\n", 1)[0]!.slice(0, MAX_MESSAGE);
}

function readReasons(value: unknown): CancellationReason[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((entry: unknown) => {
    const reason = isObject(entry) ? entry : {};
    const message = textOf(reason.Message);
    return {
      code: textOf(reason.Code) ?? "None",
      ...(message !== undefined && { message }),
      ...(isObject(reason.Item) && { item: reason.Item as AttributeMap }),
    };
  });
}

/** The reasons without the resource: an ARN holds the account's number. */
function readThrottling(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((entry: unknown) => isObject(entry) ? textOf(entry.reason) ?? [] : []);
}

/** What can be told of every answer that is no success. */
function common(status: number, headers: Headers) {
  const requestId = headers.get("x-amzn-requestid");
  const hint = headers.get("x-amz-retry-after");
  return {
    statusCode: status,
    ...(requestId !== null && { requestId: requestId.slice(0, MAX_MESSAGE) }),
    ...(hint !== null && /^\d{1,9}$/.test(hint) && { retryAfterMs: Number(hint) }),
  };
}

/** Whether an answer points to another place; a browser hides such an answer behind status 0. */
export function isRedirect(status: number): boolean {
  return status === 0 || (status >= 300 && status < 400);
}

/** The failure of an answer that points to another place. It is fatal: nobody knows who gave it. */
export function readRedirect(status: number, headers: Headers): Answer {
  return {
    failure: {
      ...common(status, headers),
      code: "Redirected",
      message: "redirects are not followed",
      retry: "none",
      unknown: true,
      accepted: false,
    },
  };
}

/** Reads a whole answer that is no redirect. */
export function readAnswer(status: number, headers: Headers, bytes: Uint8Array): Answer {
  const body = readBody(headers, bytes);
  if (status >= 200 && status < 300 && body !== undefined) return { output: body };
  const code = body === undefined ? undefined : readCode(headers, body);
  if (body === undefined || code === undefined || status < 400) {
    return {
      failure: {
        ...common(status, headers),
        code: "BadAnswer",
        message: `the answer is not DynamoDB's (status ${status}, ${bytes.length} bytes)`,
        retry: status === 429 ? "throttling" : "transient",
        unknown: true,
        accepted: false,
      },
    };
  }
  const message = readMessage(body);
  const cancellationReasons = readReasons(body.CancellationReasons);
  const throttlingReasons = readThrottling(body.ThrottlingReasons ?? body.throttlingReasons);
  return {
    failure: {
      ...common(status, headers),
      code,
      message,
      retry: classify(status, code, message),
      unknown: status >= 500 || UNKNOWN_CODES.has(code),
      accepted: status < 500 && ACCEPTED_CODES.has(code),
      ...(isObject(body.Item) && { item: body.Item as AttributeMap }),
      ...(cancellationReasons !== undefined && { cancellationReasons }),
      ...(throttlingReasons !== undefined && { throttlingReasons }),
    },
  };
}
