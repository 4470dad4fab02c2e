/**
 * DynamoDB as a scripted `fetch` for tests of the wire: it answers what the test says, in turn, and
 * keeps what reached it.
 */

import { crc32 } from "node:zlib";
import { DynamoClient, type DynamoClientOptions, type Signer } from "../../src/dynamodb/mod.ts";
import { WireRuntime } from "./wire_runtime.ts";

/** One request as it reached the server. */
export interface SeenRequest {
  readonly url: string;
  readonly operation: string;
  readonly input: unknown;
  readonly headers: Record<string, string>;
  readonly redirect: string;
  /** The monotonic time of its arrival. */
  readonly at: number;
}

/** Answers one request. */
export type Handler = (seen: SeenRequest, signal: AbortSignal) => Promise<Response> | Response;

/** Keys that are easy to find where they must not be. */
export const KEYS = {
  accessKeyId: "AKIDNEEDLE",
  secretAccessKey: "SECRETNEEDLE",
  sessionToken: "TOKENNEEDLE",
} as const;

/** A whole answer with the headers of DynamoDB. */
export function answer(
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): Response {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, {
    status,
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-requestid": "REQUEST1",
      "x-amz-crc32": String(crc32(text)),
      ...headers,
    },
  });
}

/** Answers 200. */
export function ok(output: unknown = {}, headers: Record<string, string> = {}): Handler {
  return () => answer(200, output, headers);
}

/** Answers an error as DynamoDB does. */
export function refuse(
  status: number,
  type: string,
  extra: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Handler {
  const prefix = "com.amazonaws.dynamodb.v20120810#";
  return () => answer(status, { __type: prefix + type, message: "words", ...extra }, headers);
}

/** Loses the answer, as a broken connection does. */
export function lose(): Handler {
  return () => Promise.reject(new TypeError("connection reset"));
}

/** Never answers; rejects when the request is aborted, as a real `fetch` does. */
export function hang(): Handler {
  return (_seen, signal) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
}

/** Sends the headers and a piece of the body, and then nothing more. */
export function stall(onCancel?: () => void): Handler {
  return (_seen, signal) =>
    new Response(
      new ReadableStream({
        start(controller) {
          controller.enqueue(new TextEncoder().encode('{"It'));
          signal.addEventListener("abort", () => {
            onCancel?.();
            controller.error(signal.reason);
          }, { once: true });
        },
      }),
    );
}

/** A signer that needs no time and shows when and for whom it signed. */
export const PLAIN_SIGNER: Signer = {
  sign({ headers, time, identity, region }) {
    const signed = new Headers(headers);
    signed.set("x-signed-at", String(time));
    signed.set("authorization", `${identity.accessKeyId}/${region}`);
    return Promise.resolve(signed);
  },
};

/** The server and a client of it. The last handler answers all further requests. */
export class WireServer {
  readonly runtime: WireRuntime = new WireRuntime();
  readonly requests: SeenRequest[] = [];
  readonly client: DynamoClient;
  readonly #handlers: Handler[];

  constructor(handlers: Handler[], options: DynamoClientOptions = {}) {
    this.#handlers = handlers;
    this.client = new DynamoClient({
      region: "eu-west-1",
      credentials: KEYS,
      signer: PLAIN_SIGNER,
      runtime: this.runtime,
      fetch: this.fetch,
      ...options,
    });
  }

  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const headers = Object.fromEntries(new Headers(init?.headers));
    const seen: SeenRequest = {
      url: String(input),
      operation: headers["x-amz-target"]?.split(".")[1] ?? "",
      input: JSON.parse(String(init?.body)),
      headers,
      redirect: init?.redirect ?? "follow",
      at: this.runtime.mono,
    };
    this.requests.push(seen);
    const handler = this.#handlers[this.requests.length - 1] ?? this.#handlers.at(-1)!;
    return await handler(seen, init?.signal ?? new AbortController().signal);
  };

  /** Sends one request and jumps over every pause. */
  send(
    options?: Parameters<DynamoClient["send"]>[2],
    operation = "UpdateItem",
  ): Promise<Record<string, unknown>> {
    return this.runtime.run(this.client.send(operation, { TableName: "locks" }, options));
  }

  /** The monotonic times between one request and the next. */
  get pauses(): number[] {
    return this.requests.slice(1).map(({ at }, index) => at - this.requests[index]!.at);
  }
}
