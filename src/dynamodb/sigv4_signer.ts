import { prepare } from "./default_signer.ts";
import type { Signer, SigningRequest } from "./signer.ts";

const encoder = new TextEncoder();

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += (byte < 16 ? "0" : "") + byte.toString(16);
  return text;
}

/**
 * A signer whose hashing can be exchanged; the canonical form is aws4fetch's, as that of the default.
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
  // The last derived key only, and plain data: nothing of former credentials stays, nothing waits.
  #keyName = "";
  #key: Uint8Array = new Uint8Array();
  readonly #imported = new WeakMap<Uint8Array, CryptoKey>();

  /** Signs one request. */
  async sign(request: SigningRequest): Promise<Headers> {
    const { identity, body } = request;
    const v4 = prepare(request, new Map()); // its own keys are not used
    v4.hexBodyHash = async () => hex(await this.hash(body));
    v4.signature = async () => {
      const { datetime, credentialString } = v4;
      const hash = hex(await this.hash(await v4.canonicalString()));
      const key = await this.#signingKey(identity.secretAccessKey, credentialString);
      const text = ["AWS4-HMAC-SHA256", datetime, credentialString, hash].join("\n");
      return hex(await this.hmac(key, text));
    };
    return (await v4.sign()).headers;
  }

  /** SHA-256 of the UTF-8 bytes of a text. */
  hash(text: string): Uint8Array | Promise<Uint8Array> {
    return crypto.subtle.digest("SHA-256", encoder.encode(text)).then((it) => new Uint8Array(it));
  }

  /** HMAC-SHA-256 of the UTF-8 bytes of a text. */
  hmac(key: Uint8Array, text: string): Uint8Array | Promise<Uint8Array> {
    return this.#webHmac(key as Uint8Array<ArrayBuffer>, text);
  }

  async #webHmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array> {
    let imported = this.#imported.get(key);
    if (!imported) {
      const algorithm = { name: "HMAC", hash: "SHA-256" };
      imported = await crypto.subtle.importKey("raw", key, algorithm, false, ["sign"]);
      this.#imported.set(key, imported);
    }
    return new Uint8Array(await crypto.subtle.sign("HMAC", imported, encoder.encode(text)));
  }

  /**
   * The key of one day, Region and service: four steps from the secret, kept until any of them
   * changes.
   */
  async #signingKey(secret: string, scope: string): Promise<Uint8Array> {
    const name = secret + scope;
    if (this.#keyName === name) return this.#key;
    let key: Uint8Array = encoder.encode(`AWS4${secret}`);
    for (const part of scope.split("/")) key = await this.hmac(key, part);
    this.#keyName = name;
    return this.#key = key;
  }
}
