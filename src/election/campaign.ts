/**
 * A campaign: one candidate that stands for the lead again and again.
 *
 * @module
 */

import { sleep } from "../lease/context.ts";
import type { Lease } from "../lease/lease.ts";
import { codeOf } from "../lease/translate.ts";
import { insideOf } from "../manager.ts";
import { backOffMs, keepAlive, throwIfAborted } from "./follow.ts";
import { type CampaignOptions, checkCampaign } from "./options.ts";
import { HeldTerm, type Term } from "./term.ts";

/** What a leader does. */
export type TermCallback = (term: Term) => void | Promise<void>;

/** Troubles that pass by themselves, so that a candidate stands again. */
const PASSING: readonly string[] = ["UNAVAILABLE", "LEASE_TOO_SHORT"];

/** Runs a campaign to its end, which is always an error or a reason. */
export async function runCampaign(
  name: string,
  options: CampaignOptions,
  callback: TermCallback,
): Promise<never> {
  const { locks, signal, pauseMs, ...wanted } = checkCampaign(name, options, callback);
  const order = { ...wanted, ...(signal && { signal }), renew: true };
  const [runtime, cancels] = insideOf(locks);
  const closed = new AbortController();
  const stops = signal ? [signal, closed.signal] : [closed.signal];
  // On Workers nothing that waits may be reached from another request, not even by `close`.
  if (!runtime.isolatesRequests) cancels.add(closed);
  const rest = keepAlive(runtime);
  try {
    // Ends with the callback's error, one of the lock that does not pass, or a signal's reason.
    for (let failures = 0;;) {
      const lease = await locks.acquire(name, order).catch((error) => {
        if (!PASSING.includes(codeOf(error))) throw error;
      });
      if (lease) await serve(lease, stops, callback);
      failures = lease ? 0 : failures + 1;
      await sleep(runtime, lease ? pauseMs : backOffMs(failures, runtime.random()), stops);
      throwIfAborted(stops);
    }
  } finally {
    cancels.delete(closed);
    rest();
  }
}

/**
 * Serves one term: it is over when the callback has settled, whatever became of the lease meanwhile, so
 * that a candidate never runs two of them.
 */
async function serve(
  lease: Lease,
  stops: readonly AbortSignal[],
  callback: TermCallback,
): Promise<void> {
  const term = new HeldTerm(lease, stops);
  try {
    // The campaign may have ended, and the lease too, while the grant was on its way.
    if (!term.signal.aborted && term.leading) await callback(term);
  } catch (error) {
    throwIfAborted(stops); // asked to end, a callback may throw anything
    // So it may when it has lost the lead. While it leads, an error is an error.
    if (term.leading) throw error;
  } finally {
    await term.close();
  }
}
