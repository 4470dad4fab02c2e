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

/** Prepares a request in aws4fetch's canonical form. */
export function prepare(
  request: SigningRequest,
  cache: Map<string, ArrayBuffer>,
): AwsV4Signer {
  return new AwsV4Signer({
    ...request.identity,
    ...request,
    cache,
    datetime: new Date(request.time).toISOString().replace(/[:-]|\.\d{3}/g, ""),
    allHeaders: true, // also content-type, which it leaves out by itself
  });
}

/**
 * The signer of a client that is given none: aws4fetch as it is, which keeps the key that it derives
 * from the secret for one day, Region and service.
 */
export class DefaultSigner implements Signer {
  // One secret's keys only: nothing of former credentials stays.
  #secret = "";
  #cache = new Map<string, ArrayBuffer>();

  async sign(request: SigningRequest): Promise<Headers> {
    const { secretAccessKey } = request.identity;
    if (this.#secret !== secretAccessKey) {
      this.#secret = secretAccessKey;
      this.#cache = new Map();
    }
    return (await prepare(request, this.#cache).sign()).headers;
  }
}
