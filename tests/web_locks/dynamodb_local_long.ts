/**
 * The Web Locks on DynamoDB Local, over HTTP and in real time: several processes, odd names, stealing
 * and a snapshot that is read by `Scan`.
 */

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import { type LeaseLostError, LockManager } from "../../mod.ts";
import { createTable } from "../../src/table.ts";
import { startDynamoDBLocal } from "../support/dynamodb_local.ts";
import { assertRejectsAs, holding, type WebLockInfo } from "./stage.ts";

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function modesOf(all: WebLockInfo[], name: string): unknown[] {
  return all.filter((each) => each.name === name).map((each) => each.mode);
}

Deno.test("Web Locks work on DynamoDB Local", async (t) => {
  await using local = await startDynamoDBLocal();
  const common = {
    region: "us-east-1",
    endpoint: local.endpoint,
    credentials: { accessKeyId: "local", secretAccessKey: "local" },
  };
  await createTable(common);
  await using one = new LockManager({ ...common, pollMs: 100, owner: "one" });
  await using other = new LockManager({ ...common, pollMs: 100, owner: "other" });

  await t.step("callbacks of two processes run one at a time, in order in each", async () => {
    let inside = 0;
    const order: string[] = [];
    await Promise.all(Array.from({ length: 20 }, (_, at) => {
      const manager = at % 2 === 0 ? one : other;
      return manager.request("crowd", async () => {
        assertEquals(++inside, 1);
        order.push(`${at % 2} ${String(at).padStart(2, "0")}`);
        await sleep(5);
        inside--;
      });
    }));
    assertEquals(order.length, 20);
    for (const process of ["0", "1"]) {
      const own = order.filter((each) => each.startsWith(process));
      assertEquals(own, own.toSorted());
    }
  });

  await t.step(
    "shared holders of two processes are in together, and no exclusive one",
    async () => {
      const readers = [one, other].map((each) => holding(each, "shared", { mode: "shared" }));
      await Promise.all(readers.map((each) => each.granted));
      const miss = one.request("shared", { ifAvailable: true }, (lease) => [lease]);
      assertEquals(await miss, [null]);
      const writer = holding(other, "shared");
      await sleep(300);
      const { held, pending } = await other.query();
      assertEquals(modesOf(held, "shared"), ["shared", "shared"]);
      assertEquals(modesOf(pending, "shared"), ["exclusive"]);
      for (const each of readers) each.finish();
      assertEquals((await writer.granted)?.mode, "exclusive");
      writer.finish();
      await Promise.all([...readers, writer].map((each) => each.done));
    },
  );

  await t.step("names that DynamoDB cannot keep are locks, and come back", async () => {
    const names = ["", "\ud800", "\ufffd", "\udc00\ud800", "100%", "abc\x00def", "😀"];
    const all = names.map((name) => holding(one, name));
    const granted = await Promise.all(all.map((each) => each.granted));
    assertEquals(granted.map((lock) => lock?.name), names);
    for (const name of names) {
      assertEquals(await other.request(name, { ifAvailable: true }, (lease) => [lease]), [null]);
    }
    const { held } = await other.query();
    assertEquals(held.map(({ name }) => name).sort(), [...names].sort());
    assertEquals(new Set(held.map(({ clientId }) => clientId)), new Set(["one"]));
    for (const each of all) each.finish();
    await Promise.all(all.map((each) => each.done));
    assertEquals(await other.query(), { held: [], pending: [] });
  });

  await t.step("a lock is stolen at once here, and at the next renewal elsewhere", async () => {
    const far = holding(other, "stolen", { leaseMs: 3_000 } as object);
    await far.granted;
    const near = holding(one, "stolen", { steal: true });
    await near.granted;
    const start = Date.now();
    const { cause } = await assertRejectsAs(far.done, "AbortError");
    assertEquals((cause as LeaseLostError).code, "LEASE_STOLEN");
    assertLess(Date.now() - start, 3_000);
    const token = await one.request("stolen", { steal: true }, (lease) => lease.fencingToken);
    assertGreater(token, 0);
    await assertRejectsAs(near.done, "AbortError");
    assert(await one.request("stolen", (lease) => lease.held));
  });

  await t.step("an abort ends the wait for another process", async () => {
    const first = holding(one, "aborted");
    await first.granted;
    const stop = new AbortController();
    const waiting = other.request("aborted", { signal: stop.signal }, () => {});
    waiting.catch(() => {});
    await sleep(200);
    stop.abort();
    await assertRejectsAs(waiting, "AbortError");
    first.finish("done");
    assertEquals(await first.done, "done");
  });
});
