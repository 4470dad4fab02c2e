/**
 * The worker processes, as the runner and the nemesis see them.
 *
 * @module
 */

import type { Phase, WorkerEvent, WorkerOrder } from "./messages.ts";

/** Hears what a worker tells. */
export type Hearer = (worker: Worker, event: WorkerEvent) => void;

/** One worker process: one life in its place. */
export class Worker {
  readonly order: WorkerOrder;
  /** It runs and has said so. */
  ready = false;
  ended = false;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #done: Promise<void>;
  #endIsPlanned = false;

  constructor(order: WorkerOrder, hear: Hearer) {
    this.order = order;
    const { lockEndpoint, dataEndpoint, canary } = order;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--no-check", "--allow-env=AWS_*,DYNAMO_LOCK_TABLE"],
        `--allow-net=${[lockEndpoint, dataEndpoint, canary].map((url) => new URL(url).host)}`,
        ...[new URL("worker.ts", import.meta.url).href, JSON.stringify(order)],
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#done = this.#live(hear);
  }

  /** Tells it what to do from now on. A dead worker does not hear it. */
  async tell(phase: Phase): Promise<void> {
    if (phase.kind === "end") this.#endIsPlanned = true;
    const line = new TextEncoder().encode(JSON.stringify(phase) + "\n");
    await this.#input.write(line).catch(() => {});
  }

  /** Stops it in its tracks, as a suspended machine or a long pause of a collector does. */
  freeze(): void {
    this.#signal("SIGSTOP");
  }

  /** Lets a frozen worker go on as if nothing had happened. */
  thaw(): void {
    this.#signal("SIGCONT");
  }

  /** Ends it without a word, and waits until it is gone. */
  async kill(): Promise<void> {
    this.#endIsPlanned = true;
    this.#signal("SIGKILL");
    await this.#done;
  }

  /** Waits until it has ended by itself; kills it where that takes too long. */
  async end(limitMs: number): Promise<void> {
    const late = setTimeout(() => this.#signal("SIGKILL"), limitMs);
    await this.#done;
    clearTimeout(late);
  }

  #signal(signal: Deno.Signal): void {
    if (this.ended) return;
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended this very moment.
    }
  }

  async #live(hear: Hearer): Promise<void> {
    let rest = "";
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) hear(this, JSON.parse(line));
      this.ready = true;
    }
    await this.#child.status;
    this.ended = true;
    await this.#input.close().catch(() => {});
    if (this.#endIsPlanned) return;
    hear(this, { type: "failed", message: `${this.order.name} ended by itself` });
  }
}

/** What is the same for all workers. */
export type CrewOrder = Omit<WorkerOrder, "name" | "accessKeyId" | "phase">;

/** All workers, one a place. A place whose worker was killed is empty until somebody is hired. */
export class Crew {
  readonly places: (Worker | undefined)[];
  readonly #order: CrewOrder;
  readonly #hear: Hearer;
  readonly #lives: number[];
  #phase: Phase;
  #closed = false;

  constructor(size: number, order: CrewOrder, phase: Phase, hear: Hearer) {
    this.places = Array(size).fill(undefined);
    this.#lives = Array(size).fill(0);
    this.#order = order;
    this.#phase = phase;
    this.#hear = hear;
    for (let place = 0; place < size; place++) this.hire(place);
  }

  /** Starts a process in an empty place. */
  hire(place: number): void {
    if (this.#closed) return;
    const name = `w${place + 1}.${++this.#lives[place]!}`;
    const accessKeyId = keyOf(place);
    const order = { ...this.#order, name, accessKeyId, phase: this.#phase };
    this.places[place] = new Worker(order, this.#hear);
  }

  /** The place of the worker that the proxy knows by this key. */
  placeOf(accessKeyId: string): number {
    return this.places.findIndex((_, place) => keyOf(place) === accessKeyId);
  }

  /** Tells everybody, and whoever is hired later, what to do. */
  async tell(phase: Phase): Promise<void> {
    this.#phase = phase;
    await Promise.all(this.places.map((worker) => worker?.tell(phase)));
  }

  /** Lets everybody finish and end. */
  async end(limitMs: number): Promise<void> {
    await this.tell({ kind: "end" });
    await Promise.all(this.places.map((worker) => worker?.end(limitMs)));
    await this.destroy();
  }

  /** Kills everybody, for good. */
  async destroy(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.places.map((worker) => worker?.kill()));
  }
}

/** DynamoDB Local takes letters and digits only. */
export function keyOf(place: number): string {
  return `worker${place + 1}`;
}
