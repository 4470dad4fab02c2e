/**
 * The file that the workers update: a number that each of them reads, thinks about and writes back
 * one higher.
 *
 * Two workers that do so at once lose an update: that is what the lock is for. What it cannot do alone
 * is stop a worker that froze between its last look at the lease and its write. So the file does what
 * every guarded resource should: it keeps the greatest fencing token that it has seen, and refuses
 * whoever comes with a smaller one.
 *
 * @module
 */

/** What is in the file. */
export interface Contents {
  /** The number that the workers count up. */
  readonly value: number;
  /** How many writes were accepted. With a lock that works it equals `value`. */
  readonly writes: number;
  /** The greatest fencing token that came with a read or a write. */
  readonly token: number;
  /** How many grants of the lock got as far as this file. */
  readonly grants: number;
  /** Whether each grant's token was greater than those of all grants before it. */
  readonly rising: boolean;
  /** How many reads and writes were refused because their token was too small. */
  readonly refused: number;
}

const EMPTY: Contents = { value: 0, writes: 0, token: 0, grants: 0, rising: true, refused: 0 };

/** The guarded file. Every process opens its own. */
export class GuardedFile {
  readonly #file: string;
  readonly #draft: string;
  readonly #latch: string;

  /** Works in this folder, which must exist. */
  constructor(folder: string) {
    this.#file = `${folder}/counter.json`;
    this.#draft = `${folder}/counter.json.draft`;
    this.#latch = `${folder}/latch`;
  }

  /**
   * Reads the number. The token is kept as seen from here on: had it to wait for the first write, an
   * older holder's late write could still come in between.
   *
   * @returns the number, or `undefined` where the token is too old.
   */
  read(token: number | null): Promise<number | undefined> {
    return this.#atOnce((before) => {
      if (token === null) return [before, before.value];
      if (token <= before.token) {
        return [{ ...before, refused: before.refused + 1, rising: false }, undefined];
      }
      return [{ ...before, token, grants: before.grants + 1 }, before.value];
    });
  }

  /** Writes the number; `false` where the token is too old. */
  write(value: number, token: number | null): Promise<boolean> {
    return this.#atOnce((before) => {
      if (token !== null && token < before.token) {
        return [{ ...before, refused: before.refused + 1 }, false];
      }
      return [{ ...before, value, writes: before.writes + 1 }, true];
    });
  }

  /** What is in the file now. */
  contents(): Promise<Contents> {
    return this.#atOnce((before) => [before, before]);
  }

  /**
   * Makes one step atomic: comparing the token and writing must be one. This latch of the operating
   * system is held for the step alone, never while a worker thinks, so it does not replace the lock.
   */
  async #atOnce<T>(step: (before: Contents) => [after: Contents, result: T]): Promise<T> {
    using latch = await Deno.open(this.#latch, { create: true, write: true });
    await latch.lock(true); // given back when the file is closed, also by the death of the process
    const before = await this.#load();
    const [after, result] = step(before);
    if (after !== before) {
      // Moved into place as a whole: a killed worker must not leave half a file.
      await Deno.writeTextFile(this.#draft, JSON.stringify(after));
      await Deno.rename(this.#draft, this.#file);
    }
    return result;
  }

  async #load(): Promise<Contents> {
    try {
      return JSON.parse(await Deno.readTextFile(this.#file));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return EMPTY;
      throw error;
    }
  }
}
