/**
 * The lock table as a plain object, for tools that make tables.
 *
 * @module
 */

// deno-lint-ignore-file camelcase -- these are Terraform's own names

import { checkOptions, refuse } from "../checks.ts";
import { placeOf, type TableOptions } from "../records/place.ts";
import type { TablePlace } from "../records/layout.ts";
import { type CreateTableOptions, DEFAULT_TABLE, DEFINITION_CHECKS } from "./options.ts";

/** Options of `tableDefinition`. */
export interface TableDefinitionOptions {
  /** The lock table. The environment is not looked at. @default {"dynamo-lock"} */
  readonly table?: string | TableOptions | undefined;
  /** Whether TTL is turned on, on the attribute `purge`. @default {true} */
  readonly timeToLive?: boolean | undefined;
  /** Whether the table is protected against deletion. @default {false} */
  readonly deletionProtection?: boolean | undefined;
  /** Tags of the table, at most 50. */
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

/** The properties of an `AWS::DynamoDB::Table` of CloudFormation. */
export interface CloudFormationTable {
  /** The table's name. */
  TableName: string;
  /** No capacity to plan: a lock costs what it uses. */
  BillingMode: "PAY_PER_REQUEST";
  /** The types of the key attributes. */
  AttributeDefinitions: { AttributeName: string; AttributeType: "S" }[];
  /** The key. */
  KeySchema: { AttributeName: string; KeyType: "HASH" | "RANGE" }[];
  /** TTL, unless it was left out. */
  TimeToLiveSpecification?: { AttributeName: string; Enabled: true };
  /** Present where it was asked for. */
  DeletionProtectionEnabled?: true;
  /** Present where there are any. */
  Tags?: { Key: string; Value: string }[];
}

/** The arguments of an `aws_dynamodb_table` of Terraform, as its JSON syntax wants them. */
export interface TerraformTable {
  /** The table's name. */
  name: string;
  /** No capacity to plan: a lock costs what it uses. */
  billing_mode: "PAY_PER_REQUEST";
  /** The partition key. */
  hash_key: string;
  /** The sort key, where there is one. */
  range_key?: string;
  /** The types of the key attributes. */
  attribute: { name: string; type: "S" }[];
  /** TTL, unless it was left out. */
  ttl?: { attribute_name: string; enabled: true };
  /** Present where it was asked for. */
  deletion_protection_enabled?: true;
  /** Present where there are any. */
  tags?: Record<string, string>;
}

/** The attribute that TTL must be on, in epoch seconds. */
export const TTL_ATTRIBUTE = "purge";

/**
 * The lock table as the properties of CloudFormation's `AWS::DynamoDB::Table`. In CDK it is a
 * `CfnResource`.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When an option is out of its range.
 *
 * @example CloudFormation
 * ```ts
 * import { tableDefinition } from "@x/dynamo-lock/table";
 *
 * const template = {
 *   Resources: {
 *     Locks: {
 *       Type: "AWS::DynamoDB::Table",
 *       DeletionPolicy: "Retain",
 *       Properties: tableDefinition({ table: "dynamo-lock" }),
 *     },
 *   },
 * };
 * console.log(JSON.stringify(template, null, 2));
 * ```
 *
 * @example CDK
 * ```ts ignore
 * import { CfnResource } from "aws-cdk-lib";
 *
 * new CfnResource(this, "Locks", {
 *   type: "AWS::DynamoDB::Table",
 *   properties: tableDefinition({ table: "dynamo-lock" }),
 * });
 * ```
 */
export function tableDefinition(
  options?: TableDefinitionOptions,
  tool?: "cloudformation",
): CloudFormationTable;
/**
 * The lock table as the arguments of Terraform's `aws_dynamodb_table`, in its JSON syntax.
 *
 * @throws {TypeError} When an option has the wrong type or does not exist.
 * @throws {RangeError} When an option is out of its range.
 *
 * @example A file for Terraform, such as `locks.tf.json`
 * ```ts
 * import { tableDefinition } from "@x/dynamo-lock/table";
 *
 * const locks = tableDefinition({ deletionProtection: true }, "terraform");
 * console.log(JSON.stringify({ resource: { aws_dynamodb_table: { locks } } }, null, 2));
 * ```
 */
export function tableDefinition(
  options: TableDefinitionOptions | undefined,
  tool: "terraform",
): TerraformTable;
export function tableDefinition(
  options: TableDefinitionOptions = {},
  tool: "cloudformation" | "terraform" = "cloudformation",
): CloudFormationTable | TerraformTable {
  const action = "define a lock table";
  const set = checkOptions(action, options, DEFINITION_CHECKS);
  const place = placeOf(set.table ?? DEFAULT_TABLE);
  if (tool === "cloudformation") return cloudFormation(place, set);
  if (tool === "terraform") return terraform(place, set);
  return refuse(RangeError, action, "tool", "'cloudformation' or 'terraform'", tool);
}

/** The input of `CreateTable`. TTL is a request of its own. */
export function createTableInput(
  place: TablePlace,
  options: CreateTableOptions,
): Omit<CloudFormationTable, "TimeToLiveSpecification"> {
  const { TimeToLiveSpecification: _, ...input } = cloudFormation(place, options);
  return { ...input, TableName: place.name };
}

function cloudFormation(place: TablePlace, options: TableDefinitionOptions): CloudFormationTable {
  const keys = keyNames(place);
  const tags = Object.entries(options.tags ?? {});
  return {
    TableName: nameOf(place),
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: keys.map((name) => ({ AttributeName: name, AttributeType: "S" })),
    KeySchema: keys.map((name, index) => ({
      AttributeName: name,
      KeyType: index === 0 ? "HASH" : "RANGE",
    })),
    ...(options.timeToLive !== false && {
      TimeToLiveSpecification: { AttributeName: TTL_ATTRIBUTE, Enabled: true },
    }),
    ...(options.deletionProtection === true && { DeletionProtectionEnabled: true }),
    ...(tags.length > 0 && { Tags: tags.map(([Key, Value]) => ({ Key, Value })) }),
  };
}

function terraform(place: TablePlace, options: TableDefinitionOptions): TerraformTable {
  const { partitionKey, sortKey } = place;
  const { tags = {} } = options;
  return {
    name: nameOf(place),
    billing_mode: "PAY_PER_REQUEST",
    hash_key: partitionKey,
    ...(sortKey !== undefined && { range_key: sortKey }),
    attribute: keyNames(place).map((name) => ({ name, type: "S" })),
    ...(options.timeToLive !== false && {
      ttl: { attribute_name: TTL_ATTRIBUTE, enabled: true },
    }),
    ...(options.deletionProtection === true && { deletion_protection_enabled: true }),
    ...(Object.keys(tags).length > 0 && { tags: { ...tags } }),
  };
}

function keyNames({ partitionKey, sortKey }: TablePlace): string[] {
  return sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];
}

/** These tools want a name where the locks may use an ARN. */
function nameOf({ name }: TablePlace): string {
  return name.slice(name.lastIndexOf("/") + 1);
}
