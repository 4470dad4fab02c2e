/**
 * What the service did, in the order in which it did it: every grant that was ever in a record, how it
 * came in and how it went. The checker compares what the processes say with this.
 */

import { EVERYTHING, type FormatRules } from "./formats.ts";
import type { Grant } from "./grant.ts";
import type { Delivery } from "./network.ts";
import type { Process } from "./process.ts";
import { brokenBy, holdersOf, isGuarded, shapeOf } from "./record_rules.ts";
import type { RawHolder, RawRecord, Written } from "./service.ts";

export type { Grant } from "./grant.ts";

/** What those call themselves who steal, and nobody else: so they are known on the wire. */
export const THIEF = "thief";

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

/** Where nothing can be closed, what comes so long after its sender gave it up is given back. */
const STRAYING_MS = 5_000;

/** The history of the table. */
export class Ledger {
  /** Until when those who share stand back, by name, as the record says. */
  readonly waiting: Map<string, number> = new Map();
  /** How many writes were applied to a record, by name. */
  readonly writes: Map<string, number> = new Map();
  /** Who is in, by name and id. */
  readonly #present = new Map<string, Map<string, Grant>>();
  /** All grants, by name and id. */
  readonly #grants = new Map<string, Map<string, Grant>>();
  readonly #greatest = new Map<string, number>();
  readonly #fences = new Map<string, number>();
  readonly #tampered = new Map<string, number>();
  readonly #accuse: Accuse;
  readonly #now: () => number;
  readonly #rules: FormatRules;
  #order = 0;

  constructor(accuse: Accuse, now: () => number, rules: FormatRules = EVERYTHING) {
    this.#accuse = accuse;
    this.#now = now;
    this.#rules = rules;
  }

  /** Who is in. */
  present(name: string): readonly Grant[] {
    return [...this.#present.get(name)?.values() ?? []];
  }

  /** Everybody in anywhere. */
  *everybody(): Iterable<Grant> {
    for (const grants of this.#present.values()) yield* grants.values();
  }

  /** Whether a grant is in the record. */
  isIn({ name, id }: Grant): boolean {
    return this.#present.get(name)?.has(id) === true;
  }

  /** Whether one who came after it is gone too, in a format where nothing tells of that. */
  isForgotten({ name, order }: Grant): boolean {
    return this.#rules.forgetful &&
      this.all(name).some((other) => other.order > order && other.end !== undefined);
  }

  /** Whether it was gone, and is there again by another attempt, in a format that cannot refuse that. */
  isBack(grant: Grant): boolean {
    const now = this.#present.get(grant.name)?.get(grant.id);
    return this.#rules.comesBack && now !== undefined && now !== grant;
  }

  /** All grants of a name, in their order. */
  all(name: string): readonly Grant[] {
    return [...this.#grants.get(name)?.values() ?? []];
  }

  /** The grant of this token. */
  find(name: string, token: number): Grant | undefined {
    // The newest first: after an operator's deletion a token may come again.
    let found: Grant | undefined;
    for (const grant of this.#grants.get(name)?.values() ?? []) {
      if (grant.token === token) found = grant;
    }
    return found;
  }

  /** The grant that was made last. */
  newest(name: string): Grant | undefined {
    return this.all(name).at(-1);
  }

  /** Takes in what a request did. */
  delivered(delivery: Delivery, processOf: (tag: string) => Process | undefined): void {
    const added = delivery.written.flatMap((written) => this.#wrote(written, delivery, processOf));
    // A deletion of one name lets in what was closed on that one, and on the others with it.
    const late = added.some(({ excuse }) => excuse === "operator");
    for (const grant of late ? added : []) grant.excuse ??= "operator elsewhere";
    this.#checkWhole(added, delivery);
  }

  /** Takes in what a request did to one record; answers the grants that it added. */
  #wrote(
    { name, record }: Written,
    delivery: Delivery,
    processOf: (tag: string) => Process | undefined,
  ): Grant[] {
    if (isGuarded(name)) return [];
    this.writes.set(name, (this.writes.get(name) ?? 0) + 1);
    this.waiting.set(name, Number(record?.waiting?.N ?? 0));
    this.#checkFence(name, record, delivery);
    const holders = new Map(holdersOf(record));
    const present = this.present(name);
    const stolen = [...holders].some(([id, { o }]) =>
      o.S === THIEF && present.every((grant) => grant.id !== id)
    );
    for (const grant of present) if (!holders.has(grant.id)) this.#gone(grant, delivery, stolen);
    const added: Grant[] = [];
    for (const [id, entry] of holders) {
      const before = this.#present.get(name)?.get(id);
      const expires = Number(entry.e.N);
      if (expires !== before?.expires) this.#checkEnd(name, entry, delivery);
      const shape = shapeOf(entry, record!);
      if (before === undefined) {
        added.push(this.#granted({ name, id, shape }, entry, delivery, processOf));
      } else if (before.shape !== shape) {
        this.#accuse("a grant keeps its shape", `'${name}' made ${before.shape} ${shape}`);
      } else before.expires = expires;
    }
    const broken = brokenBy(record);
    if (broken) this.#accuse(broken[0], `'${name}' has ${broken[1]}`);
    return added;
  }

  /**
   * An operator changed or deleted a record. Whoever was in is excused, and so is what requests do
   * that were sent before; with `forget` tokens may begin anew.
   */
  tampered(name: string, forget: boolean): void {
    for (const grant of this.all(name)) meddle(grant);
    for (const grant of this.present(name)) this.#end(grant, "operator");
    this.#tampered.set(name, this.#now());
    this.#fences.delete(name);
    if (!forget) return;
    this.#greatest.delete(name);
    this.waiting.delete(name);
  }

  #granted(
    { name, id, shape }: Pick<Grant, "name" | "id" | "shape">,
    entry: RawHolder,
    delivery: Delivery,
    processOf: (tag: string) => Process | undefined,
  ): Grant {
    const { process, copy, lateMs, sentAt, firstSentAt } = delivery;
    const token = Number(entry.t.N);
    const greatest = this.#greatest.get(name) ?? 0;
    const before = this.#grants.get(name)?.get(id);
    const again = before !== undefined && before.excuse !== "operator";
    const isOther = lateMs > 0 || firstSentAt < sentAt; // another attempt may have been applied
    const mayComeBack = isOther && this.#rules.comesBack;
    if (again && !mayComeBack) this.#accuse("no grant comes back", `grant ${id} of '${name}'`);
    // What was asked for before a deletion may come, and come again, after it.
    const excuse = (before !== undefined && !again) || sentAt <= (this.#tampered.get(name) ?? 0)
      ? "operator"
      : copy
      ? "repeated"
      : undefined;
    if (token <= greatest && excuse !== "operator" && !(again && mayComeBack)) {
      this.#accuse("tokens rise", `'${name}' got ${token} after ${greatest}`);
    }
    this.#greatest.set(name, Math.max(token, greatest));
    const grant: Grant = {
      name,
      id,
      token,
      shape,
      process: processOf(id.slice(0, 8)),
      owner: entry.o.S,
      stray: lateMs > (again ? 0 : STRAYING_MS),
      robbed: false,
      order: this.#order++,
      at: this.#now(),
      firstSentAt,
      excuse,
      end: undefined,
      endedAt: Infinity,
      expires: Number(entry.e.N),
    };
    if (grant.process !== process) this.#accuse("own grants only", `${process.name} wrote ${id}`);
    at(this.#grants, name).delete(id); // one that comes again is the newest
    at(this.#grants, name).set(id, grant);
    at(this.#present, name).set(id, grant);
    return grant;
  }

  #gone(grant: Grant, { step, process }: Delivery, stolen: boolean): void {
    if (step === "revoke") {
      meddle(grant);
      return this.#end(grant, "operator");
    }
    grant.robbed = stolen && step === "take over";
    const cleaning = step === "take over" || step === "sweep";
    if (!cleaning && grant.process !== process) {
      this.#accuse("own grants only", `${process.name} removed ${grant.id} by '${step}'`);
    }
    if (cleaning && this.#rules.endless && !stolen) {
      this.#accuse("nothing ends by itself", `${process.name} took '${grant.name}' over`);
    }
    this.#end(
      grant,
      step === "release" ? "released" : step === "hand over" ? "handed over" : "taken over",
    );
  }

  #end(grant: Grant, end: NonNullable<Grant["end"]>): void {
    grant.end = end;
    grant.endedAt = this.#now();
    this.#present.get(grant.name)?.delete(grant.id);
  }

  /** A lease of several names is granted on all of them at the same moment, or on none. */
  #checkWhole(added: readonly Grant[], { process, step }: Delivery): void {
    const [first] = added;
    if (first === undefined) return;
    if (added.some(({ id, token }) => id !== first.id || token !== first.token)) {
      this.#accuse("one grant at a time", `${process.name}: '${step}' made ${added.length}`);
    }
    for (const [name, grants] of this.#grants) {
      const other = grants.get(first.id);
      if (other === undefined || added.includes(other)) continue;
      if (other.excuse === undefined && first.excuse === undefined) {
        const text = `${process.name}: '${first.name}' after '${name}' of ${first.id}`;
        this.#accuse("several locks are taken at once", text);
      }
    }
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
    if (doubtful || process.unheard > 0 || this.#rules.endless) return;
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

/** An operator has changed the record of a grant, whatever was done to the records of its other names. */
function meddle(grant: Grant): void {
  if (grant.excuse === undefined || grant.excuse === "operator elsewhere") {
    grant.excuse = "operator";
  }
}

/** The entries of a name, which may have none yet. */
function at<T>(maps: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const found = maps.get(name) ?? new Map<string, T>();
  maps.set(name, found);
  return found;
}
