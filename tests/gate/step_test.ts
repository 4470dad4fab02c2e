import { assertEquals, assertStringIncludes } from "@std/assert";
import { judge, readCounts, runStep } from "./step.ts";

Deno.test("readCounts() sums the summaries of deno test", () => {
  const output = [
    "running 2 tests from ./a_test.ts",
    "ok | 12 passed | 0 failed (297ms)",
    "FAILED | 3 passed (4 steps) | 2 failed (1 step) | 1 ignored (1s)",
  ].join("\n");
  assertEquals(readCounts(output), { passed: 15, failed: 2 });
});

Deno.test("readCounts() prefers a total, and of several the last", () => {
  const output = "ok | 12 passed | 0 failed (1s)\n5 passed, 1 failed\ngate: 17 passed, 2 failed";
  assertEquals(readCounts(output), { passed: 17, failed: 2 });
});

Deno.test("readCounts() finds nothing in other text", () => {
  assertEquals(readCounts("we had 3 passed, 0 failed of them"), undefined);
});

Deno.test("judge() counts a step without tests as one", () => {
  assertEquals(judge(true, "size: 9 bytes"), { passed: 1, failed: 0, ok: true });
  assertEquals(judge(false, "size: 9 bytes"), { passed: 0, failed: 1, ok: false });
});

Deno.test("judge() never lets a failure go uncounted", () => {
  assertEquals(judge(false, "8 passed, 0 failed"), { passed: 8, failed: 1, ok: false });
  assertEquals(judge(true, "8 passed, 2 failed"), { passed: 8, failed: 2, ok: false });
});

Deno.test("runStep() collects both streams, and reports an exit code as a failure", async () => {
  const script = `console.log("out"); console.error("err"); Deno.exit(3)`;
  const outcome = await runStep([Deno.execPath(), "eval", script]);
  assertEquals({ ok: outcome.ok, failed: outcome.failed }, { ok: false, failed: 1 });
  assertStringIncludes(outcome.output, "out");
  assertStringIncludes(outcome.output, "err");
});

Deno.test("runStep() kills a process that outlives its limit", async () => {
  const outcome = await runStep([Deno.execPath(), "eval", "setInterval(() => {}, 1000)"], {
    limitMs: 300,
  });
  assertEquals(outcome.ok, false);
  assertStringIncludes(outcome.output, "killed: still running after 0.3 s");
});
