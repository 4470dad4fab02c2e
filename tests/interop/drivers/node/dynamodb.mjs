/**
 * Signed requests to DynamoDB, with nothing but Node.
 *
 * @module
 */

// deno-lint-ignore-file explicit-module-boundary-types -- plain JavaScript, for Node

import { createHash, createHmac } from "node:crypto";
import process from "node:process";

const hash = (text) => createHash("sha256").update(text).digest("hex");
const hmac = (key, text) => createHmac("sha256", key).update(text).digest();

/** Signs a request by version 4 of AWS's signatures. */
function headersOf({ host }, operation, body) {
  const { AWS_REGION: region, AWS_ACCESS_KEY_ID: id, AWS_SECRET_ACCESS_KEY: secret } = process.env;
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const scope = `${time.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const headers = {
    "content-type": "application/x-amz-json-1.0",
    host,
    "x-amz-date": time,
    "x-amz-target": `DynamoDB_20120810.${operation}`,
  };
  const signed = Object.keys(headers).join(";");
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`).join("");
  const canonical = ["POST", "/", "", lines, signed, hash(body)].join("\n");
  const toSign = ["AWS4-HMAC-SHA256", time, scope, hash(canonical)].join("\n");
  const key = scope.split("/").reduce((key, part) => hmac(key, part), `AWS4${secret}`);
  const signature = hmac(key, toSign).toString("hex");
  return {
    ...headers,
    authorization:
      `AWS4-HMAC-SHA256 Credential=${id}/${scope}, SignedHeaders=${signed}, Signature=${signature}`,
  };
}

/** Sends a request; throws an error whose `code` is DynamoDB's. */
export async function send(endpoint, operation, input) {
  const body = JSON.stringify(input);
  const headers = headersOf(new URL(endpoint), operation, body);
  const response = await fetch(endpoint, { method: "POST", headers, body });
  const answer = await response.json();
  if (response.ok) return answer;
  const code = String(answer.__type).split("#").pop();
  throw Object.assign(new Error(`${code}: ${answer.message ?? answer.Message}`), { code });
}
