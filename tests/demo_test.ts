import {
  assertEquals,
  assertGreater,
  assertGreaterOrEqual,
  assertLess,
  assertThrows,
} from "@std/assert";
import { parseFlags } from "../demo/flags.ts";
import { GuardedFile } from "../demo/guarded_file.ts";
import type { Summary } from "../demo/summary.ts";
import { ROOT } from "./offline/config.ts";
import { startDemo, temporaryFolder } from "./support/demo.ts";

async function demo(...flags: string[]): Promise<{ code: number; out: string; err: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "demo", ...flags],
    cwd: ROOT,
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** The summary, which must be all that is printed. */
async function summary(...flags: string[]): Promise<Summary> {
  const { code, out, err } = await demo("--json", ...flags);
  assertEquals({ code, lines: out.trimEnd().split("\n").length }, { code: 0, lines: 1 }, err);
  return JSON.parse(out);
}

async function inFolder(test: (file: GuardedFile) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "dynamo-lock-test-" });
  try {
    await test(new GuardedFile(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("deno task demo loses no update to a kill and a freeze, and shows why", async () => {
  const { updates, grants, seconds, killToNextGrantMs, staleWritesRefused, ...rest } =
    await summary(
      "--seconds",
      "1",
    );
  assertEquals(rest, {
    lock: true,
    workers: 4,
    leaseMs: 2_000,
    lost: 0,
    overlaps: 0,
    tokensRising: true,
    frozenSawLoss: true,
    frozenWriteRefused: true,
    requestsPerAcquireAndRelease: 2,
    ok: true,
  });
  assertGreater(updates, 0);
  // Neither the killed nor the frozen worker's grant became an update. (A busy machine may add more.)
  assertGreaterOrEqual(grants!, updates + 2);
  assertGreaterOrEqual(staleWritesRefused, 1);
  assertGreater(seconds, 1);
  // What was left of the lease at the kill, and not much more.
  assertGreater(killToNextGrantMs!, 900);
  assertLess(killToNextGrantMs!, 8_000);
});

Deno.test("deno task demo --no-lock loses updates", async () => {
  const { lock, updates, lost, ok } = await summary("--no-lock", "--seconds", "1");
  assertEquals({ lock, ok }, { lock: false, ok: true });
  assertGreater(updates, lost);
  assertGreater(lost, 0);
});

Deno.test("deno task demo refuses an unknown flag, and one that no client takes", async () => {
  for (
    const [flags, named] of [
      [["--wrokers", "3"], "--wrokers"],
      [["--endpoint", "http://dynamodb.test"], "'--endpoint'"],
      [["--table", "a b"], "'--table'"],
    ] as const
  ) {
    const { code, out, err } = await demo(...flags);
    assertEquals({ code, out }, { code: 2, out: "" });
    assertEquals(err.includes(named) && err.includes("--workers <n>"), true, err);
  }
});

Deno.test({
  name: "the demo leaves nothing behind when its terminal goes away",
  ignore: Deno.build.os === "windows",
  async fn() {
    await using folder = await temporaryFolder();
    const child = startDemo(folder.path, "--seconds", "30");
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
      if (text.includes("processes count up")) child.kill("SIGHUP");
    }
    assertEquals((await child.status).code, 129);
    assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), []);
  },
});

Deno.test("parseFlags() refuses what cannot be", () => {
  assertEquals(parseFlags(["--lease", "3000", "--no-lock"]).leaseMs, 3_000);
  const refused = [
    ["--workers", "1"],
    ["--workers", "four"],
    ["--seconds", "-1"],
    ["--lease", "100"],
    ["--updates", "1", "--seconds", "1"],
    ["--aws", "--endpoint", "http://127.0.0.1:8000"],
    ["--endpoint", "127.0.0.1:8000"],
    ["--endpoint", "http://dynamodb.test"],
    ["--endpoint", "http://127.0.0.1:8000/path"],
    ["--endpoint", ""],
    ["--table", "a"],
    ["--table", ""],
    ["--table", "a/b/c"],
  ];
  for (const args of refused) {
    assertThrows(() => parseFlags(args), Error);
  }
});

Deno.test("GuardedFile.write() refuses a token older than one that has read", () =>
  inFolder(async (file) => {
    assertEquals(await file.read(10), 0);
    assertEquals(await file.read(20), 0); // the next holder, which has not written yet
    assertEquals(await file.write(1, 10), false);
    assertEquals(await file.write(1, 20), true);
    const { value, writes, refused, rising } = await file.contents();
    assertEquals({ value, writes, refused, rising }, {
      value: 1,
      writes: 1,
      refused: 1,
      rising: true,
    });
  }));

Deno.test("GuardedFile.read() refuses a token that does not rise, and says so", () =>
  inFolder(async (file) => {
    await file.read(10);
    assertEquals(await file.read(10), undefined);
    const { grants, refused, rising } = await file.contents();
    assertEquals({ grants, refused, rising }, { grants: 1, refused: 1, rising: false });
  }));

Deno.test("GuardedFile counts the updates that are lost without tokens", () =>
  inFolder(async (file) => {
    const [first, second] = [await file.read(null), await file.read(null)];
    await file.write(first! + 1, null);
    await file.write(second! + 1, null);
    const { value, writes } = await file.contents();
    assertEquals({ value, writes }, { value: 1, writes: 2 });
  }));
