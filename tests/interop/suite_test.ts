/** What becomes of a client that cannot be installed. */

import { assertEquals } from "@std/assert";
import { javaLockClient } from "../../src/layouts.ts";
import type { InteropClient } from "./client.ts";
import { findClients, install } from "./suite.ts";

const BROKEN: InteropClient = {
  name: "no-client 0.0.0",
  layout: javaLockClient(),
  table: {},
  registry: "npm",
  install: () => Promise.reject(new Error("no such package")),
  command: () => ({ cmd: "", args: [] }),
  impossible: {},
};
const ABOUT = { client: "no-client 0.0.0", scenario: "can be installed" };

Deno.test("a client that cannot be installed has failed where its registry answers", async () => {
  const result = await install(BROKEN, () => Promise.resolve(true));
  assertEquals(result, { ...ABOUT, outcome: "FAILED", why: "no such package" });
});

Deno.test("a client is skipped, by name, where its registry cannot be reached", async () => {
  const asked: string[] = [];
  const result = await install(BROKEN, (registry) => {
    asked.push(registry);
    return Promise.resolve(false);
  });
  const why = "it comes from npm, which cannot be reached, or its tool is missing";
  assertEquals([result, asked], [{ ...ABOUT, outcome: "skip", why }, ["npm"]]);
});

Deno.test("a client that can be installed asks no registry", async () => {
  const client = { ...BROKEN, install: () => Promise.resolve() };
  assertEquals(await install(client, () => Promise.reject(new Error("asked"))), undefined);
});

Deno.test("every descriptor has a client of its own name", async () => {
  const names = (await findClients()).map(({ client }) => client.name);
  assertEquals(new Set(names).size, names.length);
});
