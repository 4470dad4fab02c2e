/** Runs the demo as a person would, with the lock and without. Takes about half a minute. */

import { assert, assertEquals } from "@std/assert";
import { runStep } from "./gate/step.ts";

async function demo(
  ...flags: string[]
): Promise<{ ok: boolean; summary: Record<string, unknown> }> {
  const { ok, output } = await runStep(
    [Deno.execPath(), "task", "--quiet", "demo", "--json", ...flags],
    { limitMs: 120_000 },
  );
  const line = output.split("\n").findLast((text) => text.startsWith("{"));
  assert(line !== undefined, `The demo printed no summary: ${output}`);
  return { ok, summary: JSON.parse(line) };
}

Deno.test("the demo loses no update, though a worker is killed and another is frozen", async () => {
  const { ok, summary } = await demo();
  const { lost, tokensRising, requestsPerAcquireAndRelease } = summary;
  assertEquals(
    { ok, lost, tokensRising, requestsPerAcquireAndRelease },
    { ok: true, lost: 0, tokensRising: true, requestsPerAcquireAndRelease: 2 },
    JSON.stringify(summary),
  );
  assert(Number(summary.updates) > 0, "no update was made");
  assert(Number(summary.killToNextGrantMs) > 0, "nobody was granted the lock after the kill");
});

Deno.test("the demo loses updates without the lock", async () => {
  const { ok, summary } = await demo("--no-lock");
  assert(ok, "the control run failed");
  assert(Number(summary.lost) > 0, `the storm was too weak: ${JSON.stringify(summary)}`);
});
