import { assert, assertEquals, assertRejects } from "@std/assert";
import { DynamoClient } from "../../src/dynamodb/mod.ts";
import { type Fault, MemoryDynamo, type MemoryServer } from "../../src/testing/mod.ts";
import { tableInput } from "./memory.ts";
import { send } from "./send.ts";

const TABLE = tableInput("plain", { k: "S" });

async function served(
  run: (dynamo: MemoryDynamo, server: MemoryServer) => Promise<void>,
): Promise<void> {
  const dynamo = new MemoryDynamo();
  await using server = await dynamo.listen({ keepAlive: false });
  await run(dynamo, server);
}

Deno.test("listen() answers over HTTP what fetch answers", async () => {
  await served(async (dynamo, { endpoint, port }) => {
    assertEquals(endpoint, `http://127.0.0.1:${port}`);
    const made = await send(fetch, endpoint, "CreateTable", TABLE);
    assertEquals(made.status, 200);
    const item = { k: { S: "é😀" } };
    await send(fetch, endpoint, "PutItem", { TableName: "plain", Item: item });
    assertEquals(dynamo.table("plain").items(), [item]);
    const got = await send(fetch, endpoint, "GetItem", { TableName: "plain", Key: item });
    assertEquals(got.body, { Item: item });
    assertEquals(got.headers.get("content-type"), "application/x-amz-json-1.0");
    assert(Math.abs(Date.parse(got.headers.get("date") ?? "") - Date.now()) < 5_000);
    const refused = await fetch(endpoint);
    assertEquals(refused.status, 404);
    await refused.body?.cancel();
  });
});

Deno.test("listen() keeps connections alive unless told not to", async () => {
  const dynamo = new MemoryDynamo();
  for (const keepAlive of [true, false]) {
    await using server = await dynamo.listen({ keepAlive });
    const { headers } = await send(fetch, server.endpoint, "ListTables", {});
    assertEquals(headers.get("connection") === "close", !keepAlive);
  }
});

Deno.test("listen() fails requests on the wire", async () => {
  await served(async (dynamo, { endpoint }) => {
    await send(fetch, endpoint, "CreateTable", TABLE);
    let count = 0;
    const put = (fault: Fault, init?: RequestInit) => {
      dynamo.failNext(fault);
      const Item = { k: { S: `item ${++count}` } };
      return send(fetch, endpoint, "PutItem", { TableName: "plain", Item }, init);
    };
    const applied = () => dynamo.table("plain").get({ k: { S: `item ${count}` } }) !== undefined;

    await assertRejects(() => put({ kind: "drop-request" }), TypeError);
    assertEquals(applied(), false);
    await assertRejects(() => put({ kind: "drop-answer" }), TypeError);
    assertEquals(applied(), true);
    await assertRejects(() => put({ kind: "body", how: "truncated" }), TypeError);
    assertEquals(applied(), true);
    assertEquals((await put({ kind: "body", how: "empty" })).body, "");
    assertEquals((await put({ kind: "no-date" })).headers.get("date"), null);
    const dated = await put({ kind: "date", value: "Thu, 01 Jan 1970 00:00:00 GMT", age: "3" });
    assertEquals(dated.headers.get("date"), "Thu, 01 Jan 1970 00:00:00 GMT");
    assertEquals(dated.headers.get("age"), "3");
    const moved = await put({ kind: "redirect", location: "http://127.0.0.1:1/" });
    assertEquals([moved.status, moved.headers.get("location")], [307, "http://127.0.0.1:1/"]);
    const failed = await put({ kind: "error", status: 503, type: "ServiceUnavailable" });
    assertEquals([failed.status, applied()], [503, false]);

    const abort = new AbortController();
    const hanging = put({ kind: "hang", applied: true }, { signal: abort.signal });
    while (!applied()) await new Promise((resolve) => setTimeout(resolve, 1));
    abort.abort(new Error("enough"));
    await assertRejects(() => hanging, Error, "enough");
  });
});

Deno.test("listen() survives a client that goes away in the middle of a request", async () => {
  await served(async (_, { endpoint, port }) => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const part = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{";
    await connection.write(new TextEncoder().encode(part));
    connection.close();
    for (let i = 0; i < 3; i++) {
      assertEquals((await send(fetch, endpoint, "ListTables", {})).status, 200);
    }
  });
});

Deno.test("listen() tells a defect of its own and goes on", async () => {
  await served(async (dynamo, { endpoint }) => {
    dynamo.failNext({ kind: "no-date" }, {
      when: () => {
        throw new Error("a defect");
      },
    });
    const { status, body } = await send(fetch, endpoint, "ListTables", {});
    assertEquals(status, 500);
    assertEquals(body.message, "MemoryDynamo failed: Error: a defect");
    assertEquals(dynamo.requests.length, 1);
  });
});

Deno.test("close() ends requests that hang, and the server", async () => {
  const dynamo = new MemoryDynamo();
  const server = await dynamo.listen();
  dynamo.failNext({ kind: "hang" });
  const hanging = send(fetch, server.endpoint, "ListTables", {});
  while (dynamo.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  const rejected = assertRejects(() => hanging, TypeError);
  await server.close();
  await rejected;
  await assertRejects(() => send(fetch, server.endpoint, "ListTables", {}), TypeError);
});

Deno.test("listen() rejects for a port in use and for unknown options", async () => {
  const dynamo = new MemoryDynamo();
  await using server = await dynamo.listen();
  await assertRejects(() => dynamo.listen({ port: server.port }));
  await assertRejects(() => dynamo.listen({ host: "x" } as never), TypeError, "'host'");
});

Deno.test("listen() on all addresses hands out one of loopback, which a client takes", async () => {
  for (const [hostname, host] of [["0.0.0.0", "127.0.0.1"], ["::", "[::1]"]] as const) {
    const listening = new MemoryDynamo().listen({ hostname });
    await using server = await (host === "[::1]" ? listening.catch(() => null) : listening);
    if (server === null) continue; // a system without IPv6
    assertEquals(server.endpoint, `http://${host}:${server.port}`);
    const client = new DynamoClient({
      endpoint: server.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    assertEquals(await client.send("ListTables", {}), { TableNames: [] });
  }
});
