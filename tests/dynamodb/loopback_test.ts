/** The runtime's own `fetch` against real servers on loopback. */

import { assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { DynamoClient, DynamoError } from "../../src/dynamodb/mod.ts";
import { answer, KEYS } from "../support/wire_server.ts";

interface Server {
  readonly endpoint: string;
  readonly seen: { method: string; headers: Headers }[];
  [Symbol.asyncDispose](): Promise<void>;
}

function serve(handler: (request: Request) => Response | Promise<Response>): Server {
  const seen: Server["seen"] = [];
  const options = { port: 0, hostname: "127.0.0.1", onListen() {} };
  const server = Deno.serve(options, async (request) => {
    seen.push({ method: request.method, headers: new Headers(request.headers) });
    await request.text();
    return await handler(request);
  });
  return {
    endpoint: `http://127.0.0.1:${server.addr.port}`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function clientOf({ endpoint }: Server): DynamoClient {
  return new DynamoClient({ region: "eu-west-1", endpoint, credentials: KEYS });
}

async function failure(work: Promise<unknown>): Promise<DynamoError> {
  const error = await assertRejects(() => work);
  assertInstanceOf(error, DynamoError);
  return error;
}

Deno.test("send() signs a request that arrives whole", async () => {
  await using server = serve(() => answer(200, { TableNames: ["locks"] }));
  const output = await clientOf(server).send<{ TableNames: string[] }>("ListTables", { Limit: 1 });
  assertEquals(output.TableNames, ["locks"]);
  const [{ method, headers }] = server.seen as [Server["seen"][0]];
  assertEquals(method, "POST");
  assertEquals(headers.get("x-amz-target"), "DynamoDB_20120810.ListTables");
  assertEquals(headers.get("content-type"), "application/x-amz-json-1.0");
  assertEquals(headers.get("accept-encoding"), "identity");
  assertEquals(headers.get("x-amz-security-token"), KEYS.sessionToken);
});

Deno.test("send() does not contact the other origin of a redirect", async () => {
  await using canary = serve(() => answer(200, {}));
  for (const status of [301, 302, 303, 307, 308]) {
    await using server = serve(() =>
      new Response("moved", { status, headers: { location: `${canary.endpoint}/` } })
    );
    const error = await failure(clientOf(server).send("UpdateItem", {}));
    assertEquals([error.code, error.statusCode, error.attempts], ["Redirected", status, 1]);
  }
  assertEquals(canary.seen.length, 0);
});

Deno.test("send() gives up a body that does not come to its end", async () => {
  await using server = serve(() =>
    new Response(
      new ReadableStream({ start: (it) => it.enqueue(new TextEncoder().encode("{")) }),
    )
  );
  const limits = { attemptTimeoutMs: 50, maxAttempts: 1 };
  const error = await failure(clientOf(server).send("UpdateItem", {}, limits));
  assertEquals([error.code, error.mayHaveApplied], ["TimeoutError", true]);
});

Deno.test("send() rejects with NetworkError when nobody listens", async () => {
  const server = serve(() => answer(200, {}));
  await server[Symbol.asyncDispose]();
  const error = await failure(clientOf(server).send("UpdateItem", {}));
  assertEquals([error.code, error.attempts, error.mayHaveApplied], ["NetworkError", 4, true]);
});

Deno.test("send() rejects with NetworkError when the connection breaks within the body", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const served = (async () => {
    const connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    const head = "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{";
    await connection.write(new TextEncoder().encode(head));
    connection.close();
    listener.close();
  })();
  const endpoint = `http://127.0.0.1:${listener.addr.port}`;
  const client = new DynamoClient({ region: "eu-west-1", endpoint, credentials: KEYS });
  const error = await failure(client.send("UpdateItem", {}, { maxAttempts: 1 }));
  await served;
  assertEquals([error.code, error.mayHaveApplied], ["NetworkError", true]);
});

Deno.test("send() uses one connection for many requests, whatever the answers are", async () => {
  const ports = new Set<number>();
  let count = 0;
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request, { remoteAddr }) => {
      ports.add(remoteAddr.port);
      await request.text();
      const refusal = { __type: "ValidationException", message: "words" };
      return ++count % 2 === 0 ? answer(400, refusal) : answer(200, {});
    },
  );
  const endpoint = `http://127.0.0.1:${server.addr.port}`;
  const client = new DynamoClient({ region: "eu-west-1", endpoint, credentials: KEYS });
  for (let call = 0; call < 10; call++) await client.send("GetItem", {}).catch(() => {});
  assertEquals(ports.size, 1);
  await server.shutdown();
});
