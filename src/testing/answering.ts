/**
 * From a request to its answer: the operation is run in one synchronous step, before, after or not
 * at all as a fault has it.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { errorBody, ServiceError } from "./errors.ts";
import type { Fault } from "./faults.ts";
import type { AnswerMaker, Call, WireAnswer } from "./wire.ts";

/** The connection went away: a `TypeError` of `fetch`, a closed socket of the server. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** What answering needs besides the request. */
export interface Answering {
  readonly database: Database;
  readonly answers: AnswerMaker;
  readonly delay: (ms: number) => Promise<void>;
}

/** Runs an operation and makes its answer, an error of the service included. */
export function answerTo(call: Call, { database, answers }: Answering): WireAnswer {
  try {
    return answers.json(200, database.run(call.operation, call.input));
  } catch (error) {
    if (error instanceof ServiceError) return answers.error(error);
    throw error;
  }
}

/**
 * The answer under a fault.
 *
 * @throws {ConnectionLost} where there is none; the signal's reason where it aborted before.
 */
export async function faultedAnswer(
  call: Call,
  fault: Fault,
  answering: Answering,
  signal: AbortSignal | undefined,
): Promise<WireAnswer> {
  switch (fault.kind) {
    case "drop-request":
      throw new ConnectionLost("MemoryDynamo dropped the request");
    case "drop-answer":
      answerTo(call, answering);
      throw new ConnectionLost("MemoryDynamo dropped the answer");
    case "hang":
      if (fault.applied) answerTo(call, answering);
      return await untilAborted(new Promise<never>(() => {}), signal);
    case "late":
      return await untilAborted(late(call, fault, answering), signal);
    case "error":
    case "redirect":
      if (fault.applied) answerTo(call, answering);
      return madeUp(fault, answering);
    case "body":
      return unreadable(
        fault.how,
        fault.applied === false ? answering.answers.json(200, {}) : answerTo(call, answering),
      );
    case "no-date":
    case "date":
      return redated(fault, answerTo(call, answering));
  }
}

async function late(
  call: Call,
  fault: Extract<Fault, { kind: "late" }>,
  answering: Answering,
): Promise<WireAnswer> {
  if (fault.apply === "late") {
    await answering.delay(fault.ms);
    return answerTo(call, answering);
  }
  const answer = answerTo(call, answering);
  await answering.delay(fault.ms);
  return answer;
}

/** Rejects as soon as the signal aborts; the work goes on. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function madeUp(
  fault: Extract<Fault, { kind: "error" | "redirect" }>,
  answering: Answering,
): WireAnswer {
  if (fault.kind === "redirect") {
    const answer = answering.answers.json(307, {});
    return { ...answer, headers: { ...answer.headers, location: fault.location } };
  }
  const body = errorBody(fault.type, fault.message ?? "", fault.extra);
  const answer = answering.answers.json(fault.status, body);
  return { ...answer, headers: { ...answer.headers, ...lowerCase(fault.headers ?? {}) } };
}

function lowerCase(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
}

function unreadable(
  how: Extract<Fault, { kind: "body" }>["how"],
  answer: WireAnswer,
): WireAnswer {
  const { "x-amz-crc32": crc, ...others } = answer.headers;
  switch (how) {
    case "truncated":
      return { ...answer, body: answer.body.slice(0, answer.body.length >> 1) };
    case "empty":
      return {
        status: answer.status,
        headers: { ...others, "content-length": "0" },
        body: new Uint8Array(),
      };
    case "html": {
      const body = new TextEncoder().encode("<html><body>Please sign in</body></html>");
      const headers = { "content-type": "text/html", "content-length": String(body.length) };
      return { status: 200, headers: { ...others, ...headers }, body };
    }
    case "wrong-crc":
      return { ...answer, headers: { ...others, "x-amz-crc32": String((Number(crc) ^ 1) >>> 0) } };
  }
}

function redated(
  fault: Extract<Fault, { kind: "no-date" | "date" }>,
  answer: WireAnswer,
): WireAnswer {
  const { date: _, ...headers } = answer.headers;
  if (fault.kind === "no-date") return { ...answer, headers };
  return {
    ...answer,
    headers: {
      ...headers,
      date: fault.value,
      ...(fault.age === undefined ? {} : { age: fault.age }),
    },
  };
}
