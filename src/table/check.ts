/**
 * Finds out whether a table can keep locks, and changes nothing.
 *
 * @module
 */

import { type CheckTableOptions, type OpenTable, openTable } from "./options.ts";
import {
  type Finding,
  judgeKey,
  judgeStatus,
  judgeTimeToLive,
  type TableProblem,
} from "./problems.ts";
import { codeOf, describeTable, describeTimeToLive, tableError } from "./requests.ts";

/** What `checkTable` found. */
export interface TableReport {
  /** Whether nothing is wrong. */
  readonly ok: boolean;
  /** The name of the table, as configured. */
  readonly table: string;
  /** Everything that is wrong. */
  readonly problems: readonly TableProblem[];
}

/**
 * Says what is wrong with a lock table, in two requests, and changes nothing. What it finds it
 * reports: it throws only where it cannot ask at all.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist, before any request.
 * @throws {RangeError} When an option is out of its range, before any request.
 * @throws {LockServiceError} When DynamoDB cannot be asked: no answer, no Region, no credentials.
 * @throws The reason of `options.signal`, untouched, when it aborts.
 *
 * @example
 * ```ts
 * import { checkTable } from "@x/dynamo-lock/table";
 *
 * const { problems } = await checkTable({ table: "dynamo-lock" });
 * for (const { code, message } of problems) console.warn(code, message);
 * ```
 */
export async function checkTable(options: CheckTableOptions = {}): Promise<TableReport> {
  const table = openTable("check a lock table", options);
  const { name } = table.place;
  const problems = (await findAll(table)).map(({ code, text }): TableProblem => ({
    code,
    message: `Table '${name}' ${text}`,
  }));
  return { ok: problems.length === 0, table: name, problems };
}

const NOT_FOUND: Finding = {
  code: "NOT_FOUND",
  text: "does not exist in this Region and account",
};

async function findAll(table: OpenTable): Promise<Finding[]> {
  const findings: Finding[] = [];
  const description = await unlessDenied(table, "DescribeTable", describeTable, findings);
  if (description === undefined) return [NOT_FOUND];
  if (description !== "denied") {
    const inactive = judgeStatus(description);
    findings.push(...inactive, ...judgeKey(table.place, description));
    // A table that is coming or going has no TTL to speak of.
    if (inactive.length > 0) return findings;
  }
  if (!table.timeToLive) return findings;
  try {
    const ttl = await unlessDenied(table, "DescribeTimeToLive", describeTimeToLive, findings);
    if (ttl !== "denied") findings.push(...judgeTimeToLive(ttl));
  } catch (error) {
    if (codeOf((error as Error).cause) !== "ResourceNotFoundException") throw error;
    findings.push(NOT_FOUND);
  }
  return findings;
}

/** Asks, and makes a finding of a missing permission. */
async function unlessDenied<T>(
  table: OpenTable,
  operation: string,
  ask: (table: OpenTable) => Promise<T>,
  findings: Finding[],
): Promise<T | "denied"> {
  try {
    return await ask(table);
  } catch (error) {
    if (codeOf(error) !== "AccessDeniedException") throw tableError(table, operation, error);
    const text = `may not be asked about: the credentials lack 'dynamodb:${operation}'`;
    findings.push({ code: "ACCESS_DENIED", text });
    return "denied";
  }
}
