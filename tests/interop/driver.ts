/**
 * A lock client in a process of its own, which is told what to do by lines of JSON.
 *
 * @module
 */

import { ownEnv } from "../gate/env.ts";

/** How a driver is started. */
export interface DriverCommand {
  readonly cmd: string;
  readonly args: string[];
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** What a driver answers. */
interface Answer {
  readonly ok: boolean;
  readonly error?: string;
  readonly held?: boolean;
  readonly released?: boolean;
  readonly done?: number;
}

/** A command that takes longer than this has failed. */
const ANSWER_LIMIT_MS = 60_000;

/** How long a caller waits for a lock, where it is not said. */
const WAIT_MS = 30_000;

const AWS = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "us-east-1",
  AWS_DEFAULT_REGION: "us-east-1",
};

/** One process with a lock client. Commands are carried out one after the other. */
export class Driver {
  /** What it is called in messages. */
  readonly name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  readonly #done: Promise<unknown>;
  #errors = "";
  #ended = false;

  private constructor(name: string, { cmd, args, cwd, env }: DriverCommand) {
    this.name = name;
    this.#child = new Deno.Command(cmd, {
      args,
      env: { ...ownEnv(), ...AWS, ...env },
      clearEnv: true,
      ...(cwd && { cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#done = Promise.all([
      this.#child.status,
      this.#lines(this.#child.stdout, (line) => this.#hear(line)),
      this.#lines(this.#child.stderr, (line) => this.#errors += `${line}\n`),
    ]).then(() => this.#end());
  }

  /** Starts a driver and opens its lock client. */
  static async start(name: string, command: DriverCommand, open: object): Promise<Driver> {
    const driver = new Driver(name, command);
    try {
      await driver.#send({ cmd: "open", ...open });
    } catch (error) {
      await driver.kill();
      throw error;
    }
    return driver;
  }

  /** Waits for a lock. */
  async acquire(name: string, timeoutMs: number = WAIT_MS): Promise<void> {
    const { held } = await this.#send({ cmd: "acquire", name, wait: true, timeoutMs });
    if (!held) throw new Error(`${this.name} did not get '${name}' in ${timeoutMs} ms`);
  }

  /** Tries to take a lock, and says whether it has got it. */
  async tryAcquire(name: string): Promise<boolean> {
    const order = { cmd: "acquire", name, wait: false, timeoutMs: WAIT_MS };
    return (await this.#send(order)).held === true;
  }

  /** Gives a lock back, and says whether it was still held. */
  async release(name: string): Promise<boolean> {
    return (await this.#send({ cmd: "release", name })).released === true;
  }

  /** Adds one to the number in a file, again and again, each time under a lock. */
  async count(name: string, file: string, rounds: number): Promise<number> {
    return (await this.#send({ cmd: "count", name, file, rounds })).done ?? 0;
  }

  /** Sends a command of this client's own. */
  async tell(order: { readonly cmd: string } & Record<string, unknown>): Promise<unknown> {
    return await this.#send(order);
  }

  /** Ends it without a word: a crash. */
  async kill(): Promise<void> {
    if (!this.#ended) this.#child.kill("SIGKILL");
    await this.#done;
  }

  /** Ends it in good order; after a while in the other way. */
  async exit(): Promise<void> {
    const late = setTimeout(() => this.kill(), 5_000);
    await this.#send({ cmd: "exit" }).catch(() => {});
    await this.#done;
    clearTimeout(late);
  }

  async #send(order: object): Promise<Answer> {
    if (this.#ended) throw new Error(`${this.name} has ended: ${this.#errors}`);
    const { promise, resolve } = Promise.withResolvers<Answer>();
    this.#waiting.push(resolve);
    const text = JSON.stringify(order);
    const late = setTimeout(
      () => resolve({ ok: false, error: `no answer in ${ANSWER_LIMIT_MS} ms` }),
      ANSWER_LIMIT_MS,
    );
    // A driver that has ended is told by its end, below.
    await this.#input.write(new TextEncoder().encode(text + "\n")).catch(() => {});
    const answer = await promise.finally(() => clearTimeout(late));
    if (answer.ok) return answer;
    throw new Error(`${this.name} answered ${text} with: ${answer.error} ${this.#errors}`.trim());
  }

  #hear(line: string): void {
    // Some clients talk on the standard output themselves.
    if (!line.startsWith('{"')) this.#errors += `${line}\n`;
    else this.#waiting.shift()?.(JSON.parse(line));
  }

  #end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve({ ok: false, error: "it has ended" });
    this.#input.abort().catch(() => {});
  }

  async #lines(stream: ReadableStream<Uint8Array>, hear: (line: string) => void): Promise<void> {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop()!;
      lines.forEach(hear);
    }
    if (rest !== "") hear(rest);
  }
}
