/**
 * Reads an answer: from a status, headers and bytes to an output or a failure. Pure.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import type { CancellationReason, DynamoErrorDetails } from "./errors.ts";
import { classify, type RetryClass } from "./retry.ts";
import type { AttributeMap } from "./values.ts";

/** Why an attempt did not succeed. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly retry: RetryClass;
  /** Whether the attempt may have been applied all the same. */
  readonly unknown: boolean;
  /** How long the server asks to wait. */
  readonly hintMs?: number;
  /** What goes into the error as it is. */
  readonly details?: Partial<DynamoErrorDetails>;
  readonly cause?: unknown;
}

/** What an attempt came to. */
export type Answer = { readonly output: Record<string, unknown> } | { readonly failure: Failure };

type Json = Record<string, unknown>;

/** Refusals that DynamoDB gives only to a request whose signature it has accepted. */
const ACCEPTED_CODE =
  /^(ConditionalCheck|Transaction|Idempotent|ItemCollection|LimitExceeded|ProvisionedThroughput|Replicated|RequestLimit|Resource|Throttling|Validation)/;

/**
 * Readable 4xx answers that do not say "not applied": an earlier attempt with the same token is
 * being applied, or the service gave up reading.
 */
const UNKNOWN_CODE = /^(RequestTimeout|TransactionInProgress)/;

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

function itemOf(value: unknown): AttributeMap | undefined {
  return isObject(value) ? value as AttributeMap : undefined;
}

function readReasons(value: unknown): CancellationReason[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.map((reason: Json | null) => ({
    code: textOf(reason?.Code) ?? "None",
    message: textOf(reason?.Message),
    item: itemOf(reason?.Item),
  }));
}

/** The reasons without the resource: an ARN holds the account's number. */
function readThrottling(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.flatMap((entry: Json | null) => textOf(entry?.reason) ?? []);
}

/** Whether an answer points to another place; a browser hides such an answer behind status 0. */
export function isRedirect(status: number): boolean {
  return status === 0 || (status >= 300 && status < 400);
}

/** Whether DynamoDB must have accepted the signature, and with it the signing time. */
export function isAccepted(answer: Answer): boolean {
  if ("output" in answer) return true;
  const { code, details } = answer.failure;
  return ACCEPTED_CODE.test(code) && details!.statusCode! < 500;
}

/**
 * Reads an answer from its bytes; there are none for a redirect, which is not read.
 *
 * A redirect is fatal, as nobody knows who gave it. Any other answer that is not DynamoDB's may
 * have been damaged on its way, so it is worth another attempt.
 */
export function readAnswer(status: number, headers: Headers, bytes?: Uint8Array): Answer {
  const body = bytes && readBody(headers, bytes);
  if (status >= 200 && status < 300 && body !== undefined) return { output: body };
  const hint = headers.get("x-amz-retry-after") ?? "";
  const hintMs = /^\d{1,9}$/.test(hint) ? Number(hint) : 0;
  const requestId = textOf(headers.get("x-amzn-requestid"))?.slice(0, MAX_MESSAGE);
  const details = { statusCode: status, requestId };
  const code = body && status >= 400 ? readCode(headers, body) : undefined;
  if (body === undefined || code === undefined) {
    const isFatal = isRedirect(status);
    const failure: Failure = {
      code: isFatal ? "Redirected" : "BadAnswer",
      message: `status ${status}`,
      retry: isFatal ? "none" : status === 429 ? "throttling" : "transient",
      unknown: true,
      hintMs,
      details,
    };
    return { failure };
  }
  const message = readMessage(body);
  const failure: Failure = {
    code,
    message,
    retry: classify(status, code, message),
    unknown: status >= 500 || UNKNOWN_CODE.test(code),
    hintMs,
    details: {
      ...details,
      item: itemOf(body.Item),
      cancellationReasons: readReasons(body.CancellationReasons),
      throttlingReasons: readThrottling(body.ThrottlingReasons ?? body.throttlingReasons),
    },
  };
  return { failure };
}
