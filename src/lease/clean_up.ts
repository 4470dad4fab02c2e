/**
 * Gives back what must not stay on the table, in the background, when nobody waits for it any more.
 *
 * @module
 */

import { type ProtocolContext, sleep } from "./context.ts";
import { closeProposal, isGranted, type Proposal, sendRelease, UNDER_WAY_MS } from "./proposal.ts";
import { codeOf, isPassing } from "./translate.ts";

/** For how long a clean-up is tried at the most, with pauses of up to this, and later of a share of that. */
const TRIED_MOST_MS = 60 * 60_000;
const PAUSE_MAX_MS = 2_000;
const PAUSE_SHARE = 1 / 20;

/** How long the last try takes at the most when the manager is closed: a program wants to end. */
const LAST_TRY_MS = 5_000;

/**
 * For how long, in a format where nothing can be closed, what comes late is released: as long as an answer
 * is waited for. One look would not do: it may be quicker than a request that was sent right before it.
 */
const STRAYING_MS = 5_000;

/** Whether the format has a means to make sure that a proposal is never applied any more. */
export function canClose({ table }: ProtocolContext, proposal: Proposal): boolean {
  return table.layout.close(proposal.names[0]!, proposal) !== undefined;
}

/**
 * Releases a grant, and before that closes it where its proposal is still open: released first, a
 * request that is still on its way would take the lock again for nobody. Tries for two leases at the
 * most, as by then a grant that nobody renews is dead, and for an hour. When the manager is closed it
 * tries once more. In a format where nothing can be closed it is released again and again for some
 * time; where nothing ends, until none can come any more.
 */
export async function cleanUp(
  context: ProtocolContext,
  proposal: Proposal,
  open: boolean,
): Promise<void> {
  const { runtime, emit, table, closing } = context;
  const { layout, outage } = table;
  const { names } = proposal;
  const awaits = open && !canClose(context, proposal);
  const awaitedMs = layout.endless ? UNDER_WAY_MS : STRAYING_MS;
  const mostMs = layout.endless ? TRIED_MOST_MS : Math.min(TRIED_MOST_MS, 2 * proposal.leaseMs);
  const start = runtime.now().mono; // a wall clock that is set forward must not end it early
  for (let round = 1;; round++) {
    const sentAt = runtime.now();
    const isLast = closing?.aborted && !(awaits && layout.endless);
    const limits = isLast ? { deadlineMs: Math.min(LAST_TRY_MS, proposal.leaseMs) } : {};
    const known = isLast ? undefined : outage.errorFor(proposal, sentAt, table.answeredAt);
    const { error = known, records } = known !== undefined
      ? {}
      : open && !awaits
      ? await closeProposal(context, proposal, () => limits)
      : await sendRelease(context, proposal, limits);
    const now = runtime.now();
    const spent = now.mono - start;
    if (error !== undefined) {
      emit({ type: "trouble", step: "clean-up", code: codeOf(error) });
      const isOver = isLast || spent > (closing?.aborted ? UNDER_WAY_MS : mostMs);
      if (!isPassing(error) || isOver) return;
      if (known === undefined) outage.met(proposal, now, error);
    } else if (awaits) {
      if (sentAt.mono - start > awaitedMs) return; // an answer may take long
    } else {
      // The record that comes back from closing shows whether there is something to release. Of several
      // names it shows only one, and another holder may have taken just that one over.
      if (!open || (names.length === 1 && !isGranted(records, proposal))) return;
      open = false;
      continue;
    }
    const pause = Math.max(PAUSE_SHARE * spent, Math.min(PAUSE_MAX_MS, 100 * 2 ** round));
    const wakes = closing && !awaits ? [closing] : [];
    await sleep(runtime, pause * (0.5 + runtime.random() / 2), wakes, true);
  }
}
