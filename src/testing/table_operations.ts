/**
 * The operations on tables and their time to live.
 *
 * @module
 */

import type { Database } from "./database.ts";
import { constraint, ServiceError, validation } from "./errors.ts";
import {
  type Input,
  optionalString,
  readChoice,
  readFlag,
  readInput,
  readInteger,
  readTableName,
} from "./input.ts";
import type { KeyAttribute, KeySchema } from "./keys.ts";
import { Table } from "./tables.ts";
import { readTags } from "./tags.ts";
import { itemSize, list, record } from "./values.ts";

const CREATE_PARAMETERS: ReadonlySet<string> = new Set([
  "TableName",
  "AttributeDefinitions",
  "KeySchema",
  "BillingMode",
  "ProvisionedThroughput",
  "DeletionProtectionEnabled",
  "TableClass",
  "Tags",
]);
const ONLY_NAME: ReadonlySet<string> = new Set(["TableName"]);
const LIST_PARAMETERS: ReadonlySet<string> = new Set(["ExclusiveStartTableName", "Limit"]);
const UPDATE_PARAMETERS: ReadonlySet<string> = new Set(["TableName", "DeletionProtectionEnabled"]);
const TTL_PARAMETERS: ReadonlySet<string> = new Set(["TableName", "TimeToLiveSpecification"]);
const TTL_SPECIFICATION: ReadonlySet<string> = new Set(["AttributeName", "Enabled"]);
/** `ListTables` gives at most this many names at once. */
const MAX_LISTED = 100;

/** `CreateTable`: the table is active at once. */
export function createTable(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "CreateTable", CREATE_PARAMETERS);
  const name = readTableName(input);
  const billingMode = readChoice(input, "BillingMode", ["PROVISIONED", "PAY_PER_REQUEST"]);
  const throughput = readThroughput(input, billingMode);
  const schema = readSchema(input);
  if (database.tables.find(name) !== undefined) {
    throw new ServiceError("ResourceInUseException", `Table already exists: ${name}`);
  }
  const table = new Table({
    name,
    schema,
    billingMode,
    ...throughput,
    tableClass: readTableClass(input),
    tags: readTags(input),
    createdAt: database.now(),
    deletionProtection: readFlag(input, "DeletionProtectionEnabled"),
  });
  database.tables.add(table);
  return { TableDescription: describe(table) };
}

function readTableClass(input: Input): string | undefined {
  if ((input["TableClass"] ?? undefined) === undefined) return undefined;
  return readChoice(input, "TableClass", ["STANDARD", "STANDARD_INFREQUENT_ACCESS"]);
}

function readThroughput(
  input: Input,
  billingMode: string,
): { readCapacity: number; writeCapacity: number } {
  const given = input["ProvisionedThroughput"];
  const absent = given === undefined || given === null;
  if (billingMode === "PAY_PER_REQUEST") {
    if (absent) return { readCapacity: 0, writeCapacity: 0 };
    throw validation(
      "One or more parameter values were invalid: Neither ReadCapacityUnits nor " +
        "WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
    );
  }
  if (absent) {
    throw validation(
      "One or more parameter values were invalid: ReadCapacityUnits and WriteCapacityUnits must " +
        "both be specified when BillingMode is PROVISIONED",
    );
  }
  const units = record(given);
  const readCapacity = readInteger(units, "ReadCapacityUnits", 1);
  const writeCapacity = readInteger(units, "WriteCapacityUnits", 1);
  if (readCapacity === undefined || writeCapacity === undefined) {
    const missing = readCapacity === undefined ? "readCapacityUnits" : "writeCapacityUnits";
    throw constraint(null, `provisionedThroughput.${missing}`, "not be null");
  }
  return { readCapacity, writeCapacity };
}

function readSchema(input: Input): KeySchema {
  const types = new Map<string, KeyAttribute["type"]>();
  for (const definition of list(input["AttributeDefinitions"] ?? [])) {
    const fields = record(definition);
    const type = readChoice(fields, "AttributeType", ["S", "N", "B"]);
    types.set(optionalString(fields, "AttributeName") ?? "", type);
  }
  const elements = list(input["KeySchema"] ?? []).map((element) => {
    const fields = record(element);
    return {
      name: optionalString(fields, "AttributeName") ?? "",
      kind: readChoice(fields, "KeyType", ["HASH", "RANGE"]),
    };
  });
  if (elements.length === 0 || elements.length > 2) {
    throw constraint(
      `[${elements.map(({ name }) => name).join(", ")}]`,
      "keySchema",
      `have length ${
        elements.length === 0 ? "greater than or equal to 1" : "less than or equal to 2"
      }`,
    );
  }
  elements.forEach(({ kind }, i) => {
    if (kind !== (i === 0 ? "HASH" : "RANGE")) {
      throw validation(
        `Invalid KeySchema: The ${i === 0 ? "first" : "second"} KeySchemaElement is not a ` +
          `${i === 0 ? "HASH" : "RANGE"} key type`,
      );
    }
  });
  const keys = elements.map(({ name }) => ({ name, type: types.get(name) }));
  const undefinedKey = keys.find(({ type }) => type === undefined);
  if (undefinedKey !== undefined) {
    throw validation(
      "One or more parameter values were invalid: Some index key attributes are not defined in " +
        `AttributeDefinitions. Keys: [${keys.map(({ name }) => name).join(", ")}], ` +
        `AttributeDefinitions: [${[...types.keys()].join(", ")}]`,
    );
  }
  if (types.size !== new Set(keys.map(({ name }) => name)).size || types.size !== keys.length) {
    throw validation(
      "One or more parameter values were invalid: Number of attributes in KeySchema does not " +
        "exactly match number of attributes defined in AttributeDefinitions",
    );
  }
  const [partition, sort] = keys as KeyAttribute[];
  return { partition: partition as KeyAttribute, sort };
}

/** `DescribeTable` */
export function describeTable(database: Database, body: unknown): Record<string, unknown> {
  return { Table: describe(existing(database, readInput(body, "DescribeTable", ONLY_NAME))) };
}

/** `DeleteTable`: the table is gone at once. */
export function deleteTable(database: Database, body: unknown): Record<string, unknown> {
  const table = existing(database, readInput(body, "DeleteTable", ONLY_NAME));
  if (table.settings.deletionProtection) {
    throw validation(
      "Resource cannot be deleted as it is currently protected against deletion. " +
        "Disable deletion protection first.",
    );
  }
  database.tables.remove(table.settings.name);
  return { TableDescription: { ...describe(table), TableStatus: "DELETING" } };
}

/** `UpdateTable`, of the deletion protection alone. */
export function updateTable(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "UpdateTable", UPDATE_PARAMETERS);
  const table = existing(database, input);
  if (input["DeletionProtectionEnabled"] === undefined) {
    throw validation("At least one of the parameters of UpdateTable must be given");
  }
  table.settings.deletionProtection = readFlag(input, "DeletionProtectionEnabled");
  return { TableDescription: describe(table) };
}

/** `ListTables` */
export function listTables(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "ListTables", LIST_PARAMETERS);
  const limit = readInteger(input, "Limit", 1, MAX_LISTED) ?? MAX_LISTED;
  const after = optionalString(input, "ExclusiveStartTableName");
  const names = database.tables.names().filter((name) => after === undefined || name > after);
  const page = names.slice(0, limit);
  return {
    TableNames: page,
    ...(names.length > limit ? { LastEvaluatedTableName: page.at(-1) } : {}),
  };
}

/** `UpdateTimeToLive`: it takes effect at once. */
export function updateTimeToLive(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "UpdateTimeToLive", TTL_PARAMETERS);
  const specification = readInput(
    input["TimeToLiveSpecification"] ?? {},
    "TimeToLiveSpecification",
    TTL_SPECIFICATION,
  );
  const attribute = optionalString(specification, "AttributeName");
  if (attribute === undefined) {
    throw constraint(null, "timeToLiveSpecification.attributeName", "not be null");
  }
  if (attribute === "") {
    throw constraint(
      "",
      "timeToLiveSpecification.attributeName",
      "have length greater than or equal to 1",
    );
  }
  if (specification["Enabled"] === undefined) {
    throw constraint(null, "timeToLiveSpecification.enabled", "not be null");
  }
  const enabled = readFlag(specification, "Enabled");
  const table = existing(database, input);
  const present = table.ttlAttribute;
  if (enabled === (present !== undefined) && (!enabled || present === attribute)) {
    throw validation(`TimeToLive is already ${enabled ? "enabled" : "disabled"}`);
  }
  if (present !== undefined && present !== attribute) {
    throw validation(
      "TimeToLive is active on a different AttributeName: current AttributeName is " + present,
    );
  }
  table.ttlAttribute = enabled ? attribute : undefined;
  return { TimeToLiveSpecification: { AttributeName: attribute, Enabled: enabled } };
}

/** `DescribeTimeToLive` */
export function describeTimeToLive(database: Database, body: unknown): Record<string, unknown> {
  const table = existing(database, readInput(body, "DescribeTimeToLive", ONLY_NAME));
  return {
    TimeToLiveDescription: table.ttlAttribute === undefined
      ? { TimeToLiveStatus: "DISABLED" }
      : { TimeToLiveStatus: "ENABLED", AttributeName: table.ttlAttribute },
  };
}

function existing(database: Database, input: Input): Table {
  const name = readTableName(input);
  const table = database.tables.find(name);
  if (table !== undefined) return table;
  throw new ServiceError(
    "ResourceNotFoundException",
    `Requested resource not found: Table: ${name} not found`,
  );
}

function describe(table: Table): Record<string, unknown> {
  const { name, schema, billingMode, createdAt, tableClass } = table.settings;
  const keys = [schema.partition, ...(schema.sort === undefined ? [] : [schema.sort])];
  const items = table.items();
  return {
    AttributeDefinitions: keys.map((key) => ({ AttributeName: key.name, AttributeType: key.type })),
    TableName: name,
    KeySchema: keys.map((key, i) => ({
      AttributeName: key.name,
      KeyType: i === 0 ? "HASH" : "RANGE",
    })),
    TableStatus: "ACTIVE",
    CreationDateTime: createdAt / 1000,
    ProvisionedThroughput: {
      NumberOfDecreasesToday: 0,
      ReadCapacityUnits: table.settings.readCapacity,
      WriteCapacityUnits: table.settings.writeCapacity,
    },
    TableSizeBytes: items.reduce((bytes, item) => bytes + itemSize(item), 0),
    ItemCount: items.length,
    TableArn: `arn:aws:dynamodb:us-east-1:000000000000:table/${name}`,
    ...(billingMode === "PAY_PER_REQUEST"
      ? {
        BillingModeSummary: {
          BillingMode: billingMode,
          LastUpdateToPayPerRequestDateTime: createdAt / 1000,
        },
      }
      : {}),
    ...(tableClass === undefined ? {} : { TableClassSummary: { TableClass: tableClass } }),
    DeletionProtectionEnabled: table.settings.deletionProtection,
  };
}
