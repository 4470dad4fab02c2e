/**
 * Sources of AWS credentials, in the shape of the AWS SDK's own providers: the SDK's providers fit
 * wherever these do, and these fit there.
 *
 * A {@link DynamoClient} without the option `credentials` uses {@link fromEnv}. Its cache calls a
 * provider again five minutes before the keys end, and once where DynamoDB calls them expired, so a
 * provider needs no cache of its own.
 *
 * @example
 * ```ts
 * import { chain, fromEnv } from "@x/dynamo-lock/credentials";
 * import { DynamoClient } from "@x/dynamo-lock/client";
 *
 * const dummy = () => Promise.resolve({ accessKeyId: "local", secretAccessKey: "local" });
 * const client = new DynamoClient({ region: "local", credentials: chain(fromEnv(), dummy) });
 * ```
 *
 * @module
 */

export { chain } from "./chain.ts";
export { type Environment, fromEnv } from "./env.ts";
export {
  type AwsCredentialIdentity,
  type AwsCredentialProvider,
  CredentialsError,
  type CredentialsErrorCode,
} from "./identity.ts";
