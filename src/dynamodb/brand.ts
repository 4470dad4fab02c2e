import { refuse } from "../checks.ts";

/** Found on clients of every copy of this package, as `instanceof` fails across copies. */
export const CLIENT_BRAND: unique symbol = Symbol.for("@x/dynamo-lock/DynamoClient");

/** Whether this is a `DynamoClient`. Others have a method `send` too, but it takes something else. */
export function isClient(value: unknown): boolean {
  return (value as { [CLIENT_BRAND]?: unknown } | null)?.[CLIENT_BRAND] === true;
}

/** Checks for a `DynamoClient`. */
export function dynamoClient(action: string, option: string, value: unknown): void {
  if (!isClient(value)) {
    refuse(TypeError, action, option, "a DynamoClient of this package", value);
  }
}
