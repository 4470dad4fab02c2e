/**
 * The errors that the service answers with: a type, a text, and the prefix each type is sent under.
 *
 * @module
 */

/** The prefix of DynamoDB's own exceptions. */
const DYNAMODB = "com.amazonaws.dynamodb.v20120810#";
/** The prefix of refusals that come before DynamoDB is asked: signatures, operations, JSON. */
const SERVICE = "com.amazon.coral.service#";
/** The prefix of refused parameters. */
const VALIDATE = "com.amazon.coral.validate#";

const PREFIXES: Readonly<Record<string, string>> = {
  ValidationException: VALIDATE,
  AccessDeniedException: SERVICE,
  ExpiredTokenException: SERVICE,
  IncompleteSignatureException: SERVICE,
  InternalFailure: SERVICE,
  InvalidSignatureException: SERVICE,
  MissingAuthenticationTokenException: SERVICE,
  SerializationException: SERVICE,
  ServiceUnavailableException: SERVICE,
  ThrottlingException: SERVICE,
  UnknownOperationException: SERVICE,
  UnrecognizedClientException: SERVICE,
};

/** The types whose text is sent as `Message`; the others send `message`. */
const CAPITAL_MESSAGE: ReadonlySet<string> = new Set([
  "IdempotentParameterMismatchException",
  "SerializationException",
  "TransactionCanceledException",
  "TransactionInProgressException",
]);

/** An error answer of the service, thrown by the operations and put on the wire in one place. */
export class ServiceError extends Error {
  override readonly name = "ServiceError";
  /** The exception's name, without a prefix. */
  readonly type: string;
  /** The HTTP status. */
  readonly status: number;
  /** Members of the body beside the type and the text. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(
    type: string,
    message: string,
    extra: Readonly<Record<string, unknown>> = {},
    status = 400,
  ) {
    super(message);
    this.type = type;
    this.status = status;
    this.extra = extra;
  }
}

/** A refused parameter, as the service words it. */
export function validation(message: string): ServiceError {
  return new ServiceError("ValidationException", message);
}

/** A key or item that does not have the table's key. A transaction reports it as a reason. */
export class KeyMismatch extends ServiceError {
  constructor(message: string) {
    super("ValidationException", message);
  }
}

/** A value that breaks a constraint of the service's model. */
export function constraint(value: unknown, member: string, must: string): ServiceError {
  const shown = value === undefined || value === null ? "null" : `'${String(value)}'`;
  return validation(
    `1 validation error detected: Value ${shown} at '${member}' failed to satisfy constraint: ` +
      `Member must ${must}`,
  );
}

/** The body of an error answer. */
export function errorBody(
  type: string,
  message: string | undefined,
  extra: object = {},
): Record<string, unknown> {
  const full = type.includes("#") ? type : `${PREFIXES[type] ?? DYNAMODB}${type}`;
  const body: Record<string, unknown> = { __type: full, ...extra };
  if (message !== undefined) body[CAPITAL_MESSAGE.has(type) ? "Message" : "message"] = message;
  return body;
}
