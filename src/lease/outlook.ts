/**
 * What an acquisition takes each of its names to be, and the writes that follow from it.
 *
 * @module
 */

import { LockTableError } from "../errors.ts";
import type { ProtocolContext } from "./context.ts";
import { deadOf, judge, type Verdict } from "./decide.ts";
import type { Records, RecordWrite } from "./lock_table.ts";
import type { Proposal, Wish } from "./proposal.ts";

/** Somebody is in the way. */
export type Busy = Extract<Verdict, { kind: "busy" }>;

/** Nothing is known of the record: it must be looked at. */
const UNKNOWN: Busy = { kind: "busy", deadInMs: Infinity };

/** A part of the record is known, by which it cannot be judged: it must be read. */
const UNREAD: Busy = { kind: "busy", deadInMs: 0, unread: true };

/** The names of one acquisition. */
export class Outlook {
  readonly #context: ProtocolContext;
  readonly #wish: Wish;
  /** Whether live holders count as dead. */
  readonly #steal: boolean;
  readonly #verdicts = new Map<string, Verdict>();

  constructor(context: ProtocolContext, wish: Wish, heldHere: string | undefined, steal: boolean) {
    this.#context = context;
    this.#wish = wish;
    this.#steal = steal;
    const { memory } = context.table;
    for (const name of wish.names) {
      // A guess: a losing write brings the record back with it, so nothing is read first.
      const kind = memory.isShared(name, wish) ? "room" : "free";
      this.#verdicts.set(name, { kind });
    }
    if (heldHere !== undefined) this.#verdicts.set(heldHere, UNKNOWN);
  }

  /** The first name that somebody is in the way of. */
  get busy(): [string, Busy] | undefined {
    const isBusy = (entry: [string, Verdict]) => entry[1].kind === "busy";
    return [...this.#verdicts].find(isBusy) as [string, Busy] | undefined;
  }

  /** Whether dead holders have to be removed. */
  get takeover(): boolean {
    return [...this.#verdicts.values()].some(({ kind }) => kind === "dead");
  }

  /** What was known may not be true any more: begins with a look. */
  doubt(): void {
    const [name] = this.#wish.names as [string];
    this.#verdicts.set(name, UNKNOWN);
  }

  /**
   * Judges what the table has shown.
   *
   * @throws {LockTableError} `PERMITS_MISMATCH`, where a lock is held in another way.
   */
  judge(records: Records): void {
    const { table, settings } = this.#context;
    for (const [name, record] of records) {
      const verdict: Verdict = this.#steal && record?.holders.length
        ? { kind: "dead", record, dead: record.holders }
        : record?.partial
        ? UNREAD
        : judge(record, this.#wish, table.view(settings));
      this.#verdicts.set(name, verdict);
      if (verdict.kind !== "mismatch") continue;
      const message = `Cannot use lock '${name}' as 'permits' must be ` +
        `${verdict.permits ?? "absent"} while it is held: current value is ${this.#wish.permits}`;
      throw new LockTableError("PERMITS_MISMATCH", message, name);
    }
  }

  /** The writes that make a proposal. */
  writes(proposal: Proposal): RecordWrite[] {
    const { layout } = this.#context.table;
    return [...this.#verdicts].map(([name, verdict]) => ({
      name,
      input: verdict.kind === "dead"
        ? layout.takeOver(name, proposal, verdict.record, verdict.dead)
        : verdict.kind === "room"
        ? layout.join(name, proposal, verdict.record)
        : layout.acquire(name, proposal, verdict.kind === "free" ? verdict.record : undefined),
    }));
  }

  /**
   * Removes, in the background, the dead that a lock is shared with, so that its record does not grow.
   * Who else sees them removes them too, so it does not matter what becomes of this.
   */
  sweep({ grantId }: Proposal, records: Records = new Map()): void {
    const { table, settings, background } = this.#context;
    for (const [name, record] of records) {
      // Our own grant, whose request came late, is renewed or given back by who asked for it.
      const dead = record
        ? deadOf(record, table.view(settings)).filter((holder) => holder.grantId !== grantId)
        : [];
      if (dead.length === 0) continue;
      background(table.write([{ name, input: table.layout.sweep(name, dead) }]));
    }
  }
}
