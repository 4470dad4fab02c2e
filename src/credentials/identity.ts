/**
 * What credentials are, and the checks that every source of them goes through.
 *
 * @module
 */

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
  /** The account of the keys: selects the account's own endpoint. */
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

/** Thrown by a provider of this package. It never holds a key. */
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
const VISIBLE = /^[\x21-\x7e]+$/;

/** Says what is wrong with `value` as credentials, without ever repeating it. */
export function complaint(value: unknown): string | undefined {
  const { accessKeyId, secretAccessKey, sessionToken, expiration, accountId } =
    (value ?? {}) as Record<string, unknown>;
  const isVisible = (text: unknown) => typeof text === "string" && VISIBLE.test(text);
  if (!isVisible(accessKeyId)) return "'accessKeyId' must be visible ASCII";
  if (!isVisible(secretAccessKey)) return "'secretAccessKey' must be visible ASCII";
  if (sessionToken === undefined) {
    if ((accessKeyId as string).startsWith("ASIA")) {
      return "'sessionToken' must be set: a key id that begins with ASIA is temporary";
    }
  } else if (!isVisible(sessionToken)) return "'sessionToken' must be visible ASCII";
  if (expiration !== undefined && !(expiration instanceof Date && !isNaN(expiration.getTime()))) {
    return "'expiration' must be a valid Date";
  }
  if (accountId !== undefined && !/^\d{12}$/.test(`${accountId}`)) {
    return "'accountId' must be 12 digits";
  }
  return undefined;
}

/**
 * Returns a copy of `value`, which is of no use to whoever changes it later.
 *
 * @throws {CredentialsError} Where it is no usable pair of keys.
 */
export function checkIdentity(value: unknown): AwsCredentialIdentity {
  const wrong = complaint(value);
  if (wrong === undefined) return { ...value as AwsCredentialIdentity };
  throw new CredentialsError("CredentialsInvalid", `Cannot use credentials as ${wrong}`);
}
