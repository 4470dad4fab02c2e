/**
 * The AWS SDK v3, installed by name. It is what users of `conditionCheck` have, and never part of the
 * package: only the longer suites import it.
 */

export {
  DynamoDBClient,
  GetItemCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
} from "npm:@aws-sdk/client-dynamodb@^3.1169.0";
export {
  DynamoDBDocumentClient,
  GetCommand,
  TransactWriteCommand,
  type TransactWriteCommandInput,
} from "npm:@aws-sdk/lib-dynamodb@^3.1169.0";
export {
  createCredentialChain,
  fromEnv,
  fromNodeProviderChain,
} from "npm:@aws-sdk/credential-providers@^3.1175.0";

/** Where an example's imports of the SDK are to be had. */
export const SDK_VERSIONS: readonly (readonly [name: string, version: string])[] = [
  ["@aws-sdk/client-dynamodb", "^3.1169.0"],
  ["@aws-sdk/lib-dynamodb", "^3.1169.0"],
];
