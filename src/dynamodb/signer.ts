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

const encoder = new TextEncoder();

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

async function digest(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}

/** The canonical form is aws4fetch's; the hashing is the caller's. */
class CanonicalRequest extends AwsV4Signer {
  readonly #signer: SigV4Signer;
  readonly #text: string;
  readonly #key: (request: AwsV4Signer) => Promise<Uint8Array>;

  constructor(
    signer: SigV4Signer,
    key: (request: AwsV4Signer) => Promise<Uint8Array>,
    request: SigningRequest,
  ) {
    const { method, url, headers, body, region, service, identity, time } = request;
    super({
      method,
      url,
      headers: { ...headers },
      body,
      region,
      service,
      accessKeyId: identity.accessKeyId,
      secretAccessKey: identity.secretAccessKey,
      ...(identity.sessionToken !== undefined && { sessionToken: identity.sessionToken }),
      datetime: new Date(time).toISOString().replace(/[:-]|\.\d{3}/g, ""),
      allHeaders: true, // else a changed content-type would go unnoticed
    });
    this.#signer = signer;
    this.#key = key;
    this.#text = body;
  }

  override async hexBodyHash(): Promise<string> {
    return hex(await this.#signer.hash(this.#text));
  }

  override async stringToSign(): Promise<string> {
    const hash = hex(await this.#signer.hash(await this.canonicalString()));
    return `AWS4-HMAC-SHA256\n${this.datetime}\n${this.credentialString}\n${hash}`;
  }

  override async signature(): Promise<string> {
    const text = await this.stringToSign();
    return hex(await this.#signer.hmac(await this.#key(this), text));
  }
}

/**
 * The default signer: aws4fetch's canonical form with hashing of our own choice.
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
  #hmacKey: Uint8Array | undefined;
  #cryptoKey: CryptoKey | undefined;

  /** Signs one request. */
  async sign(request: SigningRequest): Promise<Headers> {
    const canonical = new CanonicalRequest(this, (scope) => this.#signingKey(scope), request);
    return (await canonical.sign()).headers;
  }

  /** SHA-256 of the UTF-8 bytes of a text. */
  hash(text: string): Uint8Array | Promise<Uint8Array> {
    return digest(text);
  }

  /** HMAC-SHA-256 of the UTF-8 bytes of a text. */
  hmac(key: Uint8Array, text: string): Uint8Array | Promise<Uint8Array> {
    return this.#webHmac(key, text);
  }

  async #webHmac(key: Uint8Array, text: string): Promise<Uint8Array> {
    let cryptoKey = this.#hmacKey === key ? this.#cryptoKey : undefined;
    if (cryptoKey === undefined) {
      cryptoKey = await crypto.subtle.importKey(
        "raw",
        key as Uint8Array<ArrayBuffer>,
        { name: "HMAC", hash: "SHA-256" },
        false,
        ["sign"],
      );
      this.#hmacKey = key;
      this.#cryptoKey = cryptoKey;
    }
    return new Uint8Array(await crypto.subtle.sign("HMAC", cryptoKey, encoder.encode(text)));
  }

  /**
   * The key of one day, Region and service: four steps from the secret, kept until any of them
   * changes.
   */
  async #signingKey(scope: AwsV4Signer): Promise<Uint8Array> {
    const { secretAccessKey, credentialString } = scope;
    const name = `${secretAccessKey} ${credentialString}`;
    if (this.#key !== undefined && this.#keyName === name) return this.#key;
    let key: Uint8Array = encoder.encode(`AWS4${secretAccessKey}`);
    for (const part of credentialString.split("/")) key = await this.hmac(key, part);
    this.#keyName = name;
    this.#key = key;
    return key;
  }
}
