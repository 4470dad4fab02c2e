/**
 * The AWS SDK v3 beside our locks on DynamoDB Local: its transactions under a lease of ours, its providers
 * of credentials for our client and ours for its, and the examples of the documentation that use it.
 */

import { assert, assertEquals, assertGreater, assertInstanceOf, assertRejects } from "@std/assert";
import type { AcquireOptions, AwsCredentialProvider, Lease } from "../../mod.ts";
import { fromEnv as ourFromEnv } from "../../src/credentials/mod.ts";
import { dynamoDlm, npmLockClient } from "../../src/layouts.ts";
import { configArgs, ROOT } from "../offline/config.ts";
import { ownEnv } from "../gate/env.ts";
import {
  createCredentialChain,
  DynamoDBClient,
  DynamoDBDocumentClient,
  fromEnv,
  fromNodeProviderChain,
  GetCommand,
  SDK_VERSIONS,
  TransactionCanceledException,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  TransactWriteItemsCommand,
} from "../support/aws_sdk.ts";
import { DLM_KEYS } from "../support/dlm_table.ts";
import { LocalTable } from "../support/local_peer.ts";

const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

/** A client of the SDK that looks at no file and asks no metadata service. */
function sdkClient(
  { endpoint }: LocalTable,
  credentials: typeof CREDENTIALS | AwsCredentialProvider = CREDENTIALS,
): DynamoDBClient {
  return new DynamoDBClient({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
}

/** A table of the caller's. */
async function createOrders({ client }: LocalTable): Promise<void> {
  await client.send("CreateTable", {
    TableName: "orders",
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  });
}

type DocumentElement = NonNullable<TransactWriteCommandInput["TransactItems"]>[0];

Deno.test("transactions of the AWS SDK land under a lease only", async (t) => {
  await using local = await LocalTable.start();
  await createOrders(local);
  const client = sdkClient(local);
  const documents = DynamoDBDocumentClient.from(client);
  let orders = 0;
  const stateOf = async (id: string) =>
    (await documents.send(new GetCommand({ TableName: "orders", Key: { id } }))).Item?.state;

  /** By the document client, in plain values. */
  const pay = async (...checks: DocumentElement[]) => {
    const id = `${++orders}`;
    const put = { Put: { TableName: "orders", Item: { id, state: "paid" } } };
    await documents.send(new TransactWriteCommand({ TransactItems: [...checks, put] }));
    assertEquals(await stateOf(id), "paid");
  };
  /** By the plain client, in DynamoDB's JSON. */
  const payPlain = async ({ ConditionCheck }: ReturnType<Lease["conditionCheck"]>) => {
    const id = `${++orders}`;
    const Item = { id: { S: id }, state: { S: "paid" } };
    const TransactItems = [{ ConditionCheck }, { Put: { TableName: "orders", Item } }];
    await client.send(new TransactWriteItemsCommand({ TransactItems }));
    assertEquals(await stateOf(id), "paid");
  };
  const refused = async (work: () => Promise<unknown>) => {
    const error = await assertRejects(work, TransactionCanceledException);
    const codes = error.CancellationReasons?.map(({ Code }) => Code);
    assertEquals([codes, await stateOf(`${orders}`)], [
      ["ConditionalCheckFailed", "None"],
      undefined,
    ]);
  };

  const kinds: Readonly<Record<string, AcquireOptions>> = {
    exclusive: {},
    shared: { mode: "shared" },
    permits: { permits: 3 },
  };
  for (const [name, options] of Object.entries(kinds)) {
    await t.step(`while the lease is held, and not when it was taken away: ${name}`, async () => {
      await using one = local.peer();
      await using operator = local.peer();
      const lease = await one.manager.acquire(name, options);
      const document = lease.conditionCheck({ format: "document" });
      const json = lease.conditionCheck();
      await pay(document);
      await payPlain(json);
      await lease.renew();
      await pay(document); // the same one, after a renewal
      await operator.manager.breakLock(name, { token: lease.fencingToken });
      const next = await operator.manager.acquire(name, options);
      assertEquals(lease.held, true, "nobody has told it");
      await refused(() => pay(document));
      await refused(() => payPlain(json));
      await pay(next.conditionCheck({ format: "document" }));
    });
  }

  await t.step("each of several names is checked by itself", async () => {
    await using one = local.peer();
    await using operator = local.peer();
    const lease = await one.manager.acquire(["both/1", "both/2"]);
    const checks = lease.names.map((name) => lease.conditionCheck({ name, format: "document" }));
    await pay(...checks);
    await operator.manager.breakLock("both/2", { token: lease.fencingToken });
    await pay(checks[0]!);
    await refused(() => pay(checks[1]!));
  });

  await t.step("after a release nothing lands any more", async () => {
    await using one = local.peer();
    const lease = await one.manager.acquire("released");
    const check = lease.conditionCheck({ format: "document" });
    await pay(check);
    await lease.release();
    await refused(() => pay(check));
  });

  await t.step("in layouts whose checks have bytes, and keys that are numbers", async () => {
    const layouts = [
      [npmLockClient({ mode: "fail-open" }), { name: "npm", partitionKey: "id" }, {}],
      [dynamoDlm(), { name: "slots", partitionKey: "resource_id" }, { permits: 2 }],
    ] as const;
    await local.client.send("CreateTable", {
      TableName: "npm",
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    });
    await local.client.send("CreateTable", {
      TableName: "slots",
      BillingMode: "PAY_PER_REQUEST",
      ...DLM_KEYS,
    });
    for (const [layout, table, options] of layouts) {
      await using one = local.peer({ layout, table });
      const lease = await one.manager.acquire("job", options);
      const [document, json] = [
        lease.conditionCheck({ format: "document" }),
        lease.conditionCheck(),
      ];
      await pay(document);
      await lease.release();
      await refused(() => pay(document));
      await refused(() => payPlain(json));
    }
  });
  client.destroy();
});

/** Sets variables of the environment for a while. */
async function withEnv(set: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = Object.keys(set).map((name) => [name, Deno.env.get(name)] as const);
  for (const [name, value] of Object.entries(set)) Deno.env.set(name, value);
  try {
    await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  }
}

Deno.test("providers of credentials fit both ways", async (t) => {
  await using local = await LocalTable.start();
  const expiration = new Date(Date.now() + 3_600_000);
  const keys = {
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_SESSION_TOKEN: "token",
    AWS_CREDENTIAL_EXPIRATION: expiration.toISOString(),
  };

  /** Takes a lock with what a provider answers; the types must fit too. */
  const lockBy = async (credentials: AwsCredentialProvider, name: string) => {
    const asked: unknown[] = [];
    const provider: AwsCredentialProvider = async (options) => {
      const identity = await credentials(options);
      asked.push(identity.expiration);
      return identity;
    };
    await using one = local.peer({ credentials: provider });
    const lease = await one.manager.acquire(name);
    await lease.renew();
    assertEquals([lease.held, await lease.release()], [true, true]);
    assertEquals(asked, [expiration]); // asked once: the keys are good for an hour
  };

  await t.step("those of the SDK sign our requests", async () => {
    await withEnv(keys, async () => {
      await lockBy(fromEnv(), "env");
      await lockBy(fromNodeProviderChain(), "chain");
      await lockBy(createCredentialChain(fromEnv()), "made chain");
      const client = new DynamoDBClient({ region: "us-east-1" });
      await lockBy(client.config.credentials, "of a client");
      client.destroy();
    });
  });

  await t.step("keys that are about to end are asked for again", async () => {
    let asked = 0;
    const credentials: AwsCredentialProvider = () =>
      Promise.resolve({ ...CREDENTIALS, expiration: new Date(Date.now() + 1_000 * ++asked) });
    await using one = local.peer({ credentials });
    const lease = await one.manager.acquire("short");
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    await lease.renew();
    assertGreater(asked, 1);
  });

  await t.step("ours sign the SDK's", async () => {
    await createOrders(local);
    const client = sdkClient(local, ourFromEnv(keys));
    const documents = DynamoDBDocumentClient.from(client);
    const { Item } = await documents.send(
      new GetCommand({ TableName: "orders", Key: { id: "1" } }),
    );
    assertEquals(Item, undefined);
    client.destroy();
  });
});

/** The examples in a file that use the SDK. */
function examplesOf(source: string): string[] {
  const plain = source.replace(/^ *\* ?/gm, "");
  return [...plain.matchAll(/^```ts ignore\n(.*?)^```$/gms)]
    .map(([, code]) => code!)
    .filter((code) => code.includes('"@aws-sdk/'));
}

Deno.test("the examples with the AWS SDK run as they stand", async () => {
  await using local = await LocalTable.start();
  await createOrders(local);
  const folder = new URL(`.cache/examples-${Deno.pid}/`, ROOT);
  await Deno.mkdir(folder, { recursive: true });
  const config = await configArgs();
  try {
    for (const [path, id] of [["README.md", "7"], ["src/lease/lease.ts", "10"]] as const) {
      const examples = examplesOf(await Deno.readTextFile(new URL(path, ROOT)));
      assertEquals([path, examples.length], [path, 1]);
      const code = SDK_VERSIONS.reduce(
        (text, [name, version]) => text.replace(`"${name}"`, `"npm:${name}@${version}"`),
        examples[0]!,
      );
      const file = new URL(`${path.replaceAll("/", "-")}.ts`, folder);
      await Deno.writeTextFile(file, code);
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--check", ...config, file.pathname],
        cwd: ROOT,
        clearEnv: true,
        env: {
          ...ownEnv(),
          AWS_ENDPOINT_URL_DYNAMODB: local.endpoint,
          AWS_REGION: "us-east-1",
          AWS_ACCESS_KEY_ID: "local",
          AWS_SECRET_ACCESS_KEY: "local",
        },
      }).output();
      assert(success, new TextDecoder().decode(stderr));
      const input = { TableName: "orders", Key: { id: { S: id } } };
      const { Item } = await local.client.send<{ Item?: unknown }>("GetItem", input);
      assertInstanceOf(Item, Object, path);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
