/**
 * Attribute values: what is a valid one, how large it is, when two are equal and which comes first.
 *
 * Values are kept as they are on the wire, with numbers in their one spelling, and never changed in
 * place: a stored item can be handed out without copying it.
 *
 * @module
 */

import { constraint, ServiceError, validation } from "./errors.ts";
import { normalizeNumber, numberSize } from "./numbers.ts";

/** A value of an attribute, as DynamoDB's JSON spells it. Binary is base64, numbers are text. */
export type AttributeValue =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean }
  | { readonly NULL: true }
  | { readonly SS: readonly string[] }
  | { readonly NS: readonly string[] }
  | { readonly BS: readonly string[] }
  | { readonly L: readonly AttributeValue[] }
  | { readonly M: Readonly<Record<string, AttributeValue>> };

/** An item: its attributes by name. */
export type AttributeMap = Readonly<Record<string, AttributeValue>>;

/** The names of the types, as they stand on the wire. */
export type TypeName = "S" | "N" | "B" | "BOOL" | "NULL" | "SS" | "NS" | "BS" | "L" | "M";

const TYPES: ReadonlySet<string> = new Set<TypeName>([
  "S",
  "N",
  "B",
  "BOOL",
  "NULL",
  "SS",
  "NS",
  "BS",
  "L",
  "M",
]);
/** A document nests at most this deep. */
const MAX_DEPTH = 32;
/** The name of an attribute has at most this many bytes. */
const MAX_NAME_BYTES = 65_535;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** The type of a value that {@link normalizeValue} has passed. */
export function typeOf(value: AttributeValue): TypeName {
  for (const type in value) return type as TypeName;
  throw new TypeError("Cannot tell the type of an empty attribute value");
}

/** The content of a value, whatever its type. */
export function contentOf(value: AttributeValue): unknown {
  return (value as Readonly<Record<string, unknown>>)[typeOf(value)];
}

/** Checks an item of a request and gives it back with its numbers in their one spelling. */
export function normalizeItem(input: unknown, member: string): AttributeMap {
  if (input === undefined || input === null) throw constraint(null, member, "not be null");
  return normalizeMap(input, 0);
}

/** Checks one value of a request. See {@link normalizeItem}. */
export function normalizeValue(input: unknown, depth = 0): AttributeValue {
  if (depth >= MAX_DEPTH) {
    throw validation(
      "Nesting Levels have exceeded supported limits: " +
        "Attributes in the item have nested levels beyond supported limit",
    );
  }
  const value = record(input);
  let found: string | undefined;
  for (const type in value) {
    if (value[type] === undefined || value[type] === null) continue;
    if (!TYPES.has(type)) {
      throw validation(`MemoryDynamo does not know the attribute type '${type}'`);
    }
    if (found !== undefined) {
      throw validation(
        "Supplied AttributeValue has more than one datatypes set, " +
          "must contain exactly one of the supported datatypes",
      );
    }
    found = type;
  }
  if (found === undefined) {
    throw validation(
      "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
    );
  }
  return normalizeContent(found as TypeName, value[found], depth);
}

function normalizeContent(type: TypeName, content: unknown, depth: number): AttributeValue {
  switch (type) {
    case "S":
      return { S: string(content) };
    case "N":
      return { N: normalizeNumber(string(content)) };
    case "B":
      return { B: normalizeBinary(content) };
    case "BOOL":
      if (typeof content !== "boolean") throw unconvertible(content, "Boolean");
      return { BOOL: content };
    case "NULL":
      if (typeof content !== "boolean") throw unconvertible(content, "Boolean");
      if (!content) {
        throw validation(
          "One or more parameter values were invalid: " +
            "Null attribute value types must have the value of true",
        );
      }
      return { NULL: true };
    case "SS":
      return { SS: distinct(list(content).map(string), "string") };
    case "NS":
      return { NS: distinct(list(content).map((n) => normalizeNumber(string(n))), "number") };
    case "BS":
      return { BS: distinct(list(content).map(normalizeBinary), "binary") };
    case "L":
      return { L: list(content).map((element) => normalizeValue(element, depth + 1)) };
    case "M":
      return { M: normalizeMap(content, depth + 1) };
  }
}

function normalizeMap(input: unknown, depth: number): AttributeMap {
  const map = record(input);
  const result: Record<string, AttributeValue> = {};
  for (const name of Object.keys(map)) {
    if (name === "") {
      const where = depth === 0 ? "One or more parameter values were invalid: " : "";
      throw validation(`${where}Empty attribute name`);
    }
    checkNameSize(name);
    define(result, name, normalizeValue(map[name], depth));
  }
  return result;
}

/** Refuses an attribute name that is too long. */
export function checkNameSize(name: string): void {
  // A text is at least as many bytes as units, so most need no counting.
  if (name.length * 3 > MAX_NAME_BYTES && utf8Length(name) > MAX_NAME_BYTES) {
    throw validation(
      `Attribute name is too large, must be less than ${MAX_NAME_BYTES + 1} bytes`,
    );
  }
}

/** Sets a member that may have any name: `__proto__` must not reach the prototype. */
export function define<T>(target: Record<string, T>, name: string, value: T): void {
  if (name === "__proto__") {
    Object.defineProperty(target, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else target[name] = value;
}

/** The member of that name, where the map has it as its own. */
export function member<T>(map: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(map, name) ? map[name] : undefined;
}

function normalizeBinary(content: unknown): string {
  const text = string(content);
  if (!BASE64.test(text)) {
    throw new ServiceError(
      "SerializationException",
      `'${text.slice(0, 40)}' can not be converted to a Blob: Invalid Base64 encoding`,
    );
  }
  return btoa(atob(text)); // the unused bits of the last digit are dropped
}

function distinct(elements: string[], kind: "string" | "number" | "binary"): string[] {
  if (elements.length === 0) {
    throw validation(
      `One or more parameter values were invalid: An ${kind} set  may not be empty`,
    );
  }
  if (new Set(elements).size === elements.length) return elements;
  if (kind === "number") throw validation("Input collection contains duplicates");
  throw validation(
    `One or more parameter values were invalid: Input collection [${elements.join(", ")}]` +
      (kind === "binary" ? "of type BS contains duplicates." : " contains duplicates"),
  );
}

/** Refuses what is not a JSON object, as the service does before it looks at the request. */
export function record(input: unknown): Readonly<Record<string, unknown>> {
  if (typeof input !== "object" || input === null || Array.isArray(input)) {
    throw new ServiceError("SerializationException", "Unexpected value type in payload");
  }
  return input as Readonly<Record<string, unknown>>;
}

/** Refuses what is not a JSON array. */
export function list(input: unknown): readonly unknown[] {
  if (!Array.isArray(input)) {
    throw new ServiceError("SerializationException", "Unexpected value type in payload");
  }
  return input;
}

/** Refuses what is not a JSON string. */
export function string(input: unknown): string {
  if (typeof input !== "string") throw unconvertible(input, "String");
  return input;
}

function unconvertible(input: unknown, to: string): ServiceError {
  const kinds: Record<string, string> = {
    boolean: input === true ? "TRUE_VALUE" : "FALSE_VALUE",
    number: Number.isInteger(input) ? "NUMBER_VALUE" : "DECIMAL_VALUE",
    string: "STRING_VALUE",
  };
  const kind = kinds[typeof input];
  return new ServiceError(
    "SerializationException",
    kind === undefined ? "Unexpected value type in payload" : `${kind} can not be converted to ` +
      `${to === "String" ? "a String" : `a ${to}`}`,
  );
}

/** The bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two: a pair takes four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** The bytes of base64 text once decoded. */
export function binaryLength(base64: string): number {
  const padding = base64.endsWith("==") ? 2 : base64.endsWith("=") ? 1 : 0;
  return base64.length / 4 * 3 - padding;
}

/** The bytes an item takes, by the rules of the developer guide ("item sizes and formats"). */
export function itemSize(item: AttributeMap): number {
  let bytes = 0;
  for (const name of Object.keys(item)) {
    bytes += utf8Length(name) + valueSize(item[name] as AttributeValue);
  }
  return bytes;
}

function valueSize(value: AttributeValue): number {
  if ("S" in value) return utf8Length(value.S);
  if ("N" in value) return numberSize(value.N);
  if ("B" in value) return binaryLength(value.B);
  if ("BOOL" in value || "NULL" in value) return 1;
  if ("SS" in value) return total(value.SS, utf8Length);
  if ("NS" in value) return total(value.NS, numberSize);
  if ("BS" in value) return total(value.BS, binaryLength);
  // A list or map takes 3 bytes and each of its elements one more.
  if ("L" in value) return 3 + value.L.length + total(value.L, valueSize);
  return 3 + Object.keys(value.M).length + itemSize(value.M);
}

function total<T>(elements: readonly T[], size: (element: T) => number): number {
  return elements.reduce((bytes, element) => bytes + size(element), 0);
}
