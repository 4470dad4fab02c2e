/**
 * The AWS SDK v3 says where requests go, and ours go there too: every kind of Region, with and without
 * FIPS, dual-stack, the account of the credentials and an ARN as the table, in each mode.
 *
 * One difference is on purpose: an isolated Region needs an `endpoint`, as its addresses are not ours to
 * know.
 */

import { assertEquals } from "@std/assert";
import { LockManager } from "../../mod.ts";
import { DynamoDBClient, GetItemCommand } from "../support/aws_sdk.ts";

const REGIONS = [
  "us-east-1",
  "eu-central-2",
  "ap-southeast-5",
  "mx-central-1",
  "xx-new-9",
  "aws-global",
  "us-gov-east-1",
  "us-gov-west-1",
  "us-gov-new-1",
  "cn-north-1",
  "cn-northwest-1",
  "cn-new-1",
  "eusc-de-east-1",
  "us-iso-east-1",
  "us-isob-east-1",
  "us-isof-south-1",
  "eu-isoe-west-1",
  "local",
];
const ACCOUNT = "123456789012";
const OTHER = "210987654321";
const BOTH = [false, true];
const MODES = ["preferred", "disabled", "required"] as const;

/** One set of circumstances. */
interface Case {
  readonly region: string;
  readonly fips: boolean;
  readonly dualstack: boolean;
  readonly mode: typeof MODES[number];
  readonly accountId: string | undefined;
  readonly table: string;
}

function* cases(region: string): Generator<Case> {
  const arn = (place: string) => `arn:aws:dynamodb:${place}:${OTHER}:table/locks`;
  for (const fips of BOTH) {
    for (const dualstack of BOTH) {
      for (const mode of MODES) {
        for (const accountId of [undefined, ACCOUNT]) {
          for (const table of ["locks", arn(region), arn("sa-east-1")]) {
            yield { region, fips, dualstack, mode, accountId, table };
          }
        }
      }
    }
  }
}

function keys({ accountId }: Case) {
  return { accessKeyId: "id", secretAccessKey: "key", ...(accountId ? { accountId } : {}) };
}

/** The address and the Region that was signed for. */
function seen(host: string, authorization: string | null | undefined): string {
  return `${host} for ${authorization?.split("/")[2]}`;
}

/** What a request of the SDK has, as far as it is looked at. */
interface SdkRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly headers: Record<string, string>;
}

/** Where the SDK sends a request, or that it refuses. */
async function theirs(one: Case): Promise<string> {
  let answer = "refused";
  const client = new DynamoDBClient({
    region: one.region,
    useFipsEndpoint: one.fips,
    useDualstackEndpoint: one.dualstack,
    accountIdEndpointMode: one.mode,
    credentials: keys(one),
    maxAttempts: 1,
    requestHandler: {
      handle({ protocol, hostname, port, headers }: SdkRequest) {
        const host = `${protocol}//${hostname}${port ? `:${port}` : ""}`;
        answer = seen(host, headers["authorization"]);
        return Promise.reject(new Error("seen"));
      },
    },
  });
  const input = { TableName: one.table, Key: { key: { S: "any" } } };
  await client.send(new GetItemCommand(input)).catch(() => {});
  return answer;
}

/** Where a lock of ours sends a request, or that it refuses. */
async function ours(one: Case): Promise<string> {
  let answer = "refused";
  await using manager = new LockManager({
    table: one.table,
    credentials: keys(one),
    env: {
      AWS_REGION: one.region,
      AWS_USE_FIPS_ENDPOINT: `${one.fips}`,
      AWS_USE_DUALSTACK_ENDPOINT: `${one.dualstack}`,
      AWS_ACCOUNT_ID_ENDPOINT_MODE: one.mode,
    },
    fetch: (url, init) => {
      answer = seen(new URL(String(url)).origin, new Headers(init?.headers).get("authorization"));
      return Promise.resolve(Response.json({}));
    },
  });
  await manager.inspect("any").catch((error) => assertEquals(error.name, "RangeError"));
  return answer;
}

for (const region of REGIONS) {
  Deno.test(`requests go where those of the AWS SDK go: ${region}`, async () => {
    for (const one of cases(region)) {
      const expected = /-iso/.test(region) ? "refused" : await theirs(one);
      assertEquals(await ours(one), expected, JSON.stringify(one));
    }
  });
}
