/**
 * Shared and exclusive locks together. Restates `web-locks/mode-mixed.https.any.js` of the
 * web-platform-tests; grants need a moment here, which its own tests do not give them.
 */

import { assertEquals } from "@std/assert";
import { type Holding, holding, type Stage, webTest } from "./stage.ts";

const shared = { mode: "shared" } as const;

/** The modes of a name's holders, and how many wait for it. */
async function stateOf({ locks, until }: Stage, name: string): Promise<[string[], number]> {
  const { held = [], pending = [] } = await until(locks.query());
  const modes = held.filter((each) => each.name === name).map((each) => each.mode!);
  return [modes, pending.filter((each) => each.name === name).length];
}

function readers({ locks }: Stage, name: string, many: number): Holding[] {
  return Array.from({ length: many }, () => holding(locks, name, shared));
}

async function finish({ until }: Stage, all: Holding[]): Promise<void> {
  for (const each of all) each.finish();
  await until(Promise.all(all.map((each) => each.done)));
}

const FIVE = Array(5).fill("shared");

webTest("an exclusive request waits for all shared holders before it", async (stage) => {
  const { locks, until } = stage;
  const [job, another] = [stage.name(), stage.name()];
  const granted: string[] = [];
  const before = readers(stage, job, 3);
  before.forEach((each, at) => void each.granted.then(() => granted.push(`shared ${at}`)));
  await until(Promise.all(before.map((each) => each.granted)));
  const writer = locks.request(job, (lock) => {
    granted.push("exclusive");
    return lock?.mode;
  });
  await until(locks.request(another, () => void granted.push("another")));
  await finish(stage, before);
  assertEquals(await until(writer), "exclusive");
  assertEquals(granted, ["shared 0", "shared 1", "shared 2", "another", "exclusive"]);
});

webTest("the end of an exclusive lock lets all shared ones in", async (stage) => {
  const name = stage.name();
  const writer = holding(stage.locks, name);
  const waiting = readers(stage, name, 5);
  assertEquals(await stateOf(stage, name), [["exclusive"], 5]);
  writer.finish();
  await stage.until(Promise.all(waiting.map((each) => each.granted)));
  assertEquals(await stateOf(stage, name), [FIVE, 0]);
  await finish(stage, [writer, ...waiting]);
});

webTest("an exclusive lock between shared ones has its turn", async (stage) => {
  const name = stage.name();
  const before = readers(stage, name, 5);
  const writer = holding(stage.locks, name);
  const after = readers(stage, name, 5);
  assertEquals(await stateOf(stage, name), [FIVE, 6]);
  await finish(stage, before);
  await stage.until(writer.granted);
  assertEquals(await stateOf(stage, name), [["exclusive"], 5]);
  await finish(stage, [writer]);
  await stage.until(Promise.all(after.map((each) => each.granted)));
  assertEquals(await stateOf(stage, name), [FIVE, 0]);
  await finish(stage, after);
});
