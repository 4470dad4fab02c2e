/**
 * Runs one step of the gate or of CI as a process, and reads from its output how many tests passed.
 *
 * @module
 */

import { ROOT } from "../offline/config.ts";

/** How many tests, or steps without tests of their own, went which way. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** What became of a step. */
export interface Outcome extends Counts {
  readonly ok: boolean;
  readonly ms: number;
  /** Everything that the process printed, without colours. */
  readonly output: string;
}

/** How to run a step. */
export interface StepOptions {
  /** The whole environment of the process; this process's own by default. */
  readonly env?: Record<string, string>;
  /** Called with each line as it is printed. */
  readonly onLine?: (line: string) => void;
  /** The process is killed, and the step has failed, after this long. */
  readonly limitMs?: number;
}

// deno-lint-ignore no-control-regex -- colours are control sequences
const COLOURS = /\x1b\[[0-9;]*m/g;
const TOTAL = /^(?:\w+: )?(\d+) passed, (\d+) failed(?:, \d+ skipped)?$/gm;
const DENO_SUMMARY = /^(?:ok|FAILED) \| (\d+) passed(?: \([^)]*\))? \| (\d+) failed/gm;

/**
 * Reads the counts from a step's output: its last line of the form `N passed, N failed` (one word
 * with a colon may stand before it), otherwise the sum of Deno's own summary lines, otherwise
 * `undefined`.
 */
export function readCounts(output: string): Counts | undefined {
  const total = [...output.matchAll(TOTAL)].at(-1);
  const found = total === undefined ? [...output.matchAll(DENO_SUMMARY)] : [total];
  if (found.length === 0) return undefined;
  const sum = (group: number) => found.reduce((n, match) => n + Number(match[group]), 0);
  return { passed: sum(1), failed: sum(2) };
}

/**
 * Turns the output and the success of a process into an outcome. A step that counts no tests counts
 * as one; one that fails without saying which test did, as when it crashed, has one failure.
 */
export function judge(success: boolean, output: string): Counts & { ok: boolean } {
  const { passed, failed } = readCounts(output) ?? { passed: success ? 1 : 0, failed: 0 };
  const ok = success && failed === 0;
  return { passed, failed: ok ? 0 : Math.max(failed, 1), ok };
}

async function collect(
  stream: ReadableStream<Uint8Array>,
  onLine: (line: string) => void,
): Promise<void> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const text = decoder.decode(bytes, { stream: true });
    const lines = (rest + text.replace(COLOURS, "")).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(onLine);
  }
  if (rest !== "") onLine(rest);
}

/** Runs `command` at the root of the project and waits for it. */
export async function runStep(command: string[], options: StepOptions = {}): Promise<Outcome> {
  const started = performance.now();
  const lines: string[] = [];
  const onLine = (line: string) => {
    lines.push(line);
    options.onLine?.(line);
  };
  const child = new Deno.Command(command[0]!, {
    args: command.slice(1),
    cwd: ROOT,
    env: { ...(options.env ?? Deno.env.toObject()), NO_COLOR: "1" },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const limitMs = options.limitMs ?? 15 * 60_000;
  const limit = setTimeout(() => {
    onLine(`killed: still running after ${limitMs / 1000} s`);
    child.kill("SIGKILL");
  }, limitMs);
  const [status] = await Promise.all([
    child.status.finally(() => clearTimeout(limit)),
    collect(child.stdout, onLine),
    collect(child.stderr, onLine),
  ]);
  const output = lines.join("\n");
  return { ...judge(status.success, output), ms: performance.now() - started, output };
}
