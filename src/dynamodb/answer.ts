/**
 * Reads an answer: from a status, headers and bytes to an output or an error. Pure.
 *
 * @module
 */

import { crc32 } from "./crc32.ts";
import type { Call } from "./call.ts";
import { DynamoError, failure } from "./errors.ts";
import type { AttributeMap } from "./values.ts";

/** What an attempt came to. */
export type Answer = Json | DynamoError;

// deno-lint-ignore no-explicit-any -- what is not as expected is caught where it is read
type Json = Record<string, any>;

/** Refusals that DynamoDB gives only to a request whose signature it has accepted. */
const ACCEPTED_CODE =
  /Conflict|Throttling|LimitExceeded|ThroughputExceeded|^(ConditionalCheck|Transaction|Idempotent|Resource|Validation)/;

/**
 * Readable 4xx answers that do not say "not applied": an earlier attempt with the same token is
 * being applied, or the service gave up reading.
 */
const UNKNOWN_CODE = /^(RequestTimeout|TransactionInProgress)/;

/** The exception's name: `com.amazonaws.dynamodb.v20120810#Name`, `Name` or `Name:http://...`. */
const CODE = /([A-Za-z]+)(:|$)/;

/** The operations that are answered with nothing where they succeed. */
const EMPTY = /^(Unt|T)agResource$/;

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The bytes as a JSON object; throws where they are none or fail their checksum. */
function readBody(headers: Headers, bytes: Uint8Array | undefined): Json {
  const text = decoder.decode(bytes);
  const sum = headers.get("x-amz-crc32");
  // The sum is that of the bytes as sent: a runtime that inflates them leaves nothing to compare.
  const isWhole = sum === null || headers.has("content-encoding") || Number(sum) === crc32(bytes!);
  return JSON.parse(isWhole && text.startsWith("{") ? text : "");
}

/** Whether DynamoDB must have accepted the signature, and with it the signing time. */
export function isAccepted(answer: Answer): boolean {
  return !(answer instanceof DynamoError) || ACCEPTED_CODE.test(answer.code);
}

/**
 * Reads an answer from its bytes; there are none for a redirect, which is not read.
 *
 * A redirect is fatal, as nobody knows who gave it. Any other answer that is not DynamoDB's may
 * have been damaged on its way, so it is worth another attempt.
 */
export function readAnswer(
  call: Call,
  status: number,
  headers: Headers,
  bytes: Uint8Array | undefined,
): Answer {
  const details = { statusCode: status, requestId: headers.get("x-amzn-requestid") ?? undefined };
  try {
    // Whatever is not as expected throws within, and makes the answer a bad one.
    if (status === 200 && bytes?.length === 0 && EMPTY.test(call.operation)) return {};
    const body = readBody(headers, bytes);
    if (status < 300) return body;
    const code = CODE.exec(body.__type ?? "")![1]!;
    // Only the first line: a refused signature goes on to repeat the request as it was signed, with
    // its session token.
    const message = (body.message ?? body.Message ?? "").split("\n")[0];
    return failure(call, code, message, status >= 500 || UNKNOWN_CODE.test(code), undefined, {
      ...details,
      item: body.Item,
      cancellationReasons: body.CancellationReasons?.map((reason: Json | null) => ({
        code: reason?.Code ?? "None",
        message: reason?.Message,
        item: reason?.Item as AttributeMap,
      })),
      // Without the resource: an ARN holds the account's number.
      throttlingReasons: (body.ThrottlingReasons ?? body.throttlingReasons)
        ?.flatMap((entry: Json | null) => entry?.reason ?? []),
    });
  } catch {
    // Without a cause: it would quote the body, which may repeat the request.
    const code = bytes ? "BadAnswer" : "Redirected";
    return failure(call, code, `status ${status}`, true, undefined, details);
  }
}
