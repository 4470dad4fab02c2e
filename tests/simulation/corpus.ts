/**
 * Seeds that once broke a rule, through a mistake of the lock or of the simulator. They run always. What
 * a seed stands for changes with the simulator, so each says what it was.
 */

/** A seed and what it found. */
export interface Finding {
  readonly seed: number;
  /** The kind that the run was made to be, if it was. */
  readonly kind?: string;
  readonly found: string;
}

/** Every finding. */
export const CORPUS: readonly Finding[] = [
  { seed: 560, found: "closing with a clock an hour ahead put all tokens ahead" },
  {
    seed: 219,
    kind: "fresh",
    found: "dates that contradicted each other left the wall clock alone",
  },
  { seed: 2380, kind: "fresh", found: "a slow wall clock was set back during the first write" },
  { seed: 529, kind: "expiry", found: "a slow body moved the lower bound into the future" },
  {
    seed: 1221,
    kind: "clocks",
    found: "a clock set forward ended a clean-up at its first failure",
  },
  {
    seed: 1217,
    kind: "clocks",
    found: "simulator: a lease that learns of its loss cleans up a turn later",
  },
  { seed: 131, kind: "clocks", found: "a renewal passed an end that was refused for its time" },
  { seed: 93, kind: "fresh", found: "a renewal passed an end that was refused for its time" },
  { seed: 360, kind: "clocks", found: "what a wrong clock made was sent again, rightly signed" },
  { seed: 5838, kind: "overtaken", found: "what a wrong clock made was closed, rightly signed" },
  { seed: 1198, kind: "fresh", found: "simulator: a refusal that nobody heard leaves an end open" },
  { seed: 27906, found: "simulator: a clean-up gives up after two leases, counted from its start" },
  { seed: 34322, found: "simulator: what a clean-up left that gave up just before a pause" },
  { seed: 47268, found: "simulator: a proxy whose dates are off teaches a wrong time" },
  {
    seed: 56546,
    found: "simulator: a lock asked for before a deletion has a lower token after it",
  },
  {
    seed: 23925,
    kind: "several",
    found: "a writer did not watch the readers that it saw when it asked them to stand back",
  },
  { seed: 132285, found: "simulator: a renewal that nobody answered leaves an end open" },
  {
    seed: 223143,
    found: "simulator: a deletion of one name lets a closed request in on the others too",
  },
  { seed: 9, found: "a lease that nobody renews was said to be in danger" },
  {
    seed: 118,
    kind: "election",
    found: "a renewal that waited for another told of a danger that had passed",
  },
  {
    seed: 1443,
    kind: "election",
    found: "an observer never told of a leader whose first lease had looked dead",
  },
  {
    seed: 178,
    kind: "election",
    found: "a look that was answered late said that a leader was gone who had renewed since",
  },
  {
    seed: 545,
    kind: "requested",
    found: "a thief's late answer told another thief, who had robbed it, of a loss",
  },
  {
    seed: 527,
    kind: "requested",
    found: "a hand-over that nobody answered made a release say that the lock was lost",
  },
  {
    seed: 16,
    kind: "python",
    found: "what an aborted caller had sent was looked for once, and came right after that",
  },
  { seed: 2725, kind: "dlm", found: "an answer that took long ended the wait for what comes late" },
  {
    seed: 320,
    kind: "several/operator",
    found: "simulator: what was excused by a deletion elsewhere was then deleted itself",
  },
  { seed: 305398, found: "simulator: a loss that shows at the end of a callback comes second" },
  { seed: 875, kind: "failclosed", found: "simulator: where nothing ends a renewal was no write" },
  { seed: 2266, kind: "failclosed", found: "simulator: nobody broke what a clean-up had given up" },
];
