/**
 * What goes over the wire: a request is read up to its operation and body, an answer gets its
 * status, headers and bytes. Both the `fetch` and the HTTP server speak through this.
 *
 * @module
 */

import { crc32 } from "./checksum.ts";
import { errorBody, ServiceError } from "./errors.ts";

/** A request as it came in. */
export interface WireRequest {
  readonly method: string;
  /** The value of a header by its name in lower case. */
  header(name: string): string | null;
  /** The query of the URL, where a signature may be as well. */
  readonly query: string;
  readonly body: string;
}

/** An answer before it is an HTTP message. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** What a request asks for. */
export interface Call {
  readonly operation: string;
  readonly input: unknown;
}

/** When a request has to be signed, and whether the time of signing is looked at. */
export interface SigningRules {
  readonly now: number;
  readonly maxSkewMs: number;
}

const TARGET = /^DynamoDB_20120810\.([A-Za-z]+)$/;
const SIGNING_TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const encoder = new TextEncoder();

/** The operation that a request names, whatever else is wrong with it. */
export function operationOf(request: WireRequest): string | undefined {
  return TARGET.exec(request.header("x-amz-target") ?? "")?.[1];
}

/**
 * The operation and the body of a request.
 *
 * @throws {ServiceError} where it is not a signed POST of JSON to a named operation.
 */
export function readCall(request: WireRequest, rules: SigningRules): Call {
  const operation = operationOf(request);
  if (request.method !== "POST" || operation === undefined) {
    throw new ServiceError(
      "UnknownOperationException",
      request.method === "POST"
        ? `MemoryDynamo does not know the target '${request.header("x-amz-target") ?? ""}'`
        : `MemoryDynamo does not know the method '${request.method}'`,
      {},
      request.method === "POST" ? 400 : 404,
    );
  }
  checkSigned(request, rules);
  try {
    return { operation, input: JSON.parse(request.body) };
  } catch {
    throw new ServiceError("SerializationException", "The body of the request is not JSON");
  }
}

/** A signature must be there and complete. That it is right is not checked: there is no secret. */
function checkSigned(request: WireRequest, rules: SigningRules): void {
  const authorization = request.header("authorization");
  if (authorization === null) {
    if (new URLSearchParams(request.query).has("X-Amz-Signature")) return;
    throw new ServiceError(
      "MissingAuthenticationTokenException",
      "Request is missing Authentication Token",
    );
  }
  if (!authorization.startsWith("AWS4-HMAC-SHA256 ")) {
    throw new ServiceError(
      "IncompleteSignatureException",
      "Authorization header requires the algorithm 'AWS4-HMAC-SHA256'.",
    );
  }
  for (const part of ["Credential", "Signature", "SignedHeaders"]) {
    if (authorization.includes(`${part}=`)) continue;
    throw new ServiceError(
      "IncompleteSignatureException",
      `Authorization header requires '${part}' parameter.`,
    );
  }
  checkSigningTime(request.header("x-amz-date"), rules);
}

function checkSigningTime(header: string | null, { now, maxSkewMs }: SigningRules): void {
  if (header === null) {
    throw new ServiceError(
      "IncompleteSignatureException",
      "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    );
  }
  const match = SIGNING_TIME.exec(header);
  if (match === null) {
    throw new ServiceError(
      "IncompleteSignatureException",
      `Date must be in ISO-8601 'basic format'. Got '${header}'.`,
    );
  }
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const skew = Date.UTC(year, month - 1, day, hour, minute, second) - now;
  if (Math.abs(skew) <= maxSkewMs) return;
  throw new ServiceError(
    "InvalidSignatureException",
    skew < 0 ? `Signature expired: ${header} is now earlier than allowed` : `Signature not yet ` +
      `current: ${header} is still later than allowed`,
  );
}

/** Makes answers: each has a request id of its own, and a date where answers have one. */
export class AnswerMaker {
  readonly #date: () => string | undefined;
  #count = 0;

  /** @param date the value of the next `Date` header, or `undefined` for none. */
  constructor(date: () => string | undefined) {
    this.#date = date;
  }

  /** The answer with this body. */
  json(status: number, body: object): WireAnswer {
    const bytes = encoder.encode(JSON.stringify(body));
    const headers: Record<string, string> = {
      server: "Server",
      "content-type": "application/x-amz-json-1.0",
      "content-length": String(bytes.length),
      // As long as the service's. Counted, so that a test's run repeats itself.
      "x-amzn-requestid": `MEMORY${String(++this.#count).padStart(46, "0")}`,
      "x-amz-crc32": String(crc32(bytes)),
    };
    const date = this.#date();
    if (date !== undefined) headers["date"] = date;
    return { status, headers, body: bytes };
  }

  /** The answer that an error of the service is. */
  error(error: ServiceError): WireAnswer {
    return this.json(error.status, errorBody(error.type, error.message, error.extra));
  }
}

/** The value of a `Date` header; it has whole seconds. */
export function httpDate(milliseconds: number): string {
  return new Date(milliseconds).toUTCString();
}
