/**
 * Transactions: all of their actions, or none.
 *
 * @module
 */

import { Consumed, readUnits, writeUnits } from "./capacity.ts";
import type { Database } from "./database.ts";
import { constraint, KeyMismatch, ServiceError, validation } from "./errors.ts";
import type { Path } from "./expressions/paths.ts";
import { type Input, optionalString, readChoice, readInput, readTableName } from "./input.ts";
import { projected, readProjection } from "./item_operations.ts";
import { checkPathsBelowKey, type ItemKey, itemKey, readKey } from "./keys.ts";
import type { Table } from "./tables.ts";
import { type AttributeMap, itemSize, list } from "./values.ts";
import {
  allows,
  outcome,
  readWrite,
  store,
  type Write,
  WRITE_PARAMETERS,
  type WriteKind,
} from "./writes.ts";

/** A transaction has at most this many actions. */
const MAX_ACTIONS = 100;
/** All its items together have at most this many bytes. */
const MAX_BYTES = 4 * 1024 * 1024;
/** A token is remembered this long after the transaction. */
const TOKEN_LIFE_MS = 10 * 60 * 1000;
const MAX_TOKEN_LENGTH = 36;
/** A unit of capacity is used twice: to prepare, and to commit. */
const PHASES = 2;

const WRITE_INPUT: ReadonlySet<string> = new Set([
  "TransactItems",
  "ClientRequestToken",
  "ReturnConsumedCapacity",
  "ReturnItemCollectionMetrics",
]);
const GET_INPUT: ReadonlySet<string> = new Set(["TransactItems", "ReturnConsumedCapacity"]);
const GET_MEMBERS: ReadonlySet<string> = new Set(["Get"]);
const GET_ACTION: ReadonlySet<string> = new Set([
  "TableName",
  "Key",
  "ExpressionAttributeNames",
  "ProjectionExpression",
]);
const KINDS: readonly WriteKind[] = ["ConditionCheck", "Put", "Delete", "Update"];
const KIND_NAMES: ReadonlySet<string> = new Set(KINDS);
const KNOWN: Readonly<Record<WriteKind, ReadonlySet<string>>> = {
  ConditionCheck: new Set(WRITE_PARAMETERS.ConditionCheck),
  Put: new Set(WRITE_PARAMETERS.Put),
  Delete: new Set(WRITE_PARAMETERS.Delete),
  Update: new Set(WRITE_PARAMETERS.Update),
};

/** A transaction that a token stands for. */
interface Committed {
  readonly body: string;
  readonly expires: number;
  readonly reads: readonly { readonly table: string; readonly units: number }[];
}

/** The transactions that the tokens of the last ten minutes stand for. */
export class TokenMemory {
  readonly #committed = new Map<string, Committed>();

  /** The transaction of a token that is still remembered. */
  find(token: string, now: number): Committed | undefined {
    const committed = this.#committed.get(token);
    return committed !== undefined && committed.expires > now ? committed : undefined;
  }

  /** Remembers a transaction, and forgets those whose time is over. */
  add(token: string, committed: Omit<Committed, "expires">, now: number): void {
    for (const [known, { expires }] of this.#committed) {
      if (expires > now) break; // tokens stand in the order of their time
      this.#committed.delete(known);
    }
    this.#committed.delete(token);
    this.#committed.set(token, { ...committed, expires: now + TOKEN_LIFE_MS });
  }
}

/** `TransactWriteItems` */
export function transactWriteItems(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "TransactWriteItems", WRITE_INPUT);
  const actions = readActions(input);
  const token = readToken(input);
  readChoice(input, "ReturnItemCollectionMetrics", ["NONE", "SIZE"]);
  const consumed = new Consumed(input);
  const writes = actions.map((action, i) => readAction(action, i, database));
  checkDistinct(writes);
  const text = token === undefined ? "" : JSON.stringify(input["TransactItems"]);
  const replay = token === undefined ? undefined : database.tokens.find(token, database.now());
  if (replay !== undefined) {
    if (replay.body !== text) throw new ServiceError("IdempotentParameterMismatchException", "");
    for (const { table, units } of replay.reads) consumed.add(table, { read: units });
    return consumed.several(true);
  }
  const outcomes = decide(writes);
  for (const { write, item } of outcomes) store(write, item);
  const figures = outcomes.map(({ write, old, item }) => ({
    table: write.table.settings.name,
    write: writeUnits(old, item) * PHASES,
    read: readUnits(item === undefined ? 0 : itemSize(item), true),
  }));
  for (const { table, write } of figures) consumed.add(table, { write });
  if (token !== undefined) {
    const reads = figures.map(({ table, read }) => ({ table, units: read }));
    database.tokens.add(token, { body: text, reads }, database.now());
  }
  return consumed.several(true);
}

function readActions(input: Input): readonly unknown[] {
  const given = input["TransactItems"];
  if (given === undefined || given === null) throw constraint(null, "transactItems", "not be null");
  const actions = list(given);
  if (actions.length === 0) {
    throw constraint("[]", "transactItems", "have length greater than or equal to 1");
  }
  if (actions.length > MAX_ACTIONS) {
    throw constraint(
      `[${actions.length} actions]`,
      "transactItems",
      `have length less than or equal to ${MAX_ACTIONS}`,
    );
  }
  return actions;
}

function readToken(input: Input): string | undefined {
  const token = optionalString(input, "ClientRequestToken");
  if (token !== undefined && token.length > MAX_TOKEN_LENGTH) {
    throw constraint(
      token,
      "clientRequestToken",
      `have length less than or equal to ${MAX_TOKEN_LENGTH}`,
    );
  }
  return token === "" ? undefined : token;
}

function readAction(action: unknown, index: number, database: Database): Write | KeyMismatch {
  const members = readInput(action, "a transaction's action", KIND_NAMES);
  const kinds = KINDS.filter((kind) => members[kind] !== undefined && members[kind] !== null);
  const [kind] = kinds;
  if (kind === undefined) {
    throw validation(
      "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request",
    );
  }
  if (kinds.length > 1) {
    throw validation("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  const input = readInput(members[kind], `a transaction's ${kind}`, KNOWN[kind]);
  for (
    const [needed, by] of [["ConditionExpression", "ConditionCheck"], [
      "UpdateExpression",
      "Update",
    ]]
  ) {
    if (kind === by && (input[needed as string] ?? undefined) === undefined) {
      const path = `${kind.charAt(0).toLowerCase()}${kind.slice(1)}`;
      const member = `${(needed as string).charAt(0).toLowerCase()}${(needed as string).slice(1)}`;
      throw constraint(null, `transactItems.${index + 1}.member.${path}.${member}`, "not be null");
    }
  }
  return orMismatch(() => readWrite(kind, input, database.tables));
}

/** A key that does not fit is one reason among the others', not an error of the request. */
function orMismatch<T>(read: () => T): T | KeyMismatch {
  try {
    return read();
  } catch (error) {
    if (error instanceof KeyMismatch) return error;
    throw error;
  }
}

function checkDistinct(items: readonly ({ table: Table; key: ItemKey } | KeyMismatch)[]): void {
  const seen = new Set<string>();
  for (const item of items) {
    if (item instanceof KeyMismatch) continue;
    const { table, key } = item;
    const id = JSON.stringify([table.settings.name, key.partition, key.sort]);
    if (seen.has(id)) {
      throw validation("Transaction request cannot include multiple operations on one item");
    }
    seen.add(id);
  }
}

interface Outcome {
  readonly write: Write;
  readonly old: AttributeMap | undefined;
  readonly item: AttributeMap | undefined;
}

/** Judges every action before any is applied; one that fails cancels them all. */
function decide(writes: readonly (Write | KeyMismatch)[]): Outcome[] {
  const outcomes: Outcome[] = [];
  const reasons: Record<string, unknown>[] = [];
  let cancelled = false;
  for (const write of writes) {
    try {
      if (write instanceof KeyMismatch) throw write;
      const old = write.table.get(write.key);
      if (allows(write, old)) {
        outcomes.push({ write, old, item: outcome(write, old) });
        reasons.push({ Code: "None" });
        continue;
      }
      reasons.push({
        Code: "ConditionalCheckFailed",
        ...(write.returnOld && old !== undefined ? { Item: old } : {}),
        Message: "The conditional request failed",
      });
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      reasons.push({ Code: "ValidationError", Message: error.message });
    }
    cancelled = true;
  }
  if (cancelled) throw cancellation(reasons);
  const bytes = outcomes.reduce(
    (sum, { item }) => sum + (item === undefined ? 0 : itemSize(item)),
    0,
  );
  if (bytes > MAX_BYTES) {
    throw validation("Transaction request size has exceeded the maximum allowed size of 4 MB");
  }
  return outcomes;
}

function cancellation(reasons: readonly Record<string, unknown>[]): ServiceError {
  const codes = reasons.map((reason) => reason["Code"]).join(", ");
  return new ServiceError(
    "TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`,
    { CancellationReasons: reasons },
  );
}

/** `TransactGetItems` */
export function transactGetItems(database: Database, body: unknown): Record<string, unknown> {
  const input = readInput(body, "TransactGetItems", GET_INPUT);
  const consumed = new Consumed(input);
  const gets = readActions(input).map((action, i) => readGet(action, i, database));
  checkDistinct(gets);
  const found = gets.flatMap((get) => get instanceof KeyMismatch ? [] : [get]);
  if (found.length < gets.length) throw cancellation(gets.map(getReason));
  const responses = found.map(({ table, key, paths }) => {
    const item = table.get(key);
    const units = readUnits(item === undefined ? 0 : itemSize(item), true) * PHASES;
    consumed.add(table.settings.name, { read: units });
    return item === undefined ? {} : { Item: projected(item, paths) };
  });
  return { ...consumed.several(true), Responses: responses };
}

interface Get {
  readonly table: Table;
  readonly key: ItemKey;
  readonly paths: Path[] | undefined;
}

function getReason(get: Get | KeyMismatch): Record<string, unknown> {
  return get instanceof KeyMismatch
    ? { Code: "ValidationError", Message: get.message }
    : { Code: "None" };
}

function readGet(action: unknown, index: number, database: Database): Get | KeyMismatch {
  const members = readInput(action, "a transaction's action", GET_MEMBERS);
  if ((members["Get"] ?? undefined) === undefined) {
    throw constraint(null, `transactItems.${index + 1}.member.get`, "not be null");
  }
  const input = readInput(members["Get"], "a transaction's Get", GET_ACTION);
  const name = readTableName(input);
  const paths = readProjection(input);
  const table = database.tables.get(name);
  checkPathsBelowKey(table.schema, paths ?? []);
  return orMismatch(() => ({
    table,
    key: itemKey(table.schema, readKey(table.schema, input["Key"])),
    paths,
  }));
}
