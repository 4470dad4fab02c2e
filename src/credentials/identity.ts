/**
 * What credentials are, and the checks that every source of them goes through.
 *
 * @module
 */

import { onlySet } from "../checks.ts";

/** A pair of AWS keys, in the shape that the AWS SDK for JavaScript uses. */
export interface AwsCredentialIdentity {
  /** The access key id: public, and sent with each request. */
  readonly accessKeyId: string;
  /** The secret access key: it only ever signs. */
  readonly secretAccessKey: string;
  /** The session token of temporary keys. */
  readonly sessionToken?: string;
  /** When the keys end. Keys without it are kept until DynamoDB says that they are over. */
  readonly expiration?: Date;
  /** The account of the keys, 12 digits: selects the account's own endpoint. */
  readonly accountId?: string;
}

/**
 * A source of credentials, in the shape of the AWS SDK's own providers, so those fit too.
 *
 * After DynamoDB called the keys expired it is asked with `{ forceRefresh: true }`, which the SDK's
 * caching providers understand.
 */
export type AwsCredentialProvider = (
  options?: Record<string, unknown>,
) => Promise<AwsCredentialIdentity>;

/** Why there are no credentials: nothing was set, or what was given cannot be right. */
export type CredentialsErrorCode = "CredentialsMissing" | "CredentialsInvalid";

/**
 * Thrown by a provider of this package, and for keys that cannot be right. It never holds a key.
 *
 * @example
 * ```ts
 * import { CredentialsError, fromEnv } from "@x/dynamo-lock/credentials";
 *
 * const credentials = fromEnv({}); // an environment without keys
 * await credentials().catch((error) => {
 *   if (!(error instanceof CredentialsError)) throw error;
 *   console.log(error.code); // CredentialsMissing
 * });
 * ```
 */
export class CredentialsError extends Error {
  /** The name that tells this error from others. */
  override readonly name = "CredentialsError";
  /** A stable text to branch on. */
  readonly code: CredentialsErrorCode;

  /** Makes an error; `message` must not contain a key. */
  constructor(code: CredentialsErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Visible ASCII: anything else would break a header, and `Headers` prints the value it refuses. */
const VISIBLE = /^[!-~]+$/;

/**
 * Returns a copy of `value`, which is of no use to whoever changes it later. An error says which
 * part is wrong, without ever repeating it.
 *
 * @throws {CredentialsError} Where it is no usable pair of keys.
 */
export function checkIdentity(value: AwsCredentialIdentity): AwsCredentialIdentity {
  // One by one, as they may be getters of a class.
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } = value ??
    {} as Partial<AwsCredentialIdentity>;
  // A key id that begins with ASIA is temporary: it is of no use without its token.
  const token = sessionToken ?? (/^ASIA/.test(`${accessKeyId}`) ? "" : "none");
  for (
    const [name, text] of Object.entries({ accessKeyId, secretAccessKey, sessionToken: token })
  ) {
    if (typeof text !== "string" || !VISIBLE.test(text)) {
      const message = `Cannot use credentials as '${name}' must be a text of visible ASCII`;
      throw new CredentialsError("CredentialsInvalid", message);
    }
  }
  return onlySet<AwsCredentialIdentity>({
    accessKeyId,
    secretAccessKey,
    sessionToken,
    expiration,
    accountId,
  });
}
