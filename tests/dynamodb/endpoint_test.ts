import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { LockManager, type LockManagerOptions } from "../../mod.ts";
import { DynamoClient, type DynamoClientOptions, DynamoError } from "../../src/dynamodb/mod.ts";
import { START } from "../support/wire_runtime.ts";
import { KEYS, ok, WireServer } from "../support/wire_server.ts";

const ACCOUNT = { ...KEYS, accountId: "123456789012" };

const OTHER = "210987654321";
const DISABLED = { AWS_ACCOUNT_ID_ENDPOINT_MODE: "disabled" };

/** Where a manager with these options and variables sends its first request. */
async function hostOf(
  options: LockManagerOptions,
  variables: Record<string, string> = {},
): Promise<string> {
  const env = { AWS_REGION: "eu-west-1", ...variables };
  let host = "";
  const fetch = (url: string | URL | Request) => {
    host = new URL(String(url)).host;
    return Promise.resolve(Response.json({}));
  };
  await using manager = new LockManager({ fetch, env, ...options });
  await manager.inspect("any");
  return host;
}

/** Where a client with these options and variables sends its first request, and what it signs for. */
async function endpointOf(
  options: DynamoClientOptions,
  variables: Record<string, string> = {},
): Promise<[url: string, signingRegion: string]> {
  const server = new WireServer([ok()], options);
  Object.assign(server.runtime.variables, variables);
  await server.send();
  const { url, headers } = server.requests[0]!;
  return [new URL(url).href, headers.authorization!.split("/")[1]!];
}

/** Options, variables and the address. */
const TABLE: readonly [DynamoClientOptions, Record<string, string>, string][] = [
  // Partitions
  [{ region: "eu-west-1" }, {}, "https://dynamodb.eu-west-1.amazonaws.com/"],
  [{ region: "cn-north-1" }, {}, "https://dynamodb.cn-north-1.amazonaws.com.cn/"],
  [{ region: "us-gov-west-1" }, {}, "https://dynamodb.us-gov-west-1.amazonaws.com/"],
  [{ region: "eusc-de-east-1" }, {}, "https://dynamodb.eusc-de-east-1.amazonaws.eu/"],
  [{ region: "xx-new-9" }, {}, "https://dynamodb.xx-new-9.amazonaws.com/"],
  // Dual-stack
  [
    { region: "eu-west-1", useDualstackEndpoint: true },
    {},
    "https://dynamodb.eu-west-1.api.aws/",
  ],
  [
    { region: "cn-north-1", useDualstackEndpoint: true },
    {},
    "https://dynamodb.cn-north-1.api.amazonwebservices.com.cn/",
  ],
  [
    { region: "eu-west-1" },
    { AWS_USE_DUALSTACK_ENDPOINT: "True" },
    "https://dynamodb.eu-west-1.api.aws/",
  ],
  [
    { region: "eu-west-1", useDualstackEndpoint: false },
    { AWS_USE_DUALSTACK_ENDPOINT: "true" },
    "https://dynamodb.eu-west-1.amazonaws.com/",
  ],
  // FIPS
  [
    { region: "us-east-1", useFipsEndpoint: true },
    {},
    "https://dynamodb-fips.us-east-1.amazonaws.com/",
  ],
  [
    { region: "us-east-1" },
    { AWS_USE_FIPS_ENDPOINT: "true" },
    "https://dynamodb-fips.us-east-1.amazonaws.com/",
  ],
  [
    { region: "us-gov-west-1", useFipsEndpoint: true },
    {},
    "https://dynamodb.us-gov-west-1.amazonaws.com/",
  ],
  [
    { region: "us-gov-west-1", useFipsEndpoint: true, useDualstackEndpoint: true },
    {},
    "https://dynamodb-fips.us-gov-west-1.api.aws/",
  ],
  [
    { region: "us-east-1", useFipsEndpoint: true, useDualstackEndpoint: true },
    {},
    "https://dynamodb-fips.us-east-1.api.aws/",
  ],
  // The account's own
  [
    { region: "eu-west-1", credentials: ACCOUNT },
    {},
    "https://123456789012.ddb.eu-west-1.amazonaws.com/",
  ],
  [
    { region: "eu-west-1", credentials: ACCOUNT, accountIdEndpointMode: "required" },
    {},
    "https://123456789012.ddb.eu-west-1.amazonaws.com/",
  ],
  [
    { region: "eu-west-1", credentials: ACCOUNT, accountIdEndpointMode: "disabled" },
    {},
    "https://dynamodb.eu-west-1.amazonaws.com/",
  ],
  [
    { region: "eu-west-1", credentials: ACCOUNT },
    { AWS_ACCOUNT_ID_ENDPOINT_MODE: "disabled" },
    "https://dynamodb.eu-west-1.amazonaws.com/",
  ],
  ...(["preferred", "required"] as const).flatMap((
    accountIdEndpointMode,
  ): [DynamoClientOptions, Record<string, string>, string][] => {
    const options = { credentials: ACCOUNT, accountIdEndpointMode };
    const both = { ...options, useDualstackEndpoint: true };
    const host = "https://123456789012.ddb";
    return [
      [{ ...both, region: "eu-west-1" }, {}, `${host}.eu-west-1.api.aws/`],
      [{ ...options, region: "xx-new-9" }, {}, `${host}.xx-new-9.amazonaws.com/`],
      [{ ...options, region: "us-gov-west-1" }, {}, `${host}.us-gov-west-1.amazonaws.com/`],
      [{ ...both, region: "us-gov-east-1" }, {}, `${host}.us-gov-east-1.api.aws/`],
      [{ ...options, region: "cn-northwest-1" }, {}, `${host}.cn-northwest-1.amazonaws.com.cn/`],
      [
        { ...both, region: "cn-north-1" },
        {},
        `${host}.cn-north-1.api.amazonwebservices.com.cn/`,
      ],
    ];
  }),
  // Where there are none
  [
    { region: "eu-west-1", credentials: ACCOUNT, useFipsEndpoint: true },
    {},
    "https://dynamodb-fips.eu-west-1.amazonaws.com/",
  ],
  [
    { region: "us-gov-west-1", credentials: ACCOUNT, useFipsEndpoint: true },
    {},
    "https://dynamodb.us-gov-west-1.amazonaws.com/",
  ],
  [
    { region: "us-gov-new-1", credentials: ACCOUNT },
    {},
    "https://dynamodb.us-gov-new-1.amazonaws.com/",
  ],
  [
    { region: "cn-new-1", credentials: ACCOUNT },
    {},
    "https://dynamodb.cn-new-1.amazonaws.com.cn/",
  ],
  [
    { region: "eusc-de-east-1", credentials: ACCOUNT },
    {},
    "https://dynamodb.eusc-de-east-1.amazonaws.eu/",
  ],
  // Given as they are, in their order
  [
    { region: "eu-west-1", endpoint: "https://one.test", credentials: ACCOUNT },
    { AWS_ENDPOINT_URL_DYNAMODB: "https://two.test", AWS_ENDPOINT_URL: "https://three.test" },
    "https://one.test/",
  ],
  [
    { region: "eu-west-1" },
    { AWS_ENDPOINT_URL_DYNAMODB: "https://two.test", AWS_ENDPOINT_URL: "https://three.test" },
    "https://two.test/",
  ],
  [{ region: "eu-west-1" }, { AWS_ENDPOINT_URL: "https://three.test" }, "https://three.test/"],
  [{ region: "us-iso-east-1", endpoint: "https://one.test" }, {}, "https://one.test/"],
  [{ region: "r", endpoint: new URL("https://one.test:8443/") }, {}, "https://one.test:8443/"],
  // Plain http
  [{ region: "r", endpoint: "http://localhost:8000" }, {}, "http://localhost:8000/"],
  [{ region: "r", endpoint: "http://db.localhost:1" }, {}, "http://db.localhost:1/"],
  [{ region: "r", endpoint: "http://127.1.2.3:8000" }, {}, "http://127.1.2.3:8000/"],
  [{ region: "r", endpoint: "http://[::1]:8000" }, {}, "http://[::1]:8000/"],
  [
    { region: "r", endpoint: "http://dynamodb:8000", allowInsecureEndpoint: true },
    {},
    "http://dynamodb:8000/",
  ],
];

for (const [options, variables, url] of TABLE) {
  const { credentials, ...shown } = options;
  const account = credentials === ACCOUNT ? " with an account" : "";
  const title = JSON.stringify({ ...shown, ...variables }) + account;
  Deno.test(`send() goes to ${url} for ${title}`, async () => {
    assertEquals(await endpointOf(options, variables), [url, options.region!]);
  });
}

Deno.test("send() takes the Region from AWS_REGION, then from AWS_DEFAULT_REGION", async () => {
  const find = async (variables: Record<string, string>) => {
    const server = new WireServer([ok()]);
    const { runtime, fetch } = server;
    Object.assign(runtime.variables, variables);
    await new DynamoClient({ runtime, fetch, credentials: KEYS }).send("ListTables", {});
    return server.requests[0]!.url;
  };
  const both = { AWS_REGION: "eu-west-1", AWS_DEFAULT_REGION: "us-east-2" };
  assertEquals(await find(both), "https://dynamodb.eu-west-1.amazonaws.com/");
  assertEquals(
    await find({ AWS_REGION: "", AWS_DEFAULT_REGION: "us-east-2" }),
    "https://dynamodb.us-east-2.amazonaws.com/",
  );
});

Deno.test("send() rejects with all three names when no Region is set", async () => {
  const { runtime, fetch, requests } = new WireServer([ok()]);
  const client = new DynamoClient({ runtime, fetch, credentials: KEYS });
  const error = await assertRejects(() => client.send("ListTables", {}), DynamoError);
  assertEquals([error.code, error.attempts], ["RegionMissing", 0]);
  for (const name of ["'region'", "AWS_REGION", "AWS_DEFAULT_REGION"]) {
    assertStringIncludes(error.message, name);
  }
  assertEquals(requests, []);
});

const HOSTILE_REGIONS = [
  "",
  "a@evil.test#",
  "evil.test/",
  "x.evil.test",
  "eu-west-1.evil.test?",
  "eu-west-1\n",
  "-eu",
  "eu-",
  "EU-WEST-1",
  "é",
  "a".repeat(64),
  "a:8000",
  "a\\b",
  "..",
  "%2e",
];

for (const region of HOSTILE_REGIONS) {
  Deno.test(`DynamoClient() throws when the Region is ${JSON.stringify(region)}`, async () => {
    assertThrows(() => new DynamoClient({ region }), RangeError, "'region'");
    if (region === "") return; // an empty variable is not set
    const { runtime, fetch, requests } = new WireServer([ok()]);
    const client = new DynamoClient({ runtime, fetch, credentials: KEYS });
    runtime.variables.AWS_REGION = region;
    await assertRejects(() => client.send("ListTables", {}), RangeError, "'region'");
    assertEquals(requests, []);
  });
}

const HOSTILE_ENDPOINTS = [
  "",
  "dynamodb.test",
  "//dynamodb.test",
  "http://dynamodb.test",
  "http://localhost.evil.test",
  "http://127.0.0.1.evil.test",
  "http://evil.test/#localhost",
  "http://10.0.0.1:8000",
  "http://[::2]:8000",
  "ftp://localhost",
  "file:///etc/passwd",
  "javascript:alert(1)",
  "https://user:PASSWORD@dynamodb.test",
  "https://user@dynamodb.test",
  "https://user:PASSWORD%40dynamodb.test",
  "https://dynamodb.test/?key=a@PASSWORD",
  "https://dynamodb.test/a@PASSWORD",
  "https://dynamodb.test#@PASSWORD",
  "https://dynamodb.test/path",
  "https://dynamodb.test/?query=1",
  "https://dynamodb.test/#fragment",
];

for (const endpoint of HOSTILE_ENDPOINTS) {
  Deno.test(`DynamoClient() throws when the endpoint is ${JSON.stringify(endpoint)}`, async () => {
    const options = { region: "eu-west-1", endpoint };
    const error = assertThrows(() => new DynamoClient(options), RangeError, "'endpoint'");
    assertEquals(error.message.includes("PASSWORD"), false);
    if (endpoint === "") return;
    const server = new WireServer([ok()]);
    server.runtime.variables.AWS_ENDPOINT_URL = endpoint;
    await assertRejects(() => server.send(), RangeError, "'endpoint'");
    assertEquals(server.requests, []);
  });
}

Deno.test("DynamoClient() throws when an endpoint that is given meets FIPS or dual-stack", async () => {
  for (const option of ["useFipsEndpoint", "useDualstackEndpoint"]) {
    const endpoint = "https://dynamodb.test";
    assertThrows(() => new DynamoClient({ endpoint, [option]: true }), RangeError, "'endpoint'");
    const configured = new WireServer([ok()], { [option]: true });
    configured.runtime.variables.AWS_ENDPOINT_URL = endpoint;
    await assertRejects(() => configured.send(), RangeError, "'endpoint'");
    assertEquals(configured.requests, []);
  }
});

Deno.test("send() rejects when the account's endpoint is required and there is none", async () => {
  const cases: DynamoClientOptions[] = [
    { credentials: KEYS },
    { credentials: ACCOUNT, useFipsEndpoint: true },
    { credentials: ACCOUNT, region: "cn-new-1" },
    { credentials: ACCOUNT, region: "us-gov-new-1" },
    { credentials: ACCOUNT, region: "eusc-de-east-1" },
  ];
  for (const options of cases) {
    const server = new WireServer([ok()], { ...options, accountIdEndpointMode: "required" });
    await assertRejects(() => server.send(), RangeError, "'accountIdEndpointMode'");
    assertEquals(server.requests, []);
  }
});

Deno.test("send() rejects when a Region is isolated and no endpoint is given", async () => {
  for (const region of ["us-iso-east-1", "us-isob-east-1", "us-isof-south-1", "eu-isoe-west-1"]) {
    const server = new WireServer([ok()], { region });
    await assertRejects(() => server.send(), RangeError, "'endpoint' must be given");
    assertEquals(server.requests, []);
  }
});

Deno.test("send() goes to DynamoDB Local for the Region 'local', signed for us-east-1", async () => {
  const local = ["http://localhost:8000/", "us-east-1"];
  assertEquals(await endpointOf({ region: "local" }), local);
  const required = { region: "local", accountIdEndpointMode: "required" } as const;
  assertEquals(await endpointOf(required), local);
  // With an endpoint it is a Region as any other.
  assertEquals(
    await endpointOf({ region: "local", endpoint: "http://localhost:9000" }),
    ["http://localhost:9000/", "local"],
  );
  for (const option of ["useFipsEndpoint", "useDualstackEndpoint"]) {
    assertThrows(
      () => new DynamoClient({ region: "local", [option]: true }),
      RangeError,
      "'endpoint'",
    );
  }
});

Deno.test("a lock goes to the endpoint of the account in its table's ARN", async () => {
  const table = `arn:aws:dynamodb:eu-west-1:${OTHER}:table/locks`;
  const host = `${OTHER}.ddb.eu-west-1.amazonaws.com`;
  for (const credentials of [ACCOUNT, KEYS]) {
    assertEquals(await hostOf({ table, credentials }), host);
    assertEquals(await hostOf({ table: { name: table }, credentials }), host);
    assertEquals(await hostOf({ credentials }, { DYNAMO_LOCK_TABLE: table }), host);
  }
});

Deno.test("a lock goes elsewhere for an ARN of another Region, or when it is disabled", async () => {
  const own = `${ACCOUNT.accountId}.ddb.eu-west-1.amazonaws.com`;
  const credentials = ACCOUNT;
  assertEquals(await hostOf({ credentials }), own);
  const table = `arn:aws:dynamodb:eu-west-1:${OTHER}:table/locks`;
  assertEquals(await hostOf({ credentials, table: table.replace("west-1", "west-2") }), own);
  assertEquals(
    await hostOf({ credentials, table }, DISABLED),
    "dynamodb.eu-west-1.amazonaws.com",
  );
});

Deno.test("send() goes to the Region's endpoint when the account's number is none", async () => {
  for (const accountId of ["evil.test/", "1", "1234567890123"]) {
    const credentials = { ...KEYS, accountId };
    const [url] = await endpointOf({ region: "eu-west-1", credentials });
    assertEquals(url, "https://dynamodb.eu-west-1.amazonaws.com/");
  }
});

Deno.test("send() rejects when AWS_ACCOUNT_ID_ENDPOINT_MODE is no mode", async () => {
  const server = new WireServer([ok()]);
  server.runtime.variables.AWS_ACCOUNT_ID_ENDPOINT_MODE = "always";
  await assertRejects(() => server.send(), RangeError, "'accountIdEndpointMode'");
});

Deno.test("send() follows the account of fresh credentials", async () => {
  let accountId = "111111111111";
  const credentials = () =>
    Promise.resolve({ ...KEYS, accountId, expiration: new Date(START + 1000) });
  const server = new WireServer([ok()], { credentials });
  await server.send();
  await server.runtime.advance(2000);
  accountId = "222222222222";
  await server.send();
  assertEquals(server.requests.map(({ url }) => url.slice(8, 20)), [
    "111111111111",
    "222222222222",
  ]);
});
