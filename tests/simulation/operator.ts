/**
 * An operator who breaks the locks of the dead, on formats in which nothing else tells them. Nobody's lock
 * is taken away who lives.
 */

import type { Grant } from "./ledger.ts";
import { Random } from "./random.ts";
import type { Scenario } from "./scenario.ts";
import type { World } from "./world.ts";

/** How often somebody looks. */
const LOOK_MS = [500, 3_000] as const;

/** Whether the dead stay in a run unless somebody breaks their locks. */
export function needsOperator({ format, machines }: Scenario): boolean {
  if (format === undefined) return false;
  const isBlind = machines.some(({ path, options }) =>
    path.dates !== "kept" || options.maxClockSkewMs === Infinity
  );
  return format.rules.endless || (format.rules.needsClock && isBlind);
}

/** Lets the operator look from time to time, where one is needed; answers how to end that. */
export function startOperator(world: World): () => void {
  if (!needsOperator(world.scenario)) return () => {};
  const { scheduler, scenario } = world;
  const random = new Random(scenario.seed, "operator");
  let ended = false;
  const look = () => {
    if (ended) return;
    const { checker } = world;
    for (const grant of checker.ledger.everybody()) {
      const isGivenUp = checker.isGivenUp(grant) && checker.believer(grant) === undefined;
      if (isLeft(grant) || isGivenUp) breakIt(world, grant, random);
    }
    scheduler.after(random.between(...LOOK_MS), look);
  };
  look();
  return () => void (ended = true);
}

/** Whether nobody will ever give it back. */
function isLeft({ process, excuse, stray }: Grant): boolean {
  return process?.alive !== true || stray || excuse === "gave up" || excuse === "repeated";
}

function breakIt({ machines, trace, tally }: World, { name, token }: Grant, random: Random): void {
  const able = machines.filter(({ process }) =>
    process.alive && !process.paused && !process.closing
  );
  if (able.length === 0) return;
  const { process, manager } = random.pick(able);
  tally.add("upset: broken for the dead");
  trace.add("OPERATOR", `breaks '${name}' ${token} of the dead by ${process.name}`);
  process.post(() => void manager.breakLock(name, { token }).catch(() => {}));
}
