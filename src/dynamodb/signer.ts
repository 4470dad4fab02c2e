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
