/**
 * The command line of the demo.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { LockManager, type LockManagerOptions } from "../mod.ts";

/** What the demo was asked to do. */
export interface Flags {
  readonly workers: number;
  /** How long to go on, unless `updates` says when to stop. */
  readonly seconds: number;
  readonly updates: number | undefined;
  readonly leaseMs: number;
  readonly lock: boolean;
  readonly json: boolean;
  readonly aws: boolean;
  readonly endpoint: string | undefined;
  readonly table: string | undefined;
  readonly help: boolean;
}

/** What `--help` prints. */
export const HELP =
  `Several processes fight for one lock. One is killed while it holds the lock, another
is frozen past its lease. No update may be lost.

Usage: deno task demo [options]

  --workers <n>      processes that fight, 2 to 32 (4)
  --seconds <n>      how long, 1 to 3600 (14; 4 with --no-lock)
  --updates <n>      or how many updates instead
  --lease <ms>       the lease in milliseconds, 2000 to 60000 (2000)
  --no-lock          without the lock, to see updates get lost
  --json             print only the summary, as one line of JSON
  --endpoint <url>   use this DynamoDB, such as DynamoDB Local, instead of the one inside the demo
  --aws              use the DynamoDB that the AWS environment names; the table is made if missing
  --table <name>     the table (dynamo-lock)
  --help             print this

It ends with code 0, with 1 when the lock did not do what it must, and with 2 on wrong options.
`;

const OPTIONS = {
  workers: { type: "string" },
  seconds: { type: "string" },
  updates: { type: "string" },
  lease: { type: "string" },
  "no-lock": { type: "boolean" },
  json: { type: "boolean" },
  endpoint: { type: "string" },
  aws: { type: "boolean" },
  table: { type: "string" },
  help: { type: "boolean" },
} as const;

/**
 * Understands the command line.
 *
 * @throws {TypeError} For an unknown option, or one without its value.
 * @throws {RangeError} For a value that is out of range.
 */
export function parseFlags(args: string[]): Flags {
  const { values } = parseArgs({ args, options: OPTIONS, strict: true, allowPositionals: false });
  const lock = values["no-lock"] !== true;
  if (values.seconds !== undefined && values.updates !== undefined) {
    throw new RangeError("Cannot use '--seconds' and '--updates' together");
  }
  if (values.endpoint !== undefined && values.aws) {
    throw new RangeError("Cannot use '--endpoint' and '--aws' together");
  }
  asOfLocks("endpoint", values.endpoint);
  asOfLocks("table", values.table);
  return {
    workers: whole("workers", values.workers, 2, 32) ?? 4,
    seconds: whole("seconds", values.seconds, 1, 3_600) ?? (lock ? 14 : 4),
    updates: whole("updates", values.updates, 1, 1_000_000),
    leaseMs: whole("lease", values.lease, 2_000, 60_000) ?? 2_000,
    lock,
    json: values.json === true,
    aws: values.aws === true,
    endpoint: values.endpoint,
    table: values.table,
    help: values.help === true,
  };
}

/** Refuses what a lock manager would refuse. One that is not used needs no closing. */
function asOfLocks(name: "endpoint" | "table", value: string | undefined): void {
  const options: LockManagerOptions = { [name]: value };
  try {
    new LockManager(options);
  } catch (error) {
    throw new RangeError(`Cannot use '--${name}': ${(error as Error).message}`);
  }
}

function whole(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new RangeError(
    `Cannot use '--${name}' as it must be a whole number from ${least} to ${most}: ` +
      `current value is '${text}'`,
  );
}
