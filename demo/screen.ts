/**
 * Shows the demo: live in a terminal, as plain lines elsewhere, or not at all.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- it is what the demo shows

import type { Crew, Worker } from "./crew.ts";

/** Where the demo shows itself. */
export interface Screen {
  /** Tells that something happened. */
  say(text: string): void;
  /** Shows how things are. Called often. */
  show(crew: Crew): void;
  /** Leaves the terminal as it was, for what comes after. */
  end(): void;
}

/** For `--json`. */
export const noScreen: Screen = { say() {}, show() {}, end() {} };

const PLAIN_EVERY_MS = 1_000;
const BAR_WIDTH = 16;

const DOING: Record<Worker["doing"], string> = {
  starting: "starts",
  waiting: "waits",
  holding: "holds the lock",
  working: "at work",
  frozen: "frozen (SIGSTOP)",
  killed: "killed (SIGKILL)",
};

function clock(since: number): string {
  return `${((performance.now() - since) / 1_000).toFixed(1).padStart(5)} s `;
}

function leftMs(worker: Worker): number {
  return Math.max(0, worker.leaseEnds - Date.now());
}

/** One line an event, and a line on how things are each second. */
export class PlainScreen implements Screen {
  readonly #start = performance.now();
  #shown = 0;

  /** A line. */
  say(text: string): void {
    console.log(clock(this.#start), text);
  }

  /** A line a second. */
  show(crew: Crew): void {
    const now = performance.now();
    if (now - this.#shown < PLAIN_EVERY_MS) return;
    this.#shown = now;
    const holder = crew.workers.find(({ token }) => token !== undefined);
    const who = holder === undefined
      ? ""
      : `${holder.name} ${DOING[holder.doing]}, token ${holder.token}, ` +
        `${(leftMs(holder) / 1_000).toFixed(1)} s left; `;
    this.say(`${who}${crew.updates} updates`);
  }

  /** Nothing to tidy up. */
  end(): void {}
}

/** A board at the bottom of the terminal that is drawn again and again; events scroll above it. */
export class LiveScreen implements Screen {
  readonly #start = performance.now();
  readonly #leaseMs: number;
  readonly #encoder = new TextEncoder();
  #height = 0;
  #board: string[] = [];

  /** Hides the cursor until the end. */
  constructor(leaseMs: number) {
    this.#leaseMs = leaseMs;
    this.#write("\x1b[?25l");
  }

  /** A line above the board. */
  say(text: string): void {
    const line = dim(clock(this.#start)) + " " + text;
    this.#write(this.#erase() + fit(line) + "\n");
    this.#draw();
  }

  /** The board. */
  show(crew: Crew): void {
    this.#board = [
      "",
      ...crew.workers.map((worker) => this.#line(worker)),
      "",
      `  ${dim(clock(this.#start))} ${crew.updates} updates`,
    ];
    this.#write(this.#erase());
    this.#draw();
  }

  /** Takes the board away and shows the cursor. */
  end(): void {
    this.#write(this.#erase() + "\x1b[?25h");
  }

  #line(worker: Worker): string {
    const { name, doing, token } = worker;
    const paint = doing === "holding" ? green : doing === "waiting" ? dim : red;
    const start = `  ${name.padEnd(10)} ${paint(DOING[doing].padEnd(18))}`;
    if (token === undefined) return start;
    const left = leftMs(worker);
    const filled = Math.min(BAR_WIDTH, Math.round((left / this.#leaseMs) * BAR_WIDTH));
    const bar = "█".repeat(filled) + "░".repeat(BAR_WIDTH - filled);
    return `${start} token ${token}  ${paint(bar)} ${(left / 1_000).toFixed(1)} s`;
  }

  #erase(): string {
    return this.#height === 0 ? "" : `\x1b[${this.#height}A\x1b[J`;
  }

  #draw(): void {
    const lines = this.#board.map(fit);
    this.#height = lines.length;
    this.#write(lines.map((line) => line + "\n").join(""));
  }

  #write(text: string): void {
    Deno.stdout.writeSync(this.#encoder.encode(text));
  }
}

function paint(code: number, text: string): string {
  return Deno.noColor ? text : `\x1b[${code}m${text}\x1b[0m`;
}

function dim(text: string): string {
  return paint(2, text);
}

function green(text: string): string {
  return paint(32, text);
}

function red(text: string): string {
  return paint(31, text);
}

/** Cuts a line to the width of the terminal: a longer one would take two, and be left behind. */
function fit(line: string): string {
  const columns = Deno.consoleSize().columns || 80;
  // deno-lint-ignore no-control-regex -- colours are control sequences
  const parts = line.split(/(\x1b\[[0-9;]*m)/);
  let room = columns - 1;
  return parts.map((part) => {
    if (part.startsWith("\x1b")) return part;
    const shown = part.slice(0, Math.max(0, room));
    room -= part.length;
    return shown;
  }).join("");
}
