import { type Runtime, systemRuntime } from "../runtime.ts";
import {
  type AwsCredentialIdentity,
  type AwsCredentialProvider,
  checkIdentity,
  CredentialsError,
} from "./identity.ts";

/**
 * Variables by name, as `process.env` or the `env` of a Worker, however that is typed. What is no text is
 * not set.
 */
export type Environment = object;

/** Reads one variable; an empty one counts as not set, as for the AWS SDKs. */
export type EnvironmentReader = (name: string) => string | undefined;

/** Reads from `env`, or from the process one name at a time where there is none. */
export function environmentReader(
  env: Environment | undefined,
  runtime: Pick<Runtime, "env">,
): EnvironmentReader {
  return (name) => {
    const value = env ? (env as Record<string, unknown>)[name] : runtime.env(name);
    return typeof value === "string" && value ? value : undefined;
  };
}

/** The credentials that `read` finds. */
export function identityFromEnvironment(read: EnvironmentReader): AwsCredentialIdentity {
  const accessKeyId = read("AWS_ACCESS_KEY_ID");
  const secretAccessKey = read("AWS_SECRET_ACCESS_KEY");
  if (!accessKeyId || !secretAccessKey) {
    throw new CredentialsError(
      "CredentialsMissing",
      "Cannot find credentials as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or 'credentials', must be set",
    );
  }
  return checkIdentity({
    accessKeyId,
    secretAccessKey,
    sessionToken: read("AWS_SESSION_TOKEN"),
    accountId: read("AWS_ACCOUNT_ID"),
  } as AwsCredentialIdentity);
}

/**
 * A provider that reads `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` and
 * `AWS_ACCOUNT_ID`, one by one and each time that it is asked.
 *
 * Its promise rejects with a `CredentialsError`: `CredentialsMissing` where one of the first two is
 * not set, `CredentialsInvalid` where they cannot be right, such as a temporary key without a
 * session token.
 *
 * @param env Where to look instead of the environment of the process, such as a Worker's `env`.
 *
 * @example From the `env` of a Worker
 * ```ts
 * import { fromEnv } from "@x/dynamo-lock/credentials";
 *
 * const provider = fromEnv({ AWS_ACCESS_KEY_ID: "local", AWS_SECRET_ACCESS_KEY: "local" });
 * const { accessKeyId } = await provider(); // "local"
 * ```
 */
export function fromEnv(env?: Environment): AwsCredentialProvider {
  const read = environmentReader(env, systemRuntime);
  // deno-lint-ignore require-await -- what it throws must be a rejection
  return async () => identityFromEnvironment(read);
}
