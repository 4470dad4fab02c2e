/**
 * The demo, `deno task demo`: processes that fight for one lock, and what becomes of it when one of
 * them is killed and another is frozen. `--help` lists its options.
 *
 * @module
 */

// deno-lint-ignore-file no-console -- its output is the demo

import { type Backend, countRequests, openBackend } from "./backend.ts";
import { Crew, type CrewEvent } from "./crew.ts";
import { type Flags, HELP, parseFlags } from "./flags.ts";
import { GuardedFile } from "./guarded_file.ts";
import { LiveScreen, noScreen, PlainScreen, type Screen } from "./screen.ts";
import { type Findings, Story } from "./story.ts";
import { describe, summarize, type Summary } from "./summary.ts";

const SHOW_EVERY_MS = 100;
const START_LIMIT_MS = 60_000;
const NOTHING: Findings = {
  killToNextGrantMs: null,
  frozenSawLoss: null,
  frozenWriteRefused: null,
};

/** The demo while it runs: what has to be tidied up however it ends. */
class Demo {
  readonly #flags: Flags;
  readonly #backend: Backend;
  readonly #screen: Screen;
  readonly #crew: Crew;
  readonly #file: GuardedFile;
  readonly #lockName = `demo/${crypto.randomUUID()}`;

  constructor(flags: Flags, backend: Backend, screen: Screen, folder: string) {
    this.#flags = flags;
    this.#backend = backend;
    this.#screen = screen;
    this.#file = new GuardedFile(folder);
    const { table, connection } = backend;
    const lock = { name: this.#lockName, table, leaseMs: flags.leaseMs };
    this.#crew = new Crew({ folder, connection, lock: flags.lock ? lock : null });
  }

  /** Runs to the end. */
  async run(stopped: AbortSignal): Promise<Summary> {
    const show = setInterval(() => this.#screen.show(this.#crew), SHOW_EVERY_MS);
    try {
      return await Promise.race([this.#play(), this.#trouble(), rejection(stopped)]);
    } finally {
      clearInterval(show);
      this.#screen.end();
      await this.#crew.destroy();
    }
  }

  async #play(): Promise<Summary> {
    const { workers, leaseMs, lock } = this.#flags;
    const requestsPerAcquireAndRelease = lock
      ? await countRequests(this.#backend, `${this.#lockName}/free`)
      : null;
    await this.#start();
    const start = performance.now();
    const findings = await this.#tell(start);
    await this.#crew.end();
    const seconds = Math.round((performance.now() - start) / 100) / 10;
    const overlaps = lock ? this.#crew.overlaps : null;
    const run = { lock, workers, leaseMs, seconds, overlaps, requestsPerAcquireAndRelease };
    return summarize(run, await this.#file.contents(), findings);
  }

  /** Starts the workers; the clock of the demo starts when all of them run. */
  async #start(): Promise<void> {
    const { workers } = this.#flags;
    let waiting = workers;
    const ready = this.#crew.next(
      (event): event is CrewEvent => event.type === "ready" && --waiting === 0,
      START_LIMIT_MS,
    );
    for (let i = 0; i < workers; i++) this.#crew.hire();
    if (await ready === undefined) throw new Error("The workers did not start in time");
  }

  async #tell(start: number): Promise<Findings> {
    const { seconds, updates, leaseMs, lock } = this.#flags;
    const enough = updates === undefined
      ? () => performance.now() - start > seconds * 1_000
      : () => this.#crew.updates >= updates;
    const story = new Story(this.#crew, this.#screen, leaseMs);
    if (lock) return await story.play(updates === undefined ? seconds * 1_000 / 10 : 1_000, enough);
    for (const worker of this.#crew.workers) worker.doing = "working";
    await story.idle(enough);
    return NOTHING;
  }

  /** Rejects when a worker cannot go on. */
  #trouble(): Promise<never> {
    return new Promise((_resolve, reject) => {
      this.#crew.listen((event) => {
        if (event.type === "failed") reject(new Error(event.message));
      });
    });
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

function screenFor({ json, leaseMs }: Flags): Screen {
  if (json) return noScreen;
  return Deno.stdout.isTerminal() ? new LiveScreen(leaseMs) : new PlainScreen();
}

function introduce({ workers, lock, leaseMs }: Flags, { label }: Backend): void {
  const how = lock
    ? `fight for one lock with a lease of ${leaseMs / 1_000} s`
    : "do without a lock";
  console.log(`\ndynamo-lock demo: ${workers} processes count up one number in a file and ${how}.`);
  console.log(`They use ${label}.\n`);
}

/** The exit codes that shells expect of a program that a signal has ended. */
const STOPS: Partial<Record<Deno.Signal, number>> = Deno.build.os === "windows"
  ? { SIGINT: 130 }
  : { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

class Stopped extends Error {
  constructor(readonly exitCode: number) {
    super("Stopped");
  }
}

/** Ctrl-C and a terminal that goes away must leave neither processes nor files behind. */
function listenForStop(): AbortSignal {
  const controller = new AbortController();
  for (const [name, exitCode] of Object.entries(STOPS)) {
    Deno.addSignalListener(name as Deno.Signal, () => controller.abort(new Stopped(exitCode)));
  }
  return controller.signal;
}

async function main(flags: Flags): Promise<boolean> {
  const stopped = listenForStop();
  const folder = await Deno.makeTempDir({ prefix: "dynamo-lock-demo-" });
  try {
    await using backend = await openBackend(flags, stopped);
    if (!flags.json) introduce(flags, backend);
    const summary = await new Demo(flags, backend, screenFor(flags), folder).run(stopped);
    console.log(flags.json ? JSON.stringify(summary) : describe(summary));
    return summary.ok;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function flagsOrExit(): Flags {
  try {
    return parseFlags(Deno.args);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`);
    Deno.exit(2);
  }
}

if (import.meta.main) {
  const flags = flagsOrExit();
  if (flags.help) {
    console.log(HELP);
    Deno.exit(0);
  }
  try {
    Deno.exit(await main(flags) ? 0 : 1);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(error instanceof Stopped ? error.exitCode : 1);
  }
}
