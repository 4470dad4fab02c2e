import { AwsV4Signer } from "aws4fetch";
import type { AwsCredentialIdentity } from "../credentials/identity.ts";

/** What is to be signed. */
export interface SigningRequest {
  /** The HTTP method. */
  readonly method: string;
  /** The absolute address. */
  readonly url: string;
  /** The headers to send and to sign. */
  readonly headers: Readonly<Record<string, string>>;
  /** The whole body. */
  readonly body: string;
  /** The signing Region. */
  readonly region: string;
  /** The signing name: `"dynamodb"`. */
  readonly service: string;
  /** The keys to sign with. */
  readonly identity: AwsCredentialIdentity;
  /** The signing time in epoch milliseconds, already corrected for a wrong clock. */
  readonly time: number;
}

/** Signs requests with AWS Signature Version 4. */
export interface Signer {
  /** The headers to send: those of the request, `authorization`, and what it covers. */
  sign(request: SigningRequest): Promise<Headers>;
}

const ALGORITHM = "AWS4-HMAC-SHA256";

const encoder = new TextEncoder();

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

/**
 * The default signer: aws4fetch's canonical form, with hashing that can be exchanged.
 *
 * The hashing is WebCrypto's, which every runtime has but which is asynchronous: three steps of it
 * are most of what a request costs besides the network. Where synchronous hashing is at hand, a
 * subclass may use that instead.
 *
 * @example Synchronous hashing on Deno, Node and Bun
 * ```ts
 * import { createHash, createHmac } from "node:crypto";
 * import { DynamoClient, SigV4Signer } from "@x/dynamo-lock/client";
 *
 * class NodeSigner extends SigV4Signer {
 *   override hash(text: string) {
 *     return new Uint8Array(createHash("sha256").update(text).digest());
 *   }
 *   override hmac(key: Uint8Array, text: string) {
 *     return new Uint8Array(createHmac("sha256", key).update(text).digest());
 *   }
 * }
 *
 * const client = new DynamoClient({ region: "eu-west-1", signer: new NodeSigner() });
 * ```
 */
export class SigV4Signer implements Signer {
  // One slot each, and plain data: nothing of former credentials stays, nothing waits.
  #keyName = "";
  #key: Uint8Array | undefined;
  #rawKey: Uint8Array | undefined;
  #cryptoKey: CryptoKey | undefined;

  /** Signs one request. */
  async sign(request: SigningRequest): Promise<Headers> {
    const { identity, time } = request;
    const { accessKeyId, secretAccessKey, sessionToken } = identity;
    const canonical = new AwsV4Signer({
      ...request,
      accessKeyId,
      secretAccessKey,
      ...(sessionToken !== undefined && { sessionToken }),
      datetime: new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      allHeaders: true, // also content-type, which it leaves out by itself
    });
    canonical.hexBodyHash = async () => hex(await this.hash(request.body));
    const { headers, datetime, credentialString: scope, signedHeaders } = canonical;
    const hash = hex(await this.hash(await canonical.canonicalString()));
    const key = await this.#signingKey(secretAccessKey, scope);
    const signature = hex(await this.hmac(key, [ALGORITHM, datetime, scope, hash].join("\n")));
    headers.set(
      "authorization",
      `${ALGORITHM} Credential=${accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, ` +
        `Signature=${signature}`,
    );
    return headers;
  }

  /** SHA-256 of the UTF-8 bytes of a text. */
  hash(text: string): Uint8Array | Promise<Uint8Array> {
    return crypto.subtle.digest("SHA-256", encoder.encode(text)).then((it) => new Uint8Array(it));
  }

  /** HMAC-SHA-256 of the UTF-8 bytes of a text. */
  hmac(key: Uint8Array, text: string): Uint8Array | Promise<Uint8Array> {
    return this.#webHmac(key, text);
  }

  async #webHmac(key: Uint8Array, text: string): Promise<Uint8Array> {
    let cryptoKey = this.#rawKey === key ? this.#cryptoKey : undefined;
    if (cryptoKey === undefined) {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      const bytes = key as Uint8Array<ArrayBuffer>;
      cryptoKey = await crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
      this.#rawKey = key;
      this.#cryptoKey = cryptoKey;
    }
    return new Uint8Array(await crypto.subtle.sign("HMAC", cryptoKey, encoder.encode(text)));
  }

  /**
   * The key of one day, Region and service: four steps from the secret, kept until any of them
   * changes.
   */
  async #signingKey(secret: string, scope: string): Promise<Uint8Array> {
    const name = `${secret} ${scope}`;
    if (this.#key !== undefined && this.#keyName === name) return this.#key;
    let key: Uint8Array = encoder.encode(`AWS4${secret}`);
    for (const part of scope.split("/")) key = await this.hmac(key, part);
    this.#keyName = name;
    this.#key = key;
    return key;
  }
}
