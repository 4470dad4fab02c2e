/**
 * The caller's own writes, in one transaction with a check or the release of a lease's grant.
 *
 * @module
 */

import { checkOptions, ofType, refuse, textOf } from "../checks.ts";
import { isDynamoError } from "../dynamodb/errors.ts";
import { type LockError, LockServiceError, LockTransactionError } from "../errors.ts";
import type { CheckInput } from "../records/layout.ts";
import { NAMES_MAX } from "../records/place.ts";
import type { Item } from "../records/record.ts";
import type { ProtocolContext } from "./context.ts";
import { type CallLimits, elementOf, type WriteOutcome } from "./lock_table.ts";
import type { Proposal } from "./proposal.ts";
import { lossOf, type RenewalOutcome } from "./renewal.ts";

/** An element of `TransactWriteItems` in DynamoDB's JSON: one of its members is set. */
export interface TransactWriteItem {
  /** Checks an item. */
  readonly ConditionCheck?: object;
  /** Writes an item. */
  readonly Put?: object;
  /** Changes an item. */
  readonly Update?: object;
  /** Deletes an item. */
  readonly Delete?: object;
}

/** Options of `lease.transact`. */
export interface TransactOptions {
  /**
   * Gives the lock back in the same transaction. The lease ends with the call, whatever becomes of the
   * writes: where they do not land, the lock is given back without them. @default {false}
   */
  readonly release?: boolean | undefined;
  /**
   * Makes a call that is repeated with the same elements and the same token, within ten minutes and
   * under the same lease, the same transaction: 1 to 36 characters. @default {a new one}
   *
   * @example Send it again where nobody knows whether it landed
   * ```ts
   * import { isLockError, lock } from "@x/dynamo-lock";
   *
   * await using lease = await lock("account/9");
   * const Update = {
   *   TableName: "accounts",
   *   Key: { id: { S: "9" } },
   *   UpdateExpression: "ADD balance :amount",
   *   ExpressionAttributeValues: { ":amount": { N: "10" } },
   * };
   * const clientRequestToken = crypto.randomUUID();
   * const deposit = () => lease.transact([{ Update }], { clientRequestToken });
   *
   * await deposit().catch((error) => {
   *   if (!isLockError(error) || error.code !== "UNAVAILABLE") throw error;
   *   return deposit(); // it is added once, whether or not the first one was
   * });
   * ```
   */
  readonly clientRequestToken?: string | undefined;
}

/** Options of `lease.conditionCheck`. */
export interface ConditionCheckOptions {
  /** Which of the lease's names is checked; needed where it has several. */
  readonly name?: string | undefined;
  /**
   * `"json"` is DynamoDB's own JSON, for `DynamoClient` and `DynamoDBClient` of the AWS SDK;
   * `"document"` has plain values, for the SDK's `DynamoDBDocumentClient`. @default {"json"}
   */
  readonly format?: "json" | "document" | undefined;
}

/** An element of a transaction that fails where the lease's grant is not in the record any more. */
export interface LeaseConditionCheck {
  /** The check. */
  readonly ConditionCheck: {
    /** The lock table. */
    readonly TableName: string;
    /** The key of the lock's item, in the format asked for. */
    // deno-lint-ignore no-explicit-any -- whatever the caller's SDK calls a value
    readonly Key: Record<string, any>;
    /** The condition. */
    readonly ConditionExpression: string;
    /** What its placeholders stand for. */
    readonly ExpressionAttributeNames: Record<string, string>;
    /** The values that it compares with, where it does, in the format asked for. */
    // deno-lint-ignore no-explicit-any -- whatever the caller's SDK calls a value
    readonly ExpressionAttributeValues?: Record<string, any>;
  };
}

const KINDS = ["ConditionCheck", "Put", "Update", "Delete"];

/** Checks what a caller wants to write under a lease of so many names. */
export function checkTransact(
  items: readonly TransactWriteItem[],
  options: TransactOptions,
  names: number,
): TransactOptions {
  const action = "transact";
  const most = NAMES_MAX - names;
  if (!Array.isArray(items) || items.length < 1 || items.length > most) {
    const many = Array.isArray(items) ? items.length : items;
    refuse(RangeError, action, "items", `1 to ${most} elements`, many);
  }
  for (const item of items) {
    const keys = Object.keys(item ?? {});
    if (keys.length !== 1 || !KINDS.includes(keys[0]!)) {
      refuse(TypeError, action, "items", `objects with one of ${KINDS.join(", ")}`, keys.join());
    }
  }
  return checkOptions(action, options, {
    release: ofType("boolean"),
    clientRequestToken: textOf(1, 36),
  });
}

/** What became of the caller's writes. */
export interface TransactOutcome extends RenewalOutcome {
  /** They landed. */
  readonly applied?: boolean;
}

/** Runs the transaction. The elements of the lock come first, so that theirs are the first reasons. */
export async function transact(
  { table }: ProtocolContext,
  proposal: Proposal,
  items: readonly TransactWriteItem[],
  { release, clientRequestToken }: TransactOptions,
  limits: CallLimits,
): Promise<TransactOutcome> {
  const { names } = proposal;
  const own = names.map((name) => {
    if (release) return elementOf(table.layout.release(name, proposal));
    const check = table.layout.guard(name, proposal);
    return { ConditionCheck: { ...check, ReturnValuesOnConditionCheckFailure: "ALL_OLD" } };
  });
  const outcome = await table.transact([...own, ...items], names, limits, clientRequestToken);
  if (outcome.applied) return { applied: true };
  const error = outcome.error === undefined ? undefined : explain(outcome, names);
  // A grant that is gone explains more than what else was in the way.
  return lossOf(proposal, outcome.records) ?? { error };
}

/** The error of a transaction that was cancelled for what the caller put into it. */
function explain({ error, doubtful }: WriteOutcome, names: readonly string[]): unknown {
  const { cause, code } = error as LockError;
  // An attempt before it that nobody answered may have landed, or may still: that is no "nothing was written".
  if (doubtful) return error;
  if (!isDynamoError(cause)) return error;
  if (cause.cancellationReasons === undefined) {
    if (code === "UNAVAILABLE" || code === "CREDENTIALS" || code === "REGION") return error;
    // A table of the caller's, or the text of an element: it need not be about the lock.
    const message = `Cannot transact under lock '${names[0]}' as it was refused: ${cause.code}`;
    return new LockServiceError("REFUSED", message, names[0], cause);
  }
  const reasons = cause.cancellationReasons
    .map((reason, at) => ({ ...reason, index: at - names.length }))
    .filter(({ index, code }) => index >= 0 && code !== "None");
  // Those of the lock's own elements are conflicts, which pass.
  if (reasons.length === 0) return error;
  const what = reasons.map(({ index, code }) => `${index} ${code}`).join(", ");
  const message = `Cannot transact under lock '${names[0]}' as elements were refused: ${what}`;
  return new LockTransactionError(message, names[0], cause, reasons);
}

/** The element that checks a grant. */
export function conditionCheck(
  { table }: ProtocolContext,
  proposal: Proposal,
  options: ConditionCheckOptions,
): LeaseConditionCheck {
  const action = "make a condition check";
  const { names } = proposal;
  const { name = names.length > 1 ? undefined : names[0], format = "json" } = checkOptions(
    action,
    options,
    { name: ofType("string"), format: ofType("string") },
  );
  if (name === undefined || !names.includes(name)) {
    refuse(RangeError, action, "name", "one of the lease's names", name);
  }
  if (format !== "json" && format !== "document") {
    refuse(RangeError, action, "format", "'json' or 'document'", format);
  }
  const check: CheckInput = table.layout.guard(name, proposal);
  if (format === "json") return { ConditionCheck: check };
  const values = check.ExpressionAttributeValues;
  return {
    ConditionCheck: {
      ...check,
      Key: plain(check.Key),
      ...(values && { ExpressionAttributeValues: plain(values) }),
    },
  };
}

/** Texts, numbers and bytes as the document client has them. */
function plain(item: Item): Record<string, unknown> {
  const values = Object.entries(item).map(([name, value]) => {
    const [[type, content]] = Object.entries(value) as [[string, string]];
    return [
      name,
      type === "N"
        ? Number(content)
        : type === "B"
        ? Uint8Array.from(atob(content), (letter) => letter.charCodeAt(0))
        : content,
    ];
  });
  return Object.fromEntries(values);
}
