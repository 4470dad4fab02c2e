/**
 * An election on DynamoDB Local, over HTTP, with real signatures and in real time: candidates that
 * resign, are cut off and end, and an observer that tells of each of them.
 */

import { assert, assertEquals, assertGreater, assertRejects } from "@std/assert";
import { LockManager, LockTableError } from "../mod.ts";
import { DynamoClient } from "../src/dynamodb/mod.ts";
import { campaign, type Leader, observeLeader, type Term } from "../src/election.ts";
import { createTable } from "../src/table.ts";
import { startDynamoDBLocal } from "./support/dynamodb_local.ts";

const CREDENTIALS = { accessKeyId: "local", secretAccessKey: "local" };

/** Waits until something is so. */
async function until(what: () => boolean, limitMs = 10_000): Promise<void> {
  const limit = Date.now() + limitMs;
  while (!what()) {
    if (Date.now() > limit) throw new Error(`It is not so after ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A candidate as another process would be one. */
class Candidate {
  readonly terms: Term[] = [];
  readonly stop = new AbortController();
  readonly manager: LockManager;
  readonly ended: Promise<unknown>;
  running = 0;
  /** Requests of one that is cut off never arrive. */
  cutOff = false;

  constructor(endpoint: string, name: string, owner: string) {
    this.manager = new LockManager({
      region: "us-east-1",
      endpoint,
      credentials: CREDENTIALS,
      fetch: (url, init) =>
        this.cutOff ? Promise.reject(new TypeError("cut off")) : fetch(url, init),
    });
    const { signal } = this.stop;
    const options = { locks: this.manager, signal, owner, leaseMs: 2_000, pauseMs: 1_000 };
    const ended = campaign(name, options, async (term) => {
      assertEquals(++this.running, 1);
      this.terms.push(term);
      try {
        await term.announce(`term ${this.terms.length}`); // which rejects where it resigns meanwhile
        if (term.signal.aborted) return;
        await new Promise((over) => term.signal.addEventListener("abort", over, { once: true }));
      } finally {
        this.running--;
      }
    });
    this.ended = ended.catch((reason) => reason);
  }

  get leading(): boolean {
    return this.terms.some((term) => term.leading);
  }

  async end(): Promise<void> {
    this.stop.abort("enough");
    assertEquals(await this.ended, "enough");
    await this.manager.close();
  }
}

Deno.test("an election works on DynamoDB Local", async (t) => {
  await using local = await startDynamoDBLocal();
  const { endpoint } = local;
  const client = new DynamoClient({ region: "us-east-1", endpoint, credentials: CREDENTIALS });
  await createTable({ client, table: "dynamo-lock" });
  await using watching = new LockManager({ client });

  await t.step("the lead goes on when its leader resigns, is cut off, or ends", async () => {
    const told: (Leader | null)[] = [];
    const left = new AbortController();
    const options = { locks: watching, pollMs: 100, signal: left.signal };
    const watch = (async () => {
      for await (const leader of observeLeader("job", options)) told.push(leader);
    })().catch((reason) => reason);
    await until(() => told.length === 1);
    const a = new Candidate(endpoint, "job", "a");
    await until(() => a.leading && told.at(-1)?.data === "term 1");
    const b = new Candidate(endpoint, "job", "b");
    assertEquals(await a.terms[0]!.resign(), true);
    await until(() => b.leading && told.at(-1)?.ownerId === "b");
    assertEquals(a.leading, false);
    b.cutOff = true;
    await until(() => a.leading && told.at(-1)?.ownerId === "a");
    assertEquals([b.leading, b.terms[0]!.signal.reason.code], [false, "LEASE_EXPIRED"]);
    b.cutOff = false;
    await a.end();
    await until(() => b.leading && told.at(-1)?.ownerId === "b", 20_000);
    await b.end();
    await until(() => told.at(-1) === null);
    left.abort("enough");
    assertEquals(await watch, "enough");
    const tokens = told.flatMap((leader) => leader === null ? [] : [leader.fencingToken]);
    assertEquals(tokens, tokens.toSorted((one, other) => one - other));
    const owners = told.map((leader) => leader?.ownerId).filter((owner) => owner !== undefined);
    const turns = owners.filter((owner, at) => owner !== owners[at - 1]);
    assertEquals(turns, ["a", "b", "a", "b"]);
    assertGreater(b.terms[1]!.fencingToken, a.terms[1]!.fencingToken);
  });

  await t.step("a crowd of candidates has one leader at a time", async () => {
    const all = Array.from({ length: 8 }, (_, at) => new Candidate(endpoint, "crowd", `${at}`));
    const tokens: number[] = [];
    for (let turn = 0; turn < 12; turn++) {
      await until(() => all.some(({ leading }) => leading));
      const leaders = all.filter(({ leading }) => leading);
      assertEquals(leaders.length, 1);
      const term = leaders[0]!.terms.at(-1)!;
      assertGreater(term.fencingToken, tokens.at(-1) ?? 0);
      tokens.push(term.fencingToken);
      assertEquals(await term.resign(), true);
    }
    const led = all.filter(({ terms }) => terms.length > 0).length;
    assert(led >= 3, `${led} of ${all.length} have led`);
    await Promise.all(all.map((one) => one.end()));
  });

  await t.step("a table that does not exist ends both", async () => {
    await using locks = new LockManager({ client, table: "nowhere" });
    const ended = campaign("job", { locks }, () => {});
    assertEquals((await assertRejects(() => ended, LockTableError)).code, "TABLE_NOT_FOUND");
    const next = observeLeader("job", { locks })[Symbol.asyncIterator]().next();
    assertEquals((await assertRejects(() => next, LockTableError)).code, "TABLE_NOT_FOUND");
  });
});
