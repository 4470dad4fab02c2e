/** What a request on the wire is for, told by its condition, whatever its placeholders are called. */

/** A request as `MemoryDynamo` records it. */
export interface WireRequest {
  readonly operation: string;
  readonly input: unknown;
}

/** The steps of the protocol. */
export type Kind =
  | "acquire"
  | "take over"
  | "renew"
  | "hand over"
  | "release"
  | "close"
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

/** The step that a request is; the operation's name where it is none of them. */
export function kindOf(request: WireRequest): Kind | string {
  if (request.operation === "GetItem") return "read";
  if (request.operation !== "UpdateItem") return request.operation;
  const { UpdateExpression, ConditionExpression, ExpressionAttributeNames } = request
    .input as WireInput;
  const condition = ConditionExpression.replace(
    /#\w+/g,
    (placeholder) => ExpressionAttributeNames[placeholder] ?? placeholder,
  );
  if (condition.includes("attribute_not_exists")) {
    return UpdateExpression.includes("if_not_exists") ? "close" : "acquire";
  }
  if (!condition.includes("attribute_exists")) return "take over";
  if (condition.includes("fence")) return "hand over";
  return UpdateExpression.includes("SET") ? "renew" : "release";
}

/** A condition for faults: only requests of these steps. */
export function only(...kinds: Kind[]): (request: WireRequest) => boolean {
  return (request) => kinds.includes(kindOf(request) as Kind);
}
