/**
 * The lock table: made, checked, or printed for CloudFormation, CDK and Terraform.
 *
 * A lock table needs a partition key of type string and, so that forgotten locks go away, TTL on the
 * attribute `purge`. The functions take the table and the connection as `LockManager` does: without
 * options they work on the table that `lock` uses.
 *
 * @example Make sure that the table is there before the first lock
 * ```ts
 * import { lock } from "@x/dynamo-lock";
 * import { ensureTable } from "@x/dynamo-lock/table";
 *
 * await ensureTable();
 * await using lease = await lock("invoice/42");
 * console.log(lease.held); // true
 * ```
 *
 * @example One table and connection for both; a manager's other options are refused here
 * ```ts
 * import { LockManager } from "@x/dynamo-lock";
 * import { ensureTable } from "@x/dynamo-lock/table";
 *
 * const where = { table: "team-locks", region: "eu-west-1" };
 * await ensureTable(where);
 * await using locks = new LockManager({ ...where, leaseMs: 30_000 });
 * await using lease = await locks.acquire("invoice/43");
 * console.log(lease.held); // true
 * ```
 *
 * | function | permissions that it needs on the table |
 * | --- | --- |
 * | {@linkcode checkTable} | `dynamodb:DescribeTable`, `dynamodb:DescribeTimeToLive` |
 * | {@linkcode ensureTable} | the same while nothing is missing, else those of `createTable` |
 * | {@linkcode createTable} | these, `dynamodb:CreateTable`, `dynamodb:UpdateTimeToLive`, and `dynamodb:TagResource` for `tags` |
 * | {@linkcode tableDefinition} | none: it sends no request |
 *
 * Locks themselves need none of these, only `dynamodb:GetItem` and `dynamodb:UpdateItem`; and for
 * `transact` and `conditionCheck` also `dynamodb:ConditionCheckItem`, for `list` and `query` `dynamodb:Scan`.
 *
 * @module
 */

export { checkTable, type TableReport } from "./table/check.ts";
export { createTable, ensureTable, type TableOutcome } from "./table/create.ts";
export {
  type CloudFormationTable,
  tableDefinition,
  type TableDefinitionOptions,
  type TerraformTable,
} from "./table/definition.ts";
export type { CheckTableOptions, CreateTableOptions } from "./table/options.ts";
export type { ConnectionOptions } from "./options/connection.ts";
export type { TableProblem, TableProblemCode } from "./table/problems.ts";
export type { TableOptions } from "./records/place.ts";
export type { DynamoClient } from "./dynamodb/client.ts";
export type { AwsCredentialIdentity, AwsCredentialProvider } from "./credentials/identity.ts";
export type { Moment, Runtime, Timer } from "./runtime.ts";
