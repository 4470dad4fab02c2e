/**
 * The options by which DynamoDB is reached, of whatever reaches it, and their checks.
 *
 * @module
 */

import { type Checks, ofType } from "../checks.ts";
import type { AwsCredentialIdentity, AwsCredentialProvider } from "../credentials/identity.ts";
import { dynamoClient, isClient } from "../dynamodb/brand.ts";
import type { DynamoClient } from "../dynamodb/client.ts";

/** How DynamoDB is reached: by what AWS's tools read from the environment, or by these. */
export interface ConnectionOptions {
  /** The AWS Region. @default {AWS_REGION, else AWS_DEFAULT_REGION} */
  readonly region?: string | undefined;
  /**
   * Credentials, or a provider of them in the AWS SDK's shape: one of `./credentials`, of
   * `@aws-sdk/credential-providers`, or any function like this. @default {the environment}
   *
   * @example Keys of a role that last for an hour
   * ```ts
   * import { LockManager } from "@x/dynamo-lock";
   *
   * await using locks = new LockManager({ credentials: assumeRole });
   * await using lease = await locks.acquire("invoice/48");
   * console.log(lease.held); // true
   *
   * async function assumeRole() { // called again when the keys are about to end
   *   const keys = await Promise.resolve({ accessKeyId: "ASIA7", secretAccessKey: "x" }); // of STS
   *   return { ...keys, sessionToken: "y", expiration: new Date(Date.now() + 3_600_000) };
   * }
   * ```
   */
  readonly credentials?: AwsCredentialIdentity | AwsCredentialProvider | undefined;
  /** The endpoint. @default {AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL, or the Region's} */
  readonly endpoint?: string | URL | undefined;
  /** Allows plain `http:` to any host: requests can be read and changed on their way. */
  readonly allowInsecureEndpoint?: boolean | undefined;
  /** Instead of the process environment, where there is none, as on Cloudflare Workers. */
  readonly env?: object | undefined;
  /** Sends the requests. @default {globalThis.fetch} */
  readonly fetch?: typeof fetch | undefined;
  /**
   * A ready client, instead of `region`, `credentials`, `endpoint`, `allowInsecureEndpoint`, `env` and
   * `fetch`. It tells of its retries by its own `onRetry`.
   */
  readonly client?: DynamoClient | undefined;
}

/** Their checks, but for credentials. */
export const CONNECTION_CHECKS: Checks<Omit<ConnectionOptions, "credentials">> = {
  region: ofType("string"),
  endpoint: () => {}, // checked together with the Region
  allowInsecureEndpoint: ofType("boolean"),
  env: ofType("object"),
  fetch: ofType("function"),
  client: dynamoClient,
};

/** The options that a ready client makes needless. */
const NEEDLESS = [
  "region",
  "credentials",
  "endpoint",
  "allowInsecureEndpoint",
  "env",
  "fetch",
] as const;

/** Refuses a client in place of options: it has no enumerable property, so it would pass for none. */
export function noClient(action: string, options: object): void {
  if (isClient(options)) {
    throw new TypeError(`Cannot ${action} as a client must be passed as '{ client }'`);
  }
}

/** Refuses what a client brings along where a client is given. */
export function checkConnection(action: string, options: ConnectionOptions): void {
  if (options.client === undefined) return;
  for (const option of NEEDLESS) {
    // Without the value: an endpoint may have a password in it.
    if (option in options) {
      throw new TypeError(`Cannot ${action} as '${option}' must be absent beside 'client'`);
    }
  }
}
