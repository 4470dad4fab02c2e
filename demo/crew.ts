/**
 * The worker processes, as the demo sees them.
 *
 * @module
 */

import { LINGER, type WorkerEvent, type WorkerOrder } from "./messages.ts";

/** What a worker is doing. */
export type Doing = "starting" | "waiting" | "holding" | "working" | "frozen" | "killed";

/** An event, and who it comes from. */
export type CrewEvent = WorkerEvent & { readonly from: Worker };

/** One worker process. */
export class Worker {
  readonly name: string;
  doing: Doing = "starting";
  /** Of its last grant, while it has not given it back. */
  token: number | undefined;
  /** When its lease runs out if it is not renewed, as it said last: milliseconds since 1970. */
  leaseEnds = 0;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #heard: Promise<void>;
  #expectedToEnd = false;
  #guard: Deno.ChildProcess | undefined;

  /** Starts the process. */
  constructor(order: WorkerOrder, hear: (event: CrewEvent) => void) {
    this.name = order.name;
    this.#child = start(order);
    this.#input = this.#child.stdin.getWriter();
    this.#heard = this.#listen(hear);
  }

  /** Makes it think for a whole lease in its next update. */
  async linger(): Promise<void> {
    await this.#input.write(new TextEncoder().encode(LINGER + "\n"));
  }

  /** Ends it without a word, as a crash or a power cut does. */
  async kill(): Promise<void> {
    this.#expectedToEnd = true;
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#heard;
    this.doing = "killed";
  }

  /** Stops it in its tracks, as a suspended machine or a long pause of a collector does. */
  freeze(): void {
    this.#guard = startGuard(this.#child.pid);
    this.#child.kill("SIGSTOP");
    this.doing = "frozen";
  }

  /** Lets a frozen worker go on, as if nothing had happened. */
  thaw(): void {
    this.doing = "working";
    this.#child.kill("SIGCONT");
    this.#dismissGuard();
  }

  #dismissGuard(): void {
    quietly(() => this.#guard?.kill("SIGKILL"));
    this.#guard = undefined;
  }

  /** Lets it finish its update and end; kills it where that takes too long. */
  async end(): Promise<void> {
    this.#expectedToEnd = true;
    if (this.doing === "frozen") this.thaw();
    await this.#input.close().catch(() => {});
    const late = setTimeout(() => quietly(() => this.#child.kill("SIGKILL")), 5_000);
    await this.#child.status;
    await this.#heard;
    clearTimeout(late);
  }

  /** Kills it now, whatever it does. */
  async destroy(): Promise<void> {
    this.#expectedToEnd = true;
    quietly(() => this.#child.kill("SIGKILL"));
    this.#dismissGuard();
    await this.#child.status;
  }

  async #listen(hear: (event: CrewEvent) => void): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const event: WorkerEvent = JSON.parse(line);
        this.#note(event);
        hear({ ...event, from: this });
      }
    }
    if (this.#expectedToEnd) return;
    hear({ type: "failed", message: `${this.name} ended by itself`, from: this });
  }

  #note(event: WorkerEvent): void {
    if (event.type === "granted") {
      this.token = event.token;
      this.doing = "holding";
    }
    if (event.type === "granted" || event.type === "renewed") {
      this.leaseEnds = event.at + event.remainingMs;
    }
    if (event.type === "ready" || event.type === "released" || event.type === "lost") {
      this.token = undefined;
      this.doing = "waiting";
    }
  }
}

/** The permissions are what a worker needs, and no more. */
function start(order: WorkerOrder): Deno.ChildProcess {
  const { folder, connection } = order;
  const host = connection.endpoint === undefined ? "" : `=${new URL(connection.endpoint).host}`;
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-env=AWS_*", `--allow-net${host}`],
      ...[`--allow-read=${folder}`, `--allow-write=${folder}`],
      ...[new URL("worker.ts", import.meta.url).href, JSON.stringify(order)],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/**
 * Thaws a worker when the demo has gone, however it went: a worker ends with its standard input, but a
 * frozen one cannot see that.
 */
function startGuard(pid: number): Deno.ChildProcess | undefined {
  try {
    const args = ["-c", `read -r line; kill -CONT ${pid}`];
    return new Deno.Command("sh", { args, stdin: "piped", stdout: "null", stderr: "null" }).spawn();
  } catch {
    return undefined; // a system without a shell
  }
}

/** Sends a signal to a process that may have ended already. */
function quietly(kill: () => void): void {
  try {
    kill();
  } catch {
    // It has.
  }
}

/** All workers. */
export class Crew {
  readonly workers: Worker[] = [];
  /** How many updates they told of. */
  updates = 0;
  /** How often a worker held the lock, by its own account, and another one had a newer grant. */
  overlaps = 0;
  readonly #order: Omit<WorkerOrder, "name">;
  readonly #listeners = new Set<(event: CrewEvent) => void>();

  /** A crew without workers yet. */
  constructor(order: Omit<WorkerOrder, "name">) {
    this.#order = order;
    this.listen((event) => {
      if (event.type === "updated") this.updates++;
      if (event.type === "refused" && event.held) this.overlaps++;
    });
  }

  /** Starts a worker in a free place, or in that of a dead one. */
  hire(place: number = this.workers.length): Worker {
    const order = { ...this.#order, name: `worker ${place + 1}` };
    const worker = new Worker(order, (event) => this.#listeners.forEach((hear) => hear(event)));
    this.workers[place] = worker;
    return worker;
  }

  /** Hears of everything; returns how to stop that. */
  listen(hear: (event: CrewEvent) => void): () => void {
    this.#listeners.add(hear);
    return () => this.#listeners.delete(hear);
  }

  /** The next event that fits, or `undefined` when there is none for this long. */
  next<E extends CrewEvent>(
    fits: (event: CrewEvent) => event is E,
    withinMs: number,
  ): Promise<E | undefined> {
    return new Promise((resolve) => {
      const leave = (event: E | undefined) => {
        clearTimeout(late);
        unlisten();
        resolve(event);
      };
      const late = setTimeout(() => leave(undefined), withinMs);
      const unlisten = this.listen((event) => {
        if (fits(event)) leave(event);
      });
    });
  }

  /** Lets all of them finish and end. */
  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end()));
  }

  /** Kills all of them at once. */
  async destroy(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.destroy()));
  }
}
