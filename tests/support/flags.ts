/** What the command lines of the longer suites have in common: wrong flags are refused, with the usage. */

// deno-lint-ignore-file no-console -- it reports to the terminal

/** The number that a flag gives; refused where it is none, or out of its range. */
export function numberFlag(
  name: string,
  text: string,
  least: number,
  most: number,
  whole = true,
): number {
  const value = text.trim() === "" ? NaN : Number(text);
  if (value >= least && value <= most && (!whole || Number.isInteger(value))) return value;
  const range = `${whole ? "a whole number " : ""}from ${least} to ${most}`;
  throw new RangeError(`Cannot run as '--${name}' must be ${range}: current value is ${text}`);
}

/**
 * Understands the command line. Prints `help` and ends the process where it asks for help, with code 0,
 * and where it is wrong, with code 2.
 */
export function parseOrExit<T>(parse: (args: string[]) => T | undefined, help: string): T {
  try {
    const wanted = parse(Deno.args);
    if (wanted !== undefined) return wanted;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${help}`);
    Deno.exit(2);
  }
  console.log(help);
  Deno.exit(0);
}
