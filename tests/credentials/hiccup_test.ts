/** A source of credentials is a service of its own: where it is away, that passes, as DynamoDB's does. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { AwsCredentialProvider } from "../../src/credentials/mod.ts";
import { DynamoClient } from "../../src/dynamodb/mod.ts";
import { campaign } from "../../src/election.ts";
import { LockManager } from "../../src/manager.ts";
import { quickSigner, World } from "../support/world.ts";

const KEYS = { accessKeyId: "a", secretAccessKey: "b" };

/** A source that fails as often as this, before it answers. */
function failing(times: number): AwsCredentialProvider {
  let asked = 0;
  return () =>
    ++asked <= times
      ? Promise.reject(new Error("connect ECONNREFUSED 169.254.170.23:80"))
      : Promise.resolve(KEYS);
}

function manager(world: World, credentials: AwsCredentialProvider): LockManager {
  const runtime = world.time.node({ seed: 1 }).runtime(world.dynamo.fetch, {});
  const settings = { region: "eu-west-1", runtime, signer: quickSigner, credentials };
  return new LockManager({ client: new DynamoClient(settings), runtime });
}

Deno.test("a campaign outlives a source of credentials that fails for a while", async () => {
  const world = await World.create();
  const stop = new AbortController();
  let terms = 0;
  const locks = manager(world, failing(2));
  const ended = campaign("job", { locks, signal: stop.signal }, () => {
    terms++;
    stop.abort(new Error("led"));
  }).catch((error) => error.message);
  await world.pass(60_000);
  assertEquals([await world.until(ended), terms], ["led", 1]);
  await world.until(locks.close());
});

Deno.test("the error of a lock says that the source of its credentials failed", async () => {
  const world = await World.create();
  const locks = manager(world, failing(1));
  const error = await world.until(locks.acquire("job").catch((error) => error));
  assertEquals(error.code, "UNAVAILABLE");
  assertStringIncludes(error.message, "the source of its credentials failed");
  await world.until(locks.close());
});

Deno.test("keys of a source that cannot be right are an error that stays", async () => {
  const world = await World.create();
  const locks = manager(world, () => Promise.resolve({ ...KEYS, secretAccessKey: "" }));
  const error = await world.until(locks.acquire("job").catch((error) => error));
  assertEquals(error.code, "CREDENTIALS");
  await world.until(locks.close());
});
