/** What the benches share: credentials, a table, and the bare signed requests to compare with. */

import { AwsV4Signer } from "aws4fetch";
import {
  type AwsCredentialIdentity,
  DynamoClient,
  type DynamoClientOptions,
} from "../src/dynamodb/mod.ts";

/** Credentials with a session token of a usual length. */
export const credentials: Required<
  Pick<AwsCredentialIdentity, "accessKeyId" | "secretAccessKey" | "sessionToken">
> = {
  accessKeyId: "AKIDEXAMPLE",
  secretAccessKey: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
  sessionToken: "t".repeat(400),
};

/** The settings of a client of `endpoint`. */
export function settings(
  endpoint: string,
  fetch: typeof globalThis.fetch,
): Pick<DynamoClientOptions, "region" | "endpoint" | "credentials" | "fetch"> {
  return { region: "local", endpoint, credentials, fetch };
}

/** Makes the lock table. */
export async function makeTable(endpoint: string, fetch: typeof globalThis.fetch): Promise<void> {
  await new DynamoClient(settings(endpoint, fetch)).send("CreateTable", {
    TableName: "dynamo-lock",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "key", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "key", KeyType: "HASH" }],
  });
}

const TAKE = JSON.stringify({
  TableName: "dynamo-lock",
  Key: { key: { S: "bare" } },
  UpdateExpression: "SET #o=:o,#e=:e",
  ConditionExpression: "attribute_not_exists(#o)",
  ExpressionAttributeNames: { "#o": "owner", "#e": "expires" },
  ExpressionAttributeValues: { ":o": { S: "0123456789abcdef" }, ":e": { N: "1767225600000" } },
  ReturnValuesOnConditionCheckFailure: "ALL_OLD",
});

const GIVE = JSON.stringify({
  TableName: "dynamo-lock",
  Key: { key: { S: "bare" } },
  UpdateExpression: "REMOVE #o,#e",
  ConditionExpression: "#o=:o",
  ExpressionAttributeNames: { "#o": "owner", "#e": "expires" },
  ExpressionAttributeValues: { ":o": { S: "0123456789abcdef" } },
});

const keys = new Map<string, ArrayBuffer>();

/** Signs one request with aws4fetch alone. */
export function signBare(
  endpoint: string,
  body: string,
): Promise<{ method: string; url: URL; headers: Headers }> {
  return new AwsV4Signer({
    ...credentials,
    url: endpoint,
    service: "dynamodb",
    region: "us-east-1",
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": "DynamoDB_20120810.UpdateItem",
    },
    body,
    cache: keys,
  }).sign();
}

async function sendBare(
  endpoint: string,
  fetch: typeof globalThis.fetch,
  body: string,
): Promise<void> {
  const { url, method, headers } = await signBare(endpoint, body);
  const answer = await fetch(url, { method, headers, body });
  if (!answer.ok) throw new Error(await answer.text());
  await answer.json();
}

/** The baseline: what any lock must pay, two conditional writes, signed and sent, and nothing else. */
export async function bareCycle(
  endpoint: string,
  fetch: typeof globalThis.fetch,
): Promise<void> {
  await sendBare(endpoint, fetch, TAKE);
  await sendBare(endpoint, fetch, GIVE);
}

/** The body of a usual write. */
export const usualBody: string = TAKE;
