/**
 * How requests are signed with aws4fetch. Its types need those of a browser, so nothing that users see
 * of ours may name them: the public interfaces are in `signer.ts`.
 *
 * @module
 */

import { AwsV4Signer } from "aws4fetch";
import type { Signer, SigningRequest } from "./signer.ts";

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
