/** What is built on leases works in every layout, also in those that have no tokens. */

import { assertEquals, assertInstanceOf } from "@std/assert";
import { LeaseLostError } from "../../mod.ts";
import { campaign, type Leader, observeLeader } from "../../src/election.ts";
import { FORMATS, hasData, livingIn, stage } from "../defects/stage.ts";

for (const format of FORMATS) {
  // The slots of dynamo-dlm do not tell whether a holder is alone: MIGRATION.md says so.
  const observed = format.name !== "dynamoDlm";
  Deno.test(`${format.name}: one candidate leads, is seen to, and another after its crash`, async () => {
    const { world, start } = await stage(format);
    const [crashing, next, observer] = [
      start({ owner: "first", leaseMs: 4_000 }),
      start({ owner: "second" }),
      start(),
    ];
    const told: (string | undefined)[] = [];
    const stop = new AbortController();
    const { signal } = stop;
    const watching = (async () => {
      const leaders = observeLeader("job", { locks: observer.manager, signal });
      for await (const leader of leaders) told.push(leader?.ownerId);
    })();
    watching.catch(() => {});
    await world.pass(2_000);
    const lead = (locks: typeof next.manager) =>
      campaign(
        "job",
        { locks, signal },
        (term) => new Promise<void>((done) => term.signal.addEventListener("abort", () => done())),
      );
    const campaigns = [lead(crashing.manager)];
    campaigns[0]!.catch(() => {});
    await world.pass(20_000);
    campaigns.push(lead(next.manager));
    await world.pass(20_000);
    const first = observed ? ["first"] : [];
    assertEquals(told, [undefined, ...first], "told once, however often it renews");
    crashing.node.pause();
    await world.pass(20_000);
    const second = observed ? ["second"] : [];
    assertEquals(told.filter((leader) => leader !== undefined), [...first, ...second]);
    assertEquals(await livingIn(world, next), 1);
    stop.abort(new Error("enough"));
    await world.until(Promise.allSettled([watching, campaigns[1]!]));
    await world.end(next, observer);
  });

  Deno.test(`${format.name}: a leader who is the next one too is told, and so is what it announces`, async () => {
    if (!hasData(format)) return;
    const { world, start } = await stage(format);
    const [process, observer] = [start({ owner: "me" }), start()];
    const leaders = observeLeader("job", { locks: observer.manager })[Symbol.asyncIterator]();
    const next = async (): Promise<Leader | null> =>
      (await world.until(leaders.next())).value as Leader | null;
    const first = await world.until(process.manager.acquire("job", { data: "1" }));
    assertEquals((await next())?.data, "1");
    await world.until(first.update("2"));
    assertEquals((await next())?.data, "2");
    await world.until(first.release());
    assertEquals(await next(), null);
    await world.until(process.manager.acquire("job"));
    assertEquals((await next())?.ownerId, "me");
    await leaders.return!();
    await world.end(process, observer);
  });

  Deno.test(`${format.name}: query() has the holders of all, each once, and who waits`, async () => {
    const { world, start } = await stage(format);
    const [one, other] = [start({ owner: "one" }), start({ owner: "other" })];
    await world.until(one.manager.acquire("a"));
    await world.until(other.manager.acquire("b"));
    const waiting = one.manager.request("b", () => {});
    waiting.catch(() => {});
    await world.pass(2_000);
    const { held, pending } = await world.until(one.manager.query());
    assertEquals(held.map(({ name, clientId }) => [name, clientId]), [["a", "one"], [
      "b",
      "other",
    ]]);
    assertEquals(pending.map(({ name }) => name), ["b"]);
    const theirs = await world.until(other.manager.query());
    assertEquals(theirs.held.map(({ clientId }) => clientId).sort(), ["one", "other"]);
    await world.until(other.manager.close());
    await world.until(waiting);
    await world.end(one);
  });

  Deno.test(`${format.name}: a lease is entered again, ends by maxHoldMs, and is given back`, async () => {
    const { world, start } = await stage(format);
    const process = start();
    const options = { reentrant: true, maxHoldMs: 30_000 };
    const lease = await world.until(process.manager.acquire("job", options));
    const again = await world.until(process.manager.acquire("job", options));
    await world.until(again.release());
    assertEquals(lease.held, true);
    await world.pass(31_000);
    assertInstanceOf(lease.signal.reason, LeaseLostError);
    assertEquals(lease.signal.reason.code, "LEASE_EXPIRED");
    const other = start();
    assertEquals((await world.until(other.manager.tryAcquire("job")))?.held, true);
    await world.end(process, other);
  });
}
