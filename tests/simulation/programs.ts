/** Which program runs where. */

import { Caller } from "./caller.ts";
import { Candidate } from "./candidate.ts";
import { Observer } from "./observer.ts";
import type { Place, Program, ProgramContext, Streams } from "./program.ts";
import { Random } from "./random.ts";
import { Requester } from "./requester.ts";

/** Makes a program of a process. */
export function makeProgram(context: ProgramContext, place: Place): Program {
  const { scenario: { seed, kind } } = context;
  const { process, index } = place;
  const streams: Streams = {
    random: new Random(seed, `${process.name} caller ${index}`),
    limits: new Random(seed, `${process.name} limits ${index}`),
    wishes: new Random(seed, `${process.name} wishes ${index}`),
  };
  if (kind === "requested") return new Requester(context, place, streams);
  if (kind !== "election") return new Caller(context, place, streams);
  // At least one of either in each process.
  const observes = index === 1 || (index > 1 && streams.limits.chance(0.5));
  return new (observes ? Observer : Candidate)(context, place, streams);
}
