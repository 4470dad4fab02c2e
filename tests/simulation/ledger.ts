/**
 * What the service did, in the order in which it did it: every grant that was ever in a record, how it
 * came in and how it went. The checker compares what the processes say with this.
 */

import type { Delivery } from "./network.ts";
import type { Process } from "./process.ts";
import type { RawHolder, RawRecord } from "./service.ts";

/** A grant that the service applied. */
export interface Grant {
  readonly name: string;
  readonly id: string;
  readonly token: number;
  /** Whose it is; absent where that process is unknown. */
  readonly process: Process | undefined;
  /** Its place among all grants. */
  readonly order: number;
  readonly at: number;
  /** When it was first asked for. */
  readonly firstSentAt: number;
  /**
   * Why it is an honest exception, if it is: an operator changed the record under it, or the network
   * itself repeated a request that had been answered, or the clean-up gave up after two leases.
   */
  excuse: "operator" | "repeated" | "gave up" | undefined;
  /** How it went. */
  end: "released" | "handed over" | "taken over" | "operator" | undefined;
  /** The end that it has on the table, in the service's time. */
  expires: number;
}

/** Says that a rule is broken. */
export type Accuse = (rule: string, text: string) => void;

/** How far the clock may be ahead whose signature is accepted, after a minute on the way at the most. */
const SIGNED_AHEAD_MS = 16 * 60_000 + 15_000;

/** By how much at most a token passes the fence where the clock lags behind that. */
const TOKEN_STEP_MAX = 16;

/**
 * What an accepted signature may be off, and as much again where answers carry no date; and by how much
 * what is known of the service's clock widens while it may be used.
 */
const AHEAD_MOST_MS = 2 * 15 * 60_000 + 15_000;

function holdersOf(record: RawRecord | undefined): Readonly<Record<string, { M: RawHolder }>> {
  return record?.holders?.M ?? {};
}

/** The history of the table. */
export class Ledger {
  /** Who is in, by name. */
  readonly present: Map<string, Grant> = new Map();
  /** How many writes were applied to a record, by name. */
  readonly writes: Map<string, number> = new Map();
  readonly #grants = new Map<string, Grant>();
  readonly #greatest = new Map<string, number>();
  readonly #fences = new Map<string, number>();
  readonly #tampered = new Map<string, number>();
  readonly #accuse: Accuse;
  readonly #now: () => number;
  #order = 0;

  constructor(accuse: Accuse, now: () => number) {
    this.#accuse = accuse;
    this.#now = now;
  }

  /** The grant of this token. */
  find(name: string, token: number): Grant | undefined {
    // The newest first: after an operator's deletion a token may come again.
    let found: Grant | undefined;
    for (const grant of this.#grants.values()) {
      if (grant.token === token && grant.name === name) found = grant;
    }
    return found;
  }

  /** The grant that was made last. */
  newest(name: string): Grant | undefined {
    let newest: Grant | undefined;
    for (const grant of this.#grants.values()) if (grant.name === name) newest = grant;
    return newest;
  }

  /** Takes in what a request did. */
  delivered(delivery: Delivery, processOf: (tag: string) => Process | undefined): void {
    if (delivery.written === undefined) return;
    const { name, record } = delivery.written;
    this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
    this.#checkFence(name, record, delivery);
    const holders = holdersOf(record);
    const before = this.present.get(name);
    if (before !== undefined && holders[before.id] === undefined) this.#gone(before, delivery);
    for (const [id, { M }] of Object.entries(holders)) {
      if (Number(M.e.N) !== before?.expires) this.#checkEnd(name, M, delivery);
      if (id === before?.id) before.expires = Number(M.e.N);
      else this.#granted(name, id, M, delivery, processOf);
    }
    const count = Object.keys(holders).length;
    if (count > 1) this.#accuse("one holder", `'${name}' has ${count} in its record`);
  }

  /**
   * An operator changed or deleted a record. Whoever was in is excused, and so is what requests do
   * that were sent before; with `forget` tokens may begin anew.
   */
  tampered(name: string, forget: boolean): void {
    for (const grant of this.#grants.values()) {
      if (grant.name === name) grant.excuse ??= "operator";
    }
    const present = this.present.get(name);
    if (present !== undefined) present.end = "operator";
    this.present.delete(name);
    this.#tampered.set(name, this.#now());
    this.#fences.delete(name);
    if (forget) this.#greatest.delete(name);
  }

  #granted(
    name: string,
    id: string,
    entry: RawHolder,
    delivery: Delivery,
    processOf: (tag: string) => Process | undefined,
  ): void {
    const { process, copy, sentAt, firstSentAt } = delivery;
    const token = Number(entry.t.N);
    const greatest = this.#greatest.get(name) ?? 0;
    const before = this.#grants.get(id);
    if (before !== undefined && before.excuse !== "operator") {
      this.#accuse("no grant comes back", `grant ${id} of '${name}'`);
    }
    // What was asked for before a deletion may come, and come again, after it.
    const excuse = before !== undefined || sentAt <= (this.#tampered.get(name) ?? 0)
      ? "operator"
      : copy
      ? "repeated"
      : undefined;
    if (token <= greatest && excuse !== "operator") {
      this.#accuse("tokens rise", `'${name}' got ${token} after ${greatest}`);
    }
    this.#greatest.set(name, Math.max(token, greatest));
    const grant: Grant = {
      name,
      id,
      token,
      process: processOf(id.slice(0, 8)),
      order: this.#order++,
      at: this.#now(),
      firstSentAt,
      excuse,
      end: undefined,
      expires: Number(entry.e.N),
    };
    if (grant.process !== process) this.#accuse("own grants only", `${process.name} wrote ${id}`);
    this.#grants.set(id, grant);
    this.present.set(name, grant);
  }

  #gone(grant: Grant, { step, process }: Delivery): void {
    if (step !== "take over" && grant.process !== process) {
      this.#accuse("own grants only", `${process.name} removed ${grant.id} by '${step}'`);
    }
    grant.end = step === "release"
      ? "released"
      : step === "hand over"
      ? "handed over"
      : "taken over";
    this.present.delete(grant.name);
  }

  /**
   * The end of a lease is made up from the latest that the service's clock may show. Nobody is that
   * far off whose signature was accepted.
   */
  #checkEnd(
    name: string,
    { e, l }: RawHolder,
    { process, step, doubtful, dateErrorMs, ...sent }: Delivery,
  ): void {
    // What was refused unheard may still come, for all that its sender knows: the next end passes it. And
    // so may what was never answered.
    if (doubtful || process.unheard > 0) return;
    const aheadMs = Number(e.N) - Number(l.N) - this.#now();
    if (aheadMs <= AHEAD_MOST_MS + dateErrorMs) return;
    const what = `${step}${sent.firstSentAt < sent.sentAt ? " again" : ""}`;
    this.#accuse(
      "an end is near",
      `${process.name}: ${what} '${name}' ${Math.round(aheadMs)} ms ahead`,
    );
  }

  #checkFence(name: string, record: RawRecord | undefined, { dateErrorMs }: Delivery): void {
    const old = this.#fences.get(name) ?? 0;
    const fence = Number(record?.fence?.N ?? 0);
    if (fence < old) this.#accuse("fences rise", `'${name}' fell from ${old} to ${fence}`);
    // Tokens are times, of clocks whose signature was accepted, or one above another by a few.
    if (fence > Math.max(old + TOKEN_STEP_MAX, this.#now() + SIGNED_AHEAD_MS + dateErrorMs)) {
      this.#accuse("a token is near", `'${name}' rose ${Math.round(fence - this.#now())} ms ahead`);
    }
    this.#fences.set(name, fence);
  }
}
