/** The defects of python_dynamodb_lock, and what is so here instead. */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { campaign } from "../../src/election.ts";
import type { LockManager } from "../../mod.ts";
import type { FaultedRequest } from "../../src/testing/mod.ts";
import { FORMATS, isRenewal, stage } from "./stage.ts";

const ERROR = new Error("of the body");

/** Work under a lock that fails, in each of the ways to run some. */
const BODIES: Record<string, (locks: LockManager) => Promise<unknown>> = {
  "await using": async (locks) => {
    await using _lease = await locks.acquire("job");
    throw ERROR;
  },
  "await using of tryAcquire()": async (locks) => {
    await using _lease = await locks.tryAcquire("job");
    throw ERROR;
  },
  "request()": (locks) => locks.request("job", () => Promise.reject(ERROR)),
  "campaign()": (locks) => campaign("job", { locks }, () => Promise.reject(ERROR)),
};

for (const [way, body] of Object.entries(BODIES)) {
  Deno.test(`python 1: an error in the body of ${way} is not swallowed`, async () => {
    const { world, start } = await stage();
    const process = start();
    const caught = await assertRejects(() => world.until(body(process.manager)));
    assertStrictEquals(caught, ERROR);
    assertEquals(world.holders("job"), 0);
    await world.end(process);
  });
}

for (const format of FORMATS) {
  Deno.test(`python 2: a lease that was in danger is renewed on (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start();
    const lease = await world.until(process.manager.acquire("job"));
    // One slow spell, until well over half of the lease is gone.
    const over = world.time.now + 12_000;
    const fault = { kind: "error", status: 500, type: "InternalServerError" } as const;
    const when = (request: FaultedRequest) => isRenewal(request) && world.time.now < over;
    world.fail(fault, { when, times: Infinity });
    await world.pass(14_000);
    assertEquals(process.events.filter(({ type }) => type === "endangered").length, 1);
    await world.pass(10 * 60_000);
    assertEquals(lease.held, true);
    assertEquals(process.events.filter(({ type }) => type === "lost"), []);
    await world.end(process);
  });

  Deno.test(`python 6, npm 2: a loss that nobody listens to disturbs nothing (${format.name})`, async () => {
    const { world, start } = await stage(format);
    const process = start({ onEvent: undefined } as object);
    const lease = await world.until(process.manager.acquire("job"));
    const beside = await world.until(process.manager.acquire("beside"));
    world.fail({ kind: "drop-request" }, {
      when: (request) => isRenewal(request) && request.input.Key.key.S === "job",
      times: Infinity,
    });
    // An error that nobody handles would end this process.
    await world.pass(25_000);
    assertEquals([lease.held, beside.held], [false, true]);
    assert(lease.signal.aborted, "who looks later is told all the same");
    await world.end(process);
  });
}
