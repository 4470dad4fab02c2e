/** Runs the demo as a person would, with the lock and without. Takes less than a minute. */

import { assert, assertEquals } from "@std/assert";
import { runStep } from "./gate/step.ts";
import { startDemo, temporaryFolder } from "./support/demo.ts";

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

/** The processes that know of this folder. */
async function processesOf(folder: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", { args: ["-eo", "pid,stat,args"] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line.includes(folder));
}

Deno.test("no worker of a killed demo goes on, not even the frozen one", async () => {
  await using folder = await temporaryFolder();
  const child = startDemo(folder.path);
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    if (!text.includes("SIGSTOP for")) continue;
    const workers = await processesOf(folder.path);
    assertEquals(workers.length, 4, workers.join("\n"));
    child.kill("SIGKILL");
  }
  await child.status;
  let left = await processesOf(folder.path);
  for (let i = 0; i < 100 && left.length > 0; i++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = await processesOf(folder.path);
  }
  assertEquals(left, []);
});
