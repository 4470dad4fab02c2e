/**
 * The only file that touches globals: clocks, timers, randomness, `fetch` and the environment.
 *
 * Everything else takes a {@link Runtime}, so that a test can hand it clocks that step, timers that
 * wait for nobody and a network that loses answers.
 *
 * @module
 */

/** One instant, read on both local clocks at once. */
export interface Moment {
  /** The wall clock: milliseconds since 1970, as `Date.now()`. It can step either way. */
  readonly wall: number;
  /** The monotonic clock: milliseconds, as `performance.now()`. It may stand still in a suspend. */
  readonly mono: number;
}

/** An opaque timer: a number on some runtimes, an object on others. */
export type Timer = unknown;

/** What the package needs of its surroundings. */
export interface Runtime {
  /** Reads both clocks. */
  now(): Moment;
  /** A number in [0, 1), for jitter. It need not be unguessable. */
  random(): number;
  /** 128 unguessable random bits as 32 hexadecimal digits. */
  randomId(): string;
  /**
   * Calls back once after `ms` milliseconds. A `background` timer does not keep the process alive.
   */
  setTimer(callback: () => void, ms: number, background?: boolean): Timer;
  /** Cancels a timer. Harmless when it has fired. */
  clearTimer(timer: Timer): void;
  /** Sends a request. */
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** A named variable of the environment, or `undefined` where it is not set or may not be read. */
  env(name: string): string | undefined;
  /**
   * Whether promises and timers belong to one request, as on Cloudflare Workers. There nothing that
   * waits may be shared between callers.
   */
  readonly isolatesRequests: boolean;
}

interface Surroundings {
  process?: { env?: Record<string, string | undefined> };
  navigator?: { userAgent?: string };
  WebSocketPair?: unknown;
}

const surroundings = globalThis as unknown as Surroundings;

function env(name: string): string | undefined {
  try {
    // One named variable at a time: reading them all would ask for every permission on Deno.
    return surroundings.process?.env?.[name];
  } catch {
    return undefined; // no permission to read it is the same as not set
  }
}

function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The runtime of this process. Nothing of it is read before it is first used. */
export const systemRuntime: Runtime = {
  now: () => ({ wall: Date.now(), mono: performance.now() }),
  random: () => Math.random(),
  randomId,
  setTimer(callback, ms, background = false) {
    const timer = setTimeout(callback, ms);
    // An object on Node, Bun, Deno and recent Workers; a number has nothing to keep alive.
    if (background) (timer as { unref?(): void }).unref?.();
    return timer;
  },
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  fetch: (url, init) => fetch(url, init),
  env,
  get isolatesRequests() {
    // The second is of Workers whose compatibility date is before that of the first.
    return surroundings.navigator?.userAgent === "Cloudflare-Workers" ||
      surroundings.WebSocketPair !== undefined;
  },
};
