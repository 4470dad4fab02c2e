/** What becomes of a client that cannot be installed, and of a command line that is wrong. */

import { assertEquals } from "@std/assert";
import { javaLockClient } from "../../src/layouts.ts";
import type { InteropClient } from "./client.ts";
import { ROOT } from "../offline/config.ts";
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

Deno.test("deno task interop refuses wrong flags with the usage and code 2", async () => {
  const run = async (...flags: string[]) => {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "interop", ...flags],
      cwd: ROOT,
      stdin: "null",
    }).output();
    const decoder = new TextDecoder();
    return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
  };
  for (const flags of [["--bogus"], ["--seconds", "0"], ["more"]]) {
    const { code, out, err } = await run(...flags);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertEquals(err.includes("--only <name>") && !err.includes("    at "), true, err);
  }
  const { code, err } = await run("--only", "no-such-client");
  assertEquals([code, err], [2, "Cannot play as no client is called 'no-such-client'\n"]);
  const help = await run("--help");
  assertEquals([help.code, help.out.includes("--only <name>")], [0, true]);
});
