/** Runs one seed from beginning to end. */

import type { Violation } from "./violation.ts";
import { intermission } from "./intermission.ts";
import { calmDown, closeAll, serveAll } from "./phases.ts";
import { probe } from "./probe.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import type { Tally } from "./trace.ts";
import { planUpsets } from "./upsets.ts";
import { World } from "./world.ts";

/** What became of a run. */
export interface Report {
  readonly scenario: Scenario;
  /** The rule that was broken, if one was. */
  readonly violation: Violation | undefined;
  readonly tally: Tally;
  /** What happened, line by line, where it was recorded. */
  readonly trace: readonly string[];
  /** How many events there were, and when the last one was: the same for the same seed. */
  readonly events: number;
  readonly endedAt: number;
}

/** Runs a seed; with `record` a person can read what happened, with `kind` it is a run of that kind. */
export async function simulate(
  seed: number,
  { record = false, kind }: { readonly record?: boolean; readonly kind?: string | undefined } = {},
): Promise<Report> {
  const scenario = drawScenario(seed, kind);
  const world = new World(scenario, record);
  const unhandled = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    world.checker.accuse("no rejection is left alone", String(event.reason?.stack ?? event.reason));
  };
  addEventListener("unhandledrejection", unhandled);
  try {
    await play(world);
  } catch (error) {
    world.checker.accuse("the simulator itself works", String((error as Error).stack ?? error));
  } finally {
    removeEventListener("unhandledrejection", unhandled);
  }
  const { scheduler, checker, tally, trace } = world;
  return {
    scenario,
    violation: checker.violation,
    tally,
    trace: trace.lines,
    events: scheduler.count,
    endedAt: scheduler.now,
  };
}

async function play(world: World): Promise<void> {
  const { scheduler, scenario } = world;
  await world.open();
  planUpsets(world);
  const heal = scheduler.now + scenario.healMs;
  scheduler.at(heal, () => world.heal());
  await world.run(heal, () => world.healed);
  if (!await serveAll(world)) return;
  if (!await calmDown(world)) return;
  if (!await intermission(world)) return;
  if (!await closeAll(world)) return;
  await probe(world);
}
