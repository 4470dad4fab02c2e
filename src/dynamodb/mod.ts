/**
 * A small client of DynamoDB's JSON API: signed with aws4fetch, retried as the AWS SDKs do, on every
 * runtime that has `fetch` and WebCrypto.
 *
 * It is what the locks of this package send their requests with, and it may be used on its own.
 *
 * @example
 * ```ts
 * import { DynamoClient, isDynamoError } from "@x/dynamo-lock/client";
 *
 * const client = new DynamoClient({ region: "eu-west-1" }); // credentials from the environment
 * try {
 *   await client.send("PutItem", {
 *     TableName: "users",
 *     Item: { id: { S: "7" } },
 *     ConditionExpression: "attribute_not_exists(id)",
 *   });
 * } catch (error) {
 *   if (!isDynamoError(error) || error.code !== "ConditionalCheckFailedException") throw error;
 *   console.log("there is one already");
 * }
 * ```
 *
 * @module
 */

export { DynamoClient } from "./client.ts";
export type { DynamoClientOptions, RetryEvent, SendOptions } from "./options.ts";
export type { AccountIdEndpointMode, EndpointOptions } from "./endpoint.ts";
export type { AnswerTiming } from "./attempt.ts";
export {
  type CancellationReason,
  DynamoError,
  type DynamoErrorDetails,
  isDynamoError,
} from "./errors.ts";
export type { Signer, SigningRequest } from "./signer.ts";
export { SigV4Signer } from "./sigv4_signer.ts";
export {
  type AttributeMap,
  type AttributeValue,
  decodeMap,
  decodeNumber,
  decodeString,
  encodeMap,
  encodeNumber,
  encodeString,
  isWellFormed,
  utf8Length,
} from "./values.ts";
export type { AwsCredentialIdentity, AwsCredentialProvider } from "../credentials/identity.ts";
export type { Environment } from "../credentials/env.ts";
export type { Moment, Runtime, Timer } from "../runtime.ts";
