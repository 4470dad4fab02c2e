import type { AwsCredentialIdentity } from "../credentials/identity.ts";
import type { Moment, Runtime } from "../runtime.ts";
import { type Answer, type Failure, isAccepted, isRedirect, readAnswer } from "./answer.ts";
import type { Endpoint } from "./endpoint.ts";
import { TimeLimitReached, withLimit } from "./limit.ts";
import type { Signer } from "./signer.ts";

/** When an answer was asked for and when it came: what a clock estimate needs of it. */
export interface AnswerTiming {
  /** Both local clocks just before the request was handed to `fetch`. */
  readonly sentAt: Moment;
  /** Both local clocks at the answer's headers. */
  readonly receivedAt: Moment;
  /** The signing time in epoch milliseconds. */
  readonly signedAt: number;
  /** The `Date` header in epoch milliseconds, where there is a readable one. */
  readonly date: number | undefined;
  /** Whether there was an `Age` header: then the answer, and its date, come from a cache. */
  readonly age: boolean;
  /**
   * `"accepted"`: a success, or a refusal that DynamoDB gives only after it has accepted the
   * signature, and with it the signing time. `"skewed"`: the signing time was refused.
   * `"other"`: anything else, also an answer that could not be read.
   */
  readonly kind: "accepted" | "skewed" | "other";
}

/** Sends requests: what is the same for all attempts of a client. */
export interface Wire {
  readonly runtime: Runtime;
  readonly signer: Signer;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
}

/** One attempt. */
export interface AttemptRequest {
  readonly endpoint: Endpoint;
  readonly identity: AwsCredentialIdentity;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** The server's clock minus the local wall clock, as far as it is known. */
  readonly offsetMs: number;
  /** The limit, which covers signing, the request and the whole body. */
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** How one attempt ended; `timing` where there were headers at least. */
export interface AttemptResult {
  readonly answer: Answer;
  readonly sent: boolean;
  readonly timing?: AnswerTiming;
}

/** What is kept of an answer from its headers on. */
interface Received {
  readonly receivedAt: Moment;
  readonly headers: Headers;
}

function kindOf(answer: Answer): AnswerTiming["kind"] {
  if (isAccepted(answer)) return "accepted";
  return "failure" in answer && answer.failure.retry === "skew" ? "skewed" : "other";
}

/** The failure of an exchange that brought no answer. */
function noAnswer(error: unknown, sent: boolean, limitMs: number): Failure {
  if (error instanceof TimeLimitReached) {
    const message = `no whole answer within ${Math.round(limitMs)} ms`;
    return { code: "TimeoutError", message, retry: "transient", unknown: sent };
  }
  return sent
    ? {
      code: "NetworkError",
      message: "no answer",
      retry: "transient",
      unknown: true,
      cause: error,
    }
    : { code: "SigningFailed", message: "", retry: "none", unknown: false, cause: error };
}

/** Lets go of an answer's body, so that it does not hold its connection. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => {}); // it is of no use, whatever cancelling it comes to
}

/**
 * Signs and sends one request, and reads the whole answer. It rejects only with the reason of the
 * caller's signal; every other outcome is a result.
 */
export async function attempt(wire: Wire, request: AttemptRequest): Promise<AttemptResult> {
  const { runtime } = wire;
  const { signal, limitMs } = request;
  const signedAt = runtime.now().wall + request.offsetMs;
  let sentAt: Moment | undefined;
  let received: Received | undefined;

  const exchange = async (limit: AbortSignal): Promise<Answer> => {
    const headers = await sign(wire, request, signedAt);
    if (limit.aborted) throw limit.reason; // nobody waits for it any more: do not send it
    sentAt = runtime.now();
    const response = await wire.fetch(request.endpoint.url, {
      method: "POST",
      headers,
      body: request.body,
      redirect: "manual", // following one would hand the signed request to another origin
      signal: limit,
    });
    received = { receivedAt: runtime.now(), headers: response.headers };
    const { status } = response;
    if (limit.aborted || isRedirect(status)) discard(response);
    if (limit.aborted) throw limit.reason;
    if (isRedirect(status)) return readAnswer(status, response.headers);
    return readAnswer(status, response.headers, new Uint8Array(await response.arrayBuffer()));
  };

  let answer: Answer;
  try {
    answer = await withLimit(runtime, limitMs, signal, exchange);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    answer = { failure: noAnswer(error, sentAt !== undefined, limitMs) };
  }
  if (sentAt === undefined || received === undefined) return { answer, sent: sentAt !== undefined };
  const { receivedAt, headers } = received;
  const date = Date.parse(headers.get("date") ?? "");
  return {
    answer,
    sent: true,
    timing: {
      sentAt,
      receivedAt,
      signedAt,
      date: Number.isNaN(date) ? undefined : date,
      age: headers.has("age"),
      kind: kindOf(answer),
    },
  };
}

async function sign(wire: Wire, request: AttemptRequest, time: number): Promise<Headers> {
  const { endpoint, headers, body, identity } = request;
  const signed = await wire.signer.sign({
    method: "POST",
    url: endpoint.url,
    headers,
    body,
    region: endpoint.signingRegion,
    service: "dynamodb",
    identity,
    time,
  });
  // Not signed, as proxies and runtimes rewrite it. Unpacked bytes would not fit the checksum.
  signed.set("accept-encoding", "identity");
  return signed;
}
