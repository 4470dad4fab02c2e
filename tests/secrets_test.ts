/**
 * No secret in anything that leaves the package towards a log: errors with all of their causes,
 * events, what `inspect()` answers and what a debugger prints. The search is for the very texts, over a
 * run that provokes every kind of error.
 */

import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Lease, LockEvent, LockManager } from "../mod.ts";
import type { Signer } from "../src/dynamodb/mod.ts";
import type { Fault } from "../src/testing/mod.ts";
import { DynamoClient } from "../src/dynamodb/mod.ts";
import { only } from "./support/requests.ts";
import { World } from "./support/world.ts";

const SECRETS = {
  secretAccessKey: "wJalrXUtnFEMIK7MDENGbPxRfiCYSECRETKEY",
  sessionToken: "FwoGZXIvYXdzEDoaSESSIONTOKEN1234567890",
  signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  password: "hunter2-in-the-endpoint",
  data: "data-that-only-inspect-may-show",
};

/** As real, but at once: puts every secret where a careless error would find it. */
const leakySigner: Signer = {
  sign: ({ headers, time, identity }) =>
    Promise.resolve(
      new Headers({
        ...headers,
        authorization:
          `AWS4-HMAC-SHA256 Credential=${identity.accessKeyId}/x/y/dynamodb/aws4_request, ` +
          `SignedHeaders=host;x-amz-date, Signature=${SECRETS.signature}`,
        "x-amz-date": new Date(time).toISOString().replace(/[-:]|\.\d+/g, ""),
        "x-amz-security-token": identity.sessionToken ?? "",
        "x-leak": identity.secretAccessKey,
      }),
    ),
};

/** What DynamoDB says to a wrong signature: it repeats the whole request. */
const MISMATCH =
  "The request signature we calculated does not match the signature you provided.\n\n" +
  "The Canonical String for this request should have been\n'POST\n/\n\ncontent-type:application/" +
  `x-amz-json-1.0\nx-amz-security-token:${SECRETS.sessionToken}\n'\n\nThe String-to-Sign was ` +
  `'${SECRETS.signature}'`;

/** Everything that was seen, as the texts that a log could have of it. */
class Log {
  readonly texts: string[] = [];
  errors = 0;

  add(value: unknown): void {
    this.texts.push(String(value));
    this.texts.push(Deno.inspect(value, { depth: 20, showHidden: true, getters: true }));
    try {
      this.texts.push(JSON.stringify(value) ?? "");
    } catch {
      // A value that JSON cannot show cannot leak through it.
    }
    for (let error = value; error instanceof Error; error = error.cause) {
      this.errors++;
      this.texts.push(error.message, error.stack ?? "");
      // Whatever is on it, enumerable or not.
      for (const name of Object.getOwnPropertyNames(error)) {
        this.texts.push(`${name}: ${JSON.stringify((error as never)[name]) ?? ""}`);
      }
    }
  }

  /** Fails where one of the texts is in what was seen. */
  holdsNone(secrets: readonly string[]): void {
    for (const text of this.texts) {
      for (const secret of secrets) {
        assert(!text.includes(secret), `'${secret}' is in: ${text.slice(0, 2_000)}`);
      }
    }
  }
}

/** Every grant id that was ever on the wire. */
function grantIds(world: World): string[] {
  const ids = new Set<string>();
  for (const { input } of world.dynamo.requests) {
    for (const id of JSON.stringify(input).matchAll(/[0-9a-f]{32}/g)) ids.add(id[0]);
  }
  return [...ids];
}

const FAULTS: readonly Fault[] = [
  { kind: "drop-request" },
  { kind: "drop-answer" },
  { kind: "hang" },
  { kind: "error", status: 500, type: "InternalServerError" },
  { kind: "error", status: 400, type: "ThrottlingException" },
  { kind: "error", status: 400, type: "AccessDeniedException", message: "User: arn is not..." },
  { kind: "error", status: 400, type: "InvalidSignatureException", message: MISMATCH },
  { kind: "error", status: 403, type: "SignatureDoesNotMatch", message: MISMATCH },
  { kind: "error", status: 400, type: "ExpiredTokenException" },
  { kind: "error", status: 400, type: "ResourceNotFoundException" },
  { kind: "error", status: 400, type: "ValidationException", message: "One or more key..." },
  { kind: "error", status: 400, type: "ValidationException", message: "Something" },
  { kind: "error", status: 400, type: "TransactionConflictException" },
  { kind: "body", how: "truncated" },
  { kind: "body", how: "html" },
  { kind: "body", how: "wrong-crc" },
  { kind: "redirect", location: `https://user:${SECRETS.password}@elsewhere.example/` },
];

/** Runs every verb of a manager and of a lease into every fault. */
async function provoke(world: World, manager: LockManager, log: Log): Promise<void> {
  for (const fault of FAULTS) {
    let failing = false;
    world.fail(fault, { when: () => failing, times: Infinity });
    const fail = async (work: () => Promise<unknown>) => {
      failing = true;
      await world.until(work().then(log.add.bind(log), log.add.bind(log)));
      failing = false;
      await world.pass(30_000); // the clean-up in the background
    };
    const options = { data: SECRETS.data, leaseMs: 40_000 };
    await fail(() => manager.acquire("job", options));
    await fail(() => manager.tryAcquire("job", options));
    await fail(() => manager.inspect("job"));
    const lease = await world.until(manager.acquire("held", options));
    log.add(lease);
    await fail(() => lease.renew());
    await fail(() => lease.update(SECRETS.data));
    await fail(() => lease.release());
    log.add(lease.signal.reason);
    await world.pass(100_000); // where even the clean-up was refused the lease runs out
  }
}

Deno.test("no secret and no grant id is in any error, event or printed object", async () => {
  const world = await World.create();
  const log = new Log();
  const events: LockEvent[] = [];
  const node = world.time.node();
  const credentials = {
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    secretAccessKey: SECRETS.secretAccessKey,
    sessionToken: SECRETS.sessionToken,
  };
  const client = new DynamoClient({
    region: "local",
    endpoint: "http://127.0.0.1:1",
    credentials,
    signer: leakySigner,
    runtime: node.runtime(world.dynamo.fetch),
    onRetry: (event) => log.add(event),
  });
  const process = world.process({ client, onEvent: (event) => events.push(event) });
  await provoke(world, process.manager, log);
  log.add(process.manager);
  log.add(client);
  for (const event of events) log.add(event);
  assertGreater(log.errors, 100);
  assertGreater(events.length, 100);
  const ids = grantIds(world);
  assertGreater(ids.length, 20);
  const { data: _, ...secrets } = SECRETS;
  log.holdsNone([...Object.values(secrets), "Authorization", "x-amz-security-token", ...ids]);
  await world.end(process);
});

Deno.test("no grant id is in what inspect() answers, nor in errors about others' records", async () => {
  const world = await World.create();
  const holder = world.process();
  const other = world.process();
  const log = new Log();
  const lease = await world.until(holder.manager.acquire("job", { data: "shown" }));
  log.add(await world.until(other.manager.inspect("job")));
  assert(log.texts.some((text) => text.includes("shown")));
  // A record with a grant of somebody else that cannot be understood.
  world.tamper("job", (record) => {
    const [entry] = Object.values(record.holders.M);
    delete entry!.M.o;
  });
  for (const verb of ["acquire", "tryAcquire", "inspect"] as const) {
    const work: Promise<unknown> = other.manager[verb]("job");
    await world.until(work.then(log.add.bind(log), log.add.bind(log)));
  }
  const stolen: Lease = lease;
  world.tamper("job", (record) => record.holders.M = { ["e".repeat(32)]: { M: {} } });
  await world.until(stolen.renew().then(log.add.bind(log), log.add.bind(log)));
  log.add(stolen.signal.reason);
  assertGreater(log.errors, 3);
  log.holdsNone(["e".repeat(32), ...grantIds(world)]);
  await world.end(holder, other);
});

Deno.test("no data of a lock is in any error or event", async () => {
  const world = await World.create();
  const log = new Log();
  const process = world.process({ onEvent: (event) => log.add(event) });
  const note = (work: Promise<unknown>) =>
    world.until(work.then(log.add.bind(log), log.add.bind(log)));
  const data = SECRETS.data;
  const lease = await world.until(process.manager.acquire("job", { data }));
  world.fail({ kind: "error", status: 400, type: "ValidationException" }, { when: only("renew") });
  await note(lease.update(`${data}!`));
  await note(process.manager.acquire("x".repeat(3_000), { data }));
  await note(lease.release());
  log.add(lease.signal.reason);
  assertGreater(log.errors, 2);
  log.holdsNone([data]);
  await world.end(process);
});

Deno.test("no credential is in an error about credentials", async () => {
  const world = await World.create();
  const log = new Log();
  for (
    const credentials of [
      { accessKeyId: "AKIA\n", secretAccessKey: SECRETS.secretAccessKey },
      { accessKeyId: "AKIA", secretAccessKey: `${SECRETS.secretAccessKey}\n` },
      { accessKeyId: "AKIA", secretAccessKey: "x", sessionToken: `${SECRETS.sessionToken} ` },
      { accessKeyId: "ASIAX", secretAccessKey: SECRETS.secretAccessKey },
      { accessKeyId: "", secretAccessKey: SECRETS.secretAccessKey },
    ]
  ) {
    for (const source of [credentials, () => Promise.resolve(credentials)]) {
      try {
        const runtime = world.time.node().runtime(world.dynamo.fetch);
        const client = new DynamoClient({ region: "local", credentials: source, runtime });
        await world.until(client.send("GetItem", {}));
      } catch (error) {
        log.add(error);
      }
    }
  }
  assert(log.errors >= 10);
  log.holdsNone([SECRETS.secretAccessKey, SECRETS.sessionToken]);
  assertEquals(world.sent(), []);
});
