/**
 * As much of HTTP/1.1 as a proxy needs that wants to break it: whole requests from a connection, and
 * replies that may lie about their length.
 *
 * @module
 */

const HEAD_END = "\r\n\r\n";
const latin = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** A request with a body of a known length, as `fetch` sends a text. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** A reply as it goes over the wire. */
export interface HttpReply {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
  /** The headers promise the whole body; only this many bytes of it are sent. */
  readonly cutAt?: number;
}

function concat(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(first.length + second.length);
  all.set(first);
  all.set(second, first.length);
  return all;
}

/** Reads one request after the other from a connection. */
export class RequestReader {
  readonly #connection: Deno.Conn;
  readonly #chunk = new Uint8Array(16_384);
  #bytes = new Uint8Array();

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** The next request, or `undefined` where the client has gone. */
  async next(): Promise<HttpRequest | undefined> {
    let end: number;
    while ((end = latin.decode(this.#bytes).indexOf(HEAD_END)) < 0) {
      if (!await this.#more()) return undefined;
    }
    const [first = "", ...lines] = latin.decode(this.#bytes.subarray(0, end)).split("\r\n");
    const [method = "", path = ""] = first.split(" ");
    const headers = new Headers(lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }));
    if (headers.has("transfer-encoding")) throw new Error("A request without a length");
    const start = end + HEAD_END.length;
    const length = Number(headers.get("content-length") ?? 0);
    while (this.#bytes.length < start + length) {
      if (!await this.#more()) return undefined;
    }
    const body = this.#bytes.slice(start, start + length);
    this.#bytes = this.#bytes.slice(start + length);
    return { method, path, headers, body };
  }

  async #more(): Promise<boolean> {
    const read = await this.#connection.read(this.#chunk);
    if (read === null) return false;
    this.#bytes = concat(this.#bytes, this.#chunk.subarray(0, read));
    return true;
  }
}

/** Writes a reply; `last` says that the connection closes after it. */
export async function writeReply(
  connection: Deno.Conn,
  reply: HttpReply,
  last: boolean,
): Promise<void> {
  const { status, headers, body, cutAt = body.length } = reply;
  const head = [`HTTP/1.1 ${status} -`];
  for (const [name, value] of headers) head.push(`${name}: ${value}`);
  head.push(`content-length: ${body.length}`, ...(last ? ["connection: close"] : []));
  const bytes = concat(
    encoder.encode(head.join("\r\n") + HEAD_END),
    body.subarray(0, cutAt),
  );
  for (let written = 0; written < bytes.length;) {
    written += await connection.write(bytes.subarray(written));
  }
}

/** Headers that belong to one connection only, or that are written anew. */
const HOP = ["connection", "keep-alive", "transfer-encoding", "content-length", "host"];

/** Headers as they go on to the next connection. */
export function withoutHop(from: Headers): Headers {
  const headers = new Headers(from);
  for (const name of HOP) headers.delete(name);
  return headers;
}
