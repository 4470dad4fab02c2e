/**
 * Sends the same request to MemoryDynamo and to DynamoDB Local and compares the answers.
 *
 * @module
 */

import { normalizeNumber } from "../../../src/testing/numbers.ts";
import { type Answer, errorMessage, errorType, send } from "../send.ts";
import { sameMessage, severalFaults } from "./known.ts";

/** One request. */
export interface Call {
  readonly operation: string;
  // deno-lint-ignore no-explicit-any
  readonly input: any;
}

/** Where requests go. */
export interface Pair {
  readonly memory: (call: Call) => Promise<Answer>;
  readonly local: (call: Call) => Promise<Answer>;
}

/** Both of them. */
export function pair(memory: typeof fetch, localEndpoint: string): Pair {
  return {
    memory: ({ operation, input }) => send(memory, "http://memory/", operation, input),
    local: ({ operation, input }) => send(fetch, localEndpoint, operation, input),
  };
}

/** How closely answers are compared. */
export interface Closeness {
  /**
   * Whether the request was generated: it may then have several faults, of which either may be
   * reported, and numbers that Local gives back as they came.
   */
  readonly generated: boolean;
}

/** Sends a request to both. @throws where the answers differ, with both of them in the text. */
export async function compare(
  { memory, local }: Pair,
  call: Call,
  closeness: Closeness,
): Promise<Answer> {
  const ours = await memory(call);
  const theirs = await local(call);
  const problem = difference(call, ours, theirs, closeness);
  if (problem === undefined) return ours;
  throw new Error(
    `${problem}\nrequest: ${JSON.stringify(call)}\nmemory: ${ours.status} ` +
      `${JSON.stringify(ours.body)}\nlocal:  ${theirs.status} ${JSON.stringify(theirs.body)}`,
  );
}

function difference(
  call: Call,
  ours: Answer,
  theirs: Answer,
  { generated }: Closeness,
): string | undefined {
  if (generated && onlyLocalRefuses(ours, theirs)) return undefined;
  if (ours.status !== theirs.status) return "Other status";
  const expected = withoutQuirks(call, theirs.body, generated);
  if (ours.status === 200) {
    return same(answerOf(call, ours.body), answerOf(call, expected)) ? undefined : "Other answer";
  }
  const refusals = refusalsOf(ours);
  if (refusals.length > 0) {
    return sameRefusal(refusals, theirs, generated) ? undefined : "Other refusal";
  }
  if (errorType(ours) !== errorType(theirs)) return "Other error";
  if (!sameMessage(errorMessage(ours) ?? "", errorMessage(theirs) ?? "")) return "Other message";
  if (!same(canonical(ours.body.Item), canonical(expected["Item"]))) return "Other item";
  if (!same(reasons(ours.body), reasons(expected))) return "Other cancellation reasons";
  return undefined;
}

/** Local refuses the last key of a range as a start. */
function onlyLocalRefuses(ours: Answer, theirs: Answer): boolean {
  return ours.status === 200 && ours.body.ScannedCount === 0 &&
    /does not match the range key predicate/.test(errorMessage(theirs) ?? "");
}

function sameRefusal(ours: readonly string[], theirs: Answer, generated: boolean): boolean {
  const [refusal] = refusalsOf(theirs);
  // Local looks at conditions and tokens before it refuses some transactions.
  if (refusal === undefined) {
    const type = errorType(theirs);
    return generated && (type === "IdempotentParameterMismatchException" ||
      ours.includes("Transaction request cannot include multiple operations on one item"));
  }
  return ours.some((text) =>
    sameMessage(text, refusal) || (generated && severalFaults(text, refusal))
  );
}

/** The texts of a refused request, whatever it was refused as; none of a failed condition. */
function refusalsOf(answer: Answer): string[] {
  const type = errorType(answer);
  const message = errorMessage(answer) ?? "";
  if (type === "ValidationException" || type === "ResourceNotFoundException") return [message];
  if (type !== "TransactionCanceledException") return [];
  const reasons: { Code: string; Message?: string }[] = answer.body.CancellationReasons ??
    [{ Code: "ValidationError", Message: message }];
  return reasons.filter(({ Code }) => Code === "ValidationError").map(({ Message }) =>
    Message ?? ""
  );
}

/** Reasons by code and item; their texts are compared as messages are. */
// deno-lint-ignore no-explicit-any
function reasons(body: any): unknown {
  return canonical(
    body.CancellationReasons?.map((reason: Record<string, unknown>) => ({
      Code: reason["Code"],
      Item: reason["Item"],
    })),
  );
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** The part of an answer that must be equal. */
function answerOf({ operation, input }: Call, body: Record<string, unknown>): unknown {
  const text = JSON.stringify(input);
  const result = canonical(body) as Record<string, unknown>;
  const freeInLocal = body["ScannedCount"] === 0 || operation === "BatchGetItem";
  const dearInLocal = operation === "TransactWriteItems" && /"(Update|Delete)":/.test(text);
  if (freeInLocal || dearInLocal) delete result["ConsumedCapacity"];
  // A scan's order is nobody's promise, so a page of one is compared by its size.
  if (operation === "Scan") {
    delete result["LastEvaluatedKey"];
    if (body["LastEvaluatedKey"] !== undefined) delete result["Items"];
    result["Items"] = sorted(result["Items"]);
  }
  if (operation === "BatchGetItem") {
    for (const [table, items] of Object.entries(result["Responses"] as object)) {
      (result["Responses"] as Record<string, unknown>)[table] = sorted(items);
    }
  }
  return result;
}

/** An answer of Local without what is known of it. */
function withoutQuirks(
  { operation, input }: Call,
  body: object,
  generated: boolean,
): Record<string, unknown> {
  const raw = generated || operation === "UpdateItem";
  const result = (raw ? plainNumbers(body) : { ...body }) as Record<string, unknown>;
  const asked = (input.ReturnConsumedCapacity ?? "NONE") !== "NONE";
  if (operation === "DeleteItem" && !asked) delete result["ConsumedCapacity"];
  return result;
}

/** Numbers in one spelling. */
function plainNumbers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plainNumbers);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, content]) => [
      name,
      name === "N" && typeof content === "string"
        ? normalizeNumber(content)
        : plainNumbers(content),
    ]),
  );
}

function sorted(items: unknown): unknown {
  return Array.isArray(items)
    ? items.map((item) => JSON.stringify(item)).sort().map((text) => JSON.parse(text))
    : items;
}

/** Members in one order, sets too; `undefined` stays. */
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, content]) => [
    name,
    ["SS", "NS", "BS"].includes(name) && Array.isArray(content)
      ? [...content].sort()
      : canonical(content),
  ]));
}
