import { refuse } from "../checks.ts";

/** Found on clients of every copy of this package, as `instanceof` fails across copies. */
export const CLIENT_BRAND: unique symbol = Symbol.for("@x/dynamo-lock/DynamoClient");

/** Puts a brand on a class: on its prototype, so that it shows in no output and is not copied about. */
export function brand({ prototype }: { readonly prototype: object }, symbol: symbol): void {
  Object.defineProperty(prototype, symbol, { value: true });
}

/** Whether this is of a class with that brand. */
export function hasBrand(value: unknown, symbol: symbol): boolean {
  return (value as Record<symbol, unknown> | null | undefined)?.[symbol] === true;
}

/** Whether this is a `DynamoClient`. Others have a method `send` too, but it takes something else. */
export function isClient(value: unknown): boolean {
  return hasBrand(value, CLIENT_BRAND);
}

/** Checks for a `DynamoClient`. */
export function dynamoClient(action: string, option: string, value: unknown): void {
  if (!isClient(value)) {
    refuse(TypeError, action, option, "a DynamoClient of this package", value);
  }
}
