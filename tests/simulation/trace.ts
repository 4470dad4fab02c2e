/** What happened in a run, for a person to read, and how often what happened. */

/** How a trace begins its lines: seconds since the start, to the microsecond. */
function stamp(ms: number): string {
  return (ms / 1_000).toFixed(6).padStart(11);
}

/** The lines of one run; written only where somebody is going to read them. */
export class Trace {
  readonly on: boolean;
  readonly lines: string[] = [];
  readonly #start: number;
  readonly #now: () => number;

  constructor(on: boolean, now: () => number) {
    this.on = on;
    this.#now = now;
    this.#start = now();
  }

  /** Adds a line. Ask {@linkcode on} first where its text costs something. */
  add(who: string, text: string): void {
    if (this.on) this.lines.push(`${stamp(this.#now() - this.#start)}  ${who.padEnd(7)} ${text}`);
  }
}

/** Counts things by name. */
export class Tally {
  readonly counts: Map<string, number> = new Map();

  /** Counts one. */
  add(name: string, times = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + times);
  }

  /** Adds another tally to this one. */
  merge(other: Tally): void {
    for (const [name, times] of other.counts) this.add(name, times);
  }
}
