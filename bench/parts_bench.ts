/** Where does the time of a request go? The parts of it, each alone. */

import { SigV4Signer } from "../src/dynamodb/mod.ts";
import { DefaultSigner } from "../src/dynamodb/default_signer.ts";
import { judge, nextToken } from "../src/lease/decide.ts";
import { NativeLayout } from "../src/records/native.ts";
import { credentials, signBare, usualBody } from "./support.ts";

const url = "https://dynamodb.eu-west-1.amazonaws.com/";

Deno.bench("aws4fetch alone", { group: "sign", baseline: true }, async () => {
  await signBare(url, usualBody);
});

const request = {
  method: "POST",
  url,
  headers: {
    "content-type": "application/x-amz-json-1.0",
    "x-amz-target": "DynamoDB_20120810.UpdateItem",
  },
  body: usualBody,
  region: "eu-west-1",
  service: "dynamodb",
  identity: credentials,
  time: Date.now(),
};

const byDefault = new DefaultSigner();

Deno.bench("the client's default signer", { group: "sign" }, async () => {
  await byDefault.sign(request);
});

const ownHashing = new SigV4Signer();

Deno.bench("the signer with its own hashing", { group: "sign" }, async () => {
  await ownHashing.sign(request);
});

const layout = new NativeLayout({ name: "dynamo-lock", partitionKey: "key", prefix: "" });
const grant = {
  mode: "exclusive" as const,
  grantId: "0123456789abcdef0123456789abcdef",
  token: 1_767_225_600_000,
  ownerId: "0123456789abcdef",
  leaseMs: 20_000,
  expires: 1_767_225_620_000,
  madeAt: 1_767_225_600_000,
};
const written = layout.acquire("invoice/42", grant);

Deno.bench("JSON of a ready request", { group: "encode", baseline: true }, () => {
  JSON.stringify(written);
});

Deno.bench("an acquisition, to JSON", { group: "encode" }, () => {
  JSON.stringify(layout.acquire("invoice/42", grant));
});

const item = {
  key: { S: "invoice/42" },
  format: { N: "1" },
  fence: { N: "1767225600000" },
  exclusive: { S: grant.grantId },
  purge: { N: "1769817600" },
  holders: {
    M: {
      [grant.grantId]: {
        M: {
          t: { N: "1767225600000" },
          m: { S: "x" },
          o: { S: grant.ownerId },
          e: { N: "1767225620000" },
          l: { N: "20000" },
        },
      },
    },
  },
};
const text = JSON.stringify(item);
const view = {
  serverLower: 1_767_225_600_000,
  serverNow: 1_767_225_600_000,
  maxClockSkewMs: 1_000,
  pollMs: 1_000,
  unchangedMs: () => 0,
};

Deno.bench("JSON of a record, parsed", { group: "decide", baseline: true }, () => {
  JSON.parse(text);
});

Deno.bench("a record parsed, understood and judged", { group: "decide" }, () => {
  const record = layout.parse("invoice/42", JSON.parse(text));
  judge(record, grant, view);
  nextToken(1_767_225_600_000, record!.fence, 0.5);
});
