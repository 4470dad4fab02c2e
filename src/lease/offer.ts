/**
 * A lease that its holder offers to the next caller in the process.
 *
 * @module
 */

import type { GrantState } from "./grant_state.ts";
import type { Proposal, Wish } from "./proposal.ts";

/**
 * What the head of the queue made of an offered hand-over: it has the lock; the old grant was gone
 * already; nothing was written; or nobody knows. After the last two the holder releases.
 */
export type OfferAnswer = "taken" | "gone" | "declined" | "unknown";

/** An offer, to be answered once. */
export interface Offer {
  readonly from: GrantState;
  answer(answer: OfferAnswer): void;
}

/** Whether a grant of one name is what a caller wants. Other changes of hands go over a release. */
export function isLike(grant: Proposal, wish: Wish): boolean {
  return grant.names.length === 1 && wish.names.length === 1 && grant.names[0] === wish.names[0] &&
    grant.mode === wish.mode && grant.permits === wish.permits;
}
