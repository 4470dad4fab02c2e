import { type AwsCredentialProvider, CredentialsError } from "./identity.ts";

/** Whether a provider only said that it has nothing, in our words or in the AWS SDK's. */
function hasNothing(error: unknown): boolean {
  if (typeof error !== "object" || error === null) return false;
  return (error as { code?: unknown }).code === "CredentialsMissing" ||
    (error as { tryNextLink?: unknown }).tryNextLink === true;
}

/**
 * A provider that asks others in turn and gives the first answer.
 *
 * It goes on to the next one where a provider has nothing: a `CredentialsError` with the code
 * `CredentialsMissing`, or an error of an AWS SDK provider that says `tryNextLink`. It does not go
 * on where a provider is broken: using other keys than the ones that were set up would hide that.
 *
 * @throws {TypeError} Where no provider is given, or one is no function.
 *
 * @example Keys of the environment, or else your own source
 * ```ts
 * import { chain, fromEnv } from "@x/dynamo-lock/credentials";
 *
 * const own = () => Promise.resolve({ accessKeyId: "local", secretAccessKey: "local" });
 * const { accessKeyId } = await chain(fromEnv({}), own)(); // "local"
 * ```
 */
export function chain(...providers: AwsCredentialProvider[]): AwsCredentialProvider {
  if (providers.length === 0 || providers.some((provider) => typeof provider !== "function")) {
    throw new TypeError("Cannot chain credentials as each of 'providers' must be a function");
  }
  return async (options) => {
    const texts: string[] = [];
    for (const provider of providers) {
      try {
        return await provider(options);
      } catch (error) {
        if (!hasNothing(error)) throw error;
        // Another package's text might repeat a key, so only ours are quoted.
        if (error instanceof CredentialsError) texts.push(error.message);
      }
    }
    throw new CredentialsError(
      "CredentialsMissing",
      texts[0] ?? "Cannot find credentials as no provider of the chain has any",
    );
  };
}
