/**
 * What can be wrong with a lock table, found by pure functions in what DynamoDB says about it.
 *
 * @module
 */

import type { TablePlace } from "../records/layout.ts";
import { TTL_ATTRIBUTE } from "./definition.ts";

/** What is wrong with a table. The codes are stable; messages are not. */
export type TableProblemCode =
  /** There is no such table in this Region and account. */
  | "NOT_FOUND"
  /** It cannot be used now: it is being created or deleted, is archived, or its key is lost. */
  | "NOT_ACTIVE"
  /** The partition key has another name. */
  | "PARTITION_KEY_NAME"
  /** The partition key is not a string. */
  | "PARTITION_KEY_TYPE"
  /** It has no sort key, where one is configured. */
  | "SORT_KEY_MISSING"
  /** It has a sort key, where none is configured. */
  | "SORT_KEY_UNEXPECTED"
  /** The sort key has another name. */
  | "SORT_KEY_NAME"
  /** The sort key is not a string. */
  | "SORT_KEY_TYPE"
  /** TTL is off, or is being turned off: locks work, but the records of forgotten ones stay. */
  | "TTL_OFF"
  /** TTL is on another attribute: locks work, but the records of forgotten ones stay. */
  | "TTL_ATTRIBUTE"
  /** The credentials lack the permission to find out. */
  | "ACCESS_DENIED";

/** One thing that is wrong with a table. */
export interface TableProblem {
  /** What it is, as a stable string. */
  readonly code: TableProblemCode;
  /** What it is and how to set it right, for people. */
  readonly message: string;
}

/** A problem whose text goes on after the name of the table: `is not active: ...`. */
export interface Finding {
  readonly code: TableProblemCode;
  readonly text: string;
}

/** What `DescribeTable` says, as far as it matters. */
export interface TableDescription {
  readonly TableStatus?: string;
  readonly KeySchema?: readonly { readonly AttributeName: string; readonly KeyType: string }[];
  readonly AttributeDefinitions?: readonly {
    readonly AttributeName: string;
    readonly AttributeType: string;
  }[];
}

/** What `DescribeTimeToLive` says. */
export interface TimeToLive {
  readonly TimeToLiveStatus?: string;
  readonly AttributeName?: string;
}

/** Whether locks work on a table in this state. While it is being updated it goes on serving. */
export function isUsable({ TableStatus }: TableDescription): boolean {
  return TableStatus === "ACTIVE" || TableStatus === "UPDATING";
}

/** What is wrong with the state of a table. */
export function judgeStatus(description: TableDescription): Finding[] {
  if (isUsable(description)) return [];
  const text = `is not active: its status is ${description.TableStatus ?? "unknown"}`;
  return [{ code: "NOT_ACTIVE", text }];
}

/** The layouts of other lock clients, by the keys that only their tables have. */
const LAYOUTS: Readonly<Record<string, string>> = {
  LockID: "terraform",
  LockId: "dynaLock",
  ["lock_key"]: "pythonDynamodbLock",
  ["resource_id"]: "dynamoDlm",
};

/** What is wrong with the key of a table. */
export function judgeKey(place: TablePlace, description: TableDescription): Finding[] {
  const { partitionKey, sortKey } = place;
  const nameOf = (type: string) =>
    description.KeySchema?.find((element) => element.KeyType === type)?.AttributeName;
  const partition = nameOf("HASH") ?? "";
  const sort = nameOf("RANGE");
  const findings: Finding[] = [];
  if (partition !== partitionKey) {
    const layout = LAYOUTS[partition];
    const text = `has the partition key '${partition}' instead of '${partitionKey}': ` +
      (layout === undefined
        ? "name it in 'table.partitionKey'"
        : `it is one for the layout '${layout}' of ./layouts, or name it in 'table.partitionKey'`);
    findings.push({ code: "PARTITION_KEY_NAME", text });
  }
  findings.push(...judgeType(description, "PARTITION_KEY_TYPE", "partition key", partition));
  if (sort === undefined) {
    if (sortKey === undefined) return findings;
    const text = `has no sort key, where 'table.sortKey' is '${sortKey}'`;
    return [...findings, { code: "SORT_KEY_MISSING", text }];
  }
  if (sortKey === undefined) {
    const text = `has the sort key '${sort}': name it in 'table.sortKey'`;
    findings.push({ code: "SORT_KEY_UNEXPECTED", text });
  } else if (sort !== sortKey) {
    const text = `has the sort key '${sort}' instead of '${sortKey}': name it in 'table.sortKey'`;
    findings.push({ code: "SORT_KEY_NAME", text });
  }
  return [...findings, ...judgeType(description, "SORT_KEY_TYPE", "sort key", sort)];
}

const TYPES: Readonly<Record<string, string>> = { N: "a number", B: "binary" };

function judgeType(
  { AttributeDefinitions = [] }: TableDescription,
  code: TableProblemCode,
  key: string,
  name: string,
): Finding[] {
  const type = AttributeDefinitions.find((each) => each.AttributeName === name)?.AttributeType;
  if (type === undefined || type === "S") return [];
  const text = `has the ${key} '${name}' of type ${TYPES[type] ?? type}, where a string is needed`;
  return [{ code, text }];
}

/** What is wrong with TTL. `ENABLING` and `DISABLING` last for up to an hour. */
export function judgeTimeToLive({ TimeToLiveStatus, AttributeName }: TimeToLive): Finding[] {
  const on = TimeToLiveStatus === "ENABLED" || TimeToLiveStatus === "ENABLING";
  if (on && AttributeName === TTL_ATTRIBUTE) return [];
  if (on) {
    const text = `has TTL on '${AttributeName}' instead of '${TTL_ATTRIBUTE}': if it must stay, ` +
      "pass 'timeToLive: false'";
    return [{ code: "TTL_ATTRIBUTE", text }];
  }
  const text = TimeToLiveStatus === "DISABLING"
    ? "has TTL being turned off, which takes up to an hour: turn it on again on " +
      `'${TTL_ATTRIBUTE}' after that`
    : `has TTL off: turn it on, on the attribute '${TTL_ATTRIBUTE}'`;
  return [{ code: "TTL_OFF", text }];
}
