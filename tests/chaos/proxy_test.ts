import { assert, assertEquals } from "@std/assert";
import { DynamoClient, type DynamoError } from "../../src/dynamodb/mod.ts";
import { MemoryDynamo } from "../../src/testing/mod.ts";
import { Canary } from "./canary.ts";
import { dealFaults, FAULT_NAMES, PROFILES } from "./faults.ts";
import { ChaosProxy } from "./proxy.ts";
import { Random } from "./random.ts";

/** What a fault must come to: the client's error, whether it says "unknown", and how often it landed. */
type Expected = [code: string, unknown: boolean, applied: number];

const EXPECTED: Record<string, Expected> = {
  "request dropped": ["NetworkError", true, 0],
  "answer dropped": ["NetworkError", true, 1],
  "request dropped, then arrives": ["NetworkError", true, 1],
  "request delayed": ["", false, 1],
  "answer delayed": ["", false, 1],
  "request delayed past the lease": ["", false, 1],
  "answer delayed past the lease": ["", false, 1],
  "request duplicated": ["", false, 2],
  "request duplicated, later": ["", false, 2],
  "500, not applied": ["InternalServerError", true, 0],
  "500, applied": ["InternalServerError", true, 1],
  "503, not applied": ["ServiceUnavailable", true, 0],
  "503, applied": ["ServiceUnavailable", true, 1],
  "provisioned throughput exceeded": ["ProvisionedThroughputExceededException", false, 0],
  "throttled": ["ThrottlingException", false, 0],
  "request limit exceeded": ["RequestLimitExceeded", false, 0],
  "transaction conflict": ["TransactionConflictException", false, 0],
  "replicated write conflict": ["ReplicatedWriteConflictException", false, 0],
  "body cut short": ["NetworkError", true, 1],
  "body empty": ["BadAnswer", true, 1],
  "body of a web page": ["BadAnswer", true, 1],
  "body damaged": ["BadAnswer", true, 1],
  "redirected, not applied": ["Redirected", true, 0],
  "redirected, applied": ["Redirected", true, 1],
};

/** A proxy in front of a DynamoDB in memory with one table. */
async function setUp(stack: AsyncDisposableStack) {
  const memory = new MemoryDynamo();
  const server = stack.use(await memory.listen());
  const canary = stack.adopt(new Canary(), (it) => it.close());
  const proxy = stack.adopt(
    new ChaosProxy({
      upstream: server.endpoint,
      canary: canary.endpoint,
      lockTable: "locks",
      leaseMs: 20,
    }),
    (it) => it.close(),
  );
  const clientOf = (accessKeyId: string) =>
    new DynamoClient({
      region: "local",
      endpoint: proxy.dataEndpoint,
      credentials: { accessKeyId, secretAccessKey: "chaos" },
      maxAttempts: 1,
    });
  await clientOf("judge").send("CreateTable", {
    TableName: "counters",
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  });
  const applied = (id: string) =>
    Number((memory.table("counters").get({ id: { S: id } })?.n as { N?: string })?.N ?? 0);
  return { canary, proxy, clientOf, applied };
}

async function increase(client: DynamoClient, id: string): Promise<[string, boolean]> {
  try {
    await client.send("UpdateItem", {
      TableName: "counters",
      Key: { id: { S: id } },
      UpdateExpression: "ADD n :one",
      ExpressionAttributeValues: { ":one": { N: "1" } },
      ReturnValues: "ALL_NEW",
    });
    return ["", false];
  } catch (error) {
    return [(error as DynamoError).code, (error as DynamoError).mayHaveApplied];
  }
}

for (const name of FAULT_NAMES) {
  Deno.test(`ChaosProxy does what it says for '${name}'`, async () => {
    await using stack = new AsyncDisposableStack();
    const { canary, proxy, clientOf, applied } = await setUp(stack);
    proxy.brew(() => name, new Random(1));
    const start = performance.now();
    const [code, unknown] = await increase(clientOf("worker1"), "a");
    if (name.includes("delayed")) assert(performance.now() - start >= 20, "it was not delayed");
    const before = applied("a");
    await proxy.idle();
    if (/later|then/.test(name)) assertEquals(applied("a"), before + 1, "it did not come later");
    assertEquals([code, unknown, applied("a")], EXPECTED[name]);
    assertEquals(proxy.faults.get(name), 1);
    assertEquals([canary.visits, await canary.sings()], [0, true]);
    assertEquals(proxy.troubles, []);
  });
}

Deno.test("ChaosProxy cuts off the worker that it is told to, until it heals", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, clientOf } = await setUp(stack);
  proxy.isolate("worker1", 60_000, false);
  assertEquals(await increase(clientOf("worker1"), "a"), ["NetworkError", true]);
  assertEquals(await increase(clientOf("worker2"), "a"), ["", false]);
  proxy.heal();
  assertEquals(await increase(clientOf("worker1"), "a"), ["", false]);
});

for (const moment of ["before", "after"] as const) {
  Deno.test(`ChaosProxy springs an ambush ${moment} a step, once`, async () => {
    await using stack = new AsyncDisposableStack();
    const { proxy, clientOf, applied } = await setUp(stack);
    const sprung: [string, number][] = [];
    proxy.lieInWait({
      step: "count",
      moment,
      spring: (worker) => void sprung.push([worker, applied("a")]),
    });
    for (let i = 0; i < 2; i++) await increase(clientOf("worker7"), "a");
    assertEquals(sprung, [["worker7", moment === "before" ? 0 : 1]]);
  });
}

Deno.test("ChaosProxy lets a request wait for what the ambush is about, and sends it then", async () => {
  await using stack = new AsyncDisposableStack();
  const { proxy, clientOf, applied } = await setUp(stack);
  const { promise, resolve } = Promise.withResolvers<void>();
  proxy.brew(() => "request dropped", new Random(1));
  proxy.lieInWait({ step: "count", moment: "before", spring: () => promise });
  const increasing = increase(clientOf("worker1"), "a");
  await new Promise((done) => setTimeout(done, 50));
  assertEquals(applied("a"), 0);
  resolve();
  assertEquals([await increasing, applied("a")], [["", false], 1]);
});

Deno.test("dealFaults() deals every fault, at the rate of the profile, the same for a seed", () => {
  for (const profile of PROFILES) {
    const deal = () => {
      const draw = dealFaults(new Random(5), profile);
      return Array.from({ length: 1_000 }, () => draw("renew"));
    };
    const cards = deal();
    assertEquals(cards, deal());
    for (const name of FAULT_NAMES) assert(cards.includes(name), `${profile.name}: no ${name}`);
    const rate = cards.filter((card) => card !== undefined).length / cards.length;
    assert(Math.abs(rate - profile.rate) < 0.05, `${profile.name}: ${rate}`);
  }
});
