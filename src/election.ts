/**
 * Leader election: of many candidates one leads, until it resigns, crashes or is cut off.
 *
 * {@linkcode campaign} stands for the lead and runs a callback while it has it, again and again;
 * {@linkcode observeLeader} tells who leads. An election is a lock of the same name, with all that
 * a lock promises: no two candidates believe to lead, a leader that crashed costs its lease, and every
 * term has a fencing token that is greater than that of every term before it.
 *
 * @example Copy in one place at a time, and let everybody know where
 * ```ts
 * import { campaign, observeLeader } from "@x/dynamo-lock/election";
 *
 * const stop = new AbortController(); // a server aborts it on SIGTERM
 *
 * // In every process that may do it:
 * const options = { signal: stop.signal, data: "10.0.0.7:8080", leaseMs: 10_000 };
 * const campaigning = campaign("copy-worker", options, async (term) => {
 *   while (!term.signal.aborted) await copyBatch(term.fencingToken);
 * }); // returns when the term is over; after a pause the candidate stands again
 *
 * // In every process that wants to know, candidate or not:
 * for await (const leader of observeLeader("copy-worker", { pollMs: 100 })) {
 *   console.log(leader === null ? "nobody leads" : `${leader.data} leads`);
 *   if (leader !== null) break; // a proxy would go on, and send its requests to the leader
 * }
 *
 * stop.abort("deployed anew");
 * await campaigning.catch((reason) => console.log(reason)); // deployed anew
 *
 * async function copyBatch(fencingToken: number): Promise<void> {
 *   // The target refuses a smaller token than it has seen: a leader that was paused for longer than its
 *   // lease does not know yet that it leads no more.
 *   await new Promise((done) => setTimeout(done, 50, fencingToken));
 * }
 * ```
 *
 * Candidates need the permissions `dynamodb:GetItem` and `dynamodb:UpdateItem`, observers `GetItem`.
 *
 * @module
 */

import { runCampaign, type TermCallback } from "./election/campaign.ts";
import { type Leader, LeaderWatch } from "./election/observe.ts";
import { type CampaignOptions, checkObserver, type ObserveOptions } from "./election/options.ts";

export type { CampaignOptions, ObserveOptions } from "./election/options.ts";
export type { Leader } from "./election/observe.ts";
export type { Term } from "./election/term.ts";
export type { TermCallback } from "./election/campaign.ts";

/**
 * Stands for the lead, runs the callback for as long as the term lasts, and stands again, until it is
 * told to end.
 *
 * - The callback returns: the lead is given back, and the candidate stands again after `pauseMs`.
 * - The term is lost or resigned: its signal aborts. The campaign waits until the callback has settled,
 *   with whatever outcome, and only then stands again, so a candidate never runs two callbacks.
 * - The callback throws while it leads: the lead is given back and the campaign rejects with that error.
 * - DynamoDB is away, or too slow for the lease: the candidate stands back, for up to 10 seconds, and
 *   tries again. Other errors end the campaign.
 *
 * A callback that does not heed `term.signal` keeps its candidate from standing again, and where the
 * campaign was told to end also from giving the lead back. Bound that with `maxHoldMs`.
 *
 * @param name The election's name, 1 to 2,048 bytes of UTF-8: the name of its lock.
 * @param options Options of the candidate.
 * @param callback What the leader does.
 * @returns A promise that never resolves: a campaign ends with an error or the reason of a signal.
 * @throws {TypeError} When the name, an option or the callback has the wrong type, before any request.
 * @throws {RangeError} When the name or an option is out of its range, before any request.
 * @throws {LockTableError} When the table, or the item under the name's key, is not what it must be.
 * @throws {LockServiceError} When DynamoDB refuses to be asked.
 * @throws {LockError} `MANAGER_CLOSED`, when the manager is closed.
 * @throws The reason of `options.signal`, untouched, when it aborts.
 *
 * @example
 * ```ts
 * import { campaign } from "@x/dynamo-lock/election";
 *
 * const stop = new AbortController(); // SIGTERM aborts it
 * const campaigning = campaign("compactor", { signal: stop.signal }, async (term) => {
 *   while (term.leading && !term.signal.aborted) {
 *     await new Promise((done) => setTimeout(done, 10)); // a piece of work
 *     stop.abort("enough");
 *   }
 * });
 * await campaigning.catch((reason) => console.log(reason)); // enough
 * ```
 */
export function campaign(
  name: string,
  options: CampaignOptions,
  callback: TermCallback,
): Promise<void>;
/**
 * Stands for the lead with the options of the default manager. It never resolves; only an error of the
 * callback or of the lock ends it.
 *
 * @param name The election's name, 1 to 2,048 bytes of UTF-8: the name of its lock.
 * @param callback What the leader does.
 * @throws As with options.
 */
export function campaign(name: string, callback: TermCallback): Promise<void>;
export function campaign(
  name: string,
  options: CampaignOptions | TermCallback,
  callback?: TermCallback,
): Promise<void> {
  return typeof options === "function" && callback === undefined
    ? runCampaign(name, {}, options)
    : runCampaign(name, options as CampaignOptions, callback as TermCallback);
}

/**
 * Tells who leads: at once who does, `null` where nobody does, and then each change: another term,
 * other data, or nobody. A leader that crashed counts until its lease is over, and is `null` then,
 * whether or not somebody has followed it.
 *
 * - It looks while somebody waits for the next change, one read each `pollMs`: a consumer that is slow
 *   gets the newest state and not a backlog, and one that has left the loop leaves nothing.
 * - Fencing tokens never go back: what is older than what was told is left out.
 * - It bears with a DynamoDB that is away for a minute, and then rejects.
 *
 * What it tells was true when the table was read. A leader that is told may have crashed or resigned
 * since: it says where to send a request, not whether that will be answered.
 *
 * @param name The election's name, 1 to 2,048 bytes of UTF-8: the name of its lock.
 * @param options Options of the observer.
 * @returns An iterable; each loop over it observes on its own. Its `next()` rejects with a
 * `LockTableError` or a `LockServiceError` where the table cannot be read, with a `LockError` of code
 * `MANAGER_CLOSED` where the manager is closed, and with the reason of `options.signal`, untouched,
 * when it aborts.
 * @throws {TypeError} When the name or an option has the wrong type.
 * @throws {RangeError} When the name or an option is out of its range.
 *
 * @example
 * ```ts
 * import { observeLeader } from "@x/dynamo-lock/election";
 *
 * for await (const leader of observeLeader("indexer")) {
 *   console.log(leader?.ownerId ?? "nobody"); // nobody
 *   break;
 * }
 * ```
 */
export function observeLeader(
  name: string,
  options: ObserveOptions = {},
): AsyncIterable<Leader | null> {
  const checked = checkObserver(name, options);
  return { [Symbol.asyncIterator]: () => new LeaderWatch(name, checked) };
}
