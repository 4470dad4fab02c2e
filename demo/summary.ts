/**
 * What the demo found out.
 *
 * @module
 */

import type { Contents } from "./guarded_file.ts";
import type { Findings } from "./story.ts";

/** The summary, as `--json` prints it. What does not apply is `null`. */
export interface Summary extends Findings {
  /** Whether the workers used the lock. */
  readonly lock: boolean;
  readonly workers: number;
  readonly leaseMs: number;
  readonly seconds: number;
  /** Writes that the file accepted. */
  readonly updates: number;
  /** Accepted writes that are not in the number any more: somebody wrote over them. */
  readonly lost: number;
  /**
   * How often two workers held the lock at once by their own accounts. The file's own care would hide
   * it: it refuses the older one, so that nothing is lost.
   */
  readonly overlaps: number | null;
  /** Grants of the lock that got as far as the file. */
  readonly grants: number | null;
  /** Whether each grant had a greater token than all before it. */
  readonly tokensRising: boolean | null;
  /** Writes that the file refused as their token was too old. */
  readonly staleWritesRefused: number;
  /** HTTP requests to take a free lock and give it back. */
  readonly requestsPerAcquireAndRelease: number | null;
  /** Whether the lock kept its promises; without the lock there are none. */
  readonly ok: boolean;
}

/** What the run itself knows. */
type Run = Pick<
  Summary,
  "lock" | "workers" | "leaseMs" | "seconds" | "overlaps" | "requestsPerAcquireAndRelease"
>;

/** Puts the summary together. */
export function summarize(
  run: Run,
  { value, writes, grants, rising, refused }: Contents,
  findings: Findings,
): Summary {
  const lost = writes - value;
  const kept = lost === 0 && run.overlaps === 0 && rising && findings.killToNextGrantMs !== null &&
    findings.frozenSawLoss !== false && findings.frozenWriteRefused !== false;
  return {
    lock: run.lock,
    workers: run.workers,
    leaseMs: run.leaseMs,
    seconds: run.seconds,
    updates: writes,
    lost,
    overlaps: run.overlaps,
    grants: run.lock ? grants : null,
    tokensRising: run.lock ? rising : null,
    ...findings,
    staleWritesRefused: refused,
    requestsPerAcquireAndRelease: run.requestsPerAcquireAndRelease,
    ok: !run.lock || kept,
  };
}

/** The summary for people. */
export function describe(summary: Summary): string {
  const rows: [what: string, value: string][] = [
    ["updates made", `${summary.updates} in ${summary.seconds} s`],
    ["updates lost", `${summary.lost}`],
  ];
  if (summary.lock) {
    const { killToNextGrantMs, frozenSawLoss, frozenWriteRefused } = summary;
    const kill = killToNextGrantMs === null ? "nobody got it" : `${killToNextGrantMs} ms`;
    rows.push(
      ["two holders at once", summary.overlaps === 0 ? "never" : `${summary.overlaps} TIMES`],
      ["tokens strictly rising", `${yes(summary.tokensRising)} (${summary.grants} grants)`],
      ["from the kill to the next grant", `${kill} (lease ${summary.leaseMs} ms)`],
      ["frozen worker saw its loss", yes(frozenSawLoss)],
      ["its late write was refused", yes(frozenWriteRefused)],
      ["requests for acquire and release", `${summary.requestsPerAcquireAndRelease}`],
    );
  }
  const table = rows.map(([what, value]) => `  ${what.padEnd(36)}${value}`).join("\n");
  return `\n${table}\n\n${verdict(summary)}\n`;
}

function yes(answer: boolean | null): string {
  return answer === null ? "left out" : answer ? "yes" : "NO";
}

function verdict({ lock, ok, lost }: Summary): string {
  if (lock) return ok ? "The lock kept its promises." : "THE LOCK DID NOT KEEP ITS PROMISES.";
  return lost > 0
    ? `Without the lock ${lost} updates were written over by others. Run it without '--no-lock'.`
    : "No update was lost this time, by luck alone. Try '--seconds 10'.";
}
