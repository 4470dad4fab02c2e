import type { Moment, Runtime } from "../runtime.ts";
import { type Answer, type Failure, isAccepted, isRedirect, readAnswer } from "./answer.ts";
import { TimeLimitReached, withLimit } from "./limit.ts";
import type { Signer, SigningRequest } from "./signer.ts";

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

/** How one attempt ended; `timing` where there were headers at least. */
export interface AttemptResult {
  readonly answer: Answer;
  readonly sent: boolean;
  readonly timing?: AnswerTiming;
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
 *
 * @param limitMs The limit of signing, the request and the whole body together.
 */
export async function attempt(
  { runtime, signer, fetch }: Wire,
  request: SigningRequest,
  limitMs: number,
  signal: AbortSignal | undefined,
): Promise<AttemptResult> {
  let sentAt: Moment | undefined;
  let receivedAt: Moment | undefined;
  let answered: Headers | undefined;

  const exchange = async (limit: AbortSignal): Promise<Answer> => {
    const headers = await signer.sign(request);
    if (limit.aborted) throw limit.reason; // nobody waits for it any more: do not send it
    // Not signed, as proxies and runtimes rewrite it. Unpacked bytes would not fit the checksum.
    headers.set("accept-encoding", "identity");
    sentAt = runtime.now();
    const response = await fetch(request.url, {
      method: request.method,
      headers,
      body: request.body,
      redirect: "manual", // following one would hand the signed request to another origin
      signal: limit,
    });
    receivedAt = runtime.now();
    const { status } = response;
    answered = response.headers;
    if (limit.aborted || isRedirect(status)) discard(response);
    if (limit.aborted) throw limit.reason;
    if (isRedirect(status)) return readAnswer(status, answered);
    return readAnswer(status, answered, new Uint8Array(await response.arrayBuffer()));
  };

  let answer: Answer;
  try {
    answer = await withLimit(runtime, limitMs, signal, exchange);
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    answer = { failure: noAnswer(error, sentAt !== undefined, limitMs) };
  }
  if (!sentAt || !receivedAt || !answered) return { answer, sent: sentAt !== undefined };
  const date = Date.parse(answered.get("date") ?? "");
  const timing: AnswerTiming = {
    sentAt,
    receivedAt,
    signedAt: request.time,
    date: isNaN(date) ? undefined : date,
    age: answered.has("age"),
    kind: kindOf(answer),
  };
  return { answer, sent: true, timing };
}
