/** What a request on the wire is for, told by its condition, whatever its placeholders are called. */

/** A request as `MemoryDynamo` records it. */
export interface WireRequest {
  readonly operation: string;
  readonly input: unknown;
}

/** The steps of the protocol. */
export type Kind =
  | "acquire"
  | "join"
  | "take over"
  | "renew"
  | "hand over"
  | "release"
  | "close"
  | "mark"
  | "sweep"
  | "revoke"
  | "guard"
  | "read";

/** The parts of an `UpdateItem` and a `GetItem` that tests look at. */
export interface WireInput {
  readonly TableName: string;
  readonly Key: Record<string, { S: string }>;
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly ReturnValuesOnConditionCheckFailure: string;
  readonly ConsistentRead?: boolean;
}

/**
 * The step that a request is, or that a transaction is for its first lock; the operation's name where it
 * is none of them.
 */
export function kindOf(request: WireRequest): Kind | string {
  if (request.operation === "GetItem") return "read";
  if (request.operation === "TransactWriteItems") {
    const { TransactItems: [first] } = request.input as {
      TransactItems: [{ Update?: WireInput; ConditionCheck?: WireInput }];
    };
    if (first.ConditionCheck) return "guard";
    return first.Update ? stepOf(first.Update) : request.operation;
  }
  return request.operation === "UpdateItem"
    ? stepOf(request.input as WireInput)
    : request.operation;
}

/** The step that an update of a record is. */
export function stepOf(
  { UpdateExpression, ConditionExpression, ExpressionAttributeNames }: WireInput,
): Kind {
  const named = (expression: string) =>
    expression.replace(/#\w+/g, (placeholder) => ExpressionAttributeNames[placeholder] ?? "");
  const condition = named(ConditionExpression);
  const change = named(UpdateExpression);
  if (change.startsWith("SET waiting")) return "mark";
  if (change.includes("if_not_exists")) return "close";
  if (change.includes("fence+")) return "revoke";
  if (condition.includes("fence=:seen")) return "take over";
  if (!change.includes("fence")) {
    if (change.includes("SET")) return "renew";
    return condition.includes("attribute_exists") ? "release" : "sweep";
  }
  if (condition.includes("attribute_exists(holders")) return "hand over";
  return change.includes("holders=") ? "acquire" : "join";
}

/** A condition for faults: only requests of these steps. */
export function only(...kinds: Kind[]): (request: WireRequest) => boolean {
  return (request) => kinds.includes(kindOf(request) as Kind);
}
