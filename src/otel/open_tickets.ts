/**
 * What is remembered of acquisitions and leases that are not over, by ticket, within bounds.
 *
 * @module
 */

/**
 * How many are remembered at most. A request of a Cloudflare Worker can end without another word, and
 * an operator's debugger can drop a lease: what nobody ends must not pile up.
 */
const MOST_OPEN = 10_000;

/** Open acquisitions and leases. */
export class OpenTickets<T> {
  readonly #open = new Map<number, T>();
  readonly #abandon: (value: T) => void;

  /** `abandon` is told of what was pushed out. */
  constructor(abandon: (value: T) => void) {
    this.#abandon = abandon;
  }

  /** Remembers. What has the same ticket, or is the oldest of too many, is pushed out. */
  add(ticket: number, value: T): void {
    const oldest = this.#open.size >= MOST_OPEN ? this.#open.keys().next().value : undefined;
    const pushedOut = [this.take(ticket), oldest === undefined ? oldest : this.take(oldest)];
    this.#open.set(ticket, value);
    for (const old of pushedOut) if (old !== undefined) this.#abandon(old);
  }

  /** What is remembered. */
  get(ticket: number): T | undefined {
    return this.#open.get(ticket);
  }

  /** What was remembered, which it is no more. */
  take(ticket: number): T | undefined {
    const value = this.#open.get(ticket);
    this.#open.delete(ticket);
    return value;
  }
}
