/**
 * The HTTP server, on `node:http`, which Deno, Node and Bun all have.
 *
 * @module
 */

import { systemRuntime } from "../runtime.ts";
import { ConnectionLost } from "./answering.ts";
import { errorBody } from "./errors.ts";
import type { WireAnswer, WireRequest } from "./wire.ts";

/** A server that listens. */
export interface MemoryServer {
  /**
   * Its URL, for `DynamoClientOptions.endpoint`: one of loopback where it listens on all addresses. With
   * an address of the network the client needs `allowInsecureEndpoint`.
   */
  readonly endpoint: string;
  /** Its port. */
  readonly port: number;
  /** Stops listening and closes every connection. */
  close(): Promise<void>;
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Answers a request; rejects with {@link ConnectionLost} where the socket is to be closed. */
export type Answerer = (request: WireRequest, signal: AbortSignal) => Promise<WireAnswer>;

/** The part of `node:http` that is used, so that no runtime's types are needed. */
interface NodeHttp {
  createServer(listener: (request: IncomingMessage, response: OutgoingMessage) => void): NodeServer;
}
interface IncomingMessage extends AsyncIterable<Uint8Array> {
  readonly method?: string;
  readonly url?: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly socket: { destroy(): void };
}
interface OutgoingMessage {
  sendDate: boolean;
  readonly writableFinished: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(body: Uint8Array, sent: () => void): unknown;
  end(body?: Uint8Array): unknown;
  on(event: "close", listener: () => void): unknown;
}
interface NodeServer {
  listen(port: number, hostname: string, listener: () => void): unknown;
  close(listener: () => void): unknown;
  closeAllConnections?(): void;
  address(): { port: number } | string | null;
  once(event: "error", listener: (error: unknown) => void): unknown;
}

/** Options of `MemoryDynamo.listen`. */
export interface ListenOptions {
  /** A free port by default. */
  port?: number | undefined;
  /** `127.0.0.1` by default; `0.0.0.0` and `::` are all addresses, for other containers. */
  hostname?: string | undefined;
  /**
   * Whether a connection serves more than one request. True by default.
   *
   * Deno's `fetch` sends a request again, by itself, where a connection that it had used before
   * closes without an answer: a dropped request or answer then comes twice, and the first fault is
   * not seen. A test that counts drops over HTTP sets `false`.
   */
  keepAlive?: boolean | undefined;
}

const LISTEN_OPTIONS: ReadonlySet<string> = new Set<keyof ListenOptions>([
  "port",
  "hostname",
  "keepAlive",
]);

/** Starts a server. */
export async function serve(answer: Answerer, options: ListenOptions): Promise<MemoryServer> {
  for (const name in options) {
    if (!LISTEN_OPTIONS.has(name)) throw new TypeError(`Cannot listen with '${name}'`);
  }
  const { port = 0, hostname = "127.0.0.1", keepAlive = true } = options;
  const http = await import("node:http") as unknown as NodeHttp;
  const open = new Set<AbortController>();
  const server = http.createServer((request, response) => {
    const closed = new AbortController();
    open.add(closed);
    response.on("close", () => {
      open.delete(closed);
      if (!response.writableFinished) closed.abort(new ConnectionLost("The client went away"));
    });
    void respond(request, response, answer, keepAlive, closed.signal);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, hostname, resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      // Requests that hang would keep the server open for ever.
      for (const closed of open) closed.abort(new ConnectionLost("The server was closed"));
      server.closeAllConnections?.();
    });
  // An address that stands for all of them is none to connect to.
  const reached = hostname === "0.0.0.0" ? "127.0.0.1" : hostname === "::" ? "::1" : hostname;
  const host = reached.includes(":") ? `[${reached}]` : reached;
  return {
    endpoint: `http://${host}:${bound}`,
    port: bound,
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function respond(
  request: IncomingMessage,
  response: OutgoingMessage,
  answer: Answerer,
  keepAlive: boolean,
  signal: AbortSignal,
): Promise<void> {
  let received = false;
  try {
    const read = await readRequest(request);
    received = true;
    const { status, headers, body } = await answer(read, signal);
    response.sendDate = false; // the answer has its own, or none
    response.writeHead(status, keepAlive ? headers : { ...headers, connection: "close" });
    if (Number(headers["content-length"]) === body.length) response.end(body);
    else {
      // A truncated body: the connection breaks where the rest should come, once this part is out.
      response.write(body, () => systemRuntime.setTimer(() => request.socket.destroy(), 0));
    }
  } catch (error) {
    // The connection is to break, or broke before the request was all there.
    if (error instanceof ConnectionLost || !received) request.socket.destroy();
    else failOpenly(response, error);
  }
}

/** A defect of MemoryDynamo: told to the client, as it must not end the server. */
function failOpenly(response: OutgoingMessage, error: unknown): void {
  const body = new TextEncoder().encode(
    JSON.stringify(errorBody("InternalFailure", `MemoryDynamo failed: ${error}`)),
  );
  response.writeHead(500, {
    "content-type": "application/x-amz-json-1.0",
    "content-length": String(body.length),
  });
  response.end(body);
}

async function readRequest(request: IncomingMessage): Promise<WireRequest> {
  const decoder = new TextDecoder();
  let body = "";
  for await (const chunk of request) body += decoder.decode(chunk, { stream: true });
  const { headers, method = "GET", url = "/" } = request;
  return {
    method,
    query: url.split("?")[1] ?? "",
    header: (name) => {
      const value = headers[name];
      return value === undefined ? null : Array.isArray(value) ? value.join(", ") : value;
    },
    body: body + decoder.decode(),
  };
}
