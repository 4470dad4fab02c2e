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
  readonly Item?: Record<string, { S: string }>;
  readonly UpdateExpression: string;
  readonly ConditionExpression: string;
  readonly ExpressionAttributeNames: Record<string, string>;
  readonly ExpressionAttributeValues?: Record<string, unknown>;
  readonly ReturnValuesOnConditionCheckFailure: string;
  readonly ConsistentRead?: boolean;
}

/** One of the writes or checks of a request, and what it is in a transaction. */
export interface WireElement {
  readonly action: "Update" | "ConditionCheck" | "Put" | "Delete";
  readonly input: WireInput;
}

/** The writes and checks of a request: one, those of a transaction, or none. */
export function elementsOf({ operation, input }: WireRequest): readonly WireElement[] {
  if (operation === "UpdateItem") return [{ action: "Update", input: input as WireInput }];
  if (operation !== "TransactWriteItems") return [];
  const { TransactItems } = input as { TransactItems: readonly Record<string, WireInput>[] };
  return TransactItems.map((item) => {
    const [action, input] = Object.entries(item)[0]!;
    return { action: action as WireElement["action"], input };
  });
}

/** Each of the lock's own expressions speaks of one of these. */
const OWN: ReadonlySet<string> = new Set(["holders", "waiting"]);

/** The writes and checks of a request that are the lock's own, and not its caller's. */
export function lockElementsOf(request: WireRequest): readonly WireElement[] {
  return elementsOf(request).filter(({ input }) =>
    Object.values(input.ExpressionAttributeNames ?? {}).some((name) => OWN.has(name))
  );
}

/** A transaction that does several of these to as many locks is called by the first of them. */
const FOREMOST: readonly Kind[] = ["take over", "join", "acquire"];

/** The step that a request is; the operation's name where it is none of them. */
export function kindOf(request: WireRequest): Kind | string {
  if (request.operation === "GetItem") return "read";
  if (request.operation === "UpdateItem") return stepOf(request.input as WireInput);
  const steps = lockElementsOf(request).map(({ action, input }) =>
    action === "ConditionCheck" ? "guard" : stepOf(input)
  );
  return FOREMOST.find((step) => steps.includes(step)) ?? steps[0] ?? request.operation;
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
